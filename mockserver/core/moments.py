"""Moments of a story: an instant of the calendar, or a time since the scenario began."""

from dataclasses import dataclass

from mockserver.core.durations import parse, spell
from mockserver.core.instants import parse_rfc3339, rfc3339


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is an instant in milliseconds since the epoch or, where `relative`, milliseconds since the beginning."""

    at: int
    relative: bool

    def __str__(self) -> str:
        if self.relative:
            return spell(self.at)
        whole, rest = rfc3339(self.at), self.at % 1000
        return f"{whole[:-1]}.{rest:03}Z" if rest else whole


def parse_moment(value: object) -> Moment:
    """The moment of `30s`, of a number of seconds, or of `2025-06-01T12:00:00Z`. Raises ValueError."""
    if isinstance(value, str) and "T" in value:
        return Moment(parse_rfc3339(value), relative=False)
    if not isinstance(value, str | int | float):
        raise ValueError(f"expected a duration such as 30s or an instant such as 2025-06-01T12:00:00Z, got {value!r}")
    return Moment(parse(value), relative=True)
