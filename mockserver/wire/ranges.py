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
    """Bytes that do not change, with their type; clients may keep them for `max_age` seconds."""

    data: bytes
    content_type: str
    max_age: int = 3600

    @cached_property
    def etag(self) -> str:
        """A strong entity tag (RFC 9110 section 8.8.3): the same bytes have the same."""
        return f'"{blake2b(self.data, digest_size=16).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `first` to `last`, both included, of `size`."""

    first: int
    last: int
    size: int

    @property
    def satisfiable(self) -> bool:
        return 0 <= self.first <= self.last < self.size


def file_reply(file: File, method: str, headers: Mapping[str, str]) -> Reply:
    """The reply to a GET or HEAD for `file`: 200, 206, 304, 412 or 416. Names of headers are in lower case.

    The order of the conditions is that of RFC 9110 section 13.2.2. A file has no modification date, so conditions on
    dates are ignored, and an If-Range with a date never holds.
    """
    if "if-match" in headers and not _listed(headers["if-match"], file.etag, strong=True):
        return _reply(412, file)
    if "if-none-match" in headers and _listed(headers["if-none-match"], file.etag, strong=False):
        return _reply(304, file)
    # Section 14.2: only GET has ranges, and one that is conditional on other bytes asks for the whole.
    wanted = headers.get("range") if method == "GET" and headers.get("if-range", file.etag) == file.etag else None
    part = parse_range(wanted, len(file.data)) if wanted is not None else None
    if part is None:
        return _reply(200, file, file.data)
    if not part.satisfiable:
        return _reply(416, file, b"", f"bytes */{part.size}")
    data = file.data[part.first : part.last + 1]
    return _reply(206, file, data, f"bytes {part.first}-{part.last}/{part.size}")


def parse_range(value: str, size: int) -> Part | None:
    """The part that a Range header asks for, cut to what there is; one beyond the end is not satisfiable.

    None for what may be answered with the whole (RFC 9110 section 14.2): another unit than bytes, bad syntax, or
    several ranges at once.
    """
    unit, _, ranges = value.partition("=")
    asked = [one.strip(" \t") for one in ranges.split(",") if one.strip(" \t")]
    found = _RANGE.fullmatch(asked[0]) if unit.strip().lower() == "bytes" and len(asked) == 1 else None
    if found is None or not any(found.groups()):
        return None
    first, last = (_position(digits) for digits in found.groups())
    if first is None:
        # The last so many bytes, or all when there are fewer; the last 0 bytes are none.
        length = last or 0
        return Part(max(0, size - length) if length else size, size - 1, size)
    if last is not None and last < first:
        return None
    return Part(first, size - 1 if last is None else min(last, size - 1), size)


def _position(digits: str) -> int | None:
    # Twenty digits are beyond the end of everything, and thousands of them Python would refuse to convert.
    return int(digits.lstrip("0")[:20] or "0") if digits else None


def _listed(value: str, etag: str, *, strong: bool) -> bool:
    """True when a list of entity tags has `etag`; a weak tag counts only in a weak comparison (section 8.8.3.2)."""
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
