"""Request bodies: read up to a limit, and parsed as JSON or form fields."""

import re
from asyncio import AbstractEventLoop, Lock, get_running_loop
from collections.abc import Mapping
from hashlib import blake2b
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json

from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.core.journal import KEPT_BODY
from mockserver.wire import large_json
from mockserver.wire.request import Connection, Disconnected, Request

_LENGTH = re.compile(r"[0-9]{1,18}\Z")
# A number that is too large for a float has an exponent or very many digits.
_HUGE = re.compile(rb"[0-9][eE]|[0-9]{300}")

# After a refusal this many bytes of the body are read and discarded. Otherwise the client might get a reset instead of
# the reply.
MAX_DRAINED = 8 * 1_048_576
MAX_FORM_FIELDS = 1_000
# Bodies with more bytes are parsed in pieces, and the number of values in them is limited.
LARGE_BODY = 65_536


class BodyMemory:
    """Limits the bytes of request bodies that a server has in memory at the same time.

    Bodies that arrive in one piece with their head are not counted, because they are answered at once.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._loop: AbstractEventLoop | None = None
        self._lock = Lock()

    def take(self, count: int) -> None:
        """Count more bytes. Raises Refusal `overloaded` if they would exceed the limit."""
        if self.used + count > self.limit:
            note = f"the bodies of all requests would need more than {self.limit >> 20} MiB: see body_memory"
            raise Refusal("overloaded", note=note, retry_after=1_000)
        self.used += count

    def release(self, count: int) -> None:
        """Count bytes as free again."""
        self.used -= count

    def one_at_a_time(self) -> Lock:
        """Return the lock with which only one large body at a time is parsed. Parsing needs more memory than a body."""
        loop = get_running_loop()
        if loop is not self._loop:
            self._loop, self._lock = loop, Lock()
        return self._lock


async def read_body(
    request: Request, connection: Connection, limit: int, memory: BodyMemory | None = None
) -> bytes | bytearray:
    """Return the whole body.

    If it comes from the connection, its bytes are taken from `memory`, and the caller releases them. Raises Refusal
    `too_large` if it has more than `limit` bytes, Refusal `overloaded` if the memory is used up, and Disconnected.
    """
    body = request.body
    if body is not None:
        if len(body) > limit:
            raise _too_large(limit)
        return body
    declared = request.headers.get("content-length")
    if declared is not None and _LENGTH.match(declared) and int(declared) > limit:
        await drain(connection)
        raise _too_large(limit)
    # A large body is not copied into bytes, which would take tens of milliseconds.
    parts, taken = bytearray(), 0
    try:
        while (piece := await connection.read()) is not None:
            if memory is not None:
                memory.take(len(piece))
                taken += len(piece)
            parts += piece
            if len(parts) > limit:
                raise _too_large(limit)
    except BaseException as error:
        parts.clear()
        if memory is not None:
            memory.release(taken)
        if isinstance(error, Refusal):
            await drain(connection)
        raise
    return parts if len(parts) > LARGE_BODY else bytes(parts)


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


def parse_json(body: bytes | bytearray) -> Any:
    """Parse JSON (RFC 8259). Raises ValueError for anything else, including NaN, lone surrogates and deep nesting.

    Numbers that are too large for a float are refused too, because they would become infinite. The limits of
    `large_json` hold for a body with more than `LARGE_BODY` bytes.
    """
    if len(body) <= LARGE_BODY:
        return _parse_at_once(body)
    steps = large_json.parsed(body, _parse_at_once)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


async def parse_large_json(body: bytes | bytearray) -> Any:
    """Parse JSON like `parse_json`, and let other requests run after each piece."""
    steps = large_json.parsed(body, _parse_at_once)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        await let_others_run()


def _parse_at_once(body: bytes | bytearray) -> Any:
    data = from_json(body, allow_inf_nan=False)
    if _HUGE.search(body) and not _finite(data):
        raise ValueError("number out of range")
    return data


async def shortened(body: bytes | bytearray) -> bytes:
    """Return the beginning of a large body and a digest of all of it, to be kept and compared in its place."""
    digest = blake2b(digest_size=16)
    for at in range(0, len(body), large_json.PIECE):
        digest.update(body[at : at + large_json.PIECE])
        await let_others_run()
    return bytes(body[:KEPT_BODY]) + digest.digest()


def with_whole_numbers(data: Any) -> Any:
    """Return the data with 1.0 as 1. Both are integers in JSON Schema, and some clients do not distinguish them."""
    if isinstance(data, dict):
        return {key: with_whole_numbers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [with_whole_numbers(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() and abs(data) < 2**53 else data


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


def parse_query(query: bytes, *, first_counts: bool = False) -> Mapping[str, str]:
    """Parse the query parameters. Bytes that are not UTF-8 are replaced.

    Of several with one name the last counts, or the first if `first_counts`.
    """
    if not query:
        return _NO_QUERY
    try:
        text = query.decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
        return dict(reversed(pairs) if first_counts else pairs)
    except ValueError:
        return _NO_QUERY


def media_type(header: str | None) -> str:
    """Return the media type of a Content-Type header without its parameters, in lower case."""
    return (header or "").partition(";")[0].strip().lower()


_NO_QUERY: Mapping[str, str] = {}
