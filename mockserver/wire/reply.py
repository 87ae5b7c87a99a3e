"""Replies: from data to bytes, and onto the wire."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing
from typing import Any

from pydantic_core import to_json

from mockserver.core.journal import KEPT_BODY, Entry
from mockserver.kit.operations import Header, Reply

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON_TYPE: Header = (b"content-type", b"application/json")


def encode(reply: Reply) -> bytes:
    """The bytes of a reply that is not a stream. JSON is compact and in UTF-8."""
    body = reply.body
    if isinstance(body, bytes):
        return body
    return b"" if body is None else to_json(body)


def head(reply: Reply, extra: Sequence[Header], length: int | None) -> list[Header]:
    """The headers of a reply: type, length, its own, and `extra`. A name in its own headers is not repeated."""
    kind = JSON_TYPE if reply.content_type == "application/json" else (b"content-type", reply.content_type.encode())
    headers = [kind]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    headers.extend(extra)
    headers.extend(reply.headers)
    return headers


async def send_whole(send: Send, reply: Reply, body: bytes, extra: Sequence[Header], *, with_body: bool = True) -> None:
    """Send a reply whose body is known. Without its body (HEAD) the length still tells the body's."""
    # A 304 has no body by nature, and a length would have to be that of the 200 (RFC 9110 section 8.6).
    length = None if reply.status in (204, 304) else len(body)
    await send({"type": "http.response.start", "status": reply.status, "headers": head(reply, extra, length)})
    await send({"type": "http.response.body", "body": body if with_body else b""})


async def send_chunks(send: Send, reply: Reply, extra: Sequence[Header], entry: Entry) -> None:
    """Send a reply chunk by chunk as its chunks come; the first of it goes into the journal."""
    assert reply.chunks is not None
    await send({"type": "http.response.start", "status": reply.status, "headers": head(reply, extra, None)})
    async with aclosing(reply.chunks) as chunks:
        async for chunk in chunks:
            if len(entry.reply) < KEPT_BODY:
                entry.reply += chunk
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
