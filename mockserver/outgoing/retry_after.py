"""The Retry-After header of a receiver's reply (RFC 9110 section 10.2.3)."""

import re

from mockserver.outgoing.call import Headers

_DAY = 86_400_000
_SECONDS = re.compile(r"[0-9]{1,9}\Z")


def retry_after(headers: Headers, now: int) -> int:
    """Return the milliseconds to wait before the next attempt, at most a day, or 0 without a valid Retry-After.

    A date is relative to the receiver's own Date header or, without one, to `now` (milliseconds of wall time).
    """
    fields = {name.lower(): value.strip() for name, value in headers}
    value = fields.get("retry-after")
    if value is None:
        return 0
    if _SECONDS.match(value):
        return min(_DAY, int(value) * 1000)
    until = _milliseconds(value)
    if until is None:
        return 0
    since = _milliseconds(fields.get("date", ""))
    return max(0, min(_DAY, until - (now if since is None else since)))


def _milliseconds(date: str) -> int | None:
    from email.utils import parsedate_to_datetime  # slow to import, and few receivers send a date

    try:
        return round(parsedate_to_datetime(date).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
