"""Requests that are not valid HTTP: the errors, and what can be read from a first line that the parser rejects."""

import re
from collections.abc import Mapping
from typing import NamedTuple

NOT_VALID = "The request is not valid HTTP"
NOT_ASCII = "The target of the request is not ASCII"

# A method, a target, and a version. A method begins where the body of the request before it ends.
_FIRST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ([^ \r\n]+) HTTP/1\.[01]\r?\n")
# The same, when only its beginning has arrived.
_PARTIAL_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?: (?:[^ \r\n]+(?: [HTP/1.0]{0,8}\r?)?)?)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):([^\r\n]*)\r?\n")
# The methods that the parser knows.
_METHODS = frozenset(
    (
        "ACL", "BIND", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "M-SEARCH", "MERGE",
        "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH",
        "PURGE", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK",
        "UNLOCK", "UNSUBSCRIBE",
    )
)  # fmt: skip


class HeadTooLarge(Exception):
    """The head of a request has too many bytes or fields."""


class NotHttp(Exception):
    """The received bytes are not a valid HTTP request. The text says why, for the reply, which has this status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class RejectedLine(NamedTuple):
    """A request that the parser rejects at its first line, with the headers that have arrived, and why."""

    method: str
    target: bytes
    headers: Mapping[str, str]
    error: NotHttp


def rejected_line(data: bytes) -> RejectedLine | None:
    """Find the first line in `data` that the parser rejects, for its method or its target. None if there is none.

    The parser reports neither where it stopped nor what it stopped at.
    """
    indented = _FIRST_LINE.match(data, len(data) - len(data.lstrip(b" \t"))) if data[:1] in (b" ", b"\t") else None
    if indented is not None:
        headers = headers_after(data, indented.end())
        return RejectedLine(indented[1].decode(), indented[2], headers, NotHttp(NOT_VALID))
    for line in _FIRST_LINE.finditer(data):
        method, target = line[1].decode(), line[2]
        known = method in _METHODS
        if not known or not target.isascii():
            error = NotHttp(NOT_ASCII) if known else NotHttp(f"No such method: {method}", 405)
            return RejectedLine(method, target, headers_after(data, line.end()), error)
    return None


def headers_of(data: bytes, target: bytes) -> Mapping[str, str]:
    """Return the complete header fields in `data` up to the first that is not valid, by their names in lower case.

    They are those of the last request for `target` in it or, if its first line is not in `data`, those at the start.
    """
    end = 0
    for line in re.finditer(rb"[^ \r\n]+ " + re.escape(target) + rb"[^\n]*\n", data):
        end = line.end()
    return headers_after(data, end)


def headers_after(data: bytes, start: int) -> Mapping[str, str]:
    """Return the complete header fields from `start` on, by their names in lower case."""
    headers: dict[str, str] = {}
    while field := _FIELD.match(data, start):
        headers[field[1].decode().lower()] = field[2].strip(b" \t").decode("latin-1")
        start = field.end()
    return headers


def ends_in_first_line(data: bytes) -> bool:
    """Return true if `data` ends within what can be the first line of a request."""
    return _PARTIAL_LINE.fullmatch(data, data.rfind(b"\n") + 1) is not None
