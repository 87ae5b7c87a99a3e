"""Limits by minute, hour, calendar day and calendar month in UTC. A window is a function of the current time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Period = Literal["minute", "hour", "day", "month"]

# The periods of fixed length, in milliseconds. Months differ.
PERIODS: dict[Period, int] = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `allowed` per `period`; None is unlimited. Windows start on the whole minute, hour, UTC day or month."""

    name: str
    period: Period
    allowed: int | None

    def window(self, now: int) -> tuple[int, int]:
        """Return the window that contains `now`: its first instant and the first instant after it, in milliseconds."""
        if self.period == "month":
            return _month(now)
        size = PERIODS[self.period]
        start = now - now % size
        return start, start + size


def _month(now: int) -> tuple[int, int]:
    first = datetime.fromtimestamp(now // 1000, UTC).replace(day=1, hour=0, minute=0, second=0)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return round(first.timestamp()) * 1000, round(after.timestamp()) * 1000


class Usage(NamedTuple):
    """How much of a limit's current window is used, including the request that is being checked."""

    limit: Limit
    used: int
    resets_at: int
    admitted: bool = True

    @property
    def remaining(self) -> int | None:
        """How many are left, never negative; None when unlimited."""
        return None if self.limit.allowed is None else max(0, self.limit.allowed - self.used)


@dataclass(slots=True)
class Counter:
    """The count of one limit's window for one account. `hit` is the only way to change it."""

    starts_at: int = -1
    used: int = 0

    def hit(self, limit: Limit, now: int, amount: int = 1) -> Usage:
        """Count `amount` if the window has room for all of it. A refused hit counts nothing.

        An amount of 0 only reads the count. A negative amount reduces it, at most to 0, and is never refused.
        """
        # If the clock is set back, the newer window stays: an older one would admit the same requests twice.
        start, end = limit.window(max(now, self.starts_at))
        if start > self.starts_at:
            self.starts_at, self.used = start, 0
        admitted = amount < 0 or limit.allowed is None or self.used + amount <= limit.allowed
        if admitted:
            self.used = max(0, self.used + amount)
        return Usage(limit, self.used, end, admitted)
