"""The sound of generated videos: silence, as AAC."""

from dataclasses import dataclass
from struct import pack

from mockserver.media.boxes import box, full_box

_RATE = 44_100
# One frame of silence, as ffmpeg 5.1 encodes it (`-f lavfi -i anullsrc=r=44100:cl=mono -c:a aac`), and its length.
_FRAME, _SAMPLES = bytes.fromhex("01182007"), 1_024
# AudioSpecificConfig: AAC-LC, 44.1 kHz, one channel (ISO 14496-3, section 1.6.2.1).
_CONFIGURATION = bytes.fromhex("1208")
_BITRATE = len(_FRAME) * 8 * _RATE // _SAMPLES


@dataclass(frozen=True, slots=True)
class Silence:
    """A track of silence that lasts `duration_ms` milliseconds."""

    duration_ms: int

    @property
    def data(self) -> bytes:
        """The frames."""
        return _FRAME * self._count

    @property
    def _total(self) -> int:
        """The number of samples."""
        return max(1, self.duration_ms * _RATE // 1000)

    @property
    def _count(self) -> int:
        return -(-self._total // _SAMPLES)

    def track(self, number: int, matrix: bytes, chunk_offset: int) -> bytes:
        """Return the track box. `chunk_offset` is the position of the frames in the file, in bytes."""
        # Volume 1.0, and no width or height (ISO 14496-12, section 8.3.2).
        tkhd = pack(">IIIxxxxI8xHHHxx36sII", 0, 0, number, self.duration_ms, 0, 0, 0x100, matrix, 0, 0)
        mdhd = pack(">IIIIHxx", 0, 0, _RATE, self._total, 0x55C4)
        handler = full_box(b"hdlr", 0, pack(">4x4s12x", b"soun"), b"SoundHandler\0")
        data_reference = full_box(b"dref", 0, pack(">I", 1), full_box(b"url ", 1))
        minf = box(b"minf", full_box(b"smhd", 0, bytes(4)), box(b"dinf", data_reference), self._table(chunk_offset))
        return box(b"trak", full_box(b"tkhd", 3, tkhd), box(b"mdia", full_box(b"mdhd", 0, mdhd), handler, minf))

    def _table(self, chunk_offset: int) -> bytes:
        last = self._total - (self._count - 1) * _SAMPLES
        runs = [(self._count - 1, _SAMPLES), (1, last)] if self._count > 1 else [(1, last)]
        return box(
            b"stbl",
            full_box(b"stsd", 0, pack(">I", 1), _sample_entry()),
            full_box(b"stts", 0, pack(">I", len(runs)), *(pack(">II", *run) for run in runs)),
            full_box(b"stsc", 0, pack(">IIII", 1, 1, self._count, 1)),
            full_box(b"stsz", 0, pack(">II", len(_FRAME), self._count)),
            full_box(b"stco", 0, pack(">II", 1, chunk_offset)),
        )


def _sample_entry() -> bytes:
    # ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo and SLConfigDescriptor (ISO 14496-1, section 7.2.6).
    specific = _descriptor(5, _CONFIGURATION)
    decoder = _descriptor(4, pack(">BB3xII", 0x40, 0x15, _BITRATE, _BITRATE), specific)
    stream = _descriptor(3, pack(">HB", 0, 0), decoder, _descriptor(6, b"\x02"))
    # AudioSampleEntry, ISO 14496-12, section 12.2.3: one channel of 16 bits.
    fields = pack(">6xH8xHHxxxxI", 1, 1, 16, _RATE << 16)
    return box(b"mp4a", fields, full_box(b"esds", 0, stream))


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return pack(">BB", tag, len(body)) + body
