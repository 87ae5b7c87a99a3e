"""`expect` in a scenario: what the client should do, judged at the end of a test and by `mockserver verdict`."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from mockserver.core import durations, json_schema
from mockserver.core.verdict.finding import Severity
from mockserver.core.verdict.names import RuleName
from mockserver.core.verdict.policy import Policy

_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,6})?"
_LIMIT = re.compile(rf"(?:(<=|>=|<|>|==?)\s*)?({_NUMBER})")
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")
_PATTERN = rf"^\s*(?:(?:<=|>=|<|>|==?)?\s*{_NUMBER}|{_NUMBER}\s*\.\.\s*{_NUMBER})\s*$"
_MOST = 100


class Amount(NamedTuple):
    """A comparison with a number: `4`, `<=4`, `>=1`, or a range such as `1..4`."""

    text: str
    least: float = 0
    most: float | None = None
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """Return True if a number is as expected."""
        if value < self.least or (self.above and value == self.least):
            return False
        return self.most is None or value < self.most or (not self.below and value == self.most)

    def __str__(self) -> str:
        return self.text


def parse_amount(value: object) -> Amount:
    """Parse an amount. Raises ValueError for anything else."""
    if isinstance(value, Amount):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return Amount(text=f"{value:g}", least=value, most=value)
    text = value.strip() if isinstance(value, str) else ""
    if (span := _RANGE.fullmatch(text)) is not None:
        least, most = float(span[1]), float(span[2])
        if least > most:
            raise ValueError(f"the range {text.strip()!r} has to begin with its smaller number")
        return Amount(text=text.strip(), least=least, most=most)
    limit = _LIMIT.fullmatch(text)
    if limit is None:
        raise ValueError(f"expected a number, a comparison such as '<=4', or a range such as 1..4, got {value!r}")
    number = float(limit[2])
    sign = limit[1] or "="
    return Amount(
        text=text.strip(),
        least=number if sign[0] in ">=" else 0,
        most=number if sign[0] in "<=" else None,
        above=sign == ">",
        below=sign == "<",
    )


# Typed as Any, because pydantic would validate the fields of a named tuple again.
Comparison = Annotated[
    Any,
    BeforeValidator(parse_amount),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _PATTERN}]}),
]
DurationMs = Annotated[
    int,
    BeforeValidator(durations.parse),
    PlainSerializer(durations.format_duration, return_type=str),
    WithJsonSchema(json_schema.DURATION),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True)


def _no_rules() -> list[Any]:
    return []


def _no_severities() -> dict[Any, Any]:
    return {}


class CreditsExpectation(_Model):
    """How many credits may be spent: charged or still reserved, without what was given back."""

    spent: Comparison = Field(description="the number of credits, such as `<=20`")
    provider: str | None = Field(default=None, max_length=100, description="only at this provider; default: at all")


class VerdictExpectation(_Model):
    """Which rules of the verdict count, and how severe their findings are."""

    deny: list[RuleName] = Field(
        default_factory=_no_rules, max_length=_MOST, description="rules whose findings are errors"
    )
    allow: list[RuleName] = Field(
        default_factory=_no_rules, max_length=_MOST, description="rules whose findings are not reported"
    )
    severities: dict[RuleName, Literal["error", "warning", "note"]] = Field(
        default_factory=_no_severities, max_length=_MOST, description="other severities, by rule"
    )
    longest_poll: DurationMs | None = Field(
        default=None, description="how long a job that does not end may be polled; default: 1h"
    )

    def policy(self) -> Policy:
        """Return the policy for the verdict."""
        severities: dict[str, Severity] = {str(name): severity for name, severity in self.severities.items()}
        return Policy(frozenset(self.allow), frozenset(self.deny), severities, self.longest_poll)


class Expectation(_Model):
    """One expectation: a number of requests, an amount of credits, or what the verdict reports."""

    operation: str | None = Field(
        default=None, max_length=200, description="`provider.operation`; `*` matches any characters"
    )
    count: Comparison | None = Field(default=None, description="the number of requests of the operation: `4`, `<=4`")
    status: int | None = Field(default=None, ge=100, le=599, description="only requests with this status")
    credits: CreditsExpectation | None = Field(default=None, description="the credits that are spent")
    verdict: VerdictExpectation | None = Field(default=None, description="the rules of the verdict")

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["operation", "count"]}, {"required": ["credits"]}, {"required": ["verdict"]}]
        }
    )

    @model_validator(mode="after")
    def _something(self) -> "Expectation":
        if (self.operation is None) != (self.count is None):
            missing = "count" if self.count is None else "operation"
            raise ValueError(f"an expected number of requests needs operation and count, and {missing} is missing")
        if self.status is not None and self.operation is None:
            raise ValueError("status belongs to an operation and its count")
        if self.operation is None and self.credits is None and self.verdict is None:
            raise ValueError("an expectation needs operation and count, credits, or verdict")
        return self


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


Expectations = Annotated[
    list[Expectation],
    Field(max_length=200),
    BeforeValidator(_as_list),
]


def policy_of(expectations: Sequence[Expectation]) -> Policy:
    """Return the policy of a scenario. Later expectations replace what earlier ones say about the same rule."""
    policy = Policy()
    for each in expectations:
        if each.verdict is not None:
            policy = policy.then(each.verdict.policy())
    return policy
