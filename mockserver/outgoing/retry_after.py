"""How long a receiver wants to be left alone: its Retry-After (RFC 9110 section 10.2.3)."""

import re

from mockserver.outgoing.call import Headers

_DAY = 86_400_000
_SECONDS = re.compile(r"[0-9]{1,9}\Z")


def retry_after(headers: Headers, now: int) -> int:
    """Milliseconds until a receiver wants the next attempt, from 0 to a day; 0 where it says nothing usable.

    A date is counted from the receiver's own Date, or from `now` (milliseconds of wall time) where it sends none.
    """
    fields = {name.lower(): value.strip() for name, value in headers}
    told = fields.get("retry-after")
    if told is None:
        return 0
    if _SECONDS.match(told):
        return min(_DAY, int(told) * 1000)
    until = _milliseconds(told)
    if until is None:
        return 0
    since = _milliseconds(fields.get("date", ""))
    return max(0, min(_DAY, until - (now if since is None else since)))


def _milliseconds(date: str) -> int | None:
    from email.utils import parsedate_to_datetime  # loads the half of `email`, and few receivers send a date

    try:
        return round(parsedate_to_datetime(date).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
