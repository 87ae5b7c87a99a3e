"""Request bodies: read with a limit, and parsed into JSON or form fields that are safe to go on with."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from mockserver.core.faults import Refusal
from mockserver.wire.request import Connection, Disconnected, Request

_LENGTH = re.compile(r"[0-9]{1,18}\Z")
# What a number that is too large for a float has somewhere in it: an exponent, or very many digits.
_HUGE = re.compile(rb"[0-9][eE]|[0-9]{300}")

# What is read and thrown away after a refusal, so that the client can read the reply instead of a reset.
DRAINED = 8 * 1_048_576
FORM_FIELDS = 1_000
# A body beyond this is worth letting others go first, and is expected to be mostly text.
LARGE = 262_144
MOST_VALUES = 500_000
_SAMPLES, _SAMPLE = 16, 65_536


async def read_body(request: Request, connection: Connection, limit: int) -> bytes:
    """The whole body. Raises Refusal `too_large` beyond `limit` bytes, and Disconnected."""
    body = request.body
    if body is not None:
        if len(body) > limit:
            raise _too_large(limit)
        return body
    declared = request.headers.get("content-length")
    if declared is not None and _LENGTH.match(declared) and int(declared) > limit:
        await drain(connection)
        raise _too_large(limit)
    parts = bytearray()
    while (piece := await connection.read()) is not None:
        parts += piece
        if len(parts) > limit:
            await drain(connection)
            raise _too_large(limit)
    return bytes(parts)


async def drain(connection: Connection) -> None:
    """Read the rest of a body that is not wanted, up to a bound; no client is invited to send one for that."""
    drained = 0
    if connection.expects:
        return
    try:
        while drained < DRAINED and (piece := await connection.read()) is not None:
            drained += len(piece)
    except Disconnected:
        return


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"The request body is larger than {limit} bytes", case="body_too_large")


def parse_json(body: bytes) -> Any:
    """JSON data (RFC 8259). Raises ValueError for anything else, NaN, lone surrogates and deep nesting included.

    Numbers that are too large for a float are refused too: they would become infinite. So is a large body of many
    small values, which would take a second and a gigabyte; one of a few large texts takes milliseconds.
    """
    if len(body) > LARGE and _commas(body) > MOST_VALUES:
        raise ValueError("too many values")
    data = from_json(body, allow_inf_nan=False)
    if _HUGE.search(body) and not _finite(data):
        raise ValueError("number out of range")
    return data


def whole(data: Any) -> Any:
    """The data with 1.0 as 1: both are integers in JSON Schema, and for clients with only one type of number."""
    if isinstance(data, dict):
        return {key: whole(value) for key, value in data.items()}
    if isinstance(data, list):
        return [whole(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() and abs(data) < 2**53 else data


def _commas(body: bytes) -> int:
    """About how many commas a large body has, hence values: to count them all would cost as much as parsing it."""
    step = max(_SAMPLE, len(body) // _SAMPLES)
    found = sum(body.count(b",", at, at + _SAMPLE) for at in range(0, len(body), step))
    return found * step // _SAMPLE


def _finite(data: Any) -> bool:
    if isinstance(data, dict):
        return all(map(_finite, data.values()))
    if isinstance(data, list):
        return all(map(_finite, data))
    return not isinstance(data, float) or isfinite(data)


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body; the last of a name wins. Raises ValueError."""
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS, strict_parsing=False)
    return dict(pairs)


def parse_query(query: bytes) -> Mapping[str, str]:
    """The query parameters; the last of a name wins. Bytes that are no UTF-8 are replaced."""
    if not query:
        return _NO_QUERY
    try:
        return dict(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FORM_FIELDS))
    except ValueError:
        return _NO_QUERY


def media_type(header: str | None) -> str:
    """The media type of a Content-Type header without its parameters, in lower case."""
    return (header or "").partition(";")[0].strip().lower()


_NO_QUERY: Mapping[str, str] = {}
