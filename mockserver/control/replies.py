"""The replies of the control API, as its document shows them. Durations are milliseconds where a name says so."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.control.models import ArmedFault
from mockserver.core.credits import Kind as LedgerKind
from mockserver.core.deliveries import Kind as DeliveryKind
from mockserver.core.deliveries import Outcome
from mockserver.core.journal import Kind as EntryKind
from mockserver.core.plans import Status
from mockserver.core.scenario import WebhookSpec
from mockserver.kit.models import Instant, Shape
from mockserver.provenance.rows import Basis

PROBLEM = "application/problem+json"
ClockMode = Literal["real", "scaled", "manual", "auto"]


class Problem(Shape):
    """What went wrong (RFC 9457); `errors` lists the mistakes of a document, each with its place."""

    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    errors: list[str] | None = None


class Health(Shape):
    """The server lives."""

    status: Literal["ok"]


class Readiness(Shape):
    """What the server serves."""

    status: Literal["ready"]
    providers: list[str]
    scenario: str
    sandboxes: int = Field(ge=1)


class SandboxView(Shape):
    """A sandbox: where it is reached, and a key for each provider that leads to it by itself."""

    name: str
    scenario: str
    seed: int
    clock: ClockMode
    control: str
    urls: dict[str, str]
    keys: dict[str, str]


class SandboxList(Shape):
    """All sandboxes."""

    sandboxes: list[SandboxView]


class ScenarioListed(Shape):
    """A scenario that can be switched to by name."""

    name: str
    description: str


class ScenarioList(Shape):
    """All scenarios that can be switched to by name."""

    scenarios: list[ScenarioListed]


class ScenarioUsed(Shape):
    """What the sandbox now follows."""

    scenario: str
    rules: int = Field(ge=0)
    clock: ClockMode


class NextEvent(Shape):
    """The next thing that happens by itself."""

    at: Instant
    in_ms: int = Field(ge=0)


class ClockView(Shape):
    """A sandbox's clock; `milliseconds` is `now` since the Unix epoch, `speed` how many times faster than real."""

    now: Instant
    milliseconds: int
    mode: ClockMode
    speed: float = Field(ge=0)
    next_event: NextEvent | None


class ClockMoved(ClockView):
    """A clock that was moved; `events` is how many things happened on the way."""

    events: int = Field(ge=0)


class JobView(Shape):
    """A job as it is now, with the rule and the plan that it follows; `cause` is a number in the journal."""

    id: str
    provider: str
    operation: str
    account: str = Field(description="the provider and the masked key")
    status: Status
    stage: str | None
    progress: int | None = Field(description="percent")
    error: str | None
    created_at: Instant
    updated_at: Instant
    held: bool
    rule: str | None
    plan: str
    timeline: str
    cause: int


class JobList(Shape):
    """Jobs, newest first; `total` counts those of the provider before any other filter."""

    jobs: list[JobView]
    total: int = Field(ge=0)


class LedgerEntry(Shape):
    """One change of an account's credits."""

    at: Instant
    kind: LedgerKind
    amount: float
    reference: str


class AccountView(Shape):
    """An account at one provider. Credits and limits are null where there is no end to them."""

    provider: str
    plan: str
    billing: str
    credits: float | None
    reserved: float
    limits: dict[str, int | None]
    webhook: WebhookSpec | None
    ledger: list[LedgerEntry]


class AccountList(Shape):
    """An account at every provider that knows its key."""

    accounts: list[AccountView]


class ArmedFaultView(ArmedFault):
    """A fault that has not struck as often as it is to."""

    id: str


class FaultList(Shape):
    """The armed faults, oldest first."""

    faults: list[ArmedFaultView]


class Missed(Shape):
    """A rule that did not match a request, and its first condition that failed."""

    rule: str
    failed: str


class RequestSeen(Shape):
    """A request as it arrived, its credentials masked."""

    headers: dict[str, str]
    body: str


class ReplySeen(Shape):
    """What was replied."""

    body: str


class RestsOn(Shape):
    """A behaviour that something rests on: a row of the provider's ledger, and on whose word it stands."""

    rule: str
    basis: Basis | None = Field(alias="class")


class EntryView(Shape):
    """One thing that happened. `cause` is another entry's number; the rest depends on `kind`."""

    number: int | None = None
    kind: EntryKind
    at: Instant
    provider: str | None = None
    operation: str | None = None
    account: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    job: str | None = None
    cause: int | None = None
    note: str | None = None
    delivery: str | None = None
    deviations: list[str] | None = None
    rests_on: list[RestsOn] | None = None
    rule: str | None = None
    missed: list[Missed] | None = None
    request: RequestSeen | None = None
    reply: ReplySeen | None = None


class Journal(Shape):
    """What happened, newest first."""

    entries: list[EntryView]


class AttemptView(Shape):
    """One try of a delivery. How the scenario tampered with it, and the body that it was sent with."""

    number: int = Field(ge=1)
    at: Instant
    url: str
    headers: dict[str, str]
    body_bytes: int = Field(ge=0)
    outcome: str
    status: int | None
    reply_headers: dict[str, str]
    reply: str
    error: str | None
    elapsed_ms: int = Field(ge=0)
    tampering: list[str] | None = None
    body: str | None = None


class DeliveryView(Shape):
    """An outgoing call with every attempt, exactly as it went out."""

    id: str
    kind: DeliveryKind
    event: str
    provider: str
    account: str
    job: str | None
    method: str
    url: str
    outcome: Outcome
    created_at: Instant
    next_attempt_at: Instant | None
    cause: int
    body: str
    attempts: list[AttemptView]


class DeliveryList(Shape):
    """Outgoing calls, newest first, and how many of all that were asked for have ended."""

    deliveries: list[DeliveryView]
    ended: int = Field(ge=0)


class Replayed(Shape):
    """A delivery that is due again."""

    id: str
    outcome: Literal["pending"]


class OpenApi(BaseModel):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]

    model_config = ConfigDict(extra="allow")
