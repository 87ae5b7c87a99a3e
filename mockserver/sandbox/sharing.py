"""Shares the sandboxes of a server with other processes, through Valkey.

How it works
------------

**Which sandboxes.** Each process has a copy of the sandboxes that it was asked for. `opened` returns one with all
changes of other processes, and opens it if this process has no copy yet. A sandbox that another process has deleted is
dropped here: its requests that wait end, and its attempts are cancelled.

**What is shared.** The store of a sandbox is shared by itself (`store.valkey`). With each batch of changes goes what
else a sandbox is, if that has changed (`shared_facts`). Scenarios are kept once each (`shared_scenarios`).

**The clock.** A running clock is shared as an instant and the time of the machine at which it was set, so the machines
must agree on the time. An entry of the journal that is later than this process's clock moves it forward.

**What falls due** is done by the process that made the latest change (`Store.due_elsewhere`). If that process ends,
another one takes over within a few seconds: it opens all sandboxes, ends what the process has left behind, and does
what is due.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

from mockserver.clock import monotonic, pause
from mockserver.core.accounts import Origin
from mockserver.core.addresses import is_sandbox_name
from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec
from mockserver.coverage.tally import Tally
from mockserver.sandbox.interrupted import end_interrupted
from mockserver.sandbox.programs import Compile
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.shared_facts import SharedFacts
from mockserver.sandbox.shared_scenarios import SharedScenarios
from mockserver.sandbox.shared_values import SharedValues
from mockserver.settings import SettingsError
from mockserver.store.protocol import Store
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.process import BEAT, ValkeyProcess
from mockserver.store.valkey.store import ValkeyStore

log = logging.getLogger("mockserver")

# Seconds after which the scenarios of the sandboxes of this process are renewed.
_RENEW = 3_600.0


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
        self.scenarios = SharedScenarios(process, compiled)
        self._facts = SharedFacts(self.scenarios)
        self.values = SharedValues(process)
        self._owner: Owner | None = None
        # The names of all sandboxes, as the keys of a dict.
        self.names: dict[str, None] = {}
        self._memory = memory
        # The sandboxes in the order of their last use.
        self._used: dict[str, Sandbox] = {}
        # As long as they are used.
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._monitor: asyncio.Task[None] | None = None
        self._takeover: asyncio.Task[None] | None = None
        self._renew_at = 0.0
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
        for task in (self._monitor, self._takeover):
            if task is not None:
                # If it is just waiting for Valkey, it may not notice this.
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self.process.close()

    async def refresh_names(self) -> None:
        """Read the names of all sandboxes. Raises Unavailable."""
        self.names = dict.fromkeys(["default", *await self.process.names()])

    def _changed(self, name: str, created: bool) -> None:
        if created or name == "default":  # which begins again with its next request
            self.names[name] = None
            return
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
        elif not is_sandbox_name(name):
            return None
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
            async with self._lock(name):
                # Another request may have done it.
                current = self.owner.by_name[name]
                if _store_of(current).turn.gone:
                    await self._begin_default(self._new_default(current))
            return await self.opened(name)
        await self._drop(sandbox)
        return await self._open(name)

    async def _open(self, name: str) -> Sandbox | None:
        async with self._lock(name):
            if name in self.owner.by_name:
                return self.owner.by_name[name]
            store = await self.process.open(name)
            facts = {} if store is None else store.shared_facts
            if store is None or not facts:
                # A sandbox without facts is being created at this moment.
                if store is not None:
                    self.process.forget(store)
                self.names.pop(name, None)
                return None
            self.names[name] = None
            program = await self.scenarios.program(facts["scenario"])
            sandbox = self.owner.make(name, program, store, facts["seed"], None, origin=Origin.of(facts["origin"]))
            self.attach(sandbox)
            await self._facts.take_on(sandbox, store.take_unseen())
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

    async def _begin_default(self, sandbox: Sandbox) -> None:
        """Create the sandbox `default`, which no process has created yet, or which the server has lost."""
        store = _store_of(sandbox)
        await self.scenarios.keep(sandbox.program)
        if await self.process.begin(store):
            store.note_facts()
        else:
            # Another process was faster.
            await store.turn.take(patient=False)

    def _lock(self, name: str) -> asyncio.Lock:
        """Return the lock that is held while this process opens or creates the sandbox of this name."""
        return self._opening.setdefault(name, asyncio.Lock())

    async def reserve(self, name: str) -> ValkeyStore | None:
        """Create a sandbox for all processes, and return its store, or None if there is one of this name.

        Raises Unavailable.
        """
        async with self._lock(name):
            store = await self.process.create(name)
            self.names[name] = None
            return store

    def attach(self, sandbox: Sandbox) -> None:
        """Share the sandbox, whose store is of this process."""
        self._used[sandbox.name] = sandbox
        store = _store_of(sandbox)
        store.sandbox_facts = lambda: self._facts.of(sandbox)
        store.tally = sandbox.tally.data
        store.turn.on_gone = partial(self._changed, sandbox.name, False)
        store.before_commit = partial(self.scenarios.keep_all, sandbox)
        store.on_change = partial(self._facts.take_on, sandbox)
        sandbox.on_change = store.note_facts
        self._facts.follow_clock(sandbox, store)

    async def delete(self, sandbox: Sandbox) -> None:
        """Announce that a sandbox was deleted, after it was closed."""
        self.names.pop(sandbox.name, None)
        with suppress(Unavailable):
            await self.values.keep_generation(sandbox)
            await self.values.take_tally(self.owner.deleted_tally)
            await self.process.deleted(_store_of(sandbox))

    async def _drop(self, sandbox: Sandbox) -> None:
        """Drop a sandbox that another process has deleted."""
        if self.owner.by_name.get(sandbox.name) is sandbox:
            sandbox.first_generation = sandbox.generation + 1
            await self._leave(sandbox)

    async def _leave(self, sandbox: Sandbox) -> None:
        """Drop this process's copy of a sandbox."""
        self.process.forget(_store_of(sandbox))
        self._used.pop(sandbox.name, None)
        self.owner.drop(sandbox)
        await sandbox.leave()

    async def open_all(self) -> None:
        """Open all sandboxes. Raises Unavailable."""
        await self.refresh_names()
        for name in list(self.names):
            await self.opened(name)

    async def count(self, most: int) -> int:
        """Return the number of sandboxes. From `most` on, expired ones are not counted. Raises Unavailable."""
        if len(self.names) >= most:
            await self.refresh_names()
            for name in list(self.names):
                if name != "default" and not await self.process.exists(name):
                    self.names.pop(name, None)
        return len(self.names)

    async def new_name(self) -> str:
        """Return a new name: s1, s2, and so on. Raises Unavailable."""
        while True:
            name = f"s{await self.process.next_number('sandbox')}"
            if name not in self.names:
                return name

    # The other processes.

    async def _run(self) -> None:
        while not self._closed:
            await pause(BEAT)
            try:
                ended = await self.process.beat()
                # Takes long if there are many sandboxes. Without a beat meanwhile, this process would count as ended.
                if ended and (self._takeover is None or self._takeover.done()):
                    self._takeover = asyncio.get_running_loop().create_task(self._take_over_all(ended))
                await self._follow()
            except Unavailable as error:
                self.process.commits.unavailable(error)
            except Exception:
                log.exception("the other processes could not be looked at")

    async def _take_over_all(self, processes: Sequence[str]) -> None:
        try:
            for process in processes:
                await self._take_over(process)
        except Unavailable as error:
            self.process.commits.unavailable(error)
        except Exception:
            log.exception("another process could not be taken over")

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
        await self.process.taken_over(process)

    async def _follow(self) -> None:
        """Follow the sandboxes in which something waits, and let the others go."""
        for sandbox in list(self.owner.by_name.values()):
            store = sandbox.store
            if isinstance(store, ValkeyStore):
                await store.following.update(waits=sandbox.clock.in_flight > 0)
        await self._make_room()
        if monotonic() > self._renew_at:
            await self.scenarios.renew(list(self.owner.by_name.values()))
            self._renew_at = monotonic() + _RENEW

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
