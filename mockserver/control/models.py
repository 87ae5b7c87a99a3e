"""The bodies of the control API."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mockserver.core.plans import Status
from mockserver.core.scenario import ClockSpec, DurationMs, FaultSpec, WebhookSpec


class Asked(BaseModel):
    """The base of what is sent: unknown keys are refused, with the nearest right one."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewSandbox(Asked):
    name: str | None = Field(default=None, pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    scenario: str | dict[str, Any] | None = Field(default=None, description="a name, or a scenario as JSON")
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1)
    clock: ClockSpec | None = None


class ScenarioByName(Asked):
    name: str = Field(max_length=500)


class Until(Asked):
    job: str = Field(max_length=200)


class ClockChange(Asked):
    """One of: `advance` by a duration, go `to` the next event, `until` a job has ended, or another `mode`."""

    advance: DurationMs | None = None
    to: Literal["next"] | None = None
    until: Until | None = None
    mode: Literal["real", "scaled", "manual", "auto"] | None = None
    speed: float | None = Field(default=None, gt=0, le=1_000_000)

    @model_validator(mode="after")
    def _one(self) -> "ClockChange":
        given = [n for n in ("advance", "to", "until", "mode") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of advance, to, until, mode")
        if self.speed is not None and self.mode != "scaled":
            raise ValueError("speed goes with mode: scaled")
        return self


class JobChange(Asked):
    """Either a `status` to force, with its `error`, or `release: true` for a job that a step holds."""

    status: Status | None = None
    error: str | None = Field(default=None, max_length=2000)
    code: str | None = Field(default=None, max_length=100)
    release: bool = False

    @model_validator(mode="after")
    def _one(self) -> "JobChange":
        if (self.status is None) == (not self.release):
            raise ValueError("give either status or release: true")
        return self


class AccountChange(Asked):
    """What is given changes; what is left out stays. `credits: null` is unlimited, `webhook: null` is none."""

    plan: str | None = None
    credits: float | None = Field(default=None, ge=0, le=1e12)
    limits: dict[str, int | None] = Field(default_factory=dict)
    webhook: WebhookSpec | None = None
    billing: Literal["prepaid", "postpaid"] | None = None


class ArmedFault(Asked):
    """A fault that strikes the next `times` requests of an operation (and account), before any rule."""

    operation: str = Field(default="*", max_length=200)
    account: str | None = Field(default=None, max_length=200, description="an API key; * stands for any characters")
    times: int = Field(default=1, ge=1, le=100_000)
    fault: FaultSpec


class Reset(Asked):
    what: Literal["journal", "jobs", "counters", "faults", "all"] = "all"
