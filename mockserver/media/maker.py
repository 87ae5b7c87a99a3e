"""Creates playable MP4 files of any duration from ready-made pictures."""

from dataclasses import dataclass
from struct import pack
from typing import TYPE_CHECKING

from mockserver.core.seeded import Seeded
from mockserver.media import frames
from mockserver.media.boxes import box, full_box

if TYPE_CHECKING:
    from mockserver.media.sound import Silence

LONGEST_MS = 3_600_000

# The time scale of the file. A tick is a millisecond, so that no duration is rounded.
_TIMESCALE = 1000
_MATRIX = pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Mp4:
    """The bytes of a video, its duration in milliseconds, its size in pixels and its number of frames."""

    data: bytes
    duration_ms: int
    width: int
    height: int
    frame_count: int


def video(duration_ms: int, seed: Seeded, lines: int = 360, *, portrait: bool = False, sound: bool = False) -> Mp4:
    """Create a playable MP4 that lasts exactly `duration_ms` milliseconds, from 1 to `LONGEST_MS`.

    `lines` is the shorter side in pixels: 360, 480, 720, 1080 or 2160. A `portrait` video is higher than wide; there is
    none of 360. It has ten H.264 pictures per second (constrained baseline, yuv420p), about 2 KB per second, 9 KB with
    1080 lines or 32 KB with 2160; the last picture is shown for the rest of the time. With `sound` it has a track of
    silence. The index comes before the pictures, so that it plays while it loads. The same arguments give the same
    bytes. Different seeds give different bytes and mostly different colours. Raises ValueError when the duration is out
    of range.
    """
    if not 1 <= duration_ms <= LONGEST_MS:
        raise ValueError(f"the duration of a video must be from 1 to {LONGEST_MS} ms, not {duration_ms}")
    width, height = (lines, frames.LONGER[lines]) if portrait else (frames.LONGER[lines], lines)
    pictures = frames.load(width, height)
    loop = pictures.loops[frames.palette(seed) % len(pictures.loops)]
    count = -(-duration_ms // frames.FRAME_MS)
    table, silence = _SampleTable(pictures.avcc, loop, count, duration_ms, width, height), _silence(duration_ms, sound)
    mdat = box(b"mdat", _repeated(loop, count), b"" if silence is None else silence.data)
    head = _before_pictures(table, silence, seed)
    return Mp4(head + mdat, duration_ms, width, height, count)


@dataclass(frozen=True, slots=True)
class _SampleTable:
    """The sample table: the positions and durations of the pictures (ISO 14496-12, sections 8.5 to 8.7)."""

    avcc: bytes
    loop: tuple[bytes, ...]
    count: int
    duration_ms: int
    width: int
    height: int

    @property
    def size(self) -> int:
        """The size of all pictures in bytes."""
        whole, rest = divmod(self.count, len(self.loop))
        return sum(map(len, self.loop)) * whole + sum(map(len, self.loop[:rest]))

    def boxed(self, chunk_offset: int) -> bytes:
        return box(
            b"stbl",
            full_box(b"stsd", 0, pack(">I", 1), self._sample_entry()),
            self._times(),
            # The pictures at which a player can start (section 8.6.2), and one chunk with all of them.
            self._sync_samples(),
            full_box(b"stsc", 0, pack(">IIII", 1, 1, self.count, 1)),
            self._sizes(),
            full_box(b"stco", 0, pack(">II", 1, chunk_offset)),
        )

    def _sample_entry(self) -> bytes:
        # VisualSampleEntry, section 12.1.3: 72 dpi, one frame per sample, no compressor name, a depth of 24 bits.
        fields = pack(">6xH16xHHIIIH32xHh", 1, self.width, self.height, 0x480000, 0x480000, 0, 1, 24, -1)
        return box(b"avc1", fields, box(b"avcC", self.avcc))

    def _times(self) -> bytes:
        last = self.duration_ms - (self.count - 1) * frames.FRAME_MS
        runs = [(self.count - 1, frames.FRAME_MS), (1, last)] if self.count > 1 else [(1, last)]
        return full_box(b"stts", 0, pack(">I", len(runs)), *(pack(">II", *run) for run in runs))

    def _sizes(self) -> bytes:
        sizes = tuple(pack(">I", len(picture)) for picture in self.loop)
        return full_box(b"stsz", 0, pack(">II", 0, self.count), _repeated(sizes, self.count))

    def _sync_samples(self) -> bytes:
        numbers = range(1, self.count + 1, frames.GROUP)
        return full_box(b"stss", 0, pack(f">I{len(numbers)}I", len(numbers), *numbers))


def _silence(duration_ms: int, sound: bool) -> "Silence | None":
    if not sound:
        return None
    from mockserver.media.sound import Silence  # few videos have sound

    return Silence(duration_ms)


def _repeated(loop: tuple[bytes, ...], count: int) -> bytes:
    whole, rest = divmod(count, len(loop))
    return b"".join(loop) * whole + b"".join(loop[:rest])


def _before_pictures(table: _SampleTable, silence: "Silence | None", seed: Seeded) -> bytes:
    # A box that readers ignore (section 8.1.2), so that two videos that look the same have different bytes.
    identity = box(b"free", b"made by mockserver ", seed.hexadecimal(32, "video").encode("ascii"))
    ftyp = box(b"ftyp", b"isom", pack(">I", 512), b"isomiso2avc1mp41")
    # The index contains the offset of the pictures, which come after it. Its size does not depend on the offset.
    offset = len(ftyp) + len(_moov(table, silence, 0)) + len(identity) + 8
    return ftyp + _moov(table, silence, offset) + identity


def _moov(table: _SampleTable, silence: "Silence | None", chunk_offset: int) -> bytes:
    # All creation times are 0, so that the same video always has the same bytes.
    duration = table.duration_ms
    mvhd = pack(">IIIIIH10x36s24xI", 0, 0, _TIMESCALE, duration, 0x10000, 0x100, _MATRIX, 2 if silence is None else 3)
    size = (table.width << 16, table.height << 16)
    tkhd = pack(">IIIxxxxI8xHHHxx36sII", 0, 0, 1, duration, 0, 0, 0, _MATRIX, *size)
    # Flags 3: the track is enabled and used in the presentation (section 8.3.2).
    track = box(b"trak", full_box(b"tkhd", 3, tkhd), _mdia(table, chunk_offset))
    # The frames of sound come after the pictures.
    sound = b"" if silence is None else silence.track(2, _MATRIX, chunk_offset + table.size)
    return box(b"moov", full_box(b"mvhd", 0, mvhd), track, sound)


def _mdia(table: _SampleTable, chunk_offset: int) -> bytes:
    undetermined = 0x55C4  # "und", three letters of five bits (section 8.4.2)
    mdhd = pack(">IIIIHxx", 0, 0, _TIMESCALE, table.duration_ms, undetermined)
    # Flags 1 of url: the pictures are in this file (section 8.7.2). Flags 1 of vmhd are fixed (section 12.1.2).
    data_reference = full_box(b"dref", 0, pack(">I", 1), full_box(b"url ", 1))
    minf = box(b"minf", full_box(b"vmhd", 1, bytes(8)), box(b"dinf", data_reference), table.boxed(chunk_offset))
    handler = full_box(b"hdlr", 0, pack(">4x4s12x", b"vide"), b"VideoHandler\0")
    return box(b"mdia", full_box(b"mdhd", 0, mdhd), handler, minf)
