"""Request bodies: read with a limit, and parsed into JSON or form fields that are safe to go on with."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from mockserver.core.faults import Refusal

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# What is read and thrown away after a refusal, so that the client can read the reply instead of a reset.
DRAINED = 8 * 1_048_576
FORM_FIELDS = 1_000


class Disconnected(Exception):
    """The client went away before its body had arrived."""


async def read_body(receive: Receive, limit: int, declared: str | None = None) -> bytes:
    """The whole body. Raises Refusal `too_large` beyond `limit` bytes, and Disconnected."""
    if declared is not None and declared.isdigit() and int(declared) > limit:
        await drain(receive)
        raise _too_large(limit)
    message = await receive()
    if message["type"] != "http.request":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    parts = bytearray(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        parts += message.get("body", b"")
        if len(parts) > limit:
            await drain(receive, more=message.get("more_body", False))
            raise _too_large(limit)
    return bytes(parts)


async def drain(receive: Receive, *, more: bool = True) -> None:
    """Read the rest of a body that is not wanted, up to a bound."""
    drained = 0
    while more and drained < DRAINED:
        message = await receive()
        if message["type"] != "http.request":
            return
        drained += len(message.get("body", b""))
        more = message.get("more_body", False)


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"The request body is larger than {limit} bytes", {"limit": limit})


def parse_json(body: bytes) -> Any:
    """JSON data (RFC 8259). Raises ValueError for anything else, NaN, lone surrogates and deep nesting included."""
    return from_json(body, allow_inf_nan=False)


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body; the last of a name wins. Raises ValueError."""
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS, strict_parsing=False)
    return dict(pairs)


def parse_query(query: bytes) -> Mapping[str, str]:
    """The query parameters; the last of a name wins. Bytes that are no UTF-8 are replaced."""
    if not query:
        return _NO_QUERY
    try:
        return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=FORM_FIELDS))
    except ValueError:
        return _NO_QUERY


def media_type(header: str | None) -> str:
    """The media type of a Content-Type header without its parameters, in lower case."""
    return (header or "").partition(";")[0].strip().lower()


_NO_QUERY: Mapping[str, str] = {}
