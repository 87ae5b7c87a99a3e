"""The plans of a scenario: the steps that a job goes through."""

from typing import ClassVar

from pydantic import ConfigDict, Field, model_validator

from mockserver.core import json_schema
from mockserver.core.plans import RANK, Status
from mockserver.core.scenario.values import Model, Progress, SpanMs


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
