"""The order of requests: which one was sent after the reply to another, and how long the client waited in between."""

from mockserver.core.verdict.facts import Call

# A client that has seen a reply opens another connection no sooner, in nanoseconds: measured are 150 microseconds and
# more. Connections of requests that are sent at the same time are accepted within 35.
_OPENED_AFTER = 100_000


def follows(later: Call, earlier: Call, apart: int = 2, opened: int = _OPENED_AFTER) -> bool:
    """Return True if a request was sent after the reply to another had ended.

    Requests that overlap do not follow each other: the client could not know how the first one would end. Of several
    requests that are sent at the same time, the server can answer the first before it reads the others. So the time at
    which their connections became free counts: one that was opened for the request has to be opened so many nanoseconds
    after the reply. Otherwise the two have to be `apart`, in milliseconds.
    """
    if later.number <= earlier.number:
        return False
    if later.turn is None or earlier.turn is None:
        return pause(earlier, later) >= 0
    passed = later.turn.free_at - earlier.turn.ended_at
    return passed >= (0 if later.turn.reused else opened) or pause(earlier, later) >= apart


def pause(earlier: Call, later: Call) -> int:
    """Return the milliseconds on the machine's clock from the end of a reply to the next request."""
    if later.real is None or earlier.real is None:
        return later.at - earlier.ended_at
    return later.real[0] - earlier.real[1]


def waited(earlier: Call, later: Call) -> int:
    """Return the milliseconds between the starts of two requests, on the sandbox's or the machine's clock.

    The longer time counts. A client that sleeps on a clock that stands still has waited, and so has one whose test
    moved the clock.
    """
    real = 0 if later.real is None or earlier.real is None else later.real[0] - earlier.real[0]
    return max(later.at - earlier.at, real)
