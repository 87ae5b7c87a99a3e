"""Limits as functions of now: fixed windows by minute, hour and calendar day in UTC."""

from dataclasses import dataclass
from typing import Literal

Period = Literal["minute", "hour", "day"]

PERIODS: dict[Period, int] = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `allowed` per `period`; None is unlimited. The windows start on the whole minute, hour or UTC day."""

    name: str
    period: Period
    allowed: int | None

    def window(self, now: int) -> tuple[int, int]:
        """The window that holds `now`: its first instant and the first instant after it, in milliseconds."""
        size = PERIODS[self.period]
        start = now - now % size
        return start, start + size


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit's present window is used, after the request that asked."""

    limit: Limit
    used: int
    resets_at: int
    admitted: bool = True

    @property
    def remaining(self) -> int | None:
        """What is left, never negative; None when unlimited."""
        return None if self.limit.allowed is None else max(0, self.limit.allowed - self.used)


@dataclass(slots=True)
class Counter:
    """The count of one limit's window for one account. `hit` is the only way to change it."""

    starts_at: int = -1
    used: int = 0

    def hit(self, limit: Limit, now: int, amount: int = 1) -> Usage:
        """Count `amount` (0 only looks) if the window has room for all of it. A refused hit counts nothing."""
        start, end = limit.window(now)
        if start > self.starts_at:
            # A clock that was set back stays in the newer window: going back to an older one would admit twice.
            self.starts_at, self.used = start, 0
        end = max(end, self.starts_at + (end - start))
        admitted = limit.allowed is None or self.used + amount <= limit.allowed
        if admitted:
            self.used += amount
        return Usage(limit, self.used, end, admitted)
