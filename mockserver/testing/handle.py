"""The handle of a test on one sandbox of a server in this process."""

from typing import TYPE_CHECKING, Any, Literal

from mockserver.clock import monotonic
from mockserver.control import actions
from mockserver.control.models import ArmedFault, Reset
from mockserver.outgoing.asgi import AsgiApp, AsgiSender
from mockserver.providers.summaries import ProviderName
from mockserver.sandbox.sandbox import Sandbox
from mockserver.testing.accounts import Account
from mockserver.testing.deliveries import Deliveries
from mockserver.testing.errors import MockServerError
from mockserver.testing.history import History
from mockserver.testing.host import ScenarioLike
from mockserver.testing.jobs import Jobs
from mockserver.testing.receiver import Receiver
from mockserver.testing.session import validated
from mockserver.testing.time import Duration, SandboxClock

if TYPE_CHECKING:
    from mockserver.coverage.report import Report
    from mockserver.testing.interception import Interception
    from mockserver.testing.transport import InProcess

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

What = Literal["journal", "jobs", "counters", "faults", "all"]


class MockServer(History):
    """One sandbox with its own state, virtual time and journal, in a server that lives in this process.

    The pytest fixture `mockserver` is one; without pytest it is a context manager:

        with MockServer("videotoprompt-rate-limited", clock="manual") as mock:
            app = MyApp(mock.url("videotoprompt"), mock.key("videotoprompt"))

    `scenario` is a name, a path, a Scenario or a mapping; a mapping that does not name itself is laid over `default`.
    `clock` is how time passes: as the scenario says, else `auto`, which jumps to what is next whenever nothing is
    in flight. `seed` chooses among values that look random; `strict` holds clients to each provider's contract;
    `no_assumed` answers 501 where a provider's behaviour is an assumption.
    Everything may be called from any thread but the server's own.
    """

    # Where it is.

    @property
    def name(self) -> str:
        """The name of the sandbox. A key that contains `sbx-NAME` leads to it by itself."""
        return self._name

    def url(self, provider: ProviderName, path: str | None = None) -> str:
        """The base URL of a provider, in place of the one in its documents, with the version if that has one.

        With `path`, the URL of that path from the root of the provider's host, such as `/oauth/token`.
        """
        found, world = self._at.host.provider(provider), self._at
        sandbox = "" if self._name == "default" else f"/~{self._name}"
        return f"{world.host.base}{sandbox}/{found.name}" + (found.base_path if path is None else path)

    def key(self, provider: ProviderName, kind: str = "") -> str:
        """An API key of a provider that leads to this sandbox by itself, whatever URL it is used at.

        `kind` goes into the key, so that scenarios can tell accounts apart: with `default`, "free", "starter",
        "basic", "pro" and "enterprise" are plans, "broke" has no credits and "invalid" is refused.
        """
        found = self._at.host.provider(provider)
        return f"{found.key_prefix}{kind}{'-' if kind else ''}sbx-{self._name}"

    def secret(self, provider: ProviderName, key: str | None = None) -> str:
        """The secret that signs the webhooks of an account, by default that of `key(provider)`."""
        known = self._at.host.provider(provider)
        if known.signature is None:
            raise MockServerError(f"{provider} sends no webhooks")
        wanted = self.key(provider) if key is None else key

        async def found(sandbox: Sandbox) -> str:
            account = await sandbox.account(provider, wanted, sandbox.clock.now())
            return known.webhook_secret(sandbox, f"{provider}:{wanted}", account)

        return self._at.run(found(self._at.sandbox))

    def env(self, *providers: ProviderName) -> dict[str, str]:
        """Environment variables for an application: of the given providers, or of all.

        `VIDEOTOPROMPT_BASE_URL`, `VIDEOTOPROMPT_API_KEY` and so on; where there are webhooks also
        `VIDEOTOPROMPT_WEBHOOK_SECRET` and `DESCRIDEO_WEBHOOK_SECRET`.
        """
        names: tuple[Any, ...] = providers or tuple(p.name for p in self._at.host.providers)
        signing = {p.name for p in self._at.host.providers if p.signature is not None}
        found: dict[str, str] = {}
        for name in names:
            found[f"{name.upper()}_BASE_URL"] = self.url(name)
            found[f"{name.upper()}_API_KEY"] = self.key(name)
            if name in signing:
                found[f"{name.upper()}_WEBHOOK_SECRET"] = self.secret(name)
        return found

    def transport(self) -> "InProcess":
        """A transport for httpx2 clients, sync and async, into this sandbox. It opens no socket.

        The URLs of the client may be the provider's own: `httpx2.Client(transport=mock.transport(),
        base_url="https://api.videotoprompt.org/v1")`.
        """
        from mockserver.testing.transport import InProcess

        return InProcess(self._at)

    def intercept(self, *, allow_external: bool = False) -> "Interception":
        """Lead programs here that name the providers' own hosts, until the handle closes or a `with` block ends.

        `subprocess.run(command, env=mock.intercept().environment())` runs one with no edit. What names no sandbox
        reaches this one, whatever its key. Other hosts are refused unless `allow_external`; this machine never is.
        Raises MockServerError where no port or no certificate can be had.
        """
        from mockserver.testing.interception import Interception

        made = Interception(self._at, allow_external=allow_external)
        self._interceptions.append(made)
        return made

    # What it does.

    def use(self, scenario: ScenarioLike) -> None:
        """Follow another scenario from now on, as `PUT /_mock/scenario` does. Jobs that began keep their plans.

        A name, a path, a Scenario, or a mapping: one that does not name itself is laid over `default`. Raises
        MockServerError with every mistake in it.
        """
        world = self._at
        world.run(world.sandbox.switch_scenario(world.host.program(scenario, self._near)))

    def fault(
        self,
        operation: str,
        kind: str,
        *,
        times: int = 1,
        key: str | None = None,
        phase: Literal["before_commit", "after_commit", "mid_body"] | None = None,
        message: str | None = None,
        retry_after: Duration | None = None,
        lasts: Duration | None = None,
        at: float | str | None = None,
        rate: int | None = None,
    ) -> None:
        """Make the next `times` requests of an operation (and a key) go wrong, before any rule of the scenario.

        `operation` is `provider.operation`, in which `*` stands for any characters. `kind` is a neutral error
        (`rate_limited`, `server_error`, …), a fault on the wire (`reset`, `hang`, `truncate`, …) or a provider's own
        code (`nanophoto: AI_SERVICE_ERROR`). The rest is as in a scenario's `fault`; `lasts` is its `for`. Raises
        MockServerError for a name that does not exist.
        """
        told = {
            "kind": kind, "phase": phase, "message": message, "retry_after": _spelled(retry_after),
            "for": _spelled(lasts), "at": at, "rate": rate,
        }  # fmt: skip
        fault = {name: value for name, value in told.items() if value is not None}
        armed = {"operation": operation, "times": times, "fault": fault}
        asked = validated(ArmedFault, armed if key is None else {**armed, "account": key})
        world = self._at
        world.act(lambda now: actions.arm_fault(world.sandbox, asked, world.host.catalogue))

    def coverage(self) -> "Report":
        """What was met in this sandbox so far, of the providers that were called: `percent`, `met` and `missed`."""
        from mockserver.coverage.report import Report
        from mockserver.kit.ledger import ledger

        world, providers = self._at, self._at.host.providers
        names, rows = [provider.name for provider in providers], ledger(providers).rows

        async def report(now: int) -> Report:
            return Report.from_tally(names, rows, world.sandbox.tally)

        return world.act(report).of()

    def reset(self, what: What = "all") -> None:
        """Forget the journal, the jobs, the counters, the armed faults, or all of it."""
        asked = validated(Reset, {"what": what})
        self._at.act(lambda now: self._at.sandbox.reset(asked.what))

    @property
    def clock(self) -> SandboxClock:
        """The sandbox's time: look at it, and move it."""
        return SandboxClock(self._at, self.jobs)

    @property
    def jobs(self) -> Jobs:
        """The jobs of all providers."""
        return Jobs(self._at)

    def account(self, provider: ProviderName, key: str | None = None) -> Account:
        """The account behind a key, by default that of `key(provider)`: read it, and change it."""
        return Account(self._at, provider, self.key(provider) if key is None else key)

    # Webhooks.

    @property
    def deliveries(self) -> Deliveries:
        """The outgoing calls, with every attempt."""
        return Deliveries(self._at)

    def receiver(self, *, verify: bool = True) -> Receiver:
        """A receiver of webhooks on a socket of its own; `verify` is whether it refuses wrong signatures with 401."""
        made = Receiver(self._at, verify=verify)
        self._receivers.append(made)
        return made

    def webhook_app(self, app: AsgiApp, url: str = "http://app.test") -> str:
        """Hand calls to `url`, whatever their path, to an ASGI application, with no socket. Gives the URL.

        The application runs on the server's loop, not on that of the test, and its lifespan is not run.
        """
        authority = url.partition("://")[2].partition("/")[0]
        self._at.host.switchboard.connect(authority, AsgiSender(app, monotonic))
        self._apps.append(authority)
        return url


def _spelled(duration: Duration | None) -> Any:
    if duration is None or isinstance(duration, str | int | float):
        return duration
    return f"{round(duration.total_seconds() * 1000)}ms"
