"""What a test expects to be asked, checked at its end."""

from collections.abc import Callable
from dataclasses import dataclass

from mockserver.core.masking import masked
from mockserver.testing.requests import Filter, Request

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Expectation:
    """So many requests of an operation; `most` is None where there is no bound."""

    operation: str
    least: int
    most: int | None
    _filter: Filter
    _seen: Callable[[], list[Request]]

    @property
    def requests(self) -> list[Request]:
        """Those that came so far, oldest first."""
        return self._filter.of(self._seen())

    @property
    def met(self) -> bool:
        """True when enough came, and not too many."""
        return self._within(len(self.requests))

    def _within(self, count: int) -> bool:
        return count >= self.least and (self.most is None or count <= self.most)

    def problem(self) -> str | None:
        """What is wrong, and what came instead; None when nothing is."""
        seen = self._seen()
        matching = self._filter.of(seen)
        if self._within(len(matching)):
            return None
        lines = [f"{self.operation} was expected {self._wanted()}, and came {_times(len(matching))}"]
        lines += [f"  came: {told(request)}" for request in matching[:_SHOWN]]
        others = [request for request in seen if request not in matching]
        # Those of the same operation first: they are the nearest.
        for request in sorted(others, key=lambda r: not self._filter.covers(r))[:_SHOWN]:
            why = self._filter.failure(request) if self._filter.covers(request) else None
            lines.append(f"  other: {told(request)}" + (f" ({why} does not hold)" if why else ""))
        return "\n".join(lines)

    def _wanted(self) -> str:
        if self.most is None:
            return f"at least {_times(self.least)}"
        if self.least == self.most:
            return _times(self.least)
        return f"{self.least} to {self.most} times" if self.least else f"at most {_times(self.most)}"


def bounds(times: int | None, at_least: int | None, at_most: int | None) -> tuple[int, int | None]:
    """The least and the most of what was said; of nothing said, at least once.

    Raises ValueError for a contradiction.
    """
    if times is not None and (at_least is not None or at_most is not None):
        raise ValueError("times is exact: leave out at_least and at_most")
    if times is not None:
        return times, times
    if at_least is None and at_most is None:
        return 1, None
    if at_most is not None and (at_least or 0) > at_most:
        raise ValueError(f"nothing comes at least {at_least} and at most {at_most} times")
    return at_least or 0, at_most


def told(request: Request) -> str:
    """A request in one line, its key masked, for people."""
    status = "no reply" if request.status is None else request.status
    query = "?…" if request.query else ""
    key = f" key {masked(request.key)}" if request.key else ""
    return f"{request.method} {request.path}{query} -> {status} ({request.operation or 'no operation'}{key})"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
