"""The part of `MockServer` that opens and closes its sandbox, and checks the expectations."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec
from mockserver.core.verdict.policy import Policy
from mockserver.settings import MAX_SEED, Settings
from mockserver.testing.errors import MockServerError
from mockserver.testing.expectations import Expectation
from mockserver.testing.host import Host, ScenarioLike
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.receiver import Receiver
from mockserver.testing.time import Mode

if TYPE_CHECKING:
    from mockserver.testing.interception import Interception

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True


class Lifetime:
    """Opens and closes a sandbox, in its own server or in a shared one."""

    def __init__(
        self,
        scenario: ScenarioLike | None = None,
        *,
        seed: int | None = None,
        clock: Mode | None = None,
        strict: bool = False,
        no_assumed: bool = False,
        additive: bool = False,
        scenario_dir: str | Path = "scenarios",
        allow_public_webhooks: bool = False,
        url: str | None = None,
        token: str = "",
    ) -> None:
        self._settings = Settings(
            strict=strict,
            no_assumed=no_assumed,
            additive=additive,
            scenario_dir=str(scenario_dir),
            allow_public_webhooks=allow_public_webhooks,
        )
        self._start: tuple[ScenarioLike | None, int | None, Mode | None] = (scenario, seed, clock)
        self._remote = (url, token)
        self._host: Host | None = None
        self._owns_host = True
        self._name = "default"
        self._base_directory: Path | None = None
        self._opened: HostedSandbox | None = None
        self._receivers: list[Receiver] = []
        self._interceptions: list[Interception] = []
        self._apps: list[str] = []
        self._expectations: list[Expectation] = []
        # What the project has decided about the verdict, and the rules that the test allows.
        self.project_policy: Callable[[], Policy] = Policy
        self.allowed_rules: frozenset[str] = frozenset()

    @classmethod
    def within(
        cls,
        host: Host,
        name: str,
        scenario: ScenarioLike | None,
        seed: int | None,
        clock: Mode | None,
        base_directory: Path | None,
    ) -> Self:
        """Return a handle for a sandbox in a shared server. Paths of scenarios are relative to `base_directory`."""
        handle = cls(scenario, seed=seed, clock=clock)
        handle._host, handle._owns_host, handle._name, handle._base_directory = host, False, name, base_directory
        return handle

    def __repr__(self) -> str:
        return f"<MockServer {self._name!r}{'' if self._opened else ', closed'}>"

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
        """Create the sandbox. Raises MockServerError for an invalid scenario or seed."""
        if self._opened is not None:
            raise MockServerError("this mockserver is already open")
        scenario, seed, clock = self._start
        if seed is not None and not 0 <= seed <= MAX_SEED:
            raise MockServerError(f"the seed must be from 0 to {MAX_SEED}, not {seed}")
        host = self._host or self._new_host()
        try:
            program = host.program(scenario, self._base_directory)
            spec = ClockSpec(mode=clock) if clock is not None else program.source.clock or ClockSpec(mode="auto")
            self._opened = _open(host, self._name, program, seed, spec)
        except BaseException:
            if self._owns_host:
                host.close()
            raise
        self._host, self._name = host, self._opened.name
        return self

    def _new_host(self) -> Host:
        url, token = self._remote
        if url is None:
            return Host(self._settings)
        from mockserver.testing.remote.host import RemoteHost

        self._name = ""
        return RemoteHost(url, token, self._settings)

    def close(self) -> None:
        """Delete the sandbox with everything in it. A second call does nothing."""
        hosted, self._opened = self._opened, None
        if hosted is None:
            return
        for receiver in self._receivers:
            receiver.close()
        for interception in self._interceptions:
            interception.close()
        for authority in self._apps:
            hosted.host.call_router.remove(authority)
        hosted.close()
        self._receivers.clear()
        self._interceptions.clear()
        self._apps.clear()
        self._expectations.clear()
        if self._owns_host:
            hosted.host.close()
            self._host = None

    def verify(self) -> None:
        """Check every expectation. Raises AssertionError with the expected and the actual requests."""
        problem = self.problem()
        if problem is not None:
            raise AssertionError(problem)

    def problem(self) -> str | None:
        """Describe the expectations that are not met so far. Returns None if all are met."""
        problems = [problem for e in self._expectations if (problem := e.problem()) is not None]
        return "\n".join(problems) or None

    @property
    def hosted(self) -> HostedSandbox:
        """The sandbox in its server. Raises MockServerError if the handle is closed."""
        return self._hosted

    @property
    def _hosted(self) -> HostedSandbox:
        if self._opened is None:
            raise MockServerError("this mockserver is closed; use it within `with MockServer() as mock:`")
        return self._opened


def _open(host: Host, name: str, program: Program, seed: int | None, clock: ClockSpec) -> HostedSandbox:
    """Create a sandbox in a server, in this process or elsewhere."""
    if not host.remote:
        return HostedSandbox(host, host.run(host.create(name, program, seed, clock)))
    from mockserver.testing.remote.host import RemoteHost
    from mockserver.testing.remote.sandbox import RemoteSandbox

    assert isinstance(host, RemoteHost)
    return RemoteSandbox.open(host, name, program, seed, clock.model_dump(mode="json", exclude_unset=True))
