"""The scenario language: one pydantic model that YAML, Python and the control API are read with.

It also generates the JSON Schema that editors complete from. Meaning is given to it in `engine.compile`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from mockserver.core import durations
from mockserver.core.durations import Span
from mockserver.core.plans import RANK, Status

_DURATION_SCHEMA = {"type": ["string", "number"], "examples": ["15s", "500ms", "1m30s"]}
_SPAN_SCHEMA = {"type": ["string", "number"], "examples": ["13s", "13s ± 2s"]}


def _progress(value: object) -> object:
    low, dots, high = (value if isinstance(value, str) else str(value)).partition("..")
    digits = (low, high if dots else low)
    if isinstance(value, bool) or not all(d.isascii() and d.isdigit() and int(d) <= 100 for d in digits):
        raise ValueError(f"expected a progress such as 50 or 0..90, at most 100, got {value!r}")
    if int(digits[0]) > int(digits[1]):
        raise ValueError(f"progress must not fall, got {value!r}")
    return int(digits[0]), int(digits[1])


def _share(value: object) -> object:
    text = str(value).strip()
    number = text.removesuffix("%").strip()
    try:
        share = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if isinstance(value, bool) or not 0 <= share <= 1:
        raise ValueError(f"expected a share such as 60% or 0.6, got {value!r}")
    return share


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


DurationMs = Annotated[
    int,
    BeforeValidator(durations.parse),
    PlainSerializer(durations.spell, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
SpanMs = Annotated[
    Span,
    BeforeValidator(durations.parse_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(_SPAN_SCHEMA),
]
Progress = Annotated[
    tuple[int, int],
    BeforeValidator(_progress),
    PlainSerializer(lambda p: f"{p[0]}..{p[1]}", return_type=str),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["0..90", 50]}),
]
Share = Annotated[
    float, BeforeValidator(_share), WithJsonSchema({"type": ["string", "number"], "examples": ["60%", 0.6]})
]
Texts = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Counts = Annotated[
    list[Annotated[int, Field(ge=1)]],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
]


class Model(BaseModel):
    """The base of every part of a scenario: strict types, and no key that is not written here."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class ClockSpec(Model):
    """How time passes: `real`, `scaled` by `speed`, `manual` until told, `auto` to the next event when idle."""

    mode: Literal["real", "scaled", "manual", "auto"] = "real"
    speed: float = Field(default=60.0, gt=0, le=1_000_000, description="how many times faster, for scaled")
    start: str | None = Field(default=None, description="RFC 3339 instant that manual and auto clocks start at")


class WebhookSpec(Model):
    """Where the events of an account go, and the secret that signs them."""

    url: str = Field(max_length=2000)
    events: Texts = Field(default_factory=list, description="none: every event of the provider")
    secret: str = Field(default="whsec_mockserver", min_length=1, max_length=200)


class AccountSpec(Model):
    """What holds for the API keys that match `key`; the first entry that matches an account decides."""

    key: str = Field(description="an API key; * stands for any characters", min_length=1, max_length=200)
    plan: str | None = Field(default=None, description="free, starter, basic, pro or enterprise")
    credits: float | None = Field(default=None, ge=0, le=1e12, description="left out: the provider's default")
    limits: dict[str, Annotated[int, Field(ge=0)] | None] = Field(
        default_factory=dict, description="a limit by name, for example requests_per_minute: 5; null is unlimited"
    )
    webhook: WebhookSpec | None = None
    billing: Literal["prepaid", "postpaid"] | None = None
    scopes: Texts | None = Field(default=None, description="OAuth scopes; left out: all")
    refused: bool = Field(default=False, description="true: these keys are wrong, and get the provider's 401")


class StepSpec(Model):
    """One step of a plan. All but the last end by `for`, `polls` or `held`."""

    status: Status
    lasts: SpanMs | None = Field(default=None, alias="for")
    polls: int | None = Field(default=None, ge=1, le=100_000, description="how many status requests see this step")
    held: bool = Field(default=False, description="true: stays until released through the control API")
    stage: str | None = Field(default=None, max_length=80, description="a provider's own name for this stretch")
    progress: Progress | None = None
    error: str | None = Field(default=None, max_length=2000)
    code: str | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _one_end(self) -> "StepSpec":
        ends = [n for n, v in (("for", self.lasts), ("polls", self.polls), ("held", self.held or None)) if v is not None]
        if len(ends) > 1:
            raise ValueError(f"a step ends in one way, and this one has {' and '.join(ends)}")
        if RANK[self.status] == 2 and ends:
            raise ValueError(f"{self.status} is the end of a job and takes no '{ends[0]}'")
        if self.error is not None and self.status != "failed":
            raise ValueError(f"only a failed step has an error, and this one is {self.status}")
        return self


class PlanSpec(Model):
    """The steps of a job, in order. Statuses go forward: queued, running, then one end."""

    steps: list[StepSpec] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _forward(self) -> "PlanSpec":
        for i, step in enumerate(self.steps):
            last = i == len(self.steps) - 1
            if not last and step.lasts is None and step.polls is None and not step.held:
                raise ValueError(f"step {i + 1} ({step.status}) never ends: give it 'for', 'polls' or 'held'")
            if last and (step.lasts is not None or step.polls is not None or step.held):
                raise ValueError(f"the last step ({step.status}) ends, and nothing follows it")
            if not last and RANK[self.steps[i + 1].status] < RANK[step.status]:
                raise ValueError(f"step {i + 2} goes back from {step.status} to {self.steps[i + 1].status}")
        return self


class Condition(Model):
    """What must hold of one value of the request; everything that is given must hold."""

    equals: Any = None
    prefix: str | None = Field(default=None, max_length=1000)
    suffix: str | None = Field(default=None, max_length=1000)
    contains: str | None = Field(default=None, max_length=1000)
    regex: str | None = Field(default=None, max_length=1000, description="linear-time syntax, found anywhere")
    is_in: list[Any] | None = Field(default=None, alias="in", max_length=1000)
    exists: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> "Condition":
        if not self.model_fields_set:
            raise ValueError("a condition needs equals, prefix, suffix, contains, regex, in or exists")
        return self


class FaultSpec(Model):
    """A neutral error, a provider's own code as `provider: CODE`, or mischief on the wire."""

    kind: str = Field(max_length=100)
    phase: Literal["before_commit", "after_commit", "mid_body"] | None = None
    message: str | None = Field(default=None, max_length=2000)
    retry_after: DurationMs | None = None
    lasts: SpanMs | None = Field(default=None, alias="for", description="how long latency, stall or hang last")
    at: Share | None = Field(default=None, description="where in the body it happens")
    rate: int | None = Field(default=None, ge=1, description="bytes per second, for slow_drip")


class PaceSpec(Model):
    """The rhythm of a streamed text."""

    first: SpanMs = Span(600)
    every: SpanMs = Span(40, 10)
    unit: Literal["word", "line", "character", "bytes"] = "word"
    size: int = Field(default=1, ge=1, le=65_536, description="how many units a chunk has")


class StreamSpec(Model):
    """A streamed text: what it says (left out: the provider's own), its pace, and how it breaks."""

    text: str | None = Field(default=None, max_length=500_000)
    pace: PaceSpec = PaceSpec()
    fault: FaultSpec | None = None


class RuleSpec(Model):
    """Which request gets which plan, stream, reply or fault. The first rule that matches wins."""

    name: str = Field(min_length=1, max_length=200)
    operation: Texts = Field(description="provider.operation; * stands for any characters")
    when: dict[str, Condition] = Field(default_factory=dict)
    nth: Counts | None = Field(default=None, description="only these matches of this rule, counted by account")
    times: int | None = Field(default=None, ge=1, description="only the first so many matches")
    probability: Share | None = Field(default=None, description="seeded by match, not random")
    plan: str | None = None
    stream: StreamSpec | None = None
    reply: dict[str, Any] | None = Field(default=None, description="fields laid over the provider's own reply")
    fault: FaultSpec | None = None


class MischiefSpec(Model):
    """What goes wrong with a delivery. Attempts are counted from 1."""

    lose: int = Field(default=0, ge=0, le=100, description="so many first attempts never leave")
    delay: DurationMs = 0
    duplicate: int = Field(default=0, ge=0, le=100, description="so many extra copies of the successful attempt")
    reorder: bool = Field(default=False, description="true: sent after the next event of the account")
    signature: Literal["valid", "wrong", "wrong_key", "stale", "missing"] = "valid"
    extra_fields: dict[str, Any] = Field(default_factory=dict, description="unknown fields added to the body")
    pad: int = Field(default=0, ge=0, le=16_777_216, description="bytes of padding that make the body huge")


class WebhookRuleSpec(Model):
    """Which events get which mischief. The first that matches wins."""

    event: str = Field(max_length=100)
    nth: Counts | None = None
    mischief: MischiefSpec


class Scenario(Model):
    """One scenario: everything that a sandbox will do, told as a story."""

    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="its name")
    description: str = Field(default="", max_length=4000)
    extends: str | None = Field(default=None, description="a scenario whose rules come after these")
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1)
    clock: ClockSpec | None = None
    signature_time: Literal["wall", "sandbox"] | None = Field(
        default=None, description="which clock stamps signatures; left out: wall"
    )
    accounts: list[AccountSpec] = Field(default_factory=list, max_length=1000)
    plans: dict[str, PlanSpec] = Field(default_factory=dict, max_length=200)
    rules: list[RuleSpec] = Field(default_factory=list, max_length=1000)
    webhooks: list[WebhookRuleSpec] = Field(default_factory=list, max_length=200)
    providers: dict[str, dict[str, Any]] = Field(default_factory=dict, description="options of a provider")

    def extending(self, parent: "Scenario") -> "Scenario":
        """This scenario with `parent` behind it: its own rules, accounts and webhooks are tried first."""
        options = {p: {**parent.providers.get(p, {}), **self.providers.get(p, {})} for p in _both(self, parent)}
        return self.model_copy(
            update={
                "seed": self.seed if self.seed is not None else parent.seed,
                "clock": self.clock or parent.clock,
                "signature_time": self.signature_time or parent.signature_time,
                "accounts": [*self.accounts, *parent.accounts],
                "plans": {**parent.plans, **self.plans},
                "rules": [*self.rules, *parent.rules],
                "webhooks": [*self.webhooks, *parent.webhooks],
                "providers": options,
            }
        )


def _both(child: Scenario, parent: Scenario) -> list[str]:
    return sorted({*child.providers, *parent.providers})
