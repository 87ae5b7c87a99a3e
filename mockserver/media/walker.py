"""Walks through the boxes of an MP4 file that arrives in pieces.

The walk is written as a generator, as if the whole file were available: it requests the next few bytes, or to be
resumed at a later position. `feed` answers these requests from the pieces as they arrive, so the generator does not
depend on where pieces end, and bytes that it does not request are only counted. It only enters `moov` and `mvex`, so it
nests three levels deep for any file.
"""

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeVar

from mockserver.media.movie import FIELDS, MalformedError, Movie

T = TypeVar("T")

# An hour with a fragment for each of 30 pictures per second has 216,000 boxes. Without a limit, a file of tiny boxes
# would take minutes; this many take about half a second.
MAX_BOXES = 250_000

_HEADER = 8


class _Request(NamedTuple):
    """A request to be resumed at the position `until` (None: never), with the bytes up to it if `keep`."""

    until: int | None
    keep: bool = False
    may_end: bool = False


_Script = Generator[_Request, bytes, T]
# The handler of each type of box. It gets the position at which the box ends (None: at the end of the input).
_Handlers = Mapping[bytes, Callable[[int | None], _Script[None]]]


class BoxWalker:
    """Reads a `Movie` from the bytes it is fed, and checks that the boxes fit into each other.

    At most 32 bytes are kept at any time. The time for a piece depends on the number of boxes that begin in it, not on
    its length. A file with more than `MAX_BOXES` boxes counts as malformed. Boxes are as in ISO 14496-12, section 4.2:
    with 32-bit and 64-bit sizes, and 0 for "to the end of the file".
    """

    def __init__(self) -> None:
        self.movie = Movie()
        self._at = 0
        self._valid = True
        self._boxes_left = MAX_BOXES
        self._kept = bytearray()
        self._script = self._file()
        self._request = next(self._script)

    def feed(self, piece: bytes) -> None:
        """Process the next bytes. Never raises an exception."""
        offset = 0
        while offset < len(piece):
            until, keep, _ = self._request
            here = len(piece) - offset
            step = here if until is None else min(here, until - self._at)
            if keep:
                self._kept += piece[offset : offset + step]
            offset += step
            self._at += step
            if self._at == until:
                self._resume()

    @property
    def whole(self) -> bool:
        """True if the input can end here: every box fits into the one around it, and none is cut off."""
        may_end = self._request.until is None or (self._request.may_end and not self._kept)
        return self._valid and may_end

    def _resume(self) -> None:
        kept = bytes(self._kept)
        self._kept.clear()
        self._request = self._script.send(kept)

    def _file(self) -> _Script[None]:
        try:
            yield from self._boxes(None, {b"moov": self._moov, b"mdat": self._mdat})
        except MalformedError:
            self._valid = False
        # It is unknown where the next box begins, so the rest is skipped.
        yield _Request(None)

    def _boxes(self, end: int | None, handlers: _Handlers) -> _Script[None]:
        # Fewer bytes than a header are padding, which some encoders write.
        while end is None or end - self._at >= _HEADER:
            kind, box_end = yield from self._header(end)
            handler = handlers.get(kind)
            if handler is not None:
                yield from handler(box_end)
            if box_end != self._at:
                yield _Request(box_end)

    def _header(self, end: int | None) -> _Script[tuple[bytes, int | None]]:
        start, top = self._at, end is None
        head = yield from self._read(_HEADER, may_end=top)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if size == 0 and top:
            return kind, None
        if size == 1:
            # If the size field itself is beyond the end, so is the box, and `_check` raises.
            size = int.from_bytes((yield from self._read(8)), "big")
        self._check(start, size, end)
        return kind, start + size

    def _check(self, start: int, size: int, end: int | None) -> None:
        self._boxes_left -= 1
        if start + size < self._at or (end is not None and start + size > end) or self._boxes_left < 0:
            raise MalformedError(f"the box at {start} has an invalid size of {size}, or there are too many boxes")

    def _read(self, count: int, *, may_end: bool = False) -> _Script[bytes]:
        if count <= 0:
            return b""
        return (yield _Request(self._at + count, keep=True, may_end=may_end))

    def _fields(self, end: int | None) -> _Script[bytes]:
        return (yield from self._read(FIELDS if end is None else min(FIELDS, end - self._at)))

    def _mdat(self, end: int | None) -> _Script[None]:
        self.movie.has_media = True
        yield from ()  # requests nothing: the media data is not used

    def _moov(self, end: int | None) -> _Script[None]:
        yield from self._boxes(end, {b"mvhd": self._mvhd, b"mvex": self._mvex})

    def _mvhd(self, end: int | None) -> _Script[None]:
        self.movie.read_mvhd((yield from self._fields(end)))

    def _mvex(self, end: int | None) -> _Script[None]:
        self.movie.is_fragmented = True
        yield from self._boxes(end, {b"mehd": self._mehd})

    def _mehd(self, end: int | None) -> _Script[None]:
        self.movie.read_mehd((yield from self._fields(end)))
