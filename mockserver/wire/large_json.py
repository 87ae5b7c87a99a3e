"""Parses large JSON texts (RFC 8259) in pieces, so that other requests do not wait.

The parser of pydantic takes a whole text at once. So a large text is split first: long strings, such as files in
Base64, are decoded one piece at a time, and the parser gets the rest, with a short mark in place of each long string.
The rest and the number of values in it are limited, so that parsing it takes only a few milliseconds.

Each function that takes time is a generator, which yields after at most `PIECE` bytes.
"""

import re
import sys
from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

from pydantic_core import from_json

T = TypeVar("T")
_Steps = Generator[None, None, T]

# Bytes that are searched or decoded before others get a turn, which takes about a millisecond.
PIECE = 262_144
# Strings with more bytes than this are decoded separately.
LONG_STRING = 4_096
# The limits of a large text: bytes besides long strings, values, bytes of a name, and bytes of a string that is not
# ASCII. Characters that are not ASCII need up to four times as much memory. Files in Base64 are ASCII.
MAX_REST = 1_048_576
MAX_VALUES = 20_000
MAX_NAME = 1_048_576
MAX_NOT_ASCII = 2_097_152
# Strings that are found before others get a turn.
_STRINGS = 4_096

# No match of these ends within an escape sequence. The second does not split a pair of surrogates either, and stops
# before what is not a valid escape sequence.
_WITHOUT_QUOTES = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
# Before Python 3.11.5 a possessive repeat of a group keeps the part of an escape that does not match (gh-106052).
# Without the last `+` this takes four times as long.
_POSSESSIVE = b"+" if sys.version_info >= (3, 11, 5) else b""
_WHOLE_ESCAPES = re.compile(
    rb'(?:[^"\\]++|\\(?:["\\/bfnrt]|u(?:(?![dD][89abAB])[0-9a-fA-F]{4}|[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4})))*'
    + _POSSESSIVE
)
# Marks begin with a character that is in no other string of the rest: such strings are decoded separately too.
_MARK = "\0"
_ESCAPED_MARK = b"\\u0000"


class _Split(NamedTuple):
    """A text without its long strings, each of which has a mark, and where the long strings begin and end."""

    rest: bytes
    long: list[tuple[int, int]]


def parsed(text: bytes | bytearray, parse: Callable[[bytes], Any]) -> _Steps[Any]:
    """Return the data of a large JSON text. `parse` parses a text of limited size.

    Raises ValueError if the text is not valid, or exceeds one of the limits.
    """
    split = yield from _split(text)
    data = parse(split.rest)
    if not split.long:
        return data
    strings = []
    for begin, end in split.long:
        strings.append((yield from _decoded(text, begin, end)))
        yield
    return _restored(data, strings)


def _split(text: bytes | bytearray) -> _Steps[_Split]:
    at, count, values, rest, long = 0, 0, 0, bytearray(), list[tuple[int, int]]()
    while at < len(text):
        quote = text.find(b'"', at, at + PIECE)
        end = quote if quote >= 0 else min(at + PIECE, len(text))
        values += text.count(b",", at, end)
        rest += text[at:end]
        at = end
        if quote >= 0:
            at = yield from _end_of_string(text, quote + 1)
            if at - quote > LONG_STRING or text.startswith(_ESCAPED_MARK, quote + 1):
                rest += b'"%b%d"' % (_ESCAPED_MARK, len(long))
                long.append((quote + 1, at))
            else:
                rest += text[quote : at + 1]
            at, count = at + 1, count + 1
        if len(rest) > MAX_REST or values > MAX_VALUES:
            raise ValueError(f"a large body can have at most {MAX_VALUES:,} values, in {MAX_REST:,} bytes")
        if quote < 0 or not count % _STRINGS:
            yield
    return _Split(bytes(rest), long)


def _end_of_string(text: bytes | bytearray, at: int) -> _Steps[int]:
    """Return the position of the quote that ends the string which begins at `at`."""
    while at < len(text):
        stop = min(at + PIECE, len(text))
        quote = text.find(b'"', at, stop)
        plain = stop if quote < 0 else quote
        if text.find(b"\\", at, plain) >= 0:
            match = _WITHOUT_QUOTES.match(text, at, stop)
            plain = match.end() if match else at
            quote = plain if text.startswith(b'"', plain) else -1
        if quote >= 0:
            return quote
        if plain == at:
            break  # the text ends within an escape sequence
        at = plain
        yield
    raise ValueError("a string has no end")


def _decoded(text: bytes | bytearray, begin: int, end: int) -> _Steps[str]:
    parts, at = list[str](), begin
    while at < end:
        cut = _cut(text, at, min(at + PIECE, end), end)
        parts.append(from_json(b'"' + bytes(text[at:cut]) + b'"', allow_inf_nan=False))
        if end - begin > MAX_NOT_ASCII and not parts[-1].isascii():
            raise ValueError(f"a string that is not ASCII can have at most {MAX_NOT_ASCII:,} bytes")
        at = cut
        if at < end:
            yield
    return "".join(parts)


def _cut(text: bytes | bytearray, at: int, cut: int, end: int) -> int:
    """Return where the piece of a string ends that begins at `at` and ends at `cut` at the latest.

    It does not end within an escape sequence, or within a character (RFC 3629 section 3).
    """
    if text.find(b"\\", at, cut) >= 0:
        match = _WHOLE_ESCAPES.match(text, at, cut)
        cut = match.end() if match else at
    for _ in range(3):
        if cut < end and text[cut] & 0xC0 == 0x80:
            cut -= 1
    if cut <= at:
        raise ValueError("a string has an invalid escape sequence")
    return cut


def _restored(data: Any, strings: list[str]) -> Any:
    """Return the data with the long strings in place of their marks."""
    if isinstance(data, str):
        return strings[int(data[1:])] if data[:1] == _MARK else data
    if isinstance(data, list):
        return [_restored(each, strings) for each in data]
    if isinstance(data, dict):
        return {_name(_restored(key, strings)): _restored(value, strings) for key, value in data.items()}
    return data


def _name(name: str) -> str:
    if len(name) > MAX_NAME:
        raise ValueError(f"a name can have at most {MAX_NAME:,} characters")
    return name
