"""What a scenario changes about webhooks and other outgoing calls."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from mockserver.core.scenario.counts import NTH, PROBABILITY, TIMES, Counted, Nth, Times
from mockserver.core.scenario.values import Counts, DurationMs, Model, Share, no_items, no_keys

Signature = Literal["valid", "wrong", "wrong_key", "stale", "missing"]


class TamperingSpec(Model):
    """What is changed about a delivery. Attempts are numbered from 1."""

    lose: int = Field(default=0, ge=0, le=100, description="how many of the first attempts are not sent")
    delay: DurationMs = Field(
        default=0, description="by how much the first attempt is delayed", json_schema_extra={"default": "0s"}
    )
    duplicate: int = Field(default=0, ge=0, le=100, description="how many copies of the successful attempt are sent")
    reorder: bool = Field(
        default=False, description="true: sent after the account's next event, or a minute late if there is none"
    )
    signature: Signature = Field(
        default="valid",
        description="`wrong`: does not match; `wrong_key`: made with another secret; `stale`: valid but old; "
        "`missing`: none",
    )
    age: DurationMs = Field(
        default=3_600_000, description="how old a `stale` signature is", json_schema_extra={"default": "1h"}
    )
    extra_fields: dict[str, Any] = Field(default_factory=no_keys, description="undocumented fields to add to the body")
    pad: int = Field(default=0, ge=0, le=16_777_216, description="how many bytes of padding to add to the body")
    attempts: Counts | None = Field(
        default=None, description="the attempts whose signature and body are changed; default: all"
    )


class WebhookRuleSpec(Counted):
    """Changes matching deliveries. The first rule that matches an event applies."""

    event: str = Field(max_length=100, description="an event; `*` matches any characters")
    account: str | None = Field(default=None, max_length=200, description="an API key; `*` matches any characters")
    nth: Nth | None = Field(default=None, description=NTH)
    times: Times | None = Field(default=None, description=TIMES)
    probability: Share | None = Field(default=None, description=PROBABILITY)
    tampering: TamperingSpec = Field(description="what to change")


class CallOutAnswer(Model):
    """A response that the scenario gives in place of the receiver."""

    shorthand: ClassVar[str] = "status"

    status: int = Field(default=200, ge=100, le=599, description="the status")
    body: Any = Field(default=None, description="the body, as JSON; default: none")


class CallOutRuleSpec(Counted):
    """Changes matching call-outs, which are requests whose response the provider uses. The first rule applies.

    Without a rule, a call-out is made once.
    """

    event: str = Field(max_length=100, description="the call-out, such as `source.resolve`; `*` matches any characters")
    account: str | None = Field(default=None, max_length=200, description="an API key; `*` matches any characters")
    nth: Nth | None = Field(default=None, description=NTH)
    times: Times | None = Field(default=None, description=TIMES)
    probability: Share | None = Field(default=None, description=PROBABILITY)
    lose: int = Field(default=0, ge=0, le=100, description="how many of the first attempts are not sent")
    ignore: int = Field(
        default=0,
        ge=0,
        le=100,
        description="the responses to this many of the first attempts are ignored, as if late",
    )
    retries: list[DurationMs] = Field(
        default_factory=no_items,
        max_length=20,
        description="the delays before further attempts, after one without a 2xx response; default: none",
    )
    answer: CallOutAnswer | None = Field(
        default=None, description="a response that is used in place of that of the receiver, which gets no request"
    )
    delay: DurationMs = Field(
        default=0, description="by how much the first attempt is delayed", json_schema_extra={"default": "0s"}
    )
    signature: Signature = Field(default="valid", description="as in `tampering`")
    age: DurationMs = Field(
        default=3_600_000, description="how old a `stale` signature is", json_schema_extra={"default": "1h"}
    )
