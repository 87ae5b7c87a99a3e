"""The words of findings: numbers of requests, credits, durations and times."""

from collections.abc import Iterable, Sequence

from mockserver.core.credits import CREDIT
from mockserver.core.verdict.facts import Call

_LISTED = 6
_STATUSES = {
    "lost": "its reply was lost although the operation was done",
    "none": "its connection was closed before anything was done",
    "part": "its reply ended early",
    "damaged": "its reply arrived with wrong bytes",
    "client_left": "the client disconnected before the reply",
}


def numbers(calls: Sequence[Call]) -> str:
    """Return the numbers of requests: `#3`, `#3 and #5`, or `#3, #4, ... and #20 (12 requests)`."""
    names = [f"#{call.number}" for call in calls]
    if len(names) > _LISTED:
        return f"{', '.join(names[:3])}, ... and {names[-1]} ({len(names)} requests)"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "no request"


def ids(calls: Iterable[Call]) -> tuple[int, ...]:
    """Return the numbers of requests as numbers."""
    return tuple(call.number for call in calls)


def credits(amount: int | None) -> str:
    """Return an amount in words; an empty string for None."""
    if amount is None:
        return ""
    return "1 credit" if amount == CREDIT else f"{amount / CREDIT:g} credits"


def seconds(milliseconds: int) -> str:
    """Return a duration: `250 ms`, `3 s`, `5 min`, `1.5 h`."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    for unit, size in (("h", 3_600_000), ("min", 60_000)):
        if milliseconds >= size:
            return f"{milliseconds / size:.3g} {unit}"
    return f"{milliseconds / 1_000:.3g} s"


def result(call: Call) -> str:
    """Return how a request ended: `it was answered with 503`, `its reply was lost ...`."""
    if call.delivered == "whole":
        return f"it was answered with {call.status}"
    return _STATUSES[call.delivered]


def many(count: int, singular: str) -> str:
    """Return a number with its noun: `1 poll`, `3 polls`."""
    return f"{count} {singular}" if count == 1 else f"{count} {singular}s"
