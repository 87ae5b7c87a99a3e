"""Facts: what a sandbox has recorded about its clients, and what its providers declare. Rules see nothing else.

The same facts come from a running server, from a test and from a bundle. Instants are milliseconds since the epoch, and
amounts are hundredths of a credit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mockserver.core.journal import Delivered, Turn
from mockserver.core.limits import Usage
from mockserver.core.plans import Status
from mockserver.core.verdict.declarations import Advised, Role

Seen = Literal["active", "succeeded", "ended"]


class OperationFacts(NamedTuple):
    """What a provider declares about one operation.

    `cost_row` is the ledger row of the price. `counts` are the limits that a request counts against. `asset` is the
    path of the result's link in the reply of a poll; it is empty if the result is in the reply itself. `immediate` is
    true if the reply to the submit has the result.
    """

    role: Role = "other"
    paid: bool = False
    cost_row: str | None = None
    counts: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()
    poll_every: Advised | None = None
    immediate: bool = False


class ProviderFacts(NamedTuple):
    """What a provider declares.

    `states` has the neutral status for each name of a state. `poll_every` is the shortest advised time between two
    polls of a job, `patience` the time that a job can take, `longest` the time after which no job is still worth
    polling, and `asset_lifetime` how long the link of a result works. `signs_time` is true if a signature covers a
    timestamp, so that a receiver can recognize an old one. `idempotency_header` prevents a second job, if documented.
    """

    name: str
    title: str
    operations: Mapping[str, OperationFacts]
    states: Mapping[str, Status]
    poll_every: Advised | None = None
    patience: Advised | None = None
    longest: Advised | None = None
    asset_lifetime: Advised | None = None
    webhook_timeout: int = 10_000
    webhook_row: str | None = None
    signature_row: str | None = None
    signs_time: bool = False
    reports_remaining: bool = False
    idempotency_header: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    `intent` identifies what was asked: equal requests to an operation have equal ones. It is None if that is not known,
    for example because the body was too large to be kept. `credential` identifies the key or token that was sent.
    `ended_at` is the instant at which the reply ended. `real` has the machine's time at both ends, in milliseconds, if
    the sandbox's clock is not the real one, and `turn` is the turn on its connection, if that is known. `seen` is the
    state of the job in the reply, if the client received it. `link` is the path of the asset in the reply, and
    `has_link` is False if the reply of a finished job lacks it.
    """

    number: int
    at: int
    ended_at: int
    provider: str
    operation: str | None
    account: str | None
    method: str
    path: str
    status: int | None
    delivered: Delivered
    intent: str | None = None
    credential: str | None = None
    job: str | None = None
    role: Role = "other"
    seen: Seen | None = None
    link: str | None = None
    has_link: bool = True
    partial: bool = False
    usage: Usage | None = None
    retry_at: int | None = None
    scripted: bool = False
    idempotency_key: bool = False
    secrets: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    real: tuple[int, int] | None = None
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What one piece of work cost: `net` is what is reserved or charged for it, without what was given back."""

    account: str
    reference: str
    net: int
    pending: bool
    at: int


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job. `cause` is the number of the request that created it. `ended_at` is None while it has not ended.

    `status` is that at the end of the facts. `parent` is the id of its batch.
    """

    id: str
    provider: str
    operation: str
    account: str
    cause: int
    created_at: int
    status: Status
    ended_at: int | None = None
    cost: int = 0
    parent: str | None = None
    asset_until: int | None = None

    @property
    def ended(self) -> bool:
        """True if the job has ended."""
        return self.ended_at is not None


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """One attempt of a delivery. `forged` says what is wrong with its signature; it is empty for a valid one.

    `outcome` is `response`, `timeout`, `lost` or an error. `elapsed` is in milliseconds of real time. `copy` is true if
    the sandbox sent it again after a success.
    """

    number: int
    at: int
    outcome: str
    status: int | None = None
    elapsed: int = 0
    forged: str = ""
    copy: bool = False

    @property
    def accepted(self) -> bool:
        """True if the receiver acknowledged it with a 2xx status."""
        return self.outcome == "response" and self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """One webhook. `simulated` is true if its receiver is a part of the sandbox and not a client's program."""

    id: str
    provider: str
    account: str
    event: str
    outcome: str
    job: str | None = None
    cause: int = 0
    attempts: tuple[AttemptFacts, ...] = ()
    simulated: bool = False

    @property
    def accepted(self) -> bool:
        """True if an attempt was acknowledged."""
        return any(attempt.accepted for attempt in self.attempts)


class Grant(NamedTuple):
    """Credits that an account got: granted, or given back for work that failed."""

    account: str
    at: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a verdict is based on, as of the instant `now`.

    `calls` are in the order of their numbers. `changes` are the numbers of journal entries with which the sandbox was
    changed through the control API. `complete` is False if the oldest entries of the journal have been dropped.
    """

    now: int
    providers: Mapping[str, ProviderFacts]
    calls: tuple[Call, ...] = ()
    jobs: tuple[JobFacts, ...] = ()
    charges: tuple[Charge, ...] = ()
    grants: tuple[Grant, ...] = ()
    deliveries: tuple[DeliveryFacts, ...] = ()
    changes: tuple[int, ...] = ()
    complete: bool = True
    clock: Literal["real", "scaled", "manual", "auto"] = "real"
    longest_poll: int = 3_600_000
    notes: tuple[str, ...] = field(default=())
