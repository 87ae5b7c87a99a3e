"""`MockServer`: the handle with which a test uses a sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mockserver.clock import monotonic
from mockserver.control.models import ArmedFault, Reset
from mockserver.core.addresses import sandbox_prefix
from mockserver.outgoing.asgi import AsgiApp, AsgiSender
from mockserver.providers.summaries import ProviderName
from mockserver.testing.accounts import Account
from mockserver.testing.deliveries import Deliveries
from mockserver.testing.errors import MockServerError
from mockserver.testing.history import History
from mockserver.testing.host import ScenarioLike
from mockserver.testing.jobs import Jobs
from mockserver.testing.receiver import Receiver
from mockserver.testing.time import Duration, SandboxClock
from mockserver.testing.values import validated

if TYPE_CHECKING:
    from mockserver.core.faults import Framing, Inside, Phase
    from mockserver.coverage.report import Report
    from mockserver.providers.names import FaultKind, OperationName
    from mockserver.testing.interception import Interception
    from mockserver.testing.transport import Transport

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

What = Literal["journal", "jobs", "counters", "credits", "faults", "all"]


class MockServer(History):
    """A sandbox with its own state, virtual time and journal, in a server that runs in this process.

    The pytest fixture `mockserver` returns one. Without pytest use it as a context manager:

        with MockServer("videotoprompt-rate-limited", clock="manual") as mock:
            app = MyApp(mock.url("videotoprompt"), mock.key("videotoprompt"))

    `scenario` is a name, a path, a Scenario or a mapping; a mapping without a name extends `default`. `clock` is the
    clock mode. The default is that of the scenario, or else `auto`, which jumps to the next event whenever no request
    is in progress. `seed` determines the values that look random. `strict` refuses requests that deviate from a
    provider's contract. `no_assumed` answers 501 where a provider's behaviour is an assumption. `additive`
    adds unknown fields and other additive changes to every reply and webhook. With `url` (and its `token`) the sandbox
    is created in a server that runs elsewhere, whose own settings apply; `transport` works with it, `intercept` and
    `webhook_app` do not.
    All methods can be called from any thread except the server's own.
    """

    # Addresses and keys.

    @property
    def name(self) -> str:
        """The name of the sandbox. Requests with a key that contains `sbx-NAME` use this sandbox."""
        return self._name

    def url(self, provider: ProviderName, path: str | None = None) -> str:
        """Return the base URL of a provider, to use instead of the one in its documentation, with its version if any.

        With `path`, return the URL of that path at the root of the provider's host, such as `/oauth/token`.
        """
        chosen, hosted = self._hosted.host.provider(provider), self._hosted
        sandbox = sandbox_prefix(self._name)
        return f"{hosted.host.base}{sandbox}/{chosen.name}" + (chosen.base_path if path is None else path)

    def key(self, provider: ProviderName, kind: str = "") -> str:
        """Return an API key of a provider for this sandbox. It selects the sandbox at any URL of the server.

        `kind` becomes a part of the key, so that scenarios can distinguish accounts. With `default`, "free",
        "starter", "basic", "pro" and "enterprise" are plans, "broke" has no credits, and "invalid" is refused.
        """
        prefix = self._hosted.host.provider(provider).key_prefix
        key = f"{prefix}{kind}{'-' if kind else ''}sbx-{self._name}"
        self._hosted.remember_key(key)
        return key

    def secret(self, provider: ProviderName, key: str | None = None) -> str:
        """Return the secret that signs the webhooks of an account, by default that of `key(provider)`."""
        known = self._hosted.host.provider(provider)
        if known.signature is None:
            raise MockServerError(f"{provider} sends no webhooks")
        return self._hosted.secret(provider, self.key(provider) if key is None else key)

    def env(self, *providers: ProviderName) -> dict[str, str]:
        """Return environment variables for an application, for the given providers or for all.

        They are `VIDEOTOPROMPT_BASE_URL`, `VIDEOTOPROMPT_API_KEY` and so on, and for providers with webhooks also
        `VIDEOTOPROMPT_WEBHOOK_SECRET` and `DESCRIDEO_WEBHOOK_SECRET`.
        """
        names: tuple[Any, ...] = providers or tuple(p.name for p in self._hosted.host.providers)
        signing = {p.name for p in self._hosted.host.providers if p.signature is not None}
        variables: dict[str, str] = {}
        for name in names:
            variables[f"{name.upper()}_BASE_URL"] = self.url(name)
            variables[f"{name.upper()}_API_KEY"] = self.key(name)
            if name in signing:
                variables[f"{name.upper()}_WEBHOOK_SECRET"] = self.secret(name)
        return variables

    def transport(self) -> "Transport":
        """Return a transport that connects httpx2 clients, sync and async, to this sandbox without a socket.

        Clients can use the providers' own URLs: `httpx2.Client(transport=mock.transport(),
        base_url="https://api.videotoprompt.org/v1")`.
        """
        from mockserver.testing.transport import transport_to

        return transport_to(self._hosted)

    def intercept(self, *, allow_external: bool = False) -> "Interception":
        """Intercept programs that call the providers' own hosts, until the handle closes or a `with` block ends.

        `subprocess.run(command, env=mock.intercept().environment())` runs an unmodified program. Its requests reach
        this sandbox with any key. Requests to other hosts are refused unless `allow_external` is set; this machine is
        always allowed. Raises MockServerError if there is no free port, or the certificates cannot be written.
        """
        from mockserver.testing.interception import Interception

        self._hosted.only_here("intercept()")
        interception = Interception(self._hosted, allow_external=allow_external)
        self._interceptions.append(interception)
        return interception

    # Behaviour.

    def use(self, scenario: ScenarioLike) -> None:
        """Switch to another scenario, as `PUT /_mock/scenario` does. Existing jobs keep their plans.

        `scenario` is a name, a path, a Scenario or a mapping; a mapping without a name extends `default`. Raises
        MockServerError with every mistake in it.
        """
        hosted = self._hosted
        hosted.use(hosted.host.program(scenario, self._base_directory))

    def fault(
        self,
        operation: "OperationName | str",
        kind: "FaultKind | str",
        *,
        times: int = 1,
        key: str | None = None,
        phase: "Phase | None" = None,
        message: str | None = None,
        retry_after: Duration | None = None,
        for_: Duration | None = None,
        p99: Duration | None = None,
        at: float | str | None = None,
        inside: "Inside | None" = None,
        held: bool = False,
        rate: int | None = None,
        framing: "Framing | None" = None,
        lasts: Duration | None = None,
    ) -> None:
        """Make the next `times` requests of an operation (and a key) fail. This takes precedence over the scenario.

        `operation` is `provider.operation`, in which `*` stands for any characters. `kind` is a neutral error
        (`rate_limited`, `server_error`, …), a fault on the wire (`reset`, `hang`, `truncate`, …) or a provider's own
        code (`nanophoto: AI_SERVICE_ERROR`). The other arguments are the keys of a scenario's `fault`; `for_` is its
        `for`, which `lasts` means too. Raises MockServerError for an operation or a kind that does not exist.
        """
        if for_ is not None and lasts is not None:
            raise MockServerError("for_ and lasts mean the same; give one of them")
        arguments = {
            "kind": kind, "phase": phase, "message": message, "retry_after": _as_json(retry_after),
            "for": _as_json(lasts if for_ is None else for_), "p99": _as_json(p99), "at": at, "inside": inside,
            "held": held or None, "rate": rate, "framing": framing,
        }  # fmt: skip
        fault = {name: value for name, value in arguments.items() if value is not None}
        armed = {"operation": operation, "times": times, "fault": fault}
        self._hosted.arm_fault(validated(ArmedFault, armed if key is None else {**armed, "account": key}))

    def resume(self, *, timeout: float = 5.0) -> int:
        """Let every reply go on that a `stall` with `held: true` has stopped. Return how many there were.

        If there is none yet, wait for one, for at most `timeout` real seconds. Raises AssertionError after that.
        """
        resumed = self._hosted.resume(timeout)
        if not resumed:
            raise AssertionError(f"no reply is held, also not after {timeout:g} seconds")
        return resumed

    def coverage(self) -> "Report":
        """Return the coverage of this sandbox so far, of the providers that were called: `percent`, `met`, `missed`."""
        return self._hosted.coverage().of()

    def bundle(self, path: str | Path | None = None) -> Path:
        """Save everything that happened in this sandbox as a bundle, and return the path of the file.

        The default is `NAME.mock.zip` in the current directory. `mockserver bundle` and `mockserver verdict` read it.
        Keys and secrets in it are masked. Raises OSError if it cannot be written.
        """
        from mockserver.bundle.files import write
        from mockserver.bundle.invalid import ENDING

        file = Path(f"{self._name}{ENDING}" if path is None else path)
        write(file, self._hosted.bundle())
        return file

    def reset(self, what: What = "all") -> None:
        """Clear the journal, the jobs, the counters, the armed faults, or all of them.

        With `credits` every account has the credits of the scenario again. `counters` includes this.
        """
        self._hosted.reset(validated(Reset, {"what": what}))

    @property
    def clock(self) -> SandboxClock:
        """The sandbox's clock, which can be read and moved."""
        return SandboxClock(self._hosted, self.jobs)

    @property
    def jobs(self) -> Jobs:
        """The jobs of all providers."""
        return Jobs(self._hosted)

    def account(self, provider: ProviderName, key: str | None = None) -> Account:
        """Return the account of a key, by default of `key(provider)`. It can be read and changed."""
        return Account(self._hosted, provider, self.key(provider) if key is None else key)

    # Webhooks.

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries of webhooks and other outgoing calls, with every attempt."""
        return Deliveries(self._hosted)

    def receiver(self, *, verify: bool = True) -> Receiver:
        """Start a receiver of webhooks on a socket. With `verify` it answers wrong signatures with 401."""
        receiver = Receiver(self._hosted, verify=verify)
        self._receivers.append(receiver)
        return receiver

    def webhook_app(self, app: AsgiApp, url: str = "http://app.test") -> str:
        """Deliver calls to `url`, with any path, to an ASGI application without a socket. Returns the URL.

        The application runs on the server's event loop, not on that of the test, and its lifespan is not run.
        """
        authority = url.partition("://")[2].partition("/")[0]
        self._hosted.only_here("webhook_app()")
        self._hosted.host.call_router.add_application(authority, AsgiSender(app, monotonic))
        self._apps.append(authority)
        return url


def _as_json(duration: Duration | None) -> Any:
    if duration is None or isinstance(duration, str | int | float):
        return duration
    return f"{round(duration.total_seconds() * 1000)}ms"
