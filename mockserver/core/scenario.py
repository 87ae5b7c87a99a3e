"""The scenario language: one pydantic model that YAML, Python and the control API are read with.

It also generates the JSON Schema that editors complete from. Meaning is given to it in `core.compile`.
"""

import re
from typing import Annotated, Any, Literal

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
from mockserver.core.instants import Moment, parse_moment, parse_rfc3339
from mockserver.core.plans import RANK, Status

# What signs events where an account's webhook does not name a secret.
DEFAULT_SECRET = "whsec_mockserver"


def _progress(value: object) -> object:
    low, dots, high = (value if isinstance(value, str) else str(value)).partition("..")
    digits = (low, high if dots else low)
    if isinstance(value, bool) or not all(d.isascii() and d.isdigit() and int(d) <= 100 for d in digits):
        raise ValueError(f"expected a progress such as 50 or 0..90, at most 100, got {value!r}")
    if int(digits[0]) > int(digits[1]):
        raise ValueError(f"progress must not fall, got {value!r}")
    return int(digits[0]), int(digits[1])


def _share(value: object) -> object:
    if isinstance(value, str) and re.match(json_schema.SHARE_PATTERN, value):
        text = value.strip()
        return float(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"expected a share such as 60% or 0.6, got {value!r}")
    return float(value)


def _instant(value: str) -> str:
    parse_rfc3339(value)
    return value


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


# Not `dict` and `list`: pydantic asks a factory for its signature, and that of a builtin is a text which Python parses,
# after it has compiled a pattern for all of its own syntax.
def _no_keys() -> dict[str, Any]:
    return {}


def _no_items() -> list[Any]:
    return []


DurationMs = Annotated[
    int,
    BeforeValidator(durations.parse),
    PlainSerializer(durations.spell, return_type=str),
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
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(json_schema.SHARE)]
Texts = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    BeforeValidator(_listed),
    WithJsonSchema(json_schema.listed({"type": "string", "maxLength": 200})),
]
Names = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(min_length=1),
    BeforeValidator(_listed),
    WithJsonSchema(json_schema.listed({"type": "string", "maxLength": 200}, least=1)),
]
Counts = Annotated[
    list[Annotated[int, Field(ge=1)]],
    Field(min_length=1),
    BeforeValidator(_listed),
    WithJsonSchema(json_schema.listed({"type": "integer", "minimum": 1}, least=1)),
]


class Model(BaseModel):
    """The base of every part of a scenario: strict types, and no key that is not written here.

    Validators are built when they are first used: those of the parts would be built for nothing beside the whole's.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True)


class ClockSpec(Model):
    """How time passes: `real`, `scaled` by `speed`, `manual` until told, `auto` to the next event when idle."""

    mode: Literal["real", "scaled", "manual", "auto"] = Field(
        default="real",
        description="real; scaled, so many times faster; manual, still until told; auto, to the next event when idle",
    )
    speed: float = Field(default=60.0, gt=0, le=1_000_000, description="how many times faster, for scaled")
    start: Instant | None = Field(default=None, description="RFC 3339 instant that manual and auto clocks start at")


class WebhookSpec(Model):
    """Where the events of an account go, and the secret that signs them."""

    url: str = Field(max_length=2000, description="where events are sent")
    events: Texts = Field(default_factory=_no_items, description="none: every event of the provider")
    secret: str = Field(default=DEFAULT_SECRET, min_length=1, max_length=200, description="what signs them")


class AccountSpec(Model):
    """What holds for the API keys that match `key`; the first entry that matches an account decides."""

    key: str = Field(description="an API key; * stands for any characters", min_length=1, max_length=200)
    plan: str | None = Field(default=None, description="free, starter, basic, pro or enterprise")
    credits: float | None = Field(default=None, ge=0, le=1e12, description="left out: the provider's default")
    limits: dict[str, Annotated[int, Field(ge=0)] | None] = Field(
        default_factory=_no_keys, description="a limit by name, for example requests_per_minute: 5; null is unlimited"
    )
    webhook: WebhookSpec | None = Field(default=None, description="where the account's events go")
    billing: Literal["prepaid", "postpaid"] | None = Field(
        default=None, description="prepaid reserves credits, postpaid counts them; left out: prepaid"
    )
    scopes: Texts | None = Field(default=None, description="OAuth scopes; left out: all")
    refused: bool = Field(default=False, description="true: these keys are wrong, and get the provider's 401")


class StepSpec(Model):
    """One step of a plan. All but the last end by `for`, `polls` or `held`."""

    status: Status = Field(description="what the job is, in neutral words")
    lasts: SpanMs | None = Field(default=None, alias="for", description="how long it is so")
    polls: int | None = Field(default=None, ge=1, le=100_000, description="how many status requests see this step")
    held: bool = Field(default=False, description="true: stays until released through the control API")
    stage: str | None = Field(default=None, max_length=80, description="a provider's own name for this stretch")
    progress: Progress | None = Field(default=None, description="percent: one number, or from..to over the step")
    error: str | None = Field(default=None, max_length=2000, description="why the job failed, in the provider's reply")
    code: str | None = Field(default=None, max_length=100, description="the provider's own code of that failure")

    model_config = ConfigDict(json_schema_extra={"allOf": json_schema.STEP})

    @model_validator(mode="after")
    def _one_end(self) -> "StepSpec":
        given = {"for": self.lasts, "polls": self.polls, "held": self.held or None}
        ends = [name for name, value in given.items() if value is not None]
        if len(ends) > 1:
            raise ValueError(f"a step ends in one way, and this one has {' and '.join(ends)}")
        if RANK[self.status] == 2 and ends:
            raise ValueError(f"{self.status} is the end of a job and takes no '{ends[0]}'")
        if self.error is not None and self.status != "failed":
            raise ValueError(f"only a failed step has an error, and this one is {self.status}")
        return self


class PlanSpec(Model):
    """The steps of a job, in order. Statuses go forward: queued, running, then one end."""

    steps: list[StepSpec] = Field(min_length=1, max_length=100, description="one after the other")

    @model_validator(mode="after")
    def _forward(self) -> "PlanSpec":
        for i, step in enumerate(self.steps):
            last = i == len(self.steps) - 1
            if not last and RANK[step.status] == 2:
                raise ValueError(f"step {i + 1} ({step.status}) is the end of a job, and other steps follow it")
            if not last and step.lasts is None and step.polls is None and not step.held:
                raise ValueError(f"step {i + 1} ({step.status}) never ends: give it 'for', 'polls' or 'held'")
            if last and (step.lasts is not None or step.polls is not None or step.held):
                raise ValueError(f"the last step ({step.status}) ends, and nothing follows it")
            if not last and RANK[self.steps[i + 1].status] < RANK[step.status]:
                raise ValueError(f"step {i + 2} goes back from {step.status} to {self.steps[i + 1].status}")
        return self


class Condition(Model):
    """What must hold of one value of the request; everything that is given must hold."""

    equals: Any = Field(default=None, description="is just this")
    prefix: str | None = Field(default=None, max_length=1000, description="a text that begins so")
    suffix: str | None = Field(default=None, max_length=1000, description="a text that ends so")
    contains: str | None = Field(default=None, max_length=1000, description="a text that has this in it")
    regex: str | None = Field(default=None, max_length=1000, description="linear-time syntax, found anywhere")
    is_in: list[Any] | None = Field(default=None, alias="in", max_length=1000, description="is one of these")
    exists: bool | None = Field(default=None, description="true: the request has it; false: it does not")

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
        # Only `equals` may look for nothing; a key that was left empty must not match every request.
        if not any(name == "equals" or getattr(self, name) is not None for name in self.model_fields_set):
            raise ValueError("a condition needs equals, prefix, suffix, contains, regex, in or exists")
        return self


class FaultSpec(Model):
    """A neutral error, a provider's own code as `provider: CODE`, or a fault on the wire."""

    kind: str = Field(max_length=100, description="what goes wrong")
    phase: Literal["before_commit", "after_commit", "mid_body"] | None = Field(
        default=None,
        description="before_commit: nothing has happened; after_commit: the work is done and charged, its reply lost; "
        "mid_body: in the middle of the reply",
    )
    message: str | None = Field(default=None, max_length=2000, description="an error's text, instead of the provider's")
    retry_after: DurationMs | None = Field(default=None, description="how long the error tells the client to wait")
    lasts: SpanMs | None = Field(default=None, alias="for", description="how long latency, stall or hang last")
    p99: DurationMs | None = Field(
        default=None, description="makes the time lognormal: `for` in the middle, 99 of 100 under this"
    )
    at: Share | None = Field(default=None, description="where in the body it happens")
    rate: int | None = Field(default=None, ge=1, description="bytes per second, for slow_drip")
    framing: Literal["length", "chunked"] | None = Field(
        default=None, description="how a spoilt body is framed: by Content-Length (left out), or in chunks"
    )

    @model_validator(mode="after")
    def _lognormal(self) -> "FaultSpec":
        if self.p99 is None:
            return self
        if self.lasts is None or self.lasts.spread or not 0 < self.lasts.base < self.p99:
            raise ValueError("p99 goes with a shorter `for`, which has no spread: {for: 300ms, p99: 2s}")
        return self


class PaceSpec(Model):
    """The rhythm of a streamed text."""

    first: SpanMs = Field(
        default=Span(600), description="how long the first chunk takes", json_schema_extra={"default": "600ms"}
    )
    every: SpanMs = Field(
        default=Span(40, 10), description="how long every other takes", json_schema_extra={"default": "40ms ± 10ms"}
    )
    unit: Literal["word", "line", "character", "bytes"] = Field(default="word", description="what a chunk is made of")
    size: int = Field(default=1, ge=1, le=65_536, description="how many units a chunk has")


class StreamSpec(Model):
    """A streamed text: what it says (left out: the provider's own), its pace, and how it breaks."""

    text: str | None = Field(default=None, max_length=500_000, description="left out: the provider's own")
    pace: PaceSpec = Field(default_factory=PaceSpec, description="how it comes", json_schema_extra={"default": {}})
    fault: FaultSpec | None = Field(default=None, description="how it breaks, and where")


class WindowSpec(Model):
    """A stretch of the clock: each end a time since the scenario began (`30s`), or an RFC 3339 instant."""

    start: MomentAt | None = Field(default=None, alias="from", description="left out: the beginning")
    until: MomentAt | None = Field(default=None, description="left out: for good")

    model_config = ConfigDict(json_schema_extra={"anyOf": json_schema.any_of("from", "until")})

    @model_validator(mode="after")
    def _forward(self) -> "WindowSpec":
        start, until = self.start, self.until
        if start is None and until is None:
            raise ValueError("a window needs from, until or both")
        if start is not None and until is not None and start.relative == until.relative and start.at >= until.at:
            raise ValueError(f"a window ends after it begins, and {until} is not after {start}")
        return self


class RuleSpec(Model):
    """Which request gets which plan, stream, reply or fault. The first rule that matches wins."""

    name: str = Field(min_length=1, max_length=200, description="what the journal calls it; no two are alike")
    operation: Names = Field(description="provider.operation; * stands for any characters")
    when: dict[str, Condition] = Field(
        default_factory=_no_keys,
        description="what must hold of body.*, query.*, header.*, path.*, account.* and input (the URL or the prompt)",
    )
    during: WindowSpec | None = Field(default=None, description="only in this stretch of the sandbox's clock")
    nth: Counts | None = Field(default=None, description="only these matches of this rule, counted by account")
    times: int | None = Field(default=None, ge=1, description="only the first so many matches")
    probability: Share | None = Field(default=None, description="seeded by match, not random")
    plan: str | None = Field(default=None, description="the plan of the jobs that it begins; left out: default")
    stream: StreamSpec | None = Field(default=None, description="the text that a streaming operation sends")
    reply: dict[str, Any] | None = Field(default=None, description="fields laid over the provider's own reply")
    fault: FaultSpec | None = Field(default=None, description="what goes wrong with the request")


class TamperingSpec(Model):
    """What goes wrong with a delivery. Attempts are counted from 1."""

    lose: int = Field(default=0, ge=0, le=100, description="so many first attempts never leave")
    delay: DurationMs = Field(
        default=0, description="the first attempt leaves so much later", json_schema_extra={"default": "0s"}
    )
    duplicate: int = Field(default=0, ge=0, le=100, description="so many extra copies of the successful attempt")
    reorder: bool = Field(default=False, description="true: sent after the account's next event, or a minute late")
    signature: Literal["valid", "wrong", "wrong_key", "stale", "missing"] = Field(
        default="valid", description="wrong in itself, by another key, of long ago, or none at all"
    )
    age: DurationMs = Field(
        default=3_600_000, description="how old a stale signature is", json_schema_extra={"default": "1h"}
    )
    extra_fields: dict[str, Any] = Field(default_factory=_no_keys, description="unknown fields added to the body")
    pad: int = Field(default=0, ge=0, le=16_777_216, description="bytes of padding that make the body huge")
    attempts: Counts | None = Field(
        default=None, description="which attempts have the signature, extra fields and padding; left out: all"
    )


class WebhookRuleSpec(Model):
    """Which deliveries are tampered with, and how. The first that matches wins."""

    event: str = Field(max_length=100, description="an event; * stands for any characters")
    account: str | None = Field(default=None, max_length=200, description="an API key; * stands for any characters")
    nth: Counts | None = Field(default=None, description="only these matches of this rule, counted by account")
    times: int | None = Field(default=None, ge=1, description="only the first so many matches")
    probability: Share | None = Field(default=None, description="seeded by match, not random")
    tampering: TamperingSpec = Field(description="what goes wrong with the delivery")

    @property
    def counted(self) -> bool:
        """True when the count of its matches decides."""
        return self.nth is not None or self.times is not None or self.probability is not None

    def takes(self, count: int, unit: float) -> bool:
        """Whether match number `count` (from 1) is taken; `unit` decides the probability."""
        return (
            (self.nth is None or count in self.nth)
            and (self.times is None or count <= self.times)
            and (self.probability is None or unit < self.probability)
        )


class Scenario(Model):
    """One scenario: everything that a sandbox will do, told as a story."""

    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="its name")
    description: str = Field(default="", max_length=4000, description="what it shows")
    extends: str | None = Field(default=None, description="a scenario whose rules come after these")
    seed: int | None = Field(
        default=None, ge=0, le=2**63 - 1, description="of everything that looks random; left out: 0"
    )
    clock: ClockSpec | None = Field(default=None, description="how time passes; left out: as it does")
    signature_time: Literal["wall", "sandbox"] | None = Field(
        default=None, description="which clock stamps signatures; left out: wall"
    )
    accounts: list[AccountSpec] = Field(
        default_factory=_no_items,
        max_length=1000,
        description="who may call, and what each has; none: everybody, no limits",
    )
    plans: dict[str, PlanSpec] = Field(default_factory=_no_keys, max_length=200, description="how jobs go on, by name")
    rules: list[RuleSpec] = Field(
        default_factory=_no_items,
        max_length=1000,
        description="which request gets what; the first that matches decides",
    )
    webhooks: list[WebhookRuleSpec] = Field(
        default_factory=_no_items,
        max_length=200,
        description="what goes wrong with deliveries; the first match decides",
    )
    providers: dict[str, dict[str, Any]] = Field(default_factory=_no_keys, description="options of a provider")

    def extending(self, parent: "Scenario") -> "Scenario":
        """This scenario with `parent` behind it: its own rules, accounts and webhooks are tried first.

        A plan or a rule takes the place of the parent's that has the same name.
        """
        own = {rule.name for rule in self.rules}
        options = {p: {**parent.providers.get(p, {}), **self.providers.get(p, {})} for p in _both(self, parent)}
        return self.model_copy(
            update={
                "seed": self.seed if self.seed is not None else parent.seed,
                "clock": self.clock or parent.clock,
                "signature_time": self.signature_time or parent.signature_time,
                "accounts": [*self.accounts, *parent.accounts],
                "plans": {**parent.plans, **self.plans},
                "rules": [*self.rules, *(rule for rule in parent.rules if rule.name not in own)],
                "webhooks": [*self.webhooks, *parent.webhooks],
                "providers": options,
            }
        )


def _both(child: Scenario, parent: Scenario) -> list[str]:
    return sorted({*child.providers, *parent.providers})
