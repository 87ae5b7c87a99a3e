"""Replies: encode their bodies, and build their headers."""

from collections.abc import Sequence
from functools import lru_cache

from pydantic_core import to_json

from mockserver.core.instants import http_date
from mockserver.kit.operations import Header, Reply

_JSON_TYPE: Header = (b"content-type", b"application/json")


def encode(reply: Reply) -> bytes:
    """Encode the body of a reply that is not a stream. JSON is compact and in UTF-8."""
    body = reply.body
    if isinstance(body, bytes):
        return body
    return b"" if body is None else to_json(body)


def date(at: int) -> Header:
    """Return the Date header for an instant (RFC 9110 section 6.6.1).

    It is that of the sandbox's clock, like all times in a reply: clients compare them, for example to find out how long
    a limit lasts.
    """
    return _date(at // 1000)


@lru_cache(maxsize=64)
def _date(seconds: int) -> Header:
    return (b"date", http_date(seconds * 1000).encode())


def head(reply: Reply, extra: Sequence[Header], length: int | None) -> list[Header]:
    """Build the headers of a reply: Content-Type, Content-Length, `extra`, and those of the reply.

    A 204 and a 304 get no Content-Length: they have no body, and in a 304 it would have to be the length of the 200
    (RFC 9110 section 8.6).
    """
    type_header = (
        _JSON_TYPE if reply.content_type == "application/json" else (b"content-type", reply.content_type.encode())
    )
    if length is None or reply.status in (204, 304):
        return [type_header, *extra, *reply.headers]
    return [type_header, (b"content-length", b"%d" % length), *extra, *reply.headers]
