"""W3C Trace Context (https://www.w3.org/TR/trace-context/): the trace that a request belongs to.

The context of the request that created a job is kept with the job and carried to its webhooks.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# The key of a job's facts, and of a delivery's `extra`.
TRACE = "trace"
# Characters of a `tracestate` that are carried on (section 3.3.1.5 asks for at least 512).
_LONGEST_STATE = 512
_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Trace(NamedTuple):
    """A valid `traceparent`: the ids of the trace and of the caller's span, and the flags."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def sampled(self) -> bool:
        """True if the caller records this trace."""
        return int(self.flags, 16) & 1 == 1


def parsed(traceparent: str | None) -> Trace | None:
    """Read a `traceparent`. Returns None for one that is not valid, which is to be ignored."""
    match = None if traceparent is None else _FORM.fullmatch(traceparent)
    if match is None or (match[1] == "00" and match[5]):
        return None
    return Trace(match[2], match[3], match[4])


def kept(headers: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return the context of a request, to be kept with what the request creates; None if it has none."""
    trace = parsed(headers.get("traceparent"))
    if trace is None:
        return None
    state = headers.get("tracestate", "")
    return {"parent": f"00-{'-'.join(trace)}", **({"state": state} if 0 < len(state) <= _LONGEST_STATE else {})}


def carried(context: Mapping[str, Any], span_id: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of a call that belongs to a trace, and is a span with this id in it."""
    trace = parsed(context["parent"])
    if trace is None:
        return ()
    state = (("tracestate", str(context["state"])),) if "state" in context else ()
    return (("traceparent", f"00-{trace.trace_id}-{span_id}-{trace.flags}"), *state)
