"""The life of a handle: it opens on a sandbox, is checked, and closes."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mockserver.core.scenario import ClockSpec
from mockserver.settings import Settings
from mockserver.testing.errors import MockServerError
from mockserver.testing.expectations import Expectation
from mockserver.testing.host import Host, ScenarioLike
from mockserver.testing.receiver import Receiver
from mockserver.testing.session import World
from mockserver.testing.time import Mode

if TYPE_CHECKING:
    from mockserver.testing.interception import Interception

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True


class Lifetime:
    """A sandbox from its beginning to its end, in a server of its own or one that others use too."""

    def __init__(
        self,
        scenario: ScenarioLike | None = None,
        *,
        seed: int | None = None,
        clock: Mode | None = None,
        strict: bool = False,
        no_assumed: bool = False,
        scenario_dir: str | Path = "scenarios",
        allow_public_webhooks: bool = False,
    ) -> None:
        self._settings = Settings(
            strict=strict,
            no_assumed=no_assumed,
            scenario_dir=str(scenario_dir),
            allow_public_webhooks=allow_public_webhooks,
        )
        self._start: tuple[ScenarioLike | None, int | None, Mode | None] = (scenario, seed, clock)
        self._host: Host | None = None
        self._own = True
        self._name = "default"
        self._near: Path | None = None
        self._world: World | None = None
        self._receivers: list[Receiver] = []
        self._interceptions: list[Interception] = []
        self._apps: list[str] = []
        self._expectations: list[Expectation] = []

    @classmethod
    def within(
        cls,
        host: Host,
        name: str,
        scenario: ScenarioLike | None,
        seed: int | None,
        clock: Mode | None,
        near: Path | None,
    ) -> Self:
        """A handle on a sandbox of its own in a server that others use too; paths of scenarios are `near` first."""
        handle = cls(scenario, seed=seed, clock=clock)
        handle._host, handle._own, handle._name, handle._near = host, False, name, near
        return handle

    def __repr__(self) -> str:
        return f"<MockServer {self._name!r}{'' if self._world else ', closed'}>"

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.verify()
        finally:
            self.close()

    def open(self) -> Self:
        """Begin. Raises MockServerError for a scenario that cannot be used."""
        if self._world is not None:
            raise MockServerError("this mockserver is open already")
        host = self._host or Host(self._settings)
        scenario, seed, clock = self._start
        try:
            program = host.program(scenario, self._near)
            spec = ClockSpec(mode=clock) if clock is not None else program.source.clock or ClockSpec(mode="auto")
            sandbox = host.run(host.create(self._name, program, seed, spec))
        except BaseException:
            if self._own:
                host.close()
            raise
        self._host, self._world = host, World(host, sandbox)
        return self

    def close(self) -> None:
        """End, and throw the sandbox away with all that is in it. A second time does nothing."""
        world, self._world = self._world, None
        if world is None:
            return
        for receiver in self._receivers:
            receiver.close()
        for interception in self._interceptions:
            interception.close()
        for authority in self._apps:
            world.host.switchboard.forget(authority)
        world.run(world.host.delete(self._name))
        self._receivers.clear()
        self._interceptions.clear()
        self._apps.clear()
        self._expectations.clear()
        if self._own:
            world.host.close()
            self._host = None

    def verify(self) -> None:
        """Check every expectation. Raises AssertionError with what was expected and what came."""
        problem = self.problem()
        if problem is not None:
            raise AssertionError(problem)

    def problem(self) -> str | None:
        """What is wrong with the expectations so far; None when nothing is."""
        problems = [problem for e in self._expectations if (problem := e.problem()) is not None]
        return "\n".join(problems) or None

    @property
    def _at(self) -> World:
        if self._world is None:
            raise MockServerError("this mockserver is closed; use it within `with MockServer() as mock:`")
        return self._world
