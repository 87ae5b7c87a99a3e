"""Keeps the sandboxes of a server in a file, and continues them when the server is started again.

How it works
------------

**What is kept.** The store of each sandbox is in the file (`store.sqlite`). With each change of a store the file also
gets the facts of the sandbox itself: its scenario, seed, clock and generation. Scenarios are kept once each, with
everything that they extend. The names of deleted sandboxes and the numbers of new ones are kept for the server.

**The clock.** A manual and an auto clock continue where they stood. A running clock continues as if the server had run
on (`now`), or at the instant of the last change before the end (`paused`).

**What was interrupted.** A request whose reply was not complete when the server ended is over: its job fails at the
last instant that was kept, and the credits reserved for it are released. So are reservations that belong to no job,
which are those of requests that wait for their own work.

**Which scenario.** The file keeps the scenario of the server. If the server is started with another one, or its file
has been edited, the sandboxes that used it switch to it, as they do when the file is edited while the server runs. A
sandbox that was switched by the control API keeps its own scenario. If no scenario is chosen, that of the file stays.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from mockserver.clock import Clock, wall_ms
from mockserver.core.compile import Program
from mockserver.coverage.tally import Tally
from mockserver.sandbox.interrupted import end_interrupted
from mockserver.sandbox.programs import Compile, Programs, digest_of, source_of
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.saved import (
    SavedSandbox,
    SavedServer,
    drop_unused_scenarios,
    sandboxes_in,
    server_in,
    tally_in,
)
from mockserver.store.immediate import finished
from mockserver.store.records import plain_data, plain_text
from mockserver.store.sqlite.file import StoreFile
from mockserver.store.sqlite.store import SqliteStore
from mockserver.store.sqlite.tracking import Cursor

Resume = Literal["now", "paused"]
# The tally is saved after so many entries of the journal. Later ones are counted again from the journal.
_ENTRIES = 1_000
_MOST_NAMES = 5


class Owner(Protocol):
    """The part of `Sandboxes` that is kept."""

    initial: Program
    deleted_tally: Tally

    @property
    def names_given(self) -> int: ...

    @property
    def generations(self) -> Mapping[str, int]: ...


class Keeper:
    """Keeps the sandboxes of one server in `file`. `new_store` makes the store for a number and a name.

    `reference` is what the user chose as scenario, and `compiled` compiles the data of a scenario.
    """

    def __init__(
        self,
        file: StoreFile,
        new_store: Callable[[int, str], SqliteStore],
        compiled: Compile,
        reference: str,
        resume: Resume = "now",
    ) -> None:
        self.file = file
        self._new_store = new_store
        self._programs = Programs(compiled)
        self._reference = reference
        self._resume = resume
        self._owner: Owner | None = None
        self._in_file: set[str] = set()
        # By sandbox: the serial up to which its saved tally counts, and what has been cleared by then.
        self._saved: dict[int, tuple[int, tuple[int, int]]] = {}
        self._last = 0
        # Lines about what continues, for the user.
        self.report: list[str] = []
        file.on_failure = self._forget_written

    # At the start.

    def server(self) -> SavedServer:
        """Return what the file keeps of the server. Raises StoreError if the file is damaged."""
        data: Mapping[str, Any] = self.file.read(server_in)
        source = None if "scenario" not in data else self._source(data["scenario"])
        fields = {name: data[name] for name in ("reference", "names", "generations", "tally") if name in data}
        return SavedServer(source=source, **fields)

    def sandboxes(self) -> Sequence[SavedSandbox]:
        """Return the sandboxes in the file, oldest first. Raises StoreError if the file is damaged."""
        rows: Sequence[SavedSandbox] = self.file.read(sandboxes_in)
        self._last = max((each.number for each in rows), default=0)
        self.file.read(drop_unused_scenarios)
        return rows

    def program(self, digest: str) -> Program:
        """Return the scenario with this digest. Raises SourceErrors if this version no longer accepts it."""
        program = self._programs.get(digest)
        if program is None:
            program = self._programs.compile(digest, self._source(digest))
            self._in_file.add(digest)
        return program

    def _source(self, digest: str) -> Mapping[str, Any]:
        def load(cursor: Cursor) -> Any:
            (text,) = cursor.execute("SELECT source FROM scenarios WHERE digest = ?", (digest,)).fetchone()
            return plain_data(text)

        source: Mapping[str, Any] = self.file.read(load)
        return source

    def initial(self, chosen: Callable[[], Program]) -> Program:
        """Return the scenario of the server: the one that the user has chosen, or else that of the file."""
        saved = self.server()
        if saved.source is None or self._reference != "default" or saved.reference == "default":
            return chosen()
        self._reference = saved.reference
        program = self.program(digest_of(saved.source))
        self.report.append(f"No scenario was chosen, so the one of the file stays: {program.name}.")
        return program

    def is_changed(self, program: Program) -> bool:
        """Return True if the scenario of the server is not the one that the file has."""
        saved = self.server()
        return saved.source is not None and digest_of(saved.source) != self._programs.digest(program)

    def loaded(self, saved: SavedSandbox) -> SqliteStore:
        """Return the store of a sandbox in the file. Raises StoreError if the file is damaged."""
        store = self._new_store(saved.number, saved.name)
        self.file.read(store.load)
        store.keep_claims(frozenset())
        return store

    def restore(self, sandbox: Sandbox, saved: SavedSandbox) -> None:
        """Let a sandbox continue, and end what was interrupted."""
        facts = saved.facts
        sandbox.restore(facts)
        before = {int(number): digest for number, digest in facts.get("programs", {}).items()}
        before.pop(sandbox.activations, None)
        sandbox.programs = {**{n: self.program(digest) for n, digest in before.items()}, **sandbox.programs}
        kept = facts["clock"]
        at = kept["at"]
        finished(end_interrupted(sandbox, at))
        finished(self._store_of(sandbox).release_orphans(at))
        sandbox.clock.start_again(kept["mode"], kept["speed"], at)
        if self._resume == "now":
            passed = max(0, wall_ms() - kept["wall"])
            sandbox.clock.start_again(kept["mode"], kept["speed"], at + int(passed * sandbox.clock.rate))
        self._count_again(sandbox, saved.number)
        self.adopt(sandbox)

    def _count_again(self, sandbox: Sandbox, number: int) -> None:
        saved: Mapping[str, Any] | None = self.file.read(lambda cursor: tally_in(cursor, number))
        serial = 0
        if saved is not None:
            sandbox.tally.add_data(saved)
            serial = saved["serial"]
        for entry in finished(sandbox.store.entries()):
            if entry.serial > serial and entry.kind == "request":
                sandbox.tally.request(entry)
            elif entry.serial > serial and entry.kind == "delivery":
                sandbox.tally.delivery(entry)

    def describe(self, sandboxes: Sequence[Sandbox], to_switch: Sequence[Sandbox]) -> None:
        """Add to the report what continues, what switches to another scenario, and what stays."""
        if not sandboxes:
            self.report.append(f"The state is kept in {self.file.path}, which is new.")
            return
        count = "the sandbox default" if len(sandboxes) == 1 else f"{len(sandboxes)} sandboxes"
        clocks = "went on" if self._resume == "now" else "stood still"
        self.report.insert(0, f"The state of {self.file.path} continues: {count}. Running clocks {clocks} meanwhile.")
        if to_switch:
            names = ", ".join(each.name for each in to_switch[:_MOST_NAMES])
            more = f" and {len(to_switch) - _MOST_NAMES} more" if len(to_switch) > _MOST_NAMES else ""
            self.report.append(f"Sandboxes that switch to the chosen scenario: {names}{more}.")

    # Later.

    def follow(self, owner: Owner) -> None:
        """Keep the counters of `owner` from now on."""
        self._owner = owner
        self.changed()

    def changed(self) -> None:
        """Keep the counters of the server, which have changed."""
        self.file.note(self)

    def create(self, name: str) -> SqliteStore:
        """Return the store of a new sandbox."""
        self._last += 1
        return self._new_store(self._last, name)

    def adopt(self, sandbox: Sandbox) -> None:
        """Keep a sandbox from now on, whose store is of this keeper."""
        store = self._store_of(sandbox)
        store.facts = lambda cursor: self._facts(sandbox, store, cursor)
        sandbox.clock.on_change = sandbox.on_change = store.touch
        store.touch()

    @staticmethod
    def _store_of(sandbox: Sandbox) -> SqliteStore:
        assert isinstance(sandbox.store, SqliteStore)
        return sandbox.store

    def _facts(self, sandbox: Sandbox, store: SqliteStore, cursor: Cursor) -> Mapping[str, Any]:
        digest = self._kept_digest(sandbox.program, cursor)
        self._save_tally(sandbox, store, cursor)
        follows = self._owner is not None and sandbox.program is self._owner.initial
        programs = {number: self._kept_digest(each, cursor) for number, each in sandbox.programs.items()}
        more = {"scenario": digest, "programs": programs, "follows": follows, "clock": _clock(sandbox.clock)}
        return {**sandbox.facts(), **more}

    def _save_tally(self, sandbox: Sandbox, store: SqliteStore, cursor: Cursor) -> None:
        serial, clears = store.last_serial, (store.journal_clears, sandbox.tally.clears)
        saved = self._saved.get(store.sandbox)
        if saved is None or saved[1] != clears or serial - saved[0] >= _ENTRIES:
            text = plain_text({**sandbox.tally.data(), "serial": serial}).decode()
            cursor.execute("REPLACE INTO tallies VALUES (?, ?)", (store.sandbox, text))
            self._saved[store.sandbox] = serial, clears

    def _kept_digest(self, program: Program, cursor: Cursor) -> str:
        """Return the digest of a scenario, which is written into the file unless it is there."""
        digest = self._programs.digest(program)
        if digest not in self._in_file:
            text = plain_text(source_of(program)).decode()
            cursor.execute("INSERT OR IGNORE INTO scenarios VALUES (?, ?)", (digest, text))
            self._in_file.add(digest)
        return digest

    # The file.

    def write(self, cursor: Cursor) -> None:
        """Write the counters of the server."""
        owner = self._owner
        assert owner is not None
        data = {
            "reference": self._reference,
            "scenario": self._kept_digest(owner.initial, cursor),
            "names": owner.names_given,
            "generations": dict(owner.generations),
            "tally": owner.deleted_tally.data(),
        }
        cursor.execute("REPLACE INTO server VALUES ('server', ?)", (plain_text(data).decode(),))

    def reload(self, cursor: Cursor) -> None:
        """Write the counters again later: they only grow, and no reply rests on them."""
        self.changed()

    def _forget_written(self) -> None:
        """Write everything again that was written once, because a commit has failed."""
        self._in_file.clear()
        self._saved.clear()


def _clock(clock: Clock) -> dict[str, Any]:
    return {"mode": clock.mode, "speed": clock.speed, "at": clock.now(), "wall": wall_ms()}
