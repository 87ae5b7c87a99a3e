"""Instants as people write them: RFC 3339, or a time since the scenario began.

The code uses whole milliseconds since the Unix epoch.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from mockserver.core.durations import format_duration, parse

# The year 9000: far enough below the largest year of `datetime` that a job's whole plan can be added to any instant.
# No clock reaches it, and no event happens at it or after it.
LATEST = 221_845_392_000_000

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(at: int) -> str:
    """Return an instant as an HTTP date: `Sun, 01 Jun 2025 12:00:15 GMT` (RFC 9110 section 5.6.7), to the second."""
    day = datetime.fromtimestamp(at // 1000, UTC)
    # Not strftime: its names depend on the locale.
    return f"{_DAYS[day.weekday()]}, {day:%d} {_MONTHS[day.month - 1]} {day:%Y %H:%M:%S} GMT"


def rfc3339(at: int) -> str:
    """Return an instant as RFC 3339 text in UTC, to the second: `2025-06-01T12:00:15Z`."""
    return _to_the_second(at // 1000)


def rfc3339_with_millis(at: int) -> str:
    """Return an instant as RFC 3339 text in UTC, to the millisecond: `2025-06-01T12:00:15.250Z`."""
    return f"{rfc3339(at)[:-1]}.{at % 1000:03}Z"


@lru_cache(maxsize=512)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> int:
    """Return the milliseconds since the epoch of an RFC 3339 instant. It must have a time zone offset.

    Raises ValueError for anything else, and for years before 1970 or after 8999.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"expected an instant such as 2025-06-01T12:00:00Z, got {text!r}")
    at = round(moment.timestamp() * 1000)
    if not 0 <= at < LATEST:
        raise ValueError(f"expected an instant in the years 1970 to 8999, got {text!r}")
    return at


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time. `at` is in milliseconds since the epoch or, if `relative`, since the scenario began."""

    at: int
    relative: bool

    def __str__(self) -> str:
        if self.relative:
            return format_duration(self.at)
        whole, rest = rfc3339(self.at), self.at % 1000
        return f"{whole[:-1]}.{rest:03}Z" if rest else whole


def parse_moment(value: object) -> Moment:
    """Parse a duration such as `30s`, a number of seconds, or an instant. Raises ValueError."""
    if isinstance(value, str) and "T" in value:
        return Moment(parse_rfc3339(value), relative=False)
    if not isinstance(value, str | int | float):
        raise ValueError(f"expected a duration such as 30s or an instant such as 2025-06-01T12:00:00Z, got {value!r}")
    return Moment(parse(value), relative=True)
