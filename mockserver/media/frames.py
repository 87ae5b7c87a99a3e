"""The encoded pictures that all generated videos repeat."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from struct import pack

from mockserver.core.seeded import Seeded

WIDTH, HEIGHT = 640, 360
PALETTES = 8

# frames.h264 is the output of an encoder and can be played (`ffplay frames.h264`). It has two pictures for each of the
# palettes: bands of colour with a white square on the left, then on the right, so that the video visibly moves. Bands
# and square are on the 16-pixel grid of macroblocks, which keeps a picture below 1 KB. Every picture is an IDR (-g 1),
# so a player can seek to any second. x264 gives neighbours different idr_pic_ids, as required for consecutive IDRs
# (ITU-T H.264, section 7.4.3), also when a pair is repeated. The encoder's text (SEI, type 6) is removed. Created with
# ffmpeg 5.1 by this command (without the indentation):
#
#   ffmpeg -f lavfi -i "color=s=640x360:r=1:d=16,format=yuv420p,geq=\
#     lum='if(between(X,160+256*mod(N,2),223+256*mod(N,2))*between(Y,144,207),225,64+4*floor(X/32))':\
#     cb='128+44*cos(2*PI*floor(N/2)/8+floor(X/32)/8)':cr='128+44*sin(2*PI*floor(N/2)/8+floor(X/32)/8)'" \
#     -c:v libx264 -profile:v baseline -preset veryslow -crf 24 -g 1 -threads 1 -flags +bitexact \
#     -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
#     -bsf:v filter_units=remove_types=6 -f h264 frames.h264
_FILE = "frames.h264"

_PICTURE, _SPS, _PPS = 5, 7, 8


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures as MP4 samples, in pairs, and their decoder configuration."""

    avcc: bytes
    pairs: tuple[tuple[bytes, bytes], ...]


@cache
def load() -> Frames:
    """Read the frames of the package: `PALETTES` pairs."""
    units = _split(files(__package__).joinpath(_FILE).read_bytes())
    # In an MP4 each NAL unit has a length before it instead of a start code (ISO 14496-15).
    pictures = [pack(">I", len(unit)) + unit for unit in units if unit[0] & 31 == _PICTURE]
    sps = next(unit for unit in units if unit[0] & 31 == _SPS)
    pps = next(unit for unit in units if unit[0] & 31 == _PPS)
    return Frames(_configuration(sps, pps), tuple(zip(pictures[::2], pictures[1::2], strict=True)))


def palette(seed: Seeded) -> int:
    """Return the number of the palette for the video and the thumbnail of `seed`, from 0 to `PALETTES` - 1."""
    return seed.integer(0, PALETTES - 1, "palette")


def _split(stream: bytes) -> list[bytes]:
    # ITU-T H.264, annex B: 00 00 01 starts a unit and never occurs within one. Zeros around units are padding.
    units = (part.rstrip(b"\0") for part in stream.split(b"\0\0\1"))
    return [unit for unit in units if unit]


def _configuration(sps: bytes, pps: bytes) -> bytes:
    # AVCDecoderConfigurationRecord, ISO 14496-15, section 5.3.3.1: version 1, profile and level, lengths of 4 bytes.
    sets = pack(">BH", 0xE1, len(sps)) + sps + pack(">BH", 1, len(pps)) + pps
    return b"\x01" + sps[1:4] + b"\xff" + sets
