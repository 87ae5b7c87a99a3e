"""The sandboxes of a server: `default` always exists, others are made and thrown away."""

from collections.abc import Callable, Mapping

from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec
from mockserver.coverage.tally import Tally, total
from mockserver.outgoing.call import Sender
from mockserver.outgoing.dial import Dialer
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.settling import Simulation
from mockserver.store.protocol import Store

MOST = 1_000


class TooMany(Exception):
    """The server keeps as many sandboxes as it may."""


class Sandboxes:
    """All sandboxes of one server, by name. `gone` has the coverage of those that were deleted."""

    def __init__(
        self,
        program: Program,
        simulations: Mapping[str, Simulation],
        sender: Sender,
        store: Callable[[], Store],
        seed: int | None = None,
        clock: ClockSpec | None = None,
        unsaid: frozenset[str] = frozenset(),
    ) -> None:
        self._clock = clock
        self._unsaid = unsaid
        self._simulations = simulations
        self._sender = sender
        self._store = store
        self._seed = seed
        self._made = 0
        self.initial = program
        self.gone = Tally()
        self.by_name: dict[str, Sandbox] = {}
        self.create("default", program)

    @property
    def default(self) -> Sandbox:
        return self.by_name["default"]

    def get(self, name: str) -> Sandbox | None:
        """The sandbox of that name, or None when it was not created."""
        return self.by_name.get(name)

    def free_name(self) -> str:
        """A name that no sandbox has had: s1, s2, and so on."""
        while True:
            self._made += 1
            if f"s{self._made}" not in self.by_name:
                return f"s{self._made}"

    def create(self, name: str, program: Program, seed: int | None = None, clock: ClockSpec | None = None) -> Sandbox:
        """A new world. Raises TooMany, and ValueError for a name that is taken."""
        if name in self.by_name:
            raise ValueError(f"there is a sandbox named {name!r} already")
        if len(self.by_name) >= MOST:
            raise TooMany(f"a server keeps at most {MOST} sandboxes; delete some with DELETE /_mock/sandboxes/NAME")
        given = seed if seed is not None else self._seed
        sandbox = Sandbox(
            name, program, self._store(), self._simulations, self._sender, given, clock or self._clock, self._unsaid
        )
        self.by_name[name] = sandbox
        return sandbox

    async def delete(self, name: str) -> bool:
        """Throw a world away with everything in it. False when there is none of that name."""
        sandbox = self.by_name.pop(name, None)
        if sandbox is None:
            return False
        await sandbox.close()
        self.gone.add(sandbox.tally)
        # What is under way in it still counts.
        sandbox.tally = self.gone
        return True

    def tally(self) -> Tally:
        """The coverage of all sandboxes, including those that were deleted."""
        return total((self.gone, *(sandbox.tally for sandbox in self.by_name.values())))

    def forget_tally(self) -> None:
        """Start to count coverage again, in all sandboxes."""
        for tally in (self.gone, *(sandbox.tally for sandbox in self.by_name.values())):
            tally.clear()

    async def close(self) -> None:
        """End the background work of all sandboxes, and close the connections to receivers."""
        for sandbox in self.by_name.values():
            await sandbox.close()
        if isinstance(self._sender, Dialer):
            await self._sender.aclose()
