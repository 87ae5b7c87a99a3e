"""Jobs, plans and deliveries that the tests of the contract put into a store."""

from typing import Any

from mockserver.core.deliveries import Delivery
from mockserver.core.durations import Span
from mockserver.core.jobs import Job
from mockserver.core.plans import Plan, Step

T0 = 1_748_779_200_000


def plan(*steps: Step) -> Plan:
    return Plan("p", steps).resolved(lambda step: 0.5)


RENDER = plan(Step("queued", Span(2_000)), Step("running", Span(10_000), progress=(0, 90)), Step("succeeded"))
STUCK = plan(Step("queued"))
AT_ONCE = plan(Step("failed", error="refused"))
BY_POLLS = plan(Step("queued", polls=1), Step("running", polls=2), Step("succeeded"))
HELD = plan(Step("queued", held=True), Step("running", Span(1_000)), Step("succeeded"))


def job(name: str, plan: Plan = RENDER, *, provider: str = "v2p", key: str = "k1", at: int = T0, **more: Any) -> Job:
    """Create a job of the account of `key` at `provider`, created at `at` and in the queue."""
    account, fields = f"{provider}:{key}", {"priority": 0, **more}
    return Job(name, provider, "make", account, at, plan, {"prompt": "sea"}, {"list": [1, {"a": None}]}, **fields)


def delivery(name: str, due_at: int | None = T0, **more: Any) -> Delivery:
    return Delivery(name, "v2p", "v2p:k1", "done", "http://x.test/", b'{"a":1}', "whsec", due_at, (5_000,), **more)
