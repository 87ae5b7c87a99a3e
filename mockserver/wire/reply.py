"""Replies: from data to bytes, and the headers that they are sent with."""

from collections.abc import Sequence

from pydantic_core import to_json

from mockserver.kit.operations import Header, Reply

_JSON_TYPE: Header = (b"content-type", b"application/json")


def encode(reply: Reply) -> bytes:
    """The bytes of a reply that is not a stream. JSON is compact and in UTF-8."""
    body = reply.body
    if isinstance(body, bytes):
        return body
    return b"" if body is None else to_json(body)


def head(reply: Reply, extra: Sequence[Header], length: int | None) -> list[Header]:
    """The headers of a reply: type, length, `extra`, and its own.

    A 204 and a 304 have no length: they have no body by nature, and that of a 304 would have to be the length of the
    200 (RFC 9110 section 8.6).
    """
    kind = _JSON_TYPE if reply.content_type == "application/json" else (b"content-type", reply.content_type.encode())
    if length is None or reply.status in (204, 304):
        return [kind, *extra, *reply.headers]
    return [kind, (b"content-length", b"%d" % length), *extra, *reply.headers]
