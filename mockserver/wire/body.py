"""Request bodies: read up to a limit, and parsed as JSON or form fields."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from mockserver.core.faults import Refusal
from mockserver.wire.request import Connection, Disconnected, Request

_LENGTH = re.compile(r"[0-9]{1,18}\Z")
# A number that is too large for a float has an exponent or very many digits.
_HUGE = re.compile(rb"[0-9][eE]|[0-9]{300}")

# After a refusal this many bytes of the body are read and discarded. Otherwise the client might get a reset instead of
# the reply.
MAX_DRAINED = 8 * 1_048_576
MAX_FORM_FIELDS = 1_000
# Bytes from which other requests get a turn before the body is parsed, and from which the number of values is limited.
LARGE_BODY = 262_144
MAX_VALUES = 500_000
_SAMPLES, _SAMPLE = 16, 65_536


async def read_body(request: Request, connection: Connection, limit: int) -> bytes:
    """Return the whole body. Raises Refusal `too_large` if it has more than `limit` bytes, and Disconnected."""
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
    """Read and discard the rest of a body, up to `MAX_DRAINED` bytes.

    A client that waits for `100 Continue` is not asked to send its body.
    """
    drained = 0
    if connection.expects_continue:
        return
    try:
        while drained < MAX_DRAINED and (piece := await connection.read()) is not None:
            drained += len(piece)
    except Disconnected:
        return


def _too_large(limit: int) -> Refusal:
    return Refusal("too_large", f"The request body is larger than {limit} bytes", case="body_too_large")


def parse_json(body: bytes) -> Any:
    """Parse JSON (RFC 8259). Raises ValueError for anything else, including NaN, lone surrogates and deep nesting.

    Numbers that are too large for a float are refused too, because they would become infinite. So is a large body of
    many small values, which would take a second and a gigabyte; a few large texts take milliseconds.
    """
    if len(body) > LARGE_BODY and _commas(body) > MAX_VALUES:
        raise ValueError("too many values")
    data = from_json(body, allow_inf_nan=False)
    if _HUGE.search(body) and not _finite(data):
        raise ValueError("number out of range")
    return data


def with_whole_numbers(data: Any) -> Any:
    """Return the data with 1.0 as 1. Both are integers in JSON Schema, and some clients do not distinguish them."""
    if isinstance(data, dict):
        return {key: with_whole_numbers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [with_whole_numbers(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() and abs(data) < 2**53 else data


def _commas(body: bytes) -> int:
    """Estimate the number of commas in a large body. Counting all of them would take as long as parsing the body."""
    step = max(_SAMPLE, len(body) // _SAMPLES)
    count = sum(body.count(b",", start, start + _SAMPLE) for start in range(0, len(body), step))
    return count * step // _SAMPLE


def _finite(data: Any) -> bool:
    if isinstance(data, dict):
        return all(map(_finite, data.values()))
    if isinstance(data, list):
        return all(map(_finite, data))
    return not isinstance(data, float) or isfinite(data)


def parse_form(body: bytes) -> dict[str, str]:
    """Parse an `application/x-www-form-urlencoded` body. Of several fields with one name, the last counts.

    Raises ValueError.
    """
    pairs = parse_qsl(
        body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, strict_parsing=False
    )
    return dict(pairs)


def parse_query(query: bytes) -> Mapping[str, str]:
    """Parse the query parameters. Of several with one name, the last counts. Bytes that are not UTF-8 are replaced."""
    if not query:
        return _NO_QUERY
    try:
        return dict(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS))
    except ValueError:
        return _NO_QUERY


def media_type(header: str | None) -> str:
    """Return the media type of a Content-Type header without its parameters, in lower case."""
    return (header or "").partition(";")[0].strip().lower()


_NO_QUERY: Mapping[str, str] = {}
