"""Rules that depend on the number of their matches."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from mockserver.core.scenario.values import CountedBy, Counts, Model


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


NTH = "only these matches of the rule, counted per account, or as `{of: job, is: 3}` per job"
TIMES = "applies to this many matches, from the first"
PROBABILITY = "a share of the matches, chosen by the seed"


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
