"""Values that a sandbox returns to the parts of `MockServer`, whether its server runs in this process or elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from mockserver.core.match import key_matches
from mockserver.source.document import Document, SourceErrors
from mockserver.source.validation import validate
from mockserver.testing.errors import MockServerError
from mockserver.wire.body import with_whole_numbers

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

M = TypeVar("M", bound=BaseModel)

Outcome = Literal["pending", "delivered", "given_up"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """The webhook of an account: its URL, its events (an empty tuple means all), and the signing secret."""

    url: str
    events: tuple[str, ...]
    secret: str


class AccountValues(NamedTuple):
    """The current values of an account. Credits and limits of None are unlimited."""

    plan: str
    credits: float | None
    reserved: float
    limits: Mapping[str, int | None]
    ledger: Sequence[Mapping[str, Any]]
    webhook: Webhook | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `outcome` is `response` with any status, or the kind of failure, which `error` describes.

    `tampering` lists what the scenario changed.
    """

    number: int
    at: datetime
    status: int | None
    outcome: str
    error: str | None
    headers: Mapping[str, str] = field(repr=False)
    reply: bytes = field(repr=False)
    tampering: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """Which deliveries are meant. None stands for all; in `event` `*` stands for any characters."""

    event: str = "*"
    provider: str | None = None
    job: str | None = None
    outcome: Outcome | None = None

    def matches(self, event: str, provider: str, job: str | None, outcome: str) -> bool:
        """Return True for a delivery that is meant."""
        return (
            key_matches(self.event, event)
            and self.provider in (None, provider)
            and self.job in (None, job)
            and self.outcome in (None, outcome)
        )


def validated(model: type[M], data: Mapping[str, Any]) -> M:
    """The model of a request to the control API. Raises MockServerError with every mistake in the data."""
    try:
        return validate(model, Document.of(with_whole_numbers(from_json(to_json(data))), "body"))
    except SourceErrors as errors:
        raise MockServerError("\n".join(errors.lines())) from None


def instant(milliseconds: int) -> datetime:
    """Convert an instant of a sandbox's clock to a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
