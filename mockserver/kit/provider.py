"""What a provider is made of: operations, tiers, and how neutral things are spelled on its wire."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ValidationError

from mockserver.core.accounts import Account
from mockserver.core.deliveries import Delivery
from mockserver.core.faults import HTTP_STATUS, Refusal
from mockserver.core.jobs import Effects, State
from mockserver.core.limits import Limit, Period, Usage
from mockserver.kit.models import NoOptions, first_error
from mockserver.kit.operations import Event, Header, Operation, Reply
from mockserver.outgoing.call import CallResult
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition


class RowIds(dict[tuple[str, ...], tuple[str, ...]]):
    """Ids of rows by the names that a provider's code has for them. Made once: replies name the same few for ever."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def __missing__(self, rows: tuple[str, ...]) -> tuple[str, ...]:
        made = self[rows] = tuple(f"{self._provider}.{row}" for row in rows)
        return made


class RefusalContext(NamedTuple):
    """What is known of a request that is refused: the later it was refused, the more."""

    operation: Operation | None = None
    account: Account | None = None
    usage: Sequence[Usage] = ()
    body: Any = None
    options: Mapping[str, Any] = {}
    strict: bool = False


NO_CONTEXT = RefusalContext()
BEARER: Mapping[str, Mapping[str, Any]] = {"bearer": {"type": "http", "scheme": "bearer"}}


class Provider(ABC):
    """One simulated API. Subclasses spell; nothing here or in them reads a clock or touches a socket.

    `language` is the path within the body of a request of the language that it asks to be answered in; the request
    that a job keeps has it under the last name of that path.

    For the documents alone: `description`, `security` (OpenAPI security schemes, any one of which does),
    `documented_headers` (those of every reply: a JSON Schema by name), `documented_events` and `tags` (their
    descriptions by name).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]]
    periods: ClassVar[Mapping[str, Period]] = {}
    counts: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[Mapping[str, str]] = {}
    events: ClassVar[tuple[str, ...]] = ()
    codes: ClassVar[tuple[str, ...]] = ()
    base_path: ClassVar[str] = ""
    key_prefix: ClassVar[str] = ""
    default_credits: ClassVar[float | None] = None
    options_model: ClassVar[type[BaseModel]] = NoOptions
    max_body: ClassVar[int] = 1_048_576
    retry_waits: ClassVar[tuple[int, ...]] = ()
    webhook_timeout: ClassVar[float] = 10.0
    stamped_field: ClassVar[str | None] = None
    language: ClassVar[tuple[str, ...]] = ()
    description: ClassVar[str] = ""
    security: ClassVar[Mapping[str, Mapping[str, Any]]] = BEARER
    documented_headers: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    documented_events: ClassVar[Mapping[str, Event]] = {}
    tags: ClassVar[Mapping[str, str]] = {}

    operations: tuple[Operation, ...]

    @cached_property
    def row_ids(self) -> RowIds:
        """The ids of rows of this provider's ledger, by their names in it."""
        return RowIds(self.name)

    def key(self, headers: Mapping[str, str]) -> str:
        """The credential that a request carries. Raises Refusal `unauthorized` when it has none."""
        token = bearer(headers)
        if token is None:
            raise Refusal("unauthorized")
        return token

    @abstractmethod
    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        """The provider's own error for a refusal, with the rows of the ledger that it rests on."""

    def error_rows(self, refusal: Refusal, name: str, *more: str) -> tuple[str, ...]:
        """The rows that an error called `name` rests on: its own, those of the check, `more`, and what it reports."""
        rows = (f"error.{refusal.row or name}", *refusal.ledger_rows, *more)
        if refusal.kind == "rate_limited" and refusal.limit is not None:
            rows = (*rows, f"limit.{refusal.limit}")
        return rows if refusal.retry_after is None else (*rows, "rule.retry_after")

    def state_name(self, state: State) -> str | None:
        """How the provider spells the state of a job; None where clients see no states."""
        return state.step.stage or state.status

    def state_rows(self, *states: State) -> tuple[str, ...]:
        """The rows of the states that a reply shows, each once."""
        return tuple(dict.fromkeys(f"state.{self.state_name(state)}" for state in states))

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """The refusal of a body that its model does not admit."""
        return Refusal("invalid_request", first_error(error))

    async def holder(self, key: str, sandbox: SandboxState, now: int) -> "Holder | None":
        """Who stands behind a credential; None when it is not valid. By default the key is the account."""
        return Holder(key)

    def limit_headers(self, usage: Sequence[Usage]) -> Sequence[Header]:
        """The headers that report limits. Sent with every reply."""
        return ()

    def unused_limits(self, now: int) -> Sequence[Usage]:
        """What the limit headers say where no account is known: an unused window of the smallest tier."""
        limits = self.limits_of(next(iter(self.tiers)), {})
        return [Usage(limits[n], 0, limits[n].window(now)[1]) for n in self.counts]

    def limits_of(self, tier: str, overrides: Mapping[str, int | None]) -> dict[str, Limit]:
        """The counted limits of a tier, with an account's own figures laid over them."""
        figures = {**self.tiers[tier], **overrides}
        return {name: Limit(name, period, figures.get(name)) for name, period in self.periods.items()}

    def tier(self, plan: str | None) -> str:
        """This provider's name for a plan; without one, or for an unknown one, the largest tier."""
        tier = self.aliases.get(plan or "", plan or "")
        return tier if tier in self.tiers else list(self.tiers)[-1]

    def example_key(self, sandbox: str) -> str:
        """A key that works with the default scenario, and that is in the sandbox of that name by itself."""
        return f"{self.key_prefix}test-key" if sandbox == "default" else f"{self.key_prefix}sbx-{sandbox}"

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """Which steps of a job have an effect that `on_transition` brings about, by the job's facts and its account."""
        return "none"

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        """A job entered a step that has an effect: compose what follows from it, such as webhooks."""

    async def on_delivery(self, settling: Settling, delivery: Delivery, result: CallResult) -> None:
        """An attempt of a delivery is over and written down: go on with the answer to a call-out."""

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]:
        """The headers of an attempt that begins at `at` (milliseconds), signature included."""
        return ()


class Holder(NamedTuple):
    """The account key behind a credential, and the scopes that the credential has (None: all)."""

    key: str
    scopes: frozenset[str] | None = None


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1), or None."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a neutral error, where the provider has no ruling of its own."""
    return HTTP_STATUS.get(refusal.kind, 500)
