"""The classes of failed requests: what the client can know about them, and whether it may repeat them."""

from typing import Literal, get_args

from mockserver.core.verdict.facts import Call

# - `not_delivered`: nothing happened, so the request can be repeated
# - `ambiguous`: the job exists, and the client has no readable reply that says so; a repetition pays twice
# - `answered`: the provider refused the request; only what it allows can be repeated
# - `unknown`: the records do not say, or the reply had wrong bytes that the client may not have noticed
Failure = Literal["not_delivered", "ambiguous", "answered", "unknown"]
FINAL = (400, 401, 402, 403, 404, 405, 413, 415, 422)
FAILURES: tuple[Failure, ...] = get_args(Failure)


def failure_of(call: Call, *, created: bool, complete: bool) -> Failure | None:
    """Return the class of a failed request, or None if the client got a complete reply without an error.

    `created` is true if the request created a job or was charged. `complete` is false if records have been dropped, so
    that a job that does not exist any more may have existed.
    """
    if call.delivered == "whole":
        if call.status is None:
            return "unknown"
        if call.status < 400:
            return None
        return "ambiguous" if created and call.status >= 500 else "answered"
    if call.role != "submit":
        return "not_delivered"
    if call.delivered == "damaged":
        # Whether the client could read the reply is not visible on the wire.
        return "unknown"
    if created:
        return "ambiguous"
    if call.delivered == "none" or complete:
        return "not_delivered"
    return "unknown"


def is_final(call: Call) -> bool:
    """Return True for a refusal that answers the request as it is: the same request gets the same answer."""
    return call.delivered == "whole" and call.status in FINAL


def is_retryable(call: Call) -> bool:
    """Return True for a failed request that may succeed later: no complete reply, 408, 425, 429 or 5xx."""
    if call.delivered != "whole" or call.status is None:
        return True
    return call.status >= 500 or call.status in (408, 425, 429)
