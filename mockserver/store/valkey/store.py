"""The store of one sandbox that several processes share: a copy in memory, and its changes in Valkey.

How it works
------------

**The copy.** Every operation first makes sure that this process has the turn (`turn`), then uses the copy, and notes
its change as plain data (`changes`). At the end of the turn of the event loop the changes are written as one batch
(`commits`). Other processes make the same changes in their copies when they take the turn. As operations do not wait
once the process has the turn, everything that a request does without waiting is in one batch, or not at all.

**The image.** So that a process that has no copy need not make all changes since the beginning, the whole state is
written into Valkey now and then: an SQLite database with the tables of `store.sqlite`, compressed. The log then begins
after it.

**What belongs to a process.** Attempts of deliveries, replies that are not complete, and reservations for requests in
progress are noted with the process that makes them (`owned`), so that another one can end them if it is killed.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mockserver.core.journal import JournalEntry
from mockserver.store.immediate import finished
from mockserver.store.memory import Bounds, MemoryStore, Table
from mockserver.store.records import plain_data, plain_text
from mockserver.store.round_trips import RoundTrips
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.changes import (
    CLAIM,
    REPLY,
    Owned,
    SharedMisses,
)
from mockserver.store.valkey.commits import Commits
from mockserver.store.valkey.connection import Run, Valkey
from mockserver.store.valkey.copying import Copying
from mockserver.store.valkey.following import Following
from mockserver.store.valkey.image import Image, compressed
from mockserver.store.valkey.operations import SharedOperations
from mockserver.store.valkey.scripts import DELETE, IMAGE
from mockserver.store.valkey.turn import Changes, Turn

# The image is renewed when the log has so many bytes, and more than a third of those of the database in the image. To
# make the changes of a log takes longer than to read an image of that size.
_MIN_LOGGED = 1_048_576
_NO_TALLY: Mapping[str, Any] = {"rows": {}, "calls": [], "deviations": [], "left_out": 0}
# Wait so long for another process that moves the clock before looking again.
_LOOK = 1.0

Facts = Mapping[str, Any]


class News(NamedTuple):
    """What other processes have changed of the sandbox itself: its facts, if there are any, and its journal.

    If the whole state was read, `tally` is the coverage before these entries.
    """

    facts: Facts
    entries: Sequence[JournalEntry]
    tally: Mapping[str, Any] | None = None


OnChange = Callable[[News], Awaitable[None]]


class ValkeyStore(SharedOperations):
    """The store of the sandbox called `name`, of the process called `process`.

    `sandbox_facts` returns what is shared of the sandbox itself, as plain data.
    """

    durable = True

    def __init__(self, valkey: Valkey, commits: Commits, process: str, name: str, bounds: Bounds | None = None) -> None:
        self._valkey = valkey
        self._commits = commits
        self._drives = False
        self.shared_facts: Facts = {}
        self.sandbox_facts: Callable[[], Facts] = dict
        self.on_change: OnChange | None = None
        self.before_commit: Callable[[], Awaitable[None]] | None = None
        self.tally: Callable[[], Mapping[str, Any]] = dict
        self._tally: Mapping[str, Any] | None = None
        self._unseen: News | None = None
        self._numbered = 0
        self.following = Following(valkey, name, self._follow_turn)
        self._is_copying = False
        self._image = Image()
        # Set when changes of another process have been taken on.
        self._changed = asyncio.Event()
        self._first_serial: int | None = None
        self._is_imaging = False
        super().__init__(Turn(valkey, process, name, self._take_on), process, bounds)
        self.facts = lambda cursor: self._image_facts()

    @property
    def first_serial(self) -> int:
        return self._first_serial or 0

    @property
    def round_trips(self) -> RoundTrips:
        """The round trips of this process to the server."""
        return self._valkey.round_trips

    # The turn and commits.

    async def committed(self) -> None:
        await self._commits.committed()

    def _note_dirty(self) -> None:
        self._commits.note(self)

    def note_facts(self) -> None:
        """Note that a fact of the sandbox has changed."""
        if self.turn.held:
            self._change()
        else:
            asyncio.get_running_loop().create_task(self._change_in_turn())

    async def _change_in_turn(self) -> None:
        await self.entered()
        self._change()

    async def _follow_turn(self) -> None:
        if not self.turn.closed:
            await self.turn.follow()

    async def prepare(self) -> None:
        """Write what the next batch refers to."""
        if self.before_commit is not None:
            await self.before_commit()

    def take_batch(self) -> bytes:
        """Return all changes since the last call, and the facts of the sandbox if they have changed."""
        changes, self._changes = self._changes, []
        self._numbered += 1
        self._drives = True
        data: dict[str, Any] = {"process": self.process, "number": self._numbered, "changes": changes}
        facts = self.sandbox_facts()
        if facts != self.shared_facts:
            data["facts"] = self.shared_facts = facts
        self._image.note(self, len(changes))
        return plain_text(data)

    async def written(self, logged: int, imaged: int) -> None:
        """Write an image if the log has become long."""
        if logged > max(_MIN_LOGGED, imaged // 3) and not self.turn.dirty and not self._is_imaging:
            self._is_imaging = True
            data = self.write_image().serialize()
            asyncio.get_running_loop().create_task(self._put_image(self.turn.version, data))

    async def _put_image(self, version: int, data: bytes) -> None:
        try:
            image = await asyncio.to_thread(compressed, data)
            await self._valkey.run(Run(IMAGE, self._name, (self.turn.id, version, image, len(data))))
        except Unavailable as error:
            self._commits.unavailable(error)
        finally:
            self._is_imaging = False

    # Changes of other processes.

    async def _take_on(self, changes: Changes) -> None:
        entries: list[JournalEntry] = []
        facts: Facts = {}
        latest: str | None = None
        self._is_copying, self._tally = True, None
        try:
            if self.turn.version < 0 or changes.image:
                self._read_image(changes.image)
                facts = self.shared_facts
            for text in changes.batches:
                batch = plain_data(text)
                copying = Copying(self, batch)
                copying.run()
                entries += copying.entries
                latest = batch["process"]
                facts = batch.get("facts", facts)
                self._image.note(self, len(batch["changes"]))
        finally:
            self._is_copying = False
        # If this process has lost its copy, the latest change may be its own. If that is not known, two processes do
        # what falls due, which is better than none.
        self._drives = latest in (None, self.process)
        self.shared_facts = facts or self.shared_facts
        if self._first_serial is None:
            self._first_serial = self.last_serial
        news = News(facts, entries, self._tally)
        if self.on_change is None:
            self._unseen = news
        else:
            await self.on_change(news)
        self._call_waiting()
        self._changed.set()
        self._changed = asyncio.Event()

    def take_unseen(self) -> News:
        """Return what was read when the store was opened."""
        news, self._unseen = self._unseen, None
        assert news is not None
        return news

    def drive(self) -> None:
        """Do what falls due from now on: the process that did it has ended."""
        self._drives = True

    def _make_room(self, table: Table) -> None:
        # A copy drops what the process that made the change has dropped.
        if not self._is_copying:
            super()._make_room(table)

    def drop_oldest(self, table: int) -> None:
        super().drop_oldest(table)
        if not self._is_copying:
            self._drops.append(table)

    # The image.

    def _image_facts(self) -> Facts:
        owned = [[*key, process] for key, process in self.owned.items()]
        own = {
            "owned": owned,
            "steps_owner": self.steps_owner,
            "tally": self.tally(),
            "misses": self.misses.data,
        }
        return {"sandbox": self.shared_facts, **own}

    def write_image(self) -> sqlite3.Connection:
        """Return a database with everything in this copy."""
        return self._image.written(self)

    def _read_image(self, data: bytes) -> None:
        self._changes, self.misses = [], SharedMisses()
        self._drops.clear()
        self.owned, self.steps_owner, self.shared_facts, self._tally = {}, "", {}, _NO_TALLY
        self._renew_tables()
        facts = self._image.read(self, data)
        if not facts:
            return
        self.shared_facts, self.steps_owner = facts["sandbox"], facts["steps_owner"]
        self._tally, self.misses = facts["tally"] or _NO_TALLY, SharedMisses(facts["misses"])
        for entry in finished(MemoryStore.entries(self)):
            entry.is_own = False
        self.owned = {tuple(owned): process for *owned, process in facts["owned"]}
        self.keep_claims(frozenset(name for kind, name, *_ in self.owned if kind == CLAIM))

    # What belongs to a process.

    def owned_by(self, process: str) -> list[Owned]:
        """Return what belongs to a process: attempts, open replies and reservations."""
        return [key for key, owner in self.owned.items() if owner == process]

    async def end_process(self, process: str, at: int) -> list[str]:
        """End what a process has left behind. Return the ids of the jobs whose replies it had not completed."""
        await self.entered()
        interrupted = []
        for kind, name, *rest in self.owned_by(process):
            if kind == CLAIM:
                delivery = self._deliveries.get(name)
                if delivery is not None:
                    # It is due again, as it was before the attempt.
                    await self.save_delivery(delivery)
            elif kind == REPLY:
                interrupted.append(name)
            elif not any(job.account == name for job in self._jobs.find(rest[0])):
                await self.release(name, at, rest[0])
            self.owned.pop((kind, name, *rest), None)
            self._change("disown", kind, name, *rest)
        if self.steps_owner == process:
            self._set_steps_owner("")
        return interrupted

    async def begin_steps(self) -> None:
        while True:
            await self.entered()
            if self.steps_owner in ("", self.process) or self.turn.closed:
                self._set_steps_owner(self.process)
                return
            changed = self._changed
            self.follow()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await changed.wait()

    async def end_steps(self) -> None:
        await self.entered()
        self._set_steps_owner("")

    def due_elsewhere(self) -> bool:
        return not self._drives

    def known_due(self) -> int | None:
        due = (finished(MemoryStore.next_effect(self)), finished(MemoryStore.next_delivery(self)))
        return min((at for at in due if at is not None), default=None)

    @property
    def steps_taken(self) -> bool:
        return self.steps_owner not in ("", self.process)

    def _set_steps_owner(self, process: str) -> None:
        self.steps_owner = process
        self._change("steps", process)

    @property
    def is_idle(self) -> bool:
        """True if this process can do without its copy: nothing here waits for it, and nothing falls due here."""
        drives = self._drives and self.known_due() is not None
        return not (drives or self.turn.dirty or self.following.is_on or self._waiting or self.owned_by(self.process))

    def follow(self) -> None:
        self.following.wanted_for_a_while()

    # The end.

    async def close(self) -> None:
        """Delete the sandbox in all processes."""
        if not self.turn.gone:
            try:
                await self._valkey.run(Run(DELETE, self._name, (self.turn.id,)))
            except Unavailable as error:
                self._commits.unavailable(error)
        self.turn.closed = True
        await self.leave()

    async def leave(self) -> None:
        if not self.turn.closed and self._commits.failure is None:
            await self._commits.committed()
            try:
                await self.turn.pass_on()
            except Unavailable as error:
                self._commits.unavailable(error)
        self.turn.closed = self._closed = True
        self._pool.leave(self)


__all__ = ["Facts", "News", "ValkeyStore"]
