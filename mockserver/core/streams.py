"""Streams: turns a text and a pace into chunks with delays, and applies a fault to them. Nothing waits or sends."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

from mockserver.core.durations import Span
from mockserver.core.faults import Fault
from mockserver.core.scenario import PaceSpec
from mockserver.core.seeded import Seeded

Ending = Literal["complete", "truncate", "reset", "stall"]
# The delay in milliseconds before a chunk, and its bytes. A chunk without bytes only waits.
Chunk = tuple[int, bytes]

# The faults that a stream can have. Every other kind happens before the reply begins, or replaces the whole reply.
STREAM_FAULTS = ("truncate", "reset", "stall", "garble", "slow_drip")
# A longer stream has larger chunks instead, so that no text keeps a server busy with more chunks than this.
MOST_CHUNKS = 20_000
GARBLED = 16
_DRIPS_PER_SECOND = 10
_PER_DIGEST = 16

# Han, kana and Thai, with their punctuation, are written without spaces. Two characters count as a word.
_DENSE = "\u0e00-\u0e7f\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff9f"
# `re` compiles each pattern when it is first used: that takes a millisecond, and most starts need none.
_UNITS = {"word": rf"\s*(?:[{_DENSE}]{{1,2}}|[^\s{_DENSE}]+)\s*|\s+", "line": r"[^\n]*\n|[^\n]+"}


class Track(NamedTuple):
    """The chunks of a stream and how it ends after the last one. `resumed` are those that follow a held stall."""

    chunks: Sequence[Chunk]
    ending: Ending = "complete"
    resumed: Sequence[Chunk] | None = None

    @property
    def lasts(self) -> int:
        """Milliseconds from the start to the ending, or to a held stall. Nothing follows any other stall."""
        return duration_of(self.chunks)


def paced(text: str, pace: PaceSpec, seeded: Seeded) -> list[Chunk]:
    """Split `text` into UTF-8 chunks of `pace.size` units each. Joined, the chunks are the text.

    No chunk ends inside a character unless the unit is `bytes`. `seeded` determines the delays.
    """
    pieces = _pieces(text, pace)
    return list(zip(_delays(pace, seeded, len(pieces)), pieces, strict=True))


def duration_of(chunks: Sequence[Chunk]) -> int:
    """Return the milliseconds that chunks take."""
    return sum(delay for delay, _ in chunks)


def with_fault(chunks: Sequence[Chunk], fault: Fault, seeded: Seeded) -> Track:
    """Apply `fault` to `chunks`. It happens when the byte at `fault.cut` of all bytes would be sent."""
    before, after = _cut(chunks, fault.cut(b"".join(data for _, data in chunks)))
    if fault.kind == "garble":
        return Track([*before, *_garbled(after)])
    if fault.kind == "slow_drip":
        return Track([*before, *_drip(after, fault.rate or 64)])
    if fault.kind == "stall" and fault.lasts is not None:
        pause = fault.pick_duration(partial(seeded.unit, "stall")) or 0
        return Track([*before, (pause, b""), *after])
    if fault.held:
        return Track(before, resumed=after)
    last_wait = [(delay, b"") for delay, _ in after[:1]]
    return Track(
        [*before, *last_wait], "reset" if fault.kind == "reset" else "stall" if fault.kind == "stall" else "truncate"
    )


def _pieces(text: str, pace: PaceSpec) -> list[bytes]:
    if pace.unit == "bytes":
        whole = text.encode("utf-8", "replace")
        size = _size(pace, len(whole))
        return [whole[at : at + size] for at in range(0, len(whole), size)]
    pattern = _UNITS.get(pace.unit)
    units: Sequence[str] = text if pattern is None else re.findall(pattern, text)
    size = _size(pace, len(units))
    if size > 1:
        units = ["".join(units[at : at + size]) for at in range(0, len(units), size)]
    return [unit.encode("utf-8", "replace") for unit in units]


def _size(pace: PaceSpec, units: int) -> int:
    return max(pace.size, -(-units // MOST_CHUNKS))


def _delays(pace: PaceSpec, seeded: Seeded, count: int) -> list[int]:
    first = pace.first.pick(seeded.unit("first") if pace.first.spread else 0.5)
    return [first, *_gaps(pace.every, seeded, count - 1)] if count else []


def _gaps(every: Span, seeded: Seeded, count: int) -> list[int]:
    if not every.spread:
        return [every.base] * count
    # One digest is enough for sixteen gaps. A hash for each would cost more than sending the chunk.
    units: list[float] = []
    for block in range(0, count, _PER_DIGEST):
        digest = seeded.digest("gaps", block, size=4 * _PER_DIGEST)
        units += (int.from_bytes(digest[at : at + 4], "big") / 0xFFFF_FFFF for at in range(0, len(digest), 4))
    return [every.pick(unit) for unit in units[:count]]


def _cut(chunks: Sequence[Chunk], at: int) -> tuple[list[Chunk], list[Chunk]]:
    """Split the chunks at byte `at`. If that is inside a chunk, its first half keeps the delay."""
    for i, (delay, data) in enumerate(chunks):
        if at < len(data):
            before, after = list(chunks[:i]), list(chunks[i + 1 :])
            if at == 0:
                return before, [(delay, data), *after]
            return [*before, (delay, data[:at])], [(0, data[at:]), *after]
        at -= len(data)
    return list(chunks), []


def _garbled(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    left = GARBLED
    for delay, data in chunks:
        garbled = bytes(b ^ 0xA5 for b in data[:left])
        left -= len(garbled)
        yield delay, garbled + data[len(garbled) :]


def _drip(chunks: Sequence[Chunk], rate: int) -> Iterator[Chunk]:
    """Yield the bytes of `chunks` at `rate` bytes per second, in at most ten chunks per second."""
    whole = b"".join(data for _, data in chunks)
    size = max(1, rate // _DRIPS_PER_SECOND, -(-len(whole) // MOST_CHUNKS))
    passed = -chunks[0][0] if chunks else 0
    for at in range(0, len(whole), size):
        due = at * 1000 // rate
        yield due - passed, whole[at : at + size]
        passed = due
