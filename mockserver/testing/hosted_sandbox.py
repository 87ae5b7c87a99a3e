"""A sandbox of the server in this process, with methods that can be called from the thread of a test.

`RemoteSandbox` has the same methods for a sandbox of a server that runs elsewhere. All parts of `MockServer` use
only these methods, so they work with both.
"""

import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mockserver.clock import Mode, rfc3339, wait_until, wall_ms
from mockserver.control import actions
from mockserver.control.models import AccountChange, ArmedFault, ClockChange, JobChange, Reset
from mockserver.core.compile import Program, suggest
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking
from mockserver.core.match import key_matches
from mockserver.core.verdict.policy import Policy
from mockserver.kit.credentials import credential_names, credentials_in
from mockserver.sandbox.sandbox import Sandbox
from mockserver.testing import hosted_deliveries
from mockserver.testing.errors import MockServerError
from mockserver.testing.host import Host
from mockserver.testing.hosted_values import account_values, job_values
from mockserver.testing.socket_server import HOST
from mockserver.testing.values import AccountValues, Wanted

if TYPE_CHECKING:
    from mockserver.core.expect import Expectations
    from mockserver.core.verdict.judge import Verdict
    from mockserver.coverage.report import Report

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

T = TypeVar("T")
_ALL = 1_000_000
# How often, and for how many seconds of real time, a verdict waits for requests that are in flight.
_MOMENTS, _MOMENT = 40, 0.005


class HostedSandbox:
    """A sandbox and its server. All parts of `MockServer` use it to run work on the server's event loop."""

    def __init__(self, host: Host, sandbox: Sandbox) -> None:
        self.host = host
        self._sandbox = sandbox

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox itself. Raises MockServerError if its server does not run in this process."""
        return self._sandbox

    @property
    def name(self) -> str:
        """The name of the sandbox."""
        return self.sandbox.name

    @property
    def title(self) -> str:
        """What the report of a failed test begins with: the sandbox with its scenario, seed and clock."""
        sandbox, now = self.sandbox, rfc3339(self.sandbox.clock.now())
        clock = f"clock {sandbox.clock.mode} at {now}"
        return f"sandbox {sandbox.name}: scenario {sandbox.program.name}, seed {sandbox.seed}, {clock}"

    @property
    def masking(self) -> Masking:
        """The masking of texts about this sandbox."""
        return Masking(credential_names(self.host.providers), credentials_in(self.sandbox.program))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop, and return its result."""
        return self.host.run(work)

    def run_settled(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine after an auto clock has processed all events that are due. Returns its result."""

        async def settle_first() -> T:
            if self.sandbox.clock.mode == "auto":
                await self.sandbox.courier.settled()
            return await work

        return self.host.run(settle_first())

    def act(self, action: Callable[[int], Awaitable[T]]) -> T:
        """Run an action of the control API, with the current time, and return its result.

        Raises MockServerError with the error messages of the control API.
        """
        return self.run(self.host.act(self.sandbox, action))

    def check_operation(self, pattern: str) -> None:
        """Raise MockServerError if no operation matches the pattern, for example because of a spelling mistake."""
        known = self.host.catalogue.operations
        if pattern not in self.host.catalogue.files and not any(key_matches(pattern, each) for each in known):
            raise MockServerError(f"unknown operation {pattern!r}{suggest(pattern, known)}")

    def check_event(self, pattern: str) -> None:
        """Raise MockServerError if no event matches the pattern."""
        known = self.host.catalogue.events
        if not any(key_matches(pattern, event) for event in known):
            raise MockServerError(f"unknown event {pattern!r}{suggest(pattern, known)}")

    def remember_key(self, key: str) -> None:
        """Note a key of this sandbox that a test uses. A server in this process knows them."""

    def only_here(self, what: str) -> None:
        """Raise MockServerError if the server does not run in this process, which `what` needs."""

    def close(self) -> None:
        """Delete the sandbox."""
        self.run(self.host.delete(self.name))

    # The clock.

    @property
    def now(self) -> int:
        """The current time of the sandbox, in milliseconds."""
        return self.sandbox.clock.now()

    @property
    def mode(self) -> Mode:
        """The mode of the clock."""
        return self.sandbox.clock.mode

    def next_event(self) -> int | None:
        """Return the instant of the next event, or None."""
        return self.run(self.sandbox.next_event())

    def change_clock(self, change: ClockChange) -> int:
        """Move the clock, or change its mode. Returns the number of events on the way."""
        return self.act(lambda now: actions.change_clock(self.sandbox, change))

    # Jobs.

    def jobs(self, provider: str | None) -> list[dict[str, Any]]:
        """Return the values of the jobs of a provider or of all, oldest first."""

        async def page() -> list[dict[str, Any]]:
            found = await self.sandbox.store.page_jobs(provider, None, None, 0, _ALL)
            return [job_values(job, self.now) for job in reversed(found.jobs)]

        return self.run_settled(page())

    def find_jobs(self, job_id: str, provider: str | None) -> list[dict[str, Any]]:
        """Return the values of all jobs with this id."""

        async def find() -> list[dict[str, Any]]:
            jobs = await self.sandbox.store.find_jobs(job_id)
            return [job_values(job, self.now) for job in jobs if provider in (None, job.provider)]

        return self.run_settled(find())

    def change_job(self, job_id: str, provider: str, change: JobChange) -> None:
        """Force, hold or release a job."""

        async def apply(now: int) -> None:
            job = await actions.find_job(self.sandbox, job_id, provider)
            await actions.change_job(self.sandbox, job, change, now)

        self.act(apply)

    # Accounts.

    def account(self, provider: str, key: str) -> AccountValues | None:
        """Return the values of an account, or None if the scenario does not accept the key."""
        known = self.host.provider(provider)
        self.run_settled(_do_nothing())
        found = self.act(lambda now: actions.find_account(self.sandbox, known, key, now))
        return None if found is None else account_values(*found)

    def change_account(self, provider: str, key: str, change: AccountChange) -> None:
        """Change an account. Raises MockServerError for an unknown plan or limit."""

        async def apply(now: int) -> None:
            actions.check_account(change, self.host.catalogue)
            await actions.change_account(self.sandbox, [self.host.provider(provider)], key, change, now)

        self.act(apply)

    def secret(self, provider: str, key: str) -> str:
        """Return the secret that signs the webhooks of an account."""
        sandbox, known = self.sandbox, self.host.provider(provider)

        async def secret_of() -> str:
            account = await sandbox.account(provider, key, sandbox.clock.now())
            return known.webhook_secret(sandbox, f"{provider}:{key}", account)

        return self.run(secret_of())

    async def secrets(self, provider: str) -> set[str]:
        """Return the secrets with which the webhooks of a provider may be signed."""
        return {d.secret for d in await self.sandbox.store.deliveries() if d.provider == provider}

    # Receivers in the process of the test.

    @property
    def receiver_address(self) -> tuple[str, str]:
        """The host of the URLs of receivers, and the address on which they listen."""
        return HOST, HOST

    def add_receiver(self, authority: str, will_hang: Callable[[], bool]) -> None:
        """Use a short timeout for calls to this receiver that will hang, and leave it out of the verdict."""
        self.host.call_router.add_receiver(authority, will_hang)
        self.sandbox.own_receivers.add(authority)

    def remove_receiver(self, authority: str) -> None:
        """Forget a receiver that is being closed."""
        self.host.call_router.remove(authority)

    @property
    def received_at(self) -> int:
        """The time of a call that arrives now, in milliseconds."""
        return self.now

    def signature_time(self) -> int | None:
        """Return the current time by which signatures are made, in milliseconds; None if it is not known."""
        return self.now if self.sandbox.program.source.signature_time == "sandbox" else wall_ms()

    # Behaviour.

    def use(self, program: Program) -> None:
        """Switch to another scenario."""
        self.run(self.sandbox.switch_scenario(program))

    def arm_fault(self, fault: ArmedFault) -> None:
        """Arm a fault. Raises MockServerError for an operation or a kind that does not exist."""
        self.act(lambda now: actions.arm_fault(self.sandbox, fault, self.host.catalogue))

    def resume(self, seconds: float) -> int:
        """Let every held reply go on, and return how many there were. Waits for one for some seconds of real time."""

        async def resume() -> int:
            clock = self.sandbox.clock
            await wait_until(lambda: clock.held > 0, seconds)
            return await actions.resume_faults(self.sandbox)

        return self.run(resume())

    def reset(self, what: Reset) -> None:
        """Clear state."""
        self.act(lambda now: self.sandbox.reset(what.what))

    # Deliveries.

    def deliveries(self, wanted: Wanted, *, settled: bool = True) -> list[dict[str, Any]]:
        """Return the values of deliveries, oldest first. If `settled`, after those in progress have been finished."""
        work = hosted_deliveries.select(self.sandbox, wanted)
        return self.run_settled(work) if settled else self.run(work)

    def wait_for_delivery(self, wanted: Wanted, seconds: float) -> dict[str, Any] | None:
        """Wait for a delivery for some seconds of real time, and return the values of the first."""
        return self.run(hosted_deliveries.wait(self.sandbox, wanted, seconds))

    def without_webhook(self) -> str:
        """Return hints about accounts that have jobs but no webhook."""
        return self.run(hosted_deliveries.without_webhook(self.sandbox, self.host.provider))

    def replay(self, delivery: str) -> None:
        """Send a delivery again."""
        self.act(lambda now: actions.replay_delivery(self.sandbox, delivery, None, now))

    # Records.

    def entries(self, *, settled: bool = True) -> list[JournalEntry]:
        """Return the entries of the journal, oldest first."""

        async def read() -> list[JournalEntry]:
            return list(reversed(await self.sandbox.journal()))

        return self.run_settled(read()) if settled else self.run(read())

    def verdict(self, policy: Policy, project: Policy) -> "Verdict":
        """Judge the client. The policy of the scenario wins over that of the `project`, and `policy` over both."""
        from mockserver.verdict.judging import verdict_on

        self._wait_for_requests()
        return self.run_settled(
            verdict_on(self.sandbox, self.host.providers, policy, project=project, masking=self.masking)
        )

    def _wait_for_requests(self) -> None:
        """Wait a moment for requests whose client has left: the server notices it later than the client."""
        clock, pause = self.sandbox.clock, threading.Event()
        for _ in range(_MOMENTS):
            if not clock.in_flight:
                return
            pause.wait(_MOMENT)

    def bundle(self) -> bytes:
        """Return everything that happened in this sandbox as a bundle."""
        from mockserver.bundle.archive import packed
        from mockserver.bundle.contents import options_of
        from mockserver.bundle.saving import bundle_of, snapshot

        taken = self.run_settled(snapshot(self.sandbox, options_of(self.host.settings)))
        providers = {provider.name: provider for provider in self.host.providers}
        return packed(bundle_of(taken, providers, self.masking))

    def coverage(self) -> "Report":
        """Return the coverage of this sandbox so far."""
        from mockserver.coverage.report import Report
        from mockserver.kit.ledger import ledger

        providers = self.host.providers
        names, rows = [provider.name for provider in providers], ledger(providers).rows

        async def report(now: int) -> Report:
            return Report.from_tally(names, rows, self.sandbox.tally)

        return self.act(report)

    @property
    def expected(self) -> "Expectations":
        """The expectations of the scenario."""
        return self.sandbox.program.source.expect

    @property
    def specific_rules(self) -> Sequence[str]:
        """The names of the rules that are not for all operations."""
        return [rule.name for rule in self.sandbox.program.rules if "*" not in rule.operations]


async def _do_nothing() -> None: ...
