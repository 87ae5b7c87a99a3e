"""The scenario language as pydantic models. YAML files, Python objects and the control API are read with them.

The JSON Schema for editors is generated from them. `core.compile` turns a scenario into the program that runs.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from mockserver.core import durations, json_schema
from mockserver.core.durations import Span
from mockserver.core.expect import Expectations
from mockserver.core.faults import ByteOffset
from mockserver.core.instants import Moment, parse_moment, parse_rfc3339
from mockserver.core.plans import RANK, Status

# What signs events where an account's webhook does not name a secret.
DEFAULT_SECRET = "whsec_mockserver"
# Marks a field as a credential, in the documents and for masking (OpenAPI 3.1, format registry).
SECRET: dict[str, Any] = {"format": "password"}


def _progress(value: object) -> object:
    low, dots, high = (value if isinstance(value, str) else str(value)).partition("..")
    digits = (low, high if dots else low)
    if isinstance(value, bool) or not all(d.isascii() and d.isdigit() and int(d) <= 100 for d in digits):
        raise ValueError(f"expected a progress such as 50 or 0..90, at most 100, got {value!r}")
    if int(digits[0]) > int(digits[1]):
        raise ValueError(f"progress must not decrease, got {value!r}")
    return int(digits[0]), int(digits[1])


def _share(value: object) -> object:
    if isinstance(value, str) and re.match(json_schema.SHARE_PATTERN, value):
        text = value.strip()
        return float(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"expected a share such as 60% or 0.6, got {value!r}")
    return float(value)


def _place(value: object) -> object:
    if isinstance(value, ByteOffset):
        return value
    if isinstance(value, str) and (offset := re.match(json_schema.OFFSET_PATTERN, value)):
        return ByteOffset(int(offset[1]))
    try:
        return _share(value)
    except ValueError:
        raise ValueError(f"expected a share such as 60% or 0.6, or a place such as 120 bytes, got {value!r}") from None


def _instant(value: str) -> str:
    parse_rfc3339(value)
    return value


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _as_items(value: object) -> object:
    return value if value == "any" else _as_list(value)


# Not `dict` and `list`: pydantic inspects a factory's signature, and for a builtin Python parses it from a string,
# which is slow.
def _no_keys() -> dict[str, Any]:
    return {}


def _no_items() -> list[Any]:
    return []


# Items of a list that can also be written without brackets.
_MOST_ITEMS = 1_000

DurationMs = Annotated[
    int,
    BeforeValidator(durations.parse),
    PlainSerializer(durations.format_duration, return_type=str),
    WithJsonSchema(json_schema.DURATION),
]
SpanMs = Annotated[
    Span,
    BeforeValidator(durations.parse_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(json_schema.SPAN),
]
Instant = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]
MomentAt = Annotated[
    Moment,
    BeforeValidator(parse_moment),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(json_schema.MOMENT),
]
Progress = Annotated[
    tuple[int, int],
    BeforeValidator(_progress),
    PlainSerializer(lambda p: f"{p[0]}..{p[1]}", return_type=str),
    WithJsonSchema(json_schema.PROGRESS),
]
BodyPlace = Annotated[
    float | ByteOffset,
    BeforeValidator(_place),
    PlainSerializer(lambda at: str(at) if isinstance(at, ByteOffset) else at, return_type=str | float),
    WithJsonSchema(json_schema.BODY_PLACE),
]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(json_schema.SHARE)]
Texts = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(max_length=_MOST_ITEMS),
    BeforeValidator(_as_list),
    WithJsonSchema(json_schema.one_or_list({"type": "string", "maxLength": 200}, _MOST_ITEMS)),
]
Names = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(min_length=1, max_length=_MOST_ITEMS),
    BeforeValidator(_as_list),
    WithJsonSchema(json_schema.one_or_list({"type": "string", "maxLength": 200}, _MOST_ITEMS, least=1)),
]
_POSITIVE = {"type": "integer", "minimum": 1}
Counts = Annotated[
    list[Annotated[int, Field(ge=1)]],
    Field(min_length=1, max_length=_MOST_ITEMS),
    BeforeValidator(_as_list),
    WithJsonSchema(json_schema.one_or_list(_POSITIVE, _MOST_ITEMS, least=1)),
]

Items = Annotated[
    Literal["any"] | list[Annotated[int, Field(ge=1)]],
    BeforeValidator(_as_items),
    WithJsonSchema({"anyOf": [{"const": "any"}, *json_schema.one_or_list(_POSITIVE, _MOST_ITEMS, least=1)["anyOf"]]}),
]
CountedBy = Literal["account", "job", "sandbox"]


class Model(BaseModel):
    """The base class of all models of a scenario: strict types, and unknown keys are errors.

    `shorthand` is the key that is probably meant where a file has a plain value in place of a mapping.

    Validators are built when first used, since most models only need the validator of the whole scenario.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True)


class ClockSpec(Model):
    """How time passes in the sandbox."""

    shorthand: ClassVar[str] = "mode"

    mode: Literal["real", "scaled", "manual", "auto"] = Field(
        default="real",
        description="`real`: follows the machine's clock; `scaled`: `speed` times faster; `manual`: stands still until "
        "it is moved through the control API; `auto`: jumps to the next event when no request is in progress",
    )
    speed: float = Field(default=60.0, gt=0, le=1_000_000, description="how many times faster a `scaled` clock runs")
    start: Instant | None = Field(default=None, description="RFC 3339 time at which a `manual` or `auto` clock starts")


class WebhookSpec(Model):
    """The webhook receiver of an account."""

    shorthand: ClassVar[str] = "url"

    url: str = Field(max_length=2000, description="the URL that events are sent to")
    events: Texts = Field(default_factory=_no_items, description="the events to send; default: all of the provider")
    secret: str = Field(
        default=DEFAULT_SECRET,
        min_length=1,
        max_length=200,
        description="the secret that signs the events",
        json_schema_extra=SECRET,
    )


class AccountSpec(Model):
    """Settings for the API keys that match `key`. The first entry that matches a key applies."""

    shorthand: ClassVar[str] = "key"

    key: str = Field(description="an API key; `*` matches any characters", min_length=1, max_length=200)
    plan: str | None = Field(default=None, description="the plan whose limits apply")
    credits: float | None = Field(default=None, ge=0, le=1e12, description="the balance; default: the provider's")
    limits: dict[str, Annotated[int, Field(ge=0)] | None] = Field(
        default_factory=_no_keys,
        max_length=_MOST_ITEMS,
        description="limits by name, such as `requests_per_minute: 5`; null: unlimited",
    )
    webhook: WebhookSpec | None = Field(default=None, description="where the account's events are sent")
    billing: Literal["prepaid", "postpaid"] | None = Field(
        default=None, description="`prepaid` reserves credits, `postpaid` only counts them; default: prepaid"
    )
    scopes: Texts | None = Field(default=None, description="OAuth scopes; default: all")
    refused: bool = Field(default=False, description="true: requests with these keys get the provider's 401")


class StepSpec(Model):
    """One step of a plan. Every step but the last needs one of `for`, `polls` and `held`."""

    shorthand: ClassVar[str] = "status"

    status: Status = Field(description="the job's status during the step")
    lasts: SpanMs | None = Field(default=None, alias="for", description="how long the step lasts")
    polls: int | None = Field(default=None, ge=1, le=100_000, description="how many status requests return this step")
    held: bool = Field(default=False, description="true: the step lasts until the control API releases it")
    stage: str | None = Field(default=None, max_length=80, description="the provider's own name for the step")
    progress: Progress | None = Field(default=None, description="percent: one number, or `from..to` during the step")
    error: str | None = Field(default=None, max_length=2000, description="the error message of a failed job")
    code: str | None = Field(default=None, max_length=100, description="the provider's error code of a failed job")

    model_config = ConfigDict(json_schema_extra={"allOf": json_schema.STEP})

    @model_validator(mode="after")
    def _one_end(self) -> "StepSpec":
        options = {"for": self.lasts, "polls": self.polls, "held": self.held or None}
        ends = [name for name, value in options.items() if value is not None]
        if len(ends) > 1:
            raise ValueError(f"a step can have only one of for, polls and held, and this one has {' and '.join(ends)}")
        if RANK[self.status] == 2 and ends:
            raise ValueError(f"{self.status} ends the job, so this step cannot have '{ends[0]}'")
        if self.error is not None and self.status != "failed":
            raise ValueError(f"only a failed step can have an error, and this one is {self.status}")
        return self


class PlanSpec(Model):
    """The steps of a job. Their statuses go forward only: `queued`, `running`, then one final status."""

    shorthand: ClassVar[str] = "steps"

    steps: list[StepSpec] = Field(min_length=1, max_length=100, description="the steps, in order")

    @model_validator(mode="after")
    def _forward(self) -> "PlanSpec":
        for i, step in enumerate(self.steps):
            last = i == len(self.steps) - 1
            if not last and RANK[step.status] == 2:
                raise ValueError(f"step {i + 1} ({step.status}) ends the job, so no step can follow it")
            if not last and step.lasts is None and step.polls is None and not step.held:
                raise ValueError(f"step {i + 1} ({step.status}) never ends: give it 'for', 'polls' or 'held'")
            if last and (step.lasts is not None or step.polls is not None or step.held):
                raise ValueError(f"the last step ({step.status}) has an end, so another step must follow it")
            if not last and RANK[self.steps[i + 1].status] < RANK[step.status]:
                raise ValueError(f"step {i + 2} cannot go back from {step.status} to {self.steps[i + 1].status}")
        return self


class Condition(Model):
    """A test of one value of the request. If it has several keys, all of them must hold."""

    shorthand: ClassVar[str] = "equals"

    equals: Any = Field(default=None, description="the value is equal to this")
    prefix: str | None = Field(default=None, max_length=1000, description="the value is a string that begins with this")
    suffix: str | None = Field(default=None, max_length=1000, description="the value is a string that ends with this")
    contains: str | None = Field(
        default=None, max_length=1000, description="the value is a string or a list that contains this"
    )
    regex: str | None = Field(
        default=None,
        max_length=1000,
        description="this pattern (RE2 syntax) matches somewhere in the first 16 KiB of the value",
    )
    is_in: list[Any] | None = Field(default=None, alias="in", max_length=1000, description="the value is one of these")
    exists: bool | None = Field(default=None, description="true: the request has the value; false: it does not")

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["equals"]},
                *json_schema.any_of("prefix", "suffix", "contains", "regex", "in", "exists"),
            ]
        }
    )

    @model_validator(mode="after")
    def _something(self) -> "Condition":
        # Only `equals` may be null. Any other key that was left empty must not match every request.
        if not any(name == "equals" or getattr(self, name) is not None for name in self.model_fields_set):
            raise ValueError("a condition needs equals, prefix, suffix, contains, regex, in or exists")
        return self


class FaultSpec(Model):
    """A failure of the request: an error reply, or a fault on the wire."""

    shorthand: ClassVar[str] = "kind"

    kind: str = Field(
        max_length=100, description="the kind of fault; a provider's own error is written `provider: CODE`"
    )
    phase: Literal["before_commit", "after_commit", "mid_body"] | None = Field(
        default=None,
        description="`before_commit`: before anything is done; `after_commit`: when the job exists and is charged, "
        "instead of the reply; `mid_body`: in the middle of the reply",
    )
    message: str | None = Field(
        default=None, max_length=2000, description="the message of an error reply; default: the provider's"
    )
    retry_after: DurationMs | None = Field(default=None, description="the time in the `Retry-After` header")
    lasts: SpanMs | None = Field(default=None, alias="for", description="how long `latency`, `stall` or `hang` lasts")
    p99: DurationMs | None = Field(
        default=None, description="makes the time lognormal, with `for` as the median and 99 % below this"
    )
    at: BodyPlace | None = Field(
        default=None,
        description="where in the body the fault happens: a share, or a number of bytes; default: 50%",
    )
    inside: Literal["character"] | None = Field(
        default=None,
        description="moves the place into the nearest character of several bytes, so that the text before it ends in a "
        "part of a character",
    )
    held: bool = Field(default=False, description="true: a `stall` lasts until the control API resumes it")
    rate: int | None = Field(default=None, ge=1, description="bytes per second of `slow_drip`")
    framing: Literal["length", "chunked"] | None = Field(
        default=None,
        description="how the body is sent: `length` with `Content-Length`, `chunked` in chunks; default: length",
    )

    @model_validator(mode="after")
    def _lognormal(self) -> "FaultSpec":
        if self.p99 is None:
            return self
        if self.lasts is None or self.lasts.spread or not 0 < self.lasts.base < self.p99:
            raise ValueError("p99 needs a `for` without a spread, above 0 and below p99: {for: 300ms, p99: 2s}")
        return self


class PaceSpec(Model):
    """How fast a streamed text is sent, and in what chunks."""

    shorthand: ClassVar[str] = "every"

    first: SpanMs = Field(
        default=Span(600), description="the delay before the first chunk", json_schema_extra={"default": "600ms"}
    )
    every: SpanMs = Field(
        default=Span(40, 10),
        description="the delay before each further chunk",
        json_schema_extra={"default": "40ms ± 10ms"},
    )
    unit: Literal["word", "line", "character", "bytes"] = Field(default="word", description="the unit of a chunk")
    size: int = Field(default=1, ge=1, le=65_536, description="the number of units in a chunk")


class StreamSpec(Model):
    """The text that a streaming operation sends, its pace, and where it breaks."""

    shorthand: ClassVar[str] = "text"

    text: str | None = Field(default=None, max_length=500_000, description="the text; default: generated")
    pace: PaceSpec = Field(
        default_factory=PaceSpec, description="how fast the text is sent", json_schema_extra={"default": {}}
    )
    fault: FaultSpec | None = Field(default=None, description="a fault during the stream")


class WindowSpec(Model):
    """A period of the sandbox's clock. A duration such as `30s` counts from when the scenario was activated."""

    shorthand: ClassVar[str] = "until"

    start: MomentAt | None = Field(default=None, alias="from", description="when the period begins; default: at once")
    until: MomentAt | None = Field(
        default=None, description="when the period ends (this moment excluded); default: never"
    )

    model_config = ConfigDict(json_schema_extra={"anyOf": json_schema.any_of("from", "until")})

    @model_validator(mode="after")
    def _forward(self) -> "WindowSpec":
        start, until = self.start, self.until
        if start is None and until is None:
            raise ValueError("a window needs from, until or both")
        if start is not None and until is not None and start.relative == until.relative and start.at >= until.at:
            raise ValueError(f"a window must end after it begins, and {until} is not after {start}")
        return self


class NthSpec(Model):
    """Single matches of a rule, counted for each account, for each job, or for the whole sandbox."""

    of: CountedBy = Field(
        default="account",
        description="what has a count of its own: each `account`, each `job` that a request names, or the `sandbox`",
    )
    numbers: Counts = Field(alias="is", description="the matches, from 1")


class TimesSpec(Model):
    """The first matches of a rule, counted for each account, for each job, or for the whole sandbox."""

    of: CountedBy = Field(
        default="account",
        description="what has a count of its own: each `account`, each `job` that a request names, or the `sandbox`",
    )
    number: int = Field(alias="is", ge=1, description="how many matches, from the first")


def _as_count(value: object) -> object:
    return value if isinstance(value, dict | Model) else {"is": value}


def _as_numbers(nth: NthSpec) -> Any:
    return nth.numbers if nth.of == "account" else {"of": nth.of, "is": nth.numbers}


def _as_number(times: TimesSpec) -> Any:
    return times.number if times.of == "account" else {"of": times.of, "is": times.number}


Nth = Annotated[
    NthSpec,
    BeforeValidator(_as_count, json_schema_input_type=Counts | NthSpec),
    PlainSerializer(_as_numbers, return_type=Any),
]
Times = Annotated[
    TimesSpec,
    BeforeValidator(_as_count, json_schema_input_type=Annotated[int, Field(ge=1)] | TimesSpec),
    PlainSerializer(_as_number, return_type=Any),
]


_NTH = "only these matches of the rule, counted per account, or as `{of: job, is: 3}` per job"
_TIMES = "applies to this many matches, from the first"
_PROBABILITY = "a share of the matches, chosen by the seed"


class Counted(Model):
    """A rule that can depend on the number of its matches."""

    if TYPE_CHECKING:  # each model declares them at their place among its keys
        nth: NthSpec | None
        times: TimesSpec | None
        probability: float | None

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.nth is not None and self.times is not None and self.nth.of != self.times.of:
            raise ValueError(f"nth counts by {self.nth.of} and times by {self.times.of}; a rule has one count")
        return self

    @property
    def counted(self) -> bool:
        """True when the number of its matches decides, too."""
        return self.nth is not None or self.times is not None or self.probability is not None

    @property
    def counted_by(self) -> CountedBy:
        """What has a count of its own."""
        return self.nth.of if self.nth is not None else self.times.of if self.times is not None else "account"

    def takes(self, count: int, unit: float) -> bool:
        """Return True if match number `count` (from 1) counts. `unit` is compared with the probability."""
        return (
            (self.nth is None or count in self.nth.numbers)
            and (self.times is None or count <= self.times.number)
            and (self.probability is None or unit < self.probability)
        )


class RuleSpec(Counted):
    """Gives matching requests a plan, a stream, a reply or a fault. The first rule that matches applies."""

    name: str = Field(min_length=1, max_length=200, description="a unique name, which the journal shows")
    operation: Names = Field(description="one or more operations as `provider.operation`; `*` matches any characters")
    when: dict[str, Condition] = Field(
        default_factory=_no_keys,
        max_length=100,
        description="conditions on `body.NAME`, `query.NAME`, `header.NAME`, `path.NAME`, `account.NAME` or `input` "
        "(the URL or the prompt)",
    )
    item: Items | None = Field(
        default=None, description="only these items of a batch, from 1; `any` is every item, but not the batch itself"
    )
    during: WindowSpec | None = Field(default=None, description="only in this period of the sandbox's clock")
    nth: Nth | None = Field(default=None, description=_NTH)
    times: Times | None = Field(default=None, description=_TIMES)
    probability: Share | None = Field(default=None, description=_PROBABILITY)
    plan: str | None = Field(default=None, description="the plan of the job; default: the plan named `default`")
    stream: StreamSpec | None = Field(default=None, description="the text of a streaming operation")
    reply: dict[str, Any] | None = Field(
        default=None, description="fields that are merged into the provider's own reply"
    )
    fault: FaultSpec | None = Field(default=None, description="how the request fails")


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
    extra_fields: dict[str, Any] = Field(default_factory=_no_keys, description="undocumented fields to add to the body")
    pad: int = Field(default=0, ge=0, le=16_777_216, description="how many bytes of padding to add to the body")
    attempts: Counts | None = Field(
        default=None, description="the attempts whose signature and body are changed; default: all"
    )


class WebhookRuleSpec(Counted):
    """Changes matching deliveries. The first rule that matches an event applies."""

    event: str = Field(max_length=100, description="an event; `*` matches any characters")
    account: str | None = Field(default=None, max_length=200, description="an API key; `*` matches any characters")
    nth: Nth | None = Field(default=None, description=_NTH)
    times: Times | None = Field(default=None, description=_TIMES)
    probability: Share | None = Field(default=None, description=_PROBABILITY)
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
    nth: Nth | None = Field(default=None, description=_NTH)
    times: Times | None = Field(default=None, description=_TIMES)
    probability: Share | None = Field(default=None, description=_PROBABILITY)
    lose: int = Field(default=0, ge=0, le=100, description="how many of the first attempts are not sent")
    ignore: int = Field(
        default=0,
        ge=0,
        le=100,
        description="the responses to this many of the first attempts are ignored, as if late",
    )
    retries: list[DurationMs] = Field(
        default_factory=_no_items,
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


class Scenario(Model):
    """Accounts, plans, rules and options for a sandbox."""

    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="the name of the scenario")
    description: str = Field(default="", max_length=4000, description="what the scenario shows")
    extends: str | None = Field(
        default=None,
        max_length=500,
        description="the name of another scenario, whose rules are tried after these; in a file also `./FILE.yaml`, a "
        "file beside it",
    )
    seed: int | None = Field(
        default=None, ge=0, le=2**63 - 1, description="fixes everything that looks random; default: 0"
    )
    clock: ClockSpec | None = Field(default=None, description="how time passes; default: in real time")
    signature_time: Literal["wall", "sandbox"] | None = Field(
        default=None,
        description="the clock for the timestamps of signatures: `wall` (the machine's) or `sandbox`; default: wall",
    )
    cors: bool | None = Field(
        default=None,
        description="true: web pages of all sites may read the replies of all providers (CORS), also of those whose "
        "real API does not allow that; default: false",
    )
    accounts: list[AccountSpec] = Field(
        default_factory=_no_items,
        max_length=1000,
        description="the API keys that are valid; default: any key, without limits",
    )
    plans: dict[str, PlanSpec] = Field(
        default_factory=_no_keys, max_length=200, description="the plans that jobs can follow, by name"
    )
    rules: list[RuleSpec] = Field(
        default_factory=_no_items,
        max_length=1000,
        description="what matching requests get; the first rule that matches applies",
    )
    webhooks: list[WebhookRuleSpec] = Field(
        default_factory=_no_items,
        max_length=200,
        description="changes to deliveries; the first rule that matches applies",
    )
    call_outs: list[CallOutRuleSpec] = Field(
        default_factory=_no_items,
        max_length=200,
        description="changes to other outgoing calls; the first rule that matches applies",
    )
    providers: dict[str, dict[str, Any] | bool] = Field(
        default_factory=_no_keys, description="options for individual providers, and `additive` for all of them"
    )
    expect: Expectations = Field(
        default_factory=_no_items,
        description="what the client should do; judged at the end of a test and by `mockserver verdict`",
    )

    @property
    def additive(self) -> bool | None:
        """Whether replies of all providers change additively; None if the scenario does not say so."""
        value = self.providers.get("additive")
        return value if isinstance(value, bool) else None

    @property
    def provider_options(self) -> dict[str, dict[str, Any]]:
        """The options of individual providers, by provider."""
        return {name: options for name, options in self.providers.items() if isinstance(options, dict)}

    def extending(self, parent: "Scenario") -> "Scenario":
        """Return this scenario merged with `parent`. Its own rules, accounts and webhooks are tried first.

        A plan or rule replaces the one of the same name in `parent`.
        """
        own = {rule.name for rule in self.rules}
        providers = sorted({*self.providers, *parent.providers})
        options = {p: _merged_options(parent.providers.get(p), self.providers.get(p)) for p in providers}
        return self.model_copy(
            update={
                "seed": self.seed if self.seed is not None else parent.seed,
                "clock": self.clock or parent.clock,
                "signature_time": self.signature_time or parent.signature_time,
                "cors": self.cors if self.cors is not None else parent.cors,
                "accounts": [*self.accounts, *parent.accounts],
                "plans": {**parent.plans, **self.plans},
                "rules": [*self.rules, *(rule for rule in parent.rules if rule.name not in own)],
                "webhooks": [*self.webhooks, *parent.webhooks],
                "call_outs": [*self.call_outs, *parent.call_outs],
                "providers": options,
                "expect": [*parent.expect, *self.expect],
            }
        )


def _merged_options(parent: dict[str, Any] | bool | None, own: dict[str, Any] | bool | None) -> dict[str, Any] | bool:
    """Merge the options of a provider with those of the extended scenario. A switch replaces the other one."""
    if isinstance(own, bool) or own is None:
        return own if own is not None else (parent or {})
    return {**parent, **own} if isinstance(parent, dict) else own
