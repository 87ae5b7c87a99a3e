"""The sandboxes of a server. `default` always exists; others are created and deleted."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mockserver.clock import wall_ms
from mockserver.core.accounts import Origin
from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec
from mockserver.coverage.tally import Tally, total
from mockserver.outgoing.call import Sender
from mockserver.outgoing.dial import Dialer
from mockserver.sandbox.journal_feed import JournalFeed
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sends import Sends
from mockserver.sandbox.settling import Simulation
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import Store

if TYPE_CHECKING:
    from mockserver.sandbox.keeping import Keeper
    from mockserver.sandbox.sharing import Sharing

MAX_SANDBOXES = 1_000
# Names of deleted sandboxes whose generation is remembered.
MAX_REMEMBERED = 10_000
_KEPT = "The sandbox default keeps its {}; the setting {} is for new sandboxes."


class TooManySandboxes(Exception):
    """The server has the maximum number of sandboxes."""

    def __init__(self) -> None:
        super().__init__(
            f"the server has {MAX_SANDBOXES} sandboxes, the maximum; delete one: DELETE /_mock/sandboxes/NAME"
        )


class Sandboxes:
    """All sandboxes of one server, by name. `deleted_tally` is the coverage of those that were deleted.

    `store` makes the store of a new sandbox. `memory` returns the bytes that all stores use, and the limits. With a
    `keeper`, the sandboxes are kept in a file, and those that the file has continue. With `sharing`, they are those of
    several processes, and `opened` returns one with the changes of the others. Call `resume` with either.
    """

    def __init__(
        self,
        program: Program,
        simulations: Mapping[str, Simulation],
        sender: Sender,
        store: Callable[[], Store],
        seed: int | None = None,
        clock: ClockSpec | None = None,
        disallowed_rows: frozenset[str] = frozenset(),
        memory: Callable[[], Mapping[str, int]] = dict,
        additive: bool = False,
        keeper: "Keeper | None" = None,
        sharing: "Sharing | None" = None,
    ) -> None:
        self._additive = additive
        self._clock = clock
        self._disallowed_rows = disallowed_rows
        self._simulations = simulations
        self._sender = sender
        self._store = store
        self.memory = memory
        self._seed = seed
        self._name_count = 0
        self._created = 0
        self._started_at = wall_ms()
        self._sends = Sends()
        # The next generation of sandboxes that were deleted, so that ids of deliveries do not recur.
        self._generations: dict[str, int] = {}
        self.initial = program
        self.deleted_tally = Tally()
        self.by_name: dict[str, Sandbox] = {}
        self.feed = JournalFeed(self.by_name)
        self._keeper = keeper
        self._to_switch: list[Sandbox] = []
        # Lines for the user about the sandboxes that continue.
        self.report: list[str] = []
        if keeper is not None:
            keeper.file.read(lambda cursor: self._continue(keeper))
        self.sharing = sharing
        self._spare: Sandbox | None = None
        if sharing is not None:
            sharing.attach(self.create("default", program, store=sharing.adopted_by(self)))
        elif "default" not in self.by_name:
            self.create("default", program)

    @property
    def names_given(self) -> int:
        """How many names `new_name` has given."""
        return self._name_count

    @property
    def generations(self) -> Mapping[str, int]:
        """The next generation of each name whose sandbox was deleted."""
        return self._generations

    @property
    def sender(self) -> Sender:
        """What makes the outgoing calls of all sandboxes."""
        return self._sender

    @property
    def default(self) -> Sandbox:
        return self.by_name["default"]

    def get(self, name: str) -> Sandbox | None:
        """Return the sandbox called `name`, or None when it does not exist."""
        return self.by_name.get(name)

    @property
    def names(self) -> Mapping[str, object]:
        """The names of all sandboxes, also of those that only other processes have opened, as the keys of a dict."""
        return self.by_name if self.sharing is None else self.sharing.names

    async def opened(self, name: str) -> Sandbox | None:
        """Return the sandbox called `name` with the changes of all processes, or None when it does not exist.

        Raises Unavailable if the sandboxes are shared and cannot be reached.
        """
        return self.by_name.get(name) if self.sharing is None else await self.sharing.opened(name)

    def spare(self) -> Sandbox:
        """Return a sandbox in memory, for replies while the sandboxes of several processes cannot be reached."""
        if self._spare is None:
            self._spare = Sandbox("spare", self.initial, MemoryStore(), self._simulations, self._sender, self._seed)
        return self._spare

    async def open_all(self) -> None:
        """Open the sandboxes that only other processes have opened so far."""
        if self.sharing is not None:
            await self.sharing.open_all()

    async def new_name(self) -> str:
        """Return a new name: s1, s2, and so on."""
        if self.sharing is not None:
            return await self.sharing.new_name()
        while True:
            self._name_count += 1
            if f"s{self._name_count}" not in self.by_name:
                return f"s{self._name_count}"

    async def begin(
        self,
        name: str,
        program: Program,
        seed: int | None = None,
        clock: ClockSpec | None = None,
        generation: int | None = None,
        origin: Origin | None = None,
        sender: Sender | None = None,
        began_at: int | None = None,
    ) -> Sandbox:
        """Create a sandbox, for all processes if they are shared. See `create`."""
        store = None
        if (sharing := self.sharing) is not None:
            # This process may not know yet that another one has deleted the sandbox of this name.
            if name in self.by_name and await self.opened(name) is not None:
                raise ValueError(f"a sandbox named {name!r} already exists")
            self._check_new(name)
            if await sharing.count(MAX_SANDBOXES) >= MAX_SANDBOXES:
                raise TooManySandboxes
            await sharing.scenarios.keep(program)
            generation = await sharing.values.generation(name) if generation is None else generation
            store = await sharing.reserve(name)
            if store is None:
                raise ValueError(f"a sandbox named {name!r} already exists")
        sandbox = self.create(name, program, seed, clock, generation, origin, sender, began_at, store)
        if sharing is not None:
            sharing.attach(sandbox)
            await sandbox.store.entered()
            sandbox.note_change()
        return sandbox

    def create(
        self,
        name: str,
        program: Program,
        seed: int | None = None,
        clock: ClockSpec | None = None,
        generation: int | None = None,
        origin: Origin | None = None,
        sender: Sender | None = None,
        began_at: int | None = None,
        store: Store | None = None,
    ) -> Sandbox:
        """Create a sandbox. Raises TooManySandboxes, and ValueError for a name that is in use.

        `generation` is the one after the last of that name unless given (`SandboxState.generation`). A sandbox that is
        made from a bundle has an `origin`, a `sender` that replaces the network, and a clock that begins at `began_at`.
        One with a `store` of its own is not kept when the process ends.
        """
        self._check_new(name)
        seed = seed if seed is not None else self._seed
        clock = clock or self._clock
        keeper = self._keeper if store is None else None
        if store is None:
            store = self._store() if keeper is None else keeper.create(name)
        generation = self._generations.get(name, 0) if generation is None else generation
        sandbox = self.make(name, program, store, seed, clock, generation, origin, sender, began_at)
        if keeper is not None:
            keeper.adopt(sandbox)
            keeper.changed()
        return sandbox

    def _check_new(self, name: str) -> None:
        """Raise ValueError if the name is in use, or TooManySandboxes."""
        if name in self.by_name:
            raise ValueError(f"a sandbox named {name!r} already exists")
        if len(self.by_name) >= MAX_SANDBOXES:
            raise TooManySandboxes

    def make(
        self,
        name: str,
        program: Program,
        store: Store,
        seed: int | None,
        clock: ClockSpec | None,
        generation: int = 0,
        origin: Origin | None = None,
        sender: Sender | None = None,
        began_at: int | None = None,
    ) -> Sandbox:
        """Make a sandbox with this store, and add it to the others."""
        sandbox = Sandbox(
            name,
            program,
            store,
            self._simulations,
            sender or self._sender,
            seed,
            clock,
            self._disallowed_rows,
            generation,
            self._sends,
            self._additive,
            origin,
            began_at,
        )
        self._created += 1
        sandbox.journal_id = f"{self._started_at:x}.{self._created}"
        self.by_name[name] = sandbox
        self.feed.wake()
        return sandbox

    def _continue(self, keeper: "Keeper") -> None:
        """Continue the sandboxes in the file. Those that followed the scenario of the server follow it again."""
        saved = keeper.server()
        self._name_count, self._generations = saved.names, dict(saved.generations)
        if saved.tally is not None:
            self.deleted_tally.add_data(saved.tally)
        is_changed = keeper.is_changed(self.initial)
        for each in keeper.sandboxes():
            program = self.initial if each.follows and not is_changed else keeper.program(each.digest)
            sandbox = self.make(
                each.name,
                program,
                keeper.loaded(each),
                each.facts["seed"],
                None,
                origin=Origin.of(each.facts.get("origin")),
            )
            keeper.restore(sandbox, each)
            if each.follows and is_changed:
                self._to_switch.append(sandbox)
        keeper.describe(list(self.by_name.values()), self._to_switch)
        self.report = [*keeper.report, *self._kept()]
        keeper.follow(self)

    def _kept(self) -> Iterator[str]:
        """Yield what the sandbox `default` keeps although the settings of this server set it otherwise."""
        default = self.by_name.get("default")
        if default is None:
            return
        if self._seed is not None and default.seed != self._seed:
            yield _KEPT.format(f"seed {default.seed}", f"seed {self._seed}")
        if self._clock is not None and default.clock.mode != self._clock.mode:
            yield _KEPT.format(f"{default.clock.mode} clock", f"clock {self._clock.mode}")

    async def _join(self, sharing: "Sharing") -> None:
        await sharing.start()
        kept, chosen = self.default.program, self.initial
        if not sharing.scenarios.is_same(kept, chosen):
            edited = " as it was before an edit" if kept.name == chosen.name else ""
            self.report.append(_KEPT.format(f"scenario {kept.name}{edited}", f"scenario {chosen.name}"))
        self.report += self._kept()

    async def resume(self) -> None:
        """Do what is due in the sandboxes that continue, after those that follow a changed scenario have switched.

        If the sandboxes are shared, join the other processes. Raises SettingsError if that is not possible.
        """
        if self.sharing is not None:
            await self._join(self.sharing)
        to_switch, self._to_switch = self._to_switch, []
        for sandbox in to_switch:
            await sandbox.switch_scenario(self.initial)
        if self._keeper is not None:
            for sandbox in self.by_name.values():
                sandbox.courier.poke()
            self._keeper.file.flush()

    async def follows(self, sandbox: Sandbox, program: Program) -> bool:
        """Return whether another process has switched the sandbox to this scenario already."""
        if self.sharing is None:
            return False
        await sandbox.store.entered()
        return self.sharing.scenarios.is_same(sandbox.program, program)

    def change_initial(self, program: Program) -> None:
        """Change the scenario of the server, for new sandboxes. Existing ones keep theirs."""
        self.initial = program if self.sharing is None else self.sharing.scenarios.known(program)
        if self._keeper is not None:
            self._keeper.changed()

    async def delete(self, name: str) -> bool:
        """Delete a sandbox with everything in it. Return False when it does not exist."""
        sandbox = await self.opened(name)
        if sandbox is None or self.by_name.get(name) is not sandbox:
            return False  # another request has just deleted it
        del self.by_name[name]
        self._remember_generation(name, sandbox.next_generation)
        self.feed.wake()
        await sandbox.close()
        self.deleted_tally.add(sandbox.tally)
        if self.sharing is not None:
            await self.sharing.delete(sandbox)
        if self._keeper is not None:
            self._keeper.changed()
        # Requests that are still in progress are counted there.
        sandbox.tally = self.deleted_tally
        return True

    def drop(self, sandbox: Sandbox) -> None:
        """Forget a sandbox that another process has deleted, and counts."""
        del self.by_name[sandbox.name]
        self.feed.wake()

    def _remember_generation(self, name: str, generation: int) -> None:
        self._generations.pop(name, None)
        if generation:
            self._generations[name] = generation
            if len(self._generations) > MAX_REMEMBERED:
                del self._generations[next(iter(self._generations))]

    async def whole_tally(self) -> Tally:
        """Return the coverage of all sandboxes of all processes, including deleted ones."""
        if self.sharing is None:
            return self.tally()
        await self.open_all()
        return total((self.tally(), await self.sharing.values.deleted_tally()))

    def tally(self) -> Tally:
        """Return the coverage of the sandboxes of this process, including deleted ones."""
        return total((self.deleted_tally, *(sandbox.tally for sandbox in self.by_name.values())))

    async def clear_tally(self) -> None:
        """Reset the coverage of all sandboxes."""
        if self.sharing is not None:
            await self.open_all()
            await self.sharing.values.clear_tally()
        self.deleted_tally.clear()
        if self._keeper is not None:
            self._keeper.changed()
        for sandbox in self.by_name.values():
            sandbox.clear_tally()

    async def close(self) -> None:
        """Stop the background work of all sandboxes, end the listeners, and close the connections to receivers."""
        self.feed.close()
        if self._keeper is not None:
            for sandbox in self.by_name.values():
                if sandbox.on_change is not None:
                    sandbox.on_change()  # the time at which the clock stands now
            self._keeper.file.flush()
        for sandbox in self.by_name.values():
            await sandbox.leave()
        if self.sharing is not None:
            await self.sharing.close()
        if self._keeper is not None:
            self._keeper.file.close()
        if isinstance(self._sender, Dialer):
            await self._sender.aclose()
