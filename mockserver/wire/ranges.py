"""Files over HTTP: conditional requests and single byte ranges (RFC 9110 sections 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from mockserver.kit.operations import Header, Reply

_RANGE = re.compile(r"([0-9]*)-([0-9]*)")
_TAG = re.compile(r'(W/)?("[^"]*")')


@dataclass(frozen=True)
class File:
    """A file whose content does not change. Clients may cache it for `max_age` seconds."""

    data: bytes
    content_type: str
    max_age: int = 3600

    @cached_property
    def etag(self) -> str:
        """The strong entity tag of the content (RFC 9110 section 8.8.3)."""
        return f'"{blake2b(self.data, digest_size=16).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `first` to `last`, inclusive, of a file of `size` bytes."""

    first: int
    last: int
    size: int

    @property
    def satisfiable(self) -> bool:
        return 0 <= self.first <= self.last < self.size


def file_reply(file: File, method: str, headers: Mapping[str, str]) -> Reply:
    """Return the reply to a GET or HEAD for `file`: 200, 206, 304, 412 or 416. Header names are in lower case.

    Conditions are checked in the order of RFC 9110 section 13.2.2. A file has no modification date, so conditions on
    dates are ignored, and an If-Range with a date is never true.
    """
    if "if-match" in headers and not _listed(headers["if-match"], file.etag, strong=True):
        return _reply(412, file)
    if "if-none-match" in headers and _listed(headers["if-none-match"], file.etag, strong=False):
        return _reply(304, file)
    # Section 14.2: only GET has ranges. A range whose If-Range has another entity tag is ignored (section 13.1.5).
    value = headers.get("range") if method == "GET" and headers.get("if-range", file.etag) == file.etag else None
    byte_range = parse_range(value, len(file.data)) if value is not None else None
    if byte_range is None:
        return _reply(200, file, file.data)
    if not byte_range.satisfiable:
        return _reply(416, file, b"", f"bytes */{byte_range.size}")
    first, last = byte_range.first, byte_range.last
    return _reply(206, file, file.data[first : last + 1], f"bytes {first}-{last}/{byte_range.size}")


def parse_range(value: str, size: int) -> ByteRange | None:
    """Parse a Range header for a file of `size` bytes. A range that begins beyond the end is not satisfiable.

    Returns None if the whole file may be sent instead (RFC 9110 section 14.2): for another unit than bytes, for bad
    syntax, and for several ranges.
    """
    unit, _, list_of_ranges = value.partition("=")
    ranges = [text.strip(" \t") for text in list_of_ranges.split(",") if text.strip(" \t")]
    match = _RANGE.fullmatch(ranges[0]) if unit.strip().lower() == "bytes" and len(ranges) == 1 else None
    if match is None or not any(match.groups()):
        return None
    first, last = (_position(digits) for digits in match.groups())
    if first is None:
        # A suffix range: the last `length` bytes, or the whole file if it is shorter. A length of 0 is an empty range.
        length = last or 0
        return ByteRange(max(0, size - length) if length else size, size - 1, size)
    if last is not None and last < first:
        return None
    return ByteRange(first, size - 1 if last is None else min(last, size - 1), size)


def _position(digits: str) -> int | None:
    # Twenty digits are beyond the end of any file. Python refuses to convert thousands of digits.
    return int(digits.lstrip("0")[:20] or "0") if digits else None


def _listed(value: str, etag: str, *, strong: bool) -> bool:
    """Return true if a list of entity tags contains `etag`. A strong comparison ignores weak tags (8.8.3.2)."""
    return value.strip() == "*" or any(tag == etag and not (strong and weak) for weak, tag in _TAG.findall(value))


def _reply(status: int, file: File, body: bytes = b"", content_range: str = "") -> Reply:
    headers: list[Header] = [
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"public, max-age=%d" % file.max_age),
        (b"etag", file.etag.encode()),
    ]
    if content_range:
        headers.append((b"content-range", content_range.encode()))
    return Reply(status, body, headers, file.content_type)
