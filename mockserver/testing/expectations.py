"""Expectations about requests, which are checked at the end of a test."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from mockserver.core.masking import Masking, masked
from mockserver.testing.requests import Filter, Request

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

# At most this many requests of each kind are listed.
_MAX_LISTED = 8


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expected number of requests of an operation. `at_most` is None if there is no maximum.

    `where` is the line of the test that expects them, as `file:line`.
    """

    operation: str
    at_least: int
    at_most: int | None
    _filter: Filter
    _all_requests: Callable[[], list[Request]]
    where: str = ""

    @property
    def requests(self) -> list[Request]:
        """The matching requests so far, oldest first."""
        return self._filter.select(self._all_requests())

    @property
    def met(self) -> bool:
        """True if the number of matching requests is as expected."""
        return self._within(len(self.requests))

    def _within(self, count: int) -> bool:
        return count >= self.at_least and (self.at_most is None or count <= self.at_most)

    def problem(self) -> str | None:
        """Describe what is wrong, with the requests so far. Returns None if the expectation is met."""
        requests = self._all_requests()
        matching = self._filter.select(requests)
        if self._within(len(matching)):
            return None
        count = f"called {_times(len(matching))}" if matching else "not called"
        where = f"{self.where}: " if self.where else ""
        lines = [f"{where}{self.operation} was expected {self._expected()}, but it was {count}"]
        lines += [f"  call: {summary(request)}" for request in matching[:_MAX_LISTED]]
        others = [request for request in requests if request not in matching]
        # Requests of the same operation come first, because they are the most similar.
        for request in sorted(others, key=lambda r: not self._filter.covers(r))[:_MAX_LISTED]:
            mismatch = self._filter.mismatch(request) if self._filter.covers(request) else None
            lines.append(
                f"  other call: {summary(request)}" + (f" ({Masking().condition(mismatch)})" if mismatch else "")
            )
        return "\n".join(lines)

    def _expected(self) -> str:
        if self.at_most is None:
            return f"at least {_times(self.at_least)}"
        if self.at_least == self.at_most:
            return _times(self.at_least)
        return f"{self.at_least} to {self.at_most} times" if self.at_least else f"at most {_times(self.at_most)}"


def caller() -> str:
    """Return the line of the test that called this package, as `file:line`. The file is relative to the directory."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "mockserver":
        frame = frame.f_back
    if frame is None:
        return ""
    path, here = Path(frame.f_code.co_filename), Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{frame.f_lineno}"


def minimum_and_maximum(times: int | None, at_least: int | None, at_most: int | None) -> tuple[int, int | None]:
    """Return the expected range. Without any argument it is at least once.

    Raises ValueError if the arguments contradict each other.
    """
    if times is not None and (at_least is not None or at_most is not None):
        raise ValueError("use either times, or at_least and at_most")
    if times is not None:
        return times, times
    if at_least is None and at_most is None:
        return 1, None
    if at_most is not None and (at_least or 0) > at_most:
        raise ValueError(f"at_least ({at_least}) is greater than at_most ({at_most})")
    return at_least or 0, at_most


def summary(request: Request) -> str:
    """Describe a request in one line, with the credentials in it masked."""
    masking = Masking().of_request(f":{request.key or ''}", request.headers.items())
    status = "no reply" if request.status is None else request.status
    query = "?…" if request.query else ""
    key = f" key {masked(request.key)}" if request.key else ""
    return (
        f"{request.method} {masking.text(request.path)}{query} -> {status} ({request.operation or 'no operation'}{key})"
    )


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
