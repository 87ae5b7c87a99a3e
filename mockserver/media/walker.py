"""A walk through the boxes of an MP4 file that arrives in pieces.

The walk is a script, written as if the file were at hand: a generator that asks for the next few bytes, or to be woken
at a later position. `feed` serves it from whatever pieces arrive. So the script never sees a piece's edge, and what it
does not ask for is counted and dropped. It looks into `moov` and `mvex` only, hence nests three deep whatever the file
does.
"""

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeVar

from mockserver.media.movie import FIELDS, MalformedError, Movie

T = TypeVar("T")

# An hour of fragments, one for each of 30 pictures a second, has 216,000 boxes. A file of nothing but tiny boxes would
# keep a processor busy for minutes; this many take it about half a second.
MOST_BOXES = 250_000

_HEADER = 8


class _Ask(NamedTuple):
    """To be woken at the position `until` (None: never), with the bytes up to it if `keep`."""

    until: int | None
    keep: bool = False
    may_end: bool = False


_Script = Generator[_Ask, bytes, T]
# What to do inside a box that ends at the given position (None: wherever the input ends).
_Visits = Mapping[bytes, Callable[[int | None], _Script[None]]]


class BoxWalker:
    """Fills in a `Movie` from the bytes it is fed, and knows whether the boxes fit together.

    At most 32 bytes are held back at any time. The work a call does grows with the boxes that begin in the piece, not
    with its length, and ends after `MOST_BOXES` of them, which counts as malformed. Boxes are as in ISO 14496-12,
    section 4.2: 32-bit and 64-bit sizes, and 0 for "to the end of the file".
    """

    def __init__(self) -> None:
        self.movie = Movie()
        self._at = 0
        self._sound = True
        self._boxes_left = MOST_BOXES
        self._kept = bytearray()
        self._script = self._file()
        self._ask = next(self._script)

    def feed(self, piece: bytes) -> None:
        """Walk on through `piece`, the bytes after those fed before; never raises."""
        offset = 0
        while offset < len(piece):
            until, keep, _ = self._ask
            here = len(piece) - offset
            step = here if until is None else min(here, until - self._at)
            if keep:
                self._kept += piece[offset : offset + step]
            offset += step
            self._at += step
            if self._at == until:
                self._wake()

    @property
    def whole(self) -> bool:
        """True when the input may end here: every box fits in the one around it and none is cut off."""
        may_end = self._ask.until is None or (self._ask.may_end and not self._kept)
        return self._sound and may_end

    def _wake(self) -> None:
        got = bytes(self._kept)
        self._kept.clear()
        self._ask = self._script.send(got)

    def _file(self) -> _Script[None]:
        try:
            yield from self._boxes(None, {b"moov": self._moov, b"mdat": self._mdat})
        except MalformedError:
            self._sound = False
        # There is no telling where the next box would begin: the rest is passed over.
        yield _Ask(None)

    def _boxes(self, end: int | None, visits: _Visits) -> _Script[None]:
        # Less than a header before the end is padding, as some writers leave it.
        while end is None or end - self._at >= _HEADER:
            kind, box_end = yield from self._header(end)
            visit = visits.get(kind)
            if visit is not None:
                yield from visit(box_end)
            if box_end != self._at:
                yield _Ask(box_end)

    def _header(self, end: int | None) -> _Script[tuple[bytes, int | None]]:
        start, top = self._at, end is None
        head = yield from self._read(_HEADER, may_end=top)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if size == 0 and top:
            return kind, None
        if size == 1:
            # Should the size itself lie beyond the end, so does any box that it allows: `_check` finds out.
            size = int.from_bytes((yield from self._read(8)), "big")
        self._check(start, size, end)
        return kind, start + size

    def _check(self, start: int, size: int, end: int | None) -> None:
        self._boxes_left -= 1
        if start + size < self._at or (end is not None and start + size > end) or self._boxes_left < 0:
            raise MalformedError(f"the box at {start} has an impossible size of {size}, or is one too many")

    def _read(self, count: int, *, may_end: bool = False) -> _Script[bytes]:
        if count <= 0:
            return b""
        return (yield _Ask(self._at + count, keep=True, may_end=may_end))

    def _fields(self, end: int | None) -> _Script[bytes]:
        return (yield from self._read(FIELDS if end is None else min(FIELDS, end - self._at)))

    def _mdat(self, end: int | None) -> _Script[None]:
        self.movie.has_media = True
        yield from ()  # asks for nothing: no byte of media is of interest

    def _moov(self, end: int | None) -> _Script[None]:
        yield from self._boxes(end, {b"mvhd": self._mvhd, b"mvex": self._mvex})

    def _mvhd(self, end: int | None) -> _Script[None]:
        self.movie.read_mvhd((yield from self._fields(end)))

    def _mvex(self, end: int | None) -> _Script[None]:
        self.movie.is_fragmented = True
        yield from self._boxes(end, {b"mehd": self._mehd})

    def _mehd(self, end: int | None) -> _Script[None]:
        self.movie.read_mehd((yield from self._fields(end)))
