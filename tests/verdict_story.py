"""Builds facts for tests of the verdict: the requests of clients, one after another, and what became of their jobs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mockserver.core.limits import Limit, Usage
from mockserver.core.verdict.declarations import Advised
from mockserver.core.verdict.facts import (
    AttemptFacts,
    Call,
    Charge,
    DeliveryFacts,
    Facts,
    Grant,
    JobFacts,
    OperationFacts,
    ProviderFacts,
)
from mockserver.core.verdict.finding import Finding
from mockserver.core.verdict.judge import Verdict, judge
from mockserver.core.verdict.policy import DEFAULT_POLICY, Policy

MINUTE = Limit("requests_per_minute", "minute", 10)
PROVIDER = ProviderFacts(
    "films",
    "Films",
    {
        "make": OperationFacts("submit", paid=True, cost_row="rule.cost", counts=("requests_per_minute",)),
        "describe": OperationFacts("submit", paid=True, cost_row="rule.cost", immediate=True),
        "get": OperationFacts("poll", asset=("url",), counts=("requests_per_minute",)),
        "list": OperationFacts("list"),
        "file": OperationFacts("asset"),
        "account": OperationFacts("other"),
    },
    {"waiting": "queued", "working": "running", "done": "succeeded", "broken": "failed"},
    poll_every=Advised(5_000, "rule.poll_every"),
    patience=Advised(300_000, "rule.patience"),
    webhook_row="rule.retries",
    signature_row="header.X-Signature",
    signs_time=True,
    reports_remaining=True,
)
_ROLES = {name: operation.role for name, operation in PROVIDER.operations.items()}


class Story:
    """What happened at the provider `films`. Every request takes 100 ms, and `wait` lets time pass between them."""

    def __init__(self, provider: ProviderFacts = PROVIDER) -> None:
        self.provider = provider
        self.now = 1_000_000
        self.calls: list[Call] = []
        self.jobs: list[JobFacts] = []
        self.charges: list[Charge] = []
        self.grants: list[Grant] = []
        self.deliveries: list[DeliveryFacts] = []
        self.changes: list[int] = []
        self.complete = True
        self._number = 0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1_000)

    def call(self, operation: str, key: str = "key-1", **facts: Any) -> Call:
        """Send a request and get a reply, which is a whole 200 unless `facts` say otherwise."""
        self._number += 1
        call = Call(
            number=self._number,
            at=self.now,
            ended_at=self.now + 100,
            provider="films",
            operation=f"films.{operation}",
            account=None if operation == "file" else f"films:{key}",
            method="GET",
            path=f"/{operation}",
            status=200,
            delivered="whole",
            intent=f"{operation}",
            credential=key,
            role=_ROLES[operation],
        )
        self.calls.append(call := replace(call, **facts))
        self.now += 100
        return call

    def submit(
        self,
        prompt: str = "sunset",
        *,
        key: str = "key-1",
        lasts: float | None = 60,
        ends: str = "succeeded",
        cost: int = 100,
        refunded: bool = False,
        created: bool = True,
        operation: str = "make",
        **facts: Any,
    ) -> Call:
        """Submit a job that ends after `lasts` seconds (None: never)."""
        call = self.call(operation, key, **{"method": "POST", "intent": prompt, **facts})
        if not created:
            return call
        job_id = f"job-{call.number}"
        ended_at = None if lasts is None else call.at + round(lasts * 1_000)
        self.jobs.append(
            JobFacts(job_id, "films", operation, f"films:{key}", call.number, call.at, ends, ended_at, cost)  # type: ignore[arg-type]
        )
        if cost:
            self.charges.append(Charge(f"films:{key}", job_id, 0 if refunded else cost, False, call.at))
        return call

    def poll(self, submit: Call, seen: str | None = "active", **facts: Any) -> Call:
        """Poll the job of a submit."""
        key = (submit.account or "").partition(":")[2]
        job = f"job-{submit.number}"
        return self.call("get", key, job=job, seen=seen, intent=f"get {job}", **facts)

    def fail_poll(self, submit: Call, status: int = 503, **facts: Any) -> Call:
        """Poll the job of a submit, and get an error."""
        return self.poll(submit, None, status=status, **facts)

    def fetch(self, submit: Call, **facts: Any) -> Call:
        """Download the file of the job of a submit."""
        return self.call("file", job=f"job-{submit.number}", path=f"/files/{submit.number}", **facts)

    def webhook(
        self, submit: Call, *attempts: AttemptFacts, outcome: str = "delivered", simulated: bool = False
    ) -> DeliveryFacts:
        """Send the webhook of the job of a submit."""
        delivery = DeliveryFacts(
            f"evt-{submit.number}", "films", submit.account or "", "film.done", outcome, f"job-{submit.number}",
            submit.number, attempts or (AttemptFacts(1, self.now, "response", 200),), simulated,
        )  # fmt: skip
        self.deliveries.append(delivery)
        return delivery

    def attempt(self, status: int | None = 200, outcome: str = "response", **facts: Any) -> AttemptFacts:
        """Return an attempt of a webhook that begins now."""
        return AttemptFacts(1, self.now, outcome, status, **facts)

    def usage(self, used: int, allowed: int = 10) -> Usage:
        """Return the usage of the limit per minute in the current window."""
        limit = Limit("requests_per_minute", "minute", allowed)
        return Usage(limit, used, limit.window(self.now)[1])

    @property
    def facts(self) -> Facts:
        """The facts so far."""
        active = {job.id for job in self.jobs if job.ended_at is None or job.ended_at > self.now}
        jobs = tuple(replace(j, status="running", ended_at=None) if j.id in active else j for j in self.jobs)
        charges = tuple(replace(each, pending=each.reference in active) for each in self.charges)
        return Facts(
            self.now, {"films": self.provider}, tuple(self.calls), jobs, charges,
            tuple(self.grants), tuple(self.deliveries), tuple(self.changes), self.complete,
        )  # fmt: skip

    def verdict(self, policy: Policy = DEFAULT_POLICY) -> Verdict:
        """Return the verdict on the facts so far."""
        return judge(self.facts, policy)

    def findings(self, rule: str) -> Sequence[Finding]:
        """Return the findings of one rule."""
        return self.verdict().named(rule)

    def finding(self, rule: str) -> Finding:
        """Return the only finding of a rule. Fails if there is none, or another one."""
        found = self.findings(rule)
        assert len(found) == 1, [each.message for each in self.verdict().findings]
        return found[0]
