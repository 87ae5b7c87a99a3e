"""The duration of an MP4 file, from its header boxes."""

import struct

# The number of bytes that are read from an `mvhd` or `mehd` box.
FIELDS = 32


class MalformedError(Exception):
    """The bytes are not valid boxes."""


class Movie:
    """The duration of an MP4, from its header boxes in any order."""

    __slots__ = ("_fragments", "_length", "_timescale", "has_header", "has_media", "is_fragmented")

    def __init__(self) -> None:
        self._timescale = 0
        self._length: int | None = None
        self._fragments: int | None = None
        self.has_header = False
        self.has_media = False
        self.is_fragmented = False

    def read_mvhd(self, fields: bytes) -> None:
        """Read time scale and duration (ISO 14496-12, section 8.2.2). Raises MalformedError if the box is too short."""
        if self.has_header:
            return
        self.has_header = True
        match _version(fields):
            case 0:
                self._timescale, self._length = _timed(">II", fields, 12)
            case 1:
                self._timescale, self._length = _timed(">IQ", fields, 20)

    def read_mehd(self, fields: bytes) -> None:
        """Read the duration of all fragments (ISO 14496-12, section 8.8.2). Raises MalformedError if too short."""
        match _version(fields):
            case 0:
                self._fragments = _unpacked(">I", fields, 4)[0]
            case 1:
                self._fragments = _unpacked(">Q", fields, 4)[0]

    @property
    def duration_ms(self) -> int | None:
        """The duration in milliseconds, rounded to the nearest; None if the file does not state it.

        Live recordings often do not: they consist of fragments, and `mvhd` covers at most the first. `mehd` states the
        sum; without it the fragments would have to be read (section 8.8.2), which is not done.
        """
        length = (self._fragments or None) if self.is_fragmented else self._length
        if length is None or not self._timescale:
            return None
        return (length * 1000 + self._timescale // 2) // self._timescale


def _version(fields: bytes) -> int:
    if not fields:
        raise MalformedError("a header box is empty")
    return fields[0]


def _timed(layout: str, fields: bytes, at: int) -> tuple[int, int | None]:
    timescale, length = _unpacked(layout, fields, at)
    # Section 8.2.2.3: all bits set means "cannot be determined".
    unknown = 0xFFFFFFFF if layout.endswith("I") else 0xFFFFFFFFFFFFFFFF
    return timescale, None if length == unknown else length


def _unpacked(layout: str, fields: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, fields, at)
    except struct.error as short:
        raise MalformedError("a header box is too short") from short
