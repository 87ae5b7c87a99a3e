"""Streams: a text and a pace become pieces with delays, and a fault spoils them. Nothing here waits or sends."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

from mockserver.core.durations import Span
from mockserver.core.faults import Fault
from mockserver.core.scenario import PaceSpec
from mockserver.core.seeded import Seeded

Ending = Literal["complete", "truncate", "reset", "stall"]
# The delay in milliseconds before a piece, and the piece. One without bytes is a wait alone.
Chunk = tuple[int, bytes]

# What a stream's fault may be. Every other kind happens before the reply begins, or is a reply of its own.
SPOILING = ("truncate", "reset", "stall", "garble", "slow_drip")
# A longer stream has larger chunks instead, so that no text keeps a server busy with more than this many.
MOST_CHUNKS = 20_000
GARBLED = 16
_DRIPS_PER_SECOND = 10
_PER_DIGEST = 16

# Han, kana and Thai, with their punctuation, are written without spaces: two characters are about a word.
_DENSE = "\u0e00-\u0e7f\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff9f"
# Compiled by `re` when a first text needs one: it takes a millisecond, and most starts need none.
_UNITS = {"word": rf"\s*(?:[{_DENSE}]{{1,2}}|[^\s{_DENSE}]+)\s*|\s+", "line": r"[^\n]*\n|[^\n]+"}


class Track(NamedTuple):
    """A stream as it will be sent: its chunks, and how it ends after the last of them."""

    chunks: Sequence[Chunk]
    ending: Ending = "complete"

    @property
    def lasts(self) -> int:
        """Milliseconds from the start to the ending; a stall is an ending that nothing follows."""
        return sum(delay for delay, _ in self.chunks)


def paced(text: str, pace: PaceSpec, seeded: Seeded) -> list[Chunk]:
    """The chunks of `text` in UTF-8: `pace.size` units each, joined they are the text.

    No chunk ends inside a character unless the unit is `bytes`. The delays are fixed by `seeded`.
    """
    pieces = _pieces(text, pace)
    return list(zip(_delays(pace, seeded, len(pieces)), pieces, strict=True))


def spoilt(chunks: Sequence[Chunk], fault: Fault, seeded: Seeded) -> Track:
    """The stream of `chunks` with `fault`, which strikes when the byte at its share `at` of them would be sent."""
    before, after = _cut(chunks, round(_length(chunks) * fault.at))
    if fault.kind == "garble":
        return Track([*before, *_garbled(after)])
    if fault.kind == "slow_drip":
        return Track([*before, *_drip(after, fault.rate or 64)])
    if fault.kind == "stall" and fault.lasts is not None:
        pause = fault.lasting(partial(seeded.unit, "stall")) or 0
        return Track([*before, (pause, b""), *after])
    waits = after[:1]
    silent = [*before, *((delay, b"") for delay, _ in waits)]
    return Track(silent, "reset" if fault.kind == "reset" else "stall" if fault.kind == "stall" else "truncate")


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
    # One digest serves sixteen gaps: a hash for each would cost more than sending the chunk.
    units: list[float] = []
    for block in range(0, count, _PER_DIGEST):
        digest = seeded.digest("gaps", block, size=4 * _PER_DIGEST)
        units += (int.from_bytes(digest[at : at + 4], "big") / 0xFFFF_FFFF for at in range(0, len(digest), 4))
    return [every.pick(unit) for unit in units[:count]]


def _length(chunks: Sequence[Chunk]) -> int:
    return sum(len(data) for _, data in chunks)


def _cut(chunks: Sequence[Chunk], at: int) -> tuple[list[Chunk], list[Chunk]]:
    """The chunks before byte `at`, and those from it on. A chunk that is cut keeps its delay in its first half."""
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
        bad = bytes(b ^ 0xA5 for b in data[:left])
        left -= len(bad)
        yield delay, bad + data[len(bad) :]


def _drip(chunks: Sequence[Chunk], rate: int) -> Iterator[Chunk]:
    """The bytes of `chunks` at `rate` bytes a second, in at most ten drips a second."""
    whole = b"".join(data for _, data in chunks)
    size = max(1, rate // _DRIPS_PER_SECOND, -(-len(whole) // MOST_CHUNKS))
    passed = -chunks[0][0] if chunks else 0
    for at in range(0, len(whole), size):
        due = at * 1000 // rate
        yield due - passed, whole[at : at + size]
        passed = due
