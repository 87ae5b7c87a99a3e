"""The request bodies of the control API."""

from base64 import b64encode
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, RootModel, TypeAdapter, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from mockserver.core.addresses import SANDBOX_NAME
from mockserver.core.plans import Status
from mockserver.core.scenario import ClockSpec, DurationMs, FaultSpec, Scenario, WebhookSpec

ClockMode = Literal["real", "scaled", "manual", "auto"]


class RequestBody(BaseModel):
    """The base of request bodies: an unknown key is refused, and the error suggests the nearest known one."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _one_of(*names: str) -> list[Any]:
    """The JSON Schema for exactly one of `names`. A null counts as missing."""
    return [{"required": [n], "properties": {n: {"not": {"type": "null"}}}} for n in names]


class NewSandbox(RequestBody):
    """A new sandbox: its name (left out: any that is free), scenario, seed and clock.

    Or one that is made from a bundle, which has a scenario and a seed. Its clock stands still unless `clock` is given.
    """

    name: str | None = Field(default=None, pattern=SANDBOX_NAME)
    scenario: str | dict[str, Any] | None = Field(default=None, description="a scenario's name, or a scenario as JSON")
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1)
    clock: ClockSpec | None = None
    bundle: str | None = Field(default=None, description="a bundle in base64, which is replayed in the new sandbox")
    at: int | None = Field(default=None, ge=1, description="replay the bundle up to this number of its journal")

    @model_validator(mode="before")
    @classmethod
    def _raw(cls, data: Any) -> Any:
        # The body can be the bundle itself.
        return {"bundle": b64encode(data).decode()} if isinstance(data, bytes) else data

    @model_validator(mode="after")
    def _complete(self) -> "NewSandbox":
        if self.bundle is not None and (self.scenario is not None or self.seed is not None):
            raise ValueError("a bundle has a scenario and a seed, so give neither of them with it")
        return self


class ScenarioByName(RequestBody):
    """A scenario that the server can find."""

    name: str = Field(max_length=500)


class ScenarioChange(RootModel[Any]):
    """The name of a scenario, or a scenario itself. The operation validates it, and reports every mistake."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of a name or a scenario."""
        schema = handler(TypeAdapter(ScenarioByName | Scenario).core_schema)
        return {**schema, "description": cls.__doc__}


class Until(RequestBody):
    """The job that has to end."""

    job: str = Field(max_length=200)


class ClockChange(RequestBody):
    """One of: `advance` by a duration, go `to` the next event, `until` a job has ended, or change the `mode`."""

    advance: DurationMs | None = None
    to: Literal["next"] | None = None
    until: Until | None = None
    mode: ClockMode | None = None
    speed: float | None = Field(default=None, gt=0, le=1_000_000)

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": _one_of("advance", "to", "until", "mode"),
            "if": {"required": ["speed"], "properties": {"speed": {"not": {"type": "null"}}}},
            "then": {"required": ["mode"], "properties": {"mode": {"const": "scaled"}}},
        }
    )

    @model_validator(mode="after")
    def _one(self) -> "ClockChange":
        given = [n for n in ("advance", "to", "until", "mode") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of advance, to, until, mode")
        if self.speed is not None and self.mode != "scaled":
            raise ValueError("speed goes with mode: scaled")
        return self


class JobChange(RequestBody):
    """One of: a `status` to force, with its `error`; `hold: true`; `release: true` for a job that a step holds."""

    status: Status | None = None
    error: str | None = Field(default=None, max_length=2000)
    code: str | None = Field(default=None, max_length=100)
    release: bool = False
    hold: bool = False

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                *_one_of("status"),
                {"required": ["release"], "properties": {"release": {"const": True}}},
                {"required": ["hold"], "properties": {"hold": {"const": True}}},
            ]
        }
    )

    @model_validator(mode="after")
    def _one(self) -> "JobChange":
        if (self.status is not None) + self.release + self.hold != 1:
            raise ValueError("give exactly one of status, hold: true and release: true")
        return self


class AccountChange(RequestBody):
    """Changes of an account. Fields that are left out stay. `credits: null` is unlimited, `webhook: null` is none."""

    plan: str | None = None
    credits: float | None = Field(default=None, ge=0, le=1e12)
    limits: dict[str, Annotated[int, Field(ge=0)] | None] = Field(
        default_factory=dict, description="a limit by name; null is unlimited; those left out stay"
    )
    webhook: WebhookSpec | None = None
    billing: Literal["prepaid", "postpaid"] | None = None


class ArmedFault(RequestBody):
    """A fault for the next `times` requests to an operation (and from an account), applied before any rule."""

    operation: str = Field(default="*", max_length=200)
    account: str | None = Field(default=None, max_length=200, description="an API key; * stands for any characters")
    times: int = Field(default=1, ge=1, le=100_000)
    fault: FaultSpec


class ReplayTo(RequestBody):
    """Where to send a delivery again. Without `url` it goes to its own receiver."""

    url: str | None = Field(default=None, max_length=2000, description="another receiver, for this attempt only")


class Reset(RequestBody):
    """What to clear."""

    what: Literal["journal", "jobs", "counters", "credits", "faults", "all"] = "all"
