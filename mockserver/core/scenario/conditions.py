"""The conditions of a rule: on values of the request, and on the time of the sandbox."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field, model_validator

from mockserver.core import json_schema
from mockserver.core.scenario.values import Model, MomentAt


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
