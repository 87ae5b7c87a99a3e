"""Shares the sandboxes of a server with other processes, through Valkey.

How it works
------------

**Which sandboxes.** Each process has a copy of the sandboxes that it was asked for. `opened` returns one with all
changes of other processes, and opens it if this process has no copy yet. A sandbox that another process has deleted is
dropped here: its requests that wait end, and its attempts are cancelled.

**What is shared.** The store of a sandbox is shared by itself (`store.valkey`). With each batch of changes goes what
else a sandbox is, if that has changed: its scenario, seed, clock and generation (`_facts`). Scenarios are kept once
each, with everything that they extend.

**The clock.** A running clock is shared as an instant and the time of the machine at which it was set, so the machines
must agree on the time. An entry of the journal that is later than this process's clock moves it forward.

**What falls due** is done by the process that made the latest change (`Store.drives`). If that process ends, another
one takes over within a few seconds: it opens all sandboxes, ends what the process has left behind, and does what is
due.
"""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from mockserver.clock import Clock, monotonic, pause, wall_ms
from mockserver.core.accounts import Origin
from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec
from mockserver.coverage.tally import Tally
from mockserver.sandbox.interrupted import end_interrupted
from mockserver.sandbox.programs import Compile, Programs, source_of
from mockserver.sandbox.sandbox import Sandbox
from mockserver.settings import SettingsError
from mockserver.store.protocol import Store
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.process import BEAT, ValkeyProcess
from mockserver.store.valkey.store import Facts, News, ValkeyStore

log = logging.getLogger("mockserver")

# Seconds after which a scenario is put into the server again, where it expires if no process does that.
_RENEWED = 24 * 3_600.0


class Owner(Protocol):
    """The part of `Sandboxes` that is shared."""

    initial: Program
    deleted_tally: Tally
    by_name: dict[str, Sandbox]

    def make(
        self,
        name: str,
        program: Program,
        store: Store,
        seed: int | None,
        clock: ClockSpec | None,
        generation: int = ...,
        origin: Origin | None = ...,
    ) -> Sandbox:
        """Make a sandbox with this store."""

    def drop(self, sandbox: Sandbox) -> None:
        """Forget a sandbox that another process has deleted."""


class Sharing:
    """Shares the sandboxes of one server. `compiled` compiles the data of a scenario. `memory` is in bytes."""

    def __init__(self, process: ValkeyProcess, compiled: Compile, memory: int) -> None:
        self.process = process
        self._programs = Programs(compiled)
        self._owner: Owner | None = None
        # The names of all sandboxes, as the keys of a dict.
        self.names: dict[str, None] = {}
        # When each scenario was put into the server, by its digest.
        self._saved: dict[str, float] = {}
        self._memory = memory
        # The sandboxes in the order of their last use.
        self._used: dict[str, Sandbox] = {}
        self._clocks: dict[str, Facts] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._monitor: asyncio.Task[None] | None = None
        self._closed = False

    def adopted_by(self, owner: Owner) -> ValkeyStore:
        """Share the sandboxes of `owner` from now on. Return the store of `default`, which always exists."""
        self._owner = owner
        return self.process.store("default")

    @property
    def owner(self) -> Owner:
        assert self._owner is not None
        return self._owner

    # The server.

    async def start(self) -> None:
        """Join the other processes. Raises SettingsError if the server cannot be reached."""
        try:
            await self.process.start(self._changed)
            await self.refresh_names()
            await self.opened("default")
        except Unavailable as error:
            raise SettingsError(str(error)) from error
        self._monitor = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Leave. Everything stays for the other processes."""
        self._closed = True
        if self._monitor is not None:
            # If it is just waiting for Valkey, it may not notice this.
            self._monitor.cancel()
            with suppress(asyncio.CancelledError):
                await self._monitor
        await self.process.close()

    async def refresh_names(self) -> None:
        """Read the names of all sandboxes. Raises Unavailable."""
        self.names = dict.fromkeys(["default", *await self.process.names()])

    def _changed(self, name: str, created: bool) -> None:
        if created or name == "default":
            self.names[name] = None
            return
        if name == "default":
            return  # it begins again with its next request
        self.names.pop(name, None)
        sandbox = self.owner.by_name.get(name)
        if sandbox is not None and isinstance(sandbox.store, ValkeyStore):
            asyncio.get_running_loop().create_task(self._drop(sandbox))

    # Sandboxes.

    async def opened(self, name: str) -> Sandbox | None:
        """Return a sandbox with all changes so far, or None if it does not exist.

        This process can use it until it waits for something. Raises Unavailable.
        """
        sandbox = self.owner.by_name.get(name)
        if sandbox is not None:
            store = sandbox.store
            self._used[name] = self._used.pop(name, sandbox)
            if not isinstance(store, ValkeyStore) or (store.turn.held and not store.turn.closed):
                return sandbox
        if (reason := self.process.commits.failure) is not None:
            raise Unavailable(reason)
        try:
            return await self._opened(name, sandbox)
        except Unavailable as error:
            self.process.commits.unavailable(error)
            raise

    async def _opened(self, name: str, sandbox: Sandbox | None) -> Sandbox | None:
        if sandbox is None:
            return await self._open(name)
        turn = _store_of(sandbox).turn
        await turn.take(patient=False)
        if not turn.gone:
            return sandbox
        if name == "default":
            return await self._begin_default(self._new_default(sandbox))
        await self._drop(sandbox)
        return await self._open(name)

    async def _open(self, name: str) -> Sandbox | None:
        async with self._opening.setdefault(name, asyncio.Lock()):
            if name in self.owner.by_name:
                return self.owner.by_name[name]
            store = await self.process.open(name)
            facts = {} if store is None else store.shared_facts
            if store is None or not facts:
                # A sandbox without facts is being created at this moment.
                self.process.forget(name)
                self.names.pop(name, None)
                return None
            self.names[name] = None
            program = await self._program(facts["scenario"])
            sandbox = self.owner.make(name, program, store, facts["seed"], None, origin=Origin.of(facts["origin"]))
            self.attach(sandbox)
            await self._take_on(sandbox, store.take_unseen())
            return sandbox

    def _new_default(self, sandbox: Sandbox) -> Sandbox:
        """Return a new sandbox `default` if this one has a state that the server has lost."""
        if not _store_of(sandbox).turn.id:
            return sandbox
        log.warning("%s has lost the sandbox default, which begins again", self.process.valkey.url)
        store, old = self.process.store("default"), sandbox
        self.owner.drop(old)
        sandbox = self.owner.make("default", self.owner.initial, store, old.own_seed, None)
        self.attach(sandbox)
        asyncio.get_running_loop().create_task(old.leave())
        return sandbox

    async def _begin_default(self, sandbox: Sandbox) -> Sandbox:
        """Create the sandbox `default`, which no process has created yet, or which the server has lost."""
        store = _store_of(sandbox)
        await self.keep_scenario(sandbox.program)
        if await self.process.begin(store):
            store.note_facts()
        else:
            # Another process was faster.
            await store.turn.take(patient=False)
        return sandbox

    async def reserve(self, name: str) -> ValkeyStore | None:
        """Create a sandbox for all processes, and return its store, or None if there is one of this name.

        Raises Unavailable.
        """
        store = await self.process.create(name)
        self.names[name] = None
        return store

    def attach(self, sandbox: Sandbox) -> None:
        """Share the sandbox, whose store is of this process."""
        self._used[sandbox.name] = sandbox
        store = _store_of(sandbox)
        self._clocks[sandbox.name] = _clock_facts(sandbox.clock)
        store.sandbox_facts = lambda: self._facts(sandbox)
        store.tally = sandbox.tally.data
        store.turn.on_gone = partial(self._changed, sandbox.name, False)
        store.before_commit = partial(self._keep_scenarios, sandbox)
        store.on_change = partial(self._take_on, sandbox)
        sandbox.on_change = store.note_facts
        sandbox.clock.on_change = lambda: self._clock_changed(sandbox, store)

    async def delete(self, sandbox: Sandbox) -> None:
        """Announce that a sandbox was deleted, after it was closed."""
        self.names.pop(sandbox.name, None)
        self._clocks.pop(sandbox.name, None)
        with suppress(Unavailable):
            await self.process.put("generation", sandbox.name, sandbox.next_generation)
            await self.process.put_tally(self.owner.deleted_tally.data())
            await self.process.deleted(sandbox.name)

    async def _drop(self, sandbox: Sandbox) -> None:
        """Drop a sandbox that another process has deleted."""
        if self.owner.by_name.get(sandbox.name) is sandbox:
            sandbox.first_generation = sandbox.generation + 1
            await self._leave(sandbox)

    async def _leave(self, sandbox: Sandbox) -> None:
        """Drop this process's copy of a sandbox."""
        self.process.forget(sandbox.name)
        self._clocks.pop(sandbox.name, None)
        self._used.pop(sandbox.name, None)
        self.owner.drop(sandbox)
        await sandbox.leave()

    async def open_all(self) -> None:
        """Open all sandboxes. Raises Unavailable."""
        await self.refresh_names()
        for name in list(self.names):
            await self.opened(name)

    async def new_name(self) -> str:
        """Return a new name: s1, s2, and so on. Raises Unavailable."""
        while True:
            name = f"s{await self.process.next_number('sandbox')}"
            if name not in self.names:
                return name

    async def generation(self, name: str) -> int:
        """Return the generation of a new sandbox of this name. Raises Unavailable."""
        return await self.process.get("generation", name) or 0

    async def other_tallies(self) -> list[Tally]:
        """Return the coverage of the sandboxes that other processes have deleted. Raises Unavailable."""
        tallies = []
        for process, data in (await self.process.tallies()).items():
            if process != self.process.name:
                tally = Tally()
                tally.add_data(data)
                tallies.append(tally)
        return tallies

    async def clear_tallies(self) -> None:
        """Reset the coverage of deleted sandboxes. Raises Unavailable."""
        await self.process.clear_tallies()

    # Scenarios.

    async def keep_scenario(self, program: Program) -> None:
        """Keep a scenario, so that every process can compile it. Raises Unavailable."""
        # A server that keeps nothing on disk may have lost it.
        if self._is_unsaved(program) or not await self.process.has("scenario", self._programs.digest(program)):
            await self._put_scenario(program)

    async def _put_scenario(self, program: Program) -> None:
        digest = self._programs.digest(program)
        await self.process.put("scenario", digest, source_of(program))
        self._saved[digest] = monotonic()

    def _is_unsaved(self, program: Program) -> bool:
        saved_at = self._saved.get(self._programs.digest(program))
        return saved_at is None or monotonic() - saved_at > _RENEWED

    async def _keep_scenarios(self, sandbox: Sandbox) -> None:
        """Keep the scenario of a sandbox, and those before it, unless that was done a short time ago."""
        for program in [each for each in sandbox.programs.values() if self._is_unsaved(each)]:
            await self._put_scenario(program)

    async def _program(self, digest: str) -> Program:
        program = self._programs.get(digest)
        if program is None:
            source = await self.process.get("scenario", digest)
            if source is None:
                raise LookupError(f"the scenario {digest[:8]} is not in {self.process.valkey.url}")
            program = self._programs.compile(digest, source)
        return program

    def known(self, program: Program) -> Program:
        """Return the program of the same scenario that this process knows already, if there is one."""
        return self._programs.get(self._programs.digest(program)) or program

    def is_same(self, one: Program, other: Program) -> bool:
        """Return whether two programs are of the same scenario."""
        return self._programs.digest(one) == self._programs.digest(other)

    # What a sandbox is, apart from its store.

    def _facts(self, sandbox: Sandbox) -> Facts:
        return {
            **sandbox.facts(),
            "scenario": self._programs.digest(sandbox.program),
            "programs": {str(number): self._programs.digest(each) for number, each in sandbox.programs.items()},
            "clock": self._clocks[sandbox.name],
            "tally_clears": sandbox.tally.clears,
        }

    def _clock_changed(self, sandbox: Sandbox, store: ValkeyStore) -> None:
        self._clocks[sandbox.name] = _clock_facts(sandbox.clock)
        store.note_facts()

    async def _take_on(self, sandbox: Sandbox, news: News) -> None:
        """Make the changes of other processes to the sandbox itself."""
        if news.facts:
            await self._take_on_facts(sandbox, news.facts)
        if news.tally is not None:
            clears = sandbox.tally.clears
            sandbox.tally.clear()
            sandbox.tally.clears = clears
            sandbox.tally.add_data(news.tally)
        for entry in news.entries:
            if entry.kind == "request" and entry.provider is not None:
                sandbox.tally.request(entry)
            elif entry.kind == "delivery":
                sandbox.tally.delivery(entry)
        clock = sandbox.clock
        if news.entries and clock.rate and (latest := news.entries[-1].written_at) > clock.now():
            clock.follow(clock.mode, clock.speed, latest)
        sandbox.courier.changed_elsewhere()

    async def _take_on_facts(self, sandbox: Sandbox, facts: Facts) -> None:
        if facts["scenario"] != self._programs.digest(sandbox.program) or facts["activations"] != sandbox.activations:
            program = await self._program(facts["scenario"])
            sandbox.own_seed = facts["seed"]
            sandbox.load_program(program)
        is_reset = facts["first_generation"] != sandbox.first_generation
        if is_reset or facts["generation"] != sandbox.generation or facts["started_at"] != sandbox.started_at:
            sandbox.clear_cache()
        sandbox.restore(facts)
        sandbox.programs = {int(n): await self._program(digest) for n, digest in facts["programs"].items()}
        if facts["clock"] != self._clocks[sandbox.name]:
            self._clocks[sandbox.name] = facts["clock"]
            sandbox.clock.follow(facts["clock"]["mode"], facts["clock"]["speed"], _instant(facts["clock"]))
        if facts["tally_clears"] != sandbox.tally.clears:
            sandbox.tally.clear()
            sandbox.tally.clears = facts["tally_clears"]
        if is_reset:
            sandbox.courier.drop()
            sandbox.clock.end_waits()

    # The other processes.

    async def _run(self) -> None:
        while not self._closed:
            await pause(BEAT)
            try:
                for process in await self.process.beat():
                    await self._take_over(process)
                await self._follow()
            except Unavailable as error:
                self.process.commits.unavailable(error)
            except Exception:
                log.exception("the other processes could not be looked at")

    async def _take_over(self, process: str) -> None:
        """Do what a process that has ended would have done, unless another one does. Raises Unavailable."""
        if not await self.process.take_over(process):
            return
        await self.refresh_names()
        for name in list(self.names):
            sandbox = await self.opened(name)
            if sandbox is None or not isinstance(store := sandbox.store, ValkeyStore):
                continue
            now = sandbox.clock.now()
            await end_interrupted(sandbox, now, await store.end_process(process, now))
            store.drive()
            sandbox.courier.poke()
            await self.process.commits.written()
            await store.entered()
            if store.owned_by(process):
                # It was not written, so another process, or this one, does it again.
                return
        if (tally := await self.process.take_tally(process)) is not None:
            self.owner.deleted_tally.add_data(tally)
            await self.process.put_tally(self.owner.deleted_tally.data())
        await self.process.taken_over(process)

    async def _follow(self) -> None:
        """Follow the sandboxes in which something waits, and let the others go."""
        for sandbox in list(self.owner.by_name.values()):
            store = sandbox.store
            if isinstance(store, ValkeyStore):
                await store.following.update(waits=sandbox.clock.in_flight > 0)
        await self._make_room()

    async def _make_room(self) -> None:
        """If the copies of this process need too much memory, drop those that were not used for the longest time."""
        for name, sandbox in list(self._used.items()):
            if self.used <= self._memory:
                return
            store, courier = sandbox.store, sandbox.courier
            if name == "default" or not isinstance(store, ValkeyStore) or sandbox.clock.in_flight:
                continue
            if store.is_idle and not courier.is_sending and not courier.stepping.locked:
                await self._leave(sandbox)

    @property
    def used(self) -> int:
        """The bytes that the copies of this process use."""
        return sum(store.used for store in self.process.stores.values())


def _store_of(sandbox: Sandbox) -> ValkeyStore:
    assert isinstance(sandbox.store, ValkeyStore)
    return sandbox.store


def _clock_facts(clock: Clock) -> dict[str, Any]:
    facts: dict[str, Any] = {"mode": clock.mode, "speed": clock.speed, "at": clock.now()}
    return {**facts, "wall": wall_ms()} if clock.rate else facts


def _instant(facts: Facts) -> int:
    """Return where a clock stands now."""
    if "wall" not in facts:
        return int(facts["at"])
    rate = facts["speed"] if facts["mode"] == "scaled" else 1.0
    return int(facts["at"] + (wall_ms() - facts["wall"]) * rate)
