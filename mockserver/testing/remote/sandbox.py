"""A sandbox of a server that runs elsewhere, which a test has for itself. It is used through the control API."""

import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast
from urllib.parse import quote

from mockserver.clock import Mode, monotonic, wall_ms
from mockserver.control.models import AccountChange, ArmedFault, ClockChange, JobChange, Reset
from mockserver.core.compile import Program
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked
from mockserver.core.scenario import DEFAULT_SECRET, Scenario
from mockserver.core.seeded import Seeded
from mockserver.core.verdict.policy import Policy
from mockserver.kit.credentials import credential_names, credentials_in
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.state import SandboxState
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.remote import records
from mockserver.testing.remote.connection import Refused
from mockserver.testing.remote.host import RemoteHost
from mockserver.testing.values import AccountValues, Wanted, Webhook

if TYPE_CHECKING:
    from mockserver.core.expect import Expectations
    from mockserver.core.verdict.judge import Verdict
    from mockserver.coverage.report import Report

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

_CONFLICT, _MOST_NAMES = 409, 50
# Rows of a page, and seconds of real time of one request that waits for a delivery, and between two looks.
_JOBS, _ENTRIES, _LONGEST_WAIT, _PAUSE = 1_000, 5_000, 9.0, 0.02


class RemoteSandbox(HostedSandbox):
    """A sandbox at a remote server, with the methods of one in this process.

    The control API masks credentials. A key is shown in full if the test has asked the handle for it.
    """

    host: RemoteHost

    def __init__(self, host: RemoteHost, view: Mapping[str, Any], program: Program) -> None:
        self.host = host
        self._api = host.connection
        self._name = str(view["name"])
        self._seed = int(view["seed"])
        self._program = program
        self._path = f"/~{self._name}/_mock"
        self._keys: dict[str, str] = {}
        self._secrets = {DEFAULT_SECRET, *_secrets_in(program)}

    @classmethod
    def open(cls, host: RemoteHost, name: str, program: Program, seed: int | None, clock: Mapping[str, Any]) -> Self:
        """Create a sandbox. If another run uses the name, a number is added to it."""
        body: dict[str, Any] = {"scenario": host.sendable(program), "clock": dict(clock)}
        if seed is not None:
            body["seed"] = seed
        names = [name, *(f"{name}-{number}" for number in range(2, _MOST_NAMES))] if name else [None]
        for each in names:
            try:
                view = host.connection.send(
                    "POST", "/_mock/sandboxes", body if each is None else {**body, "name": each}
                )
            except Refused as refused:
                if refused.status != _CONFLICT or each == names[-1]:
                    raise
            else:
                return cls(host, view, program)
        raise AssertionError

    def close(self) -> None:
        """Delete the sandbox. One that was deleted meanwhile is no error."""
        if self.host.collects_coverage:
            self.host.reports.append(self.coverage())
        try:
            self._api.delete(f"/_mock/sandboxes/{self._name}")
        except Refused as refused:
            if refused.status != 404:
                raise

    @property
    def sandbox(self) -> Sandbox:
        """There is none in this process. Raises MockServerError."""
        self.host.only_here()

    def only_here(self, what: str) -> NoReturn:
        self.host.only_here(what)

    @property
    def name(self) -> str:
        return self._name

    @property
    def title(self) -> str:
        clock, scenario = self._get("/clock"), self._program.name
        return (
            f"sandbox {self._name} of {self.host.base}: scenario {scenario}, seed {self._seed}, "
            f"clock {clock['mode']} at {clock['now']}"
        )

    @property
    def masking(self) -> Masking:
        return Masking(credential_names(self.host.providers), credentials_in(self._program))

    def remember_key(self, key: str) -> None:
        self._keys[masked(key)] = key

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return self._api.get(self._path + path, query)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        return self._api.send(method, self._path + path, body)

    # The clock.

    @property
    def now(self) -> int:
        return int(self._get("/clock")["milliseconds"])

    @property
    def mode(self) -> Mode:
        mode: Mode = self._get("/clock")["mode"]
        return mode

    def next_event(self) -> int | None:
        clock = self._get("/clock")
        event = clock["next_event"]
        return None if event is None else int(clock["milliseconds"] + event["in_ms"])

    def change_clock(self, change: ClockChange) -> int:
        return int(self._send("POST", "/clock", _body(change))["events"])

    # Jobs.

    def jobs(self, provider: str | None) -> list[dict[str, Any]]:
        rows = self._api.pages(f"{self._path}/jobs", "jobs", {"provider": provider, "limit": _JOBS})
        return [records.job(row, self._keys) for row in reversed(rows)]

    def find_jobs(self, job_id: str, provider: str | None) -> list[dict[str, Any]]:
        return [each for each in self.jobs(provider) if each["id"] == job_id]

    def change_job(self, job_id: str, provider: str, change: JobChange) -> None:
        self._send("POST", f"/jobs/{quote(job_id, safe='')}?provider={provider}", _body(change))

    # Accounts.

    def account(self, provider: str, key: str) -> AccountValues | None:
        self.remember_key(key)
        rows = self._get(f"/accounts/{quote(key, safe='')}", {"provider": provider})["accounts"]
        if not rows:
            return None
        values = records.account(rows[0])
        webhook = values.webhook
        if webhook is None:
            return values
        shown = webhook.secret
        secret = next((each for each in self._secrets if shown in (each, masked(each))), shown)
        return values._replace(webhook=Webhook(webhook.url, webhook.events, secret))

    def change_account(self, provider: str, key: str, change: AccountChange) -> None:
        self.remember_key(key)
        if change.webhook is not None:
            self._secrets.add(change.webhook.secret)
        self._send("PATCH", f"/accounts/{quote(key, safe='')}?provider={provider}", _body(change))

    def secret(self, provider: str, key: str) -> str:
        account = self.account(provider, key)
        webhook = account.webhook if account is not None else None
        if webhook is None:
            return self._derived(provider, key)
        if webhook.secret not in self._secrets:
            self.only_here(f"the secret of {masked(key)}, which the control API masks,")
        return webhook.secret

    def _derived(self, provider: str, key: str) -> str:
        """Return the secret of an account without a webhook. It follows from the seed and the name of the sandbox."""
        state = cast(SandboxState, SimpleNamespace(seeded=Seeded(self._seed, self._name)))
        return self.host.provider(provider).webhook_secret(state, f"{provider}:{key}", None)

    async def secrets(self, provider: str) -> set[str]:
        return {*self._secrets, *(self._derived(provider, key) for key in self._keys.values())}

    # Receivers. They run while the server waits for their answer, so they must not ask the server.

    @property
    def receiver_address(self) -> tuple[str, str]:
        return self.host.receiver_address

    def add_receiver(self, authority: str, will_hang: Any) -> None:
        """Do nothing: the server treats it as a receiver of a client."""

    def remove_receiver(self, authority: str) -> None:
        """Do nothing."""

    @property
    def received_at(self) -> int:
        return wall_ms()

    def signature_time(self) -> int | None:
        return None if self._program.source.signature_time == "sandbox" else wall_ms()

    # Behaviour.

    def use(self, program: Program) -> None:
        scenario = self.host.sendable(program)
        self._send("PUT", "/scenario", {"name": scenario} if isinstance(scenario, str) else scenario)
        self._program = program
        self._secrets.update(_secrets_in(program))
        rows = self._api.get("/_mock/sandboxes")["sandboxes"]
        self._seed = next((int(row["seed"]) for row in rows if row["name"] == self._name), self._seed)

    def arm_fault(self, fault: ArmedFault) -> None:
        self._send("POST", "/faults", _body(fault))

    def resume(self, seconds: float) -> int:
        pause, end = threading.Event(), monotonic() + seconds
        while True:
            resumed = int(self._send("POST", "/faults/resume")["resumed"])
            if resumed or monotonic() >= end:
                return resumed
            pause.wait(_PAUSE)

    def reset(self, what: Reset) -> None:
        self._send("POST", "/reset", _body(what))

    # Deliveries.

    def deliveries(self, wanted: Wanted, *, settled: bool = True) -> list[dict[str, Any]]:
        query = {"provider": wanted.provider, "job": wanted.job, "limit": _JOBS}
        rows = reversed(self._api.pages(f"{self._path}/deliveries", "deliveries", query))
        return [
            records.delivery(row, self._keys)
            for row in rows
            if wanted.matches(row["event"], row["provider"], row["job"], row["outcome"])
        ]

    def wait_for_delivery(self, wanted: Wanted, seconds: float) -> dict[str, Any] | None:
        end = monotonic() + seconds
        while True:
            ended = self._get("/deliveries", {"limit": 1})["ended"]
            found = self.deliveries(wanted)
            left = end - monotonic()
            if found or left <= 0:
                return found[0] if found else None
            if self.mode != "manual":
                wait = f"{round(1000 * min(left, _LONGEST_WAIT))}ms"
                self._get("/deliveries", {"limit": 1, "wait": wait, "count": min(ended + 1, 1_000)})
                continue
            if self.next_event() is None:
                return next(iter(self.deliveries(wanted)), None)
            self._send("POST", "/clock", {"to": "next"})

    def without_webhook(self) -> str:
        return ""

    def replay(self, delivery: str) -> None:
        self._send("POST", f"/deliveries/{quote(delivery, safe='')}/replay")

    # Records.

    def entries(self, *, settled: bool = True) -> list[JournalEntry]:
        rows = self._api.pages(f"{self._path}/journal", "entries", {"limit": _ENTRIES})
        return [records.entry(row, self._keys) for row in reversed(rows)]

    def verdict(self, policy: Policy, project: Policy) -> "Verdict":
        return records.verdict(self._get("/verdict", records.policy(project.then(policy))), self._keys)

    def bundle(self) -> bytes:
        return self._api.bytes(f"{self._path}/bundle")

    def coverage(self) -> "Report":
        from mockserver.coverage.saved import loaded

        return loaded(self._api.get("/_mock/coverage", {"sandbox": self._name}))

    @property
    def expected(self) -> "Expectations":
        scenario = self._get("/scenario")
        return Scenario.model_validate({"scenario": "expected", "expect": scenario.get("expect", [])}).expect

    @property
    def specific_rules(self) -> Sequence[str]:
        return [rule.name for rule in self._program.rules if "*" not in rule.operations]


def _body(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _secrets_in(program: Program) -> set[str]:
    return {spec.webhook.secret for spec in program.accounts if spec.webhook is not None}
