"""What an MP4 file says about itself as a whole."""

import struct

# Enough of an `mvhd` or `mehd` box for everything that is read from it.
FIELDS = 32


class MalformedError(Exception):
    """The bytes cannot be boxes."""


class Movie:
    """The duration of an MP4, gathered from its header boxes in whatever order they come."""

    __slots__ = ("_fragments", "_length", "_timescale", "has_header", "has_media", "is_fragmented")

    def __init__(self) -> None:
        self._timescale = 0
        self._length: int | None = None
        self._fragments: int | None = None
        self.has_header = False
        self.has_media = False
        self.is_fragmented = False

    def read_mvhd(self, fields: bytes) -> None:
        """Take over timescale and duration (ISO 14496-12, section 8.2.2); raises MalformedError if cut short."""
        if self.has_header:
            return
        self.has_header = True
        match _version(fields):
            case 0:
                self._timescale, self._length = _timed(">II", fields, 12)
            case 1:
                self._timescale, self._length = _timed(">IQ", fields, 20)

    def read_mehd(self, fields: bytes) -> None:
        """Take over the duration of all fragments (ISO 14496-12, section 8.8.2); raises MalformedError if cut short."""
        match _version(fields):
            case 0:
                self._fragments = _unpacked(">I", fields, 4)[0]
            case 1:
                self._fragments = _unpacked(">Q", fields, 4)[0]

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds, rounded to the nearest; None when the file does not say.

        Live recordings often do not: they are made of fragments, of which `mvhd` counts at most the first. What states
        the sum is `mehd`; without it the fragments would have to be examined (section 8.8.2), and they are not.
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
    # Section 8.2.2.3: all ones mean "cannot be determined".
    unknown = 0xFFFFFFFF if layout.endswith("I") else 0xFFFFFFFFFFFFFFFF
    return timescale, None if length == unknown else length


def _unpacked(layout: str, fields: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, fields, at)
    except struct.error as short:
        raise MalformedError("a header box is cut short") from short
