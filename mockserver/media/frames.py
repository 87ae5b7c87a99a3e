"""The encoded pictures that all generated videos repeat."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import cos, pi, sin
from struct import pack

from mockserver.core.seeded import Seeded

# The longer side of a video in pixels, by its shorter side. Videos of 360 lines are always landscape.
LONGER = {360: 640, 480: 854, 720: 1280, 1080: 1920, 2160: 3840}
PALETTES = 8
FRAME_MS = 100
# Pictures of a palette, after which a video begins again, and after how many a picture needs no earlier one.
LOOP, GROUP = 20, 10

# The files are the output of an encoder and can be played (`ffplay frames-640x360.h264`). They have a loop of two
# seconds for each of the palettes, or for the first two or four of them: 20 bands of colour and a bright square that
# moves to the right and back. Each is below 150 KB. The first picture of each second is an IDR, so a player can seek to
# any second. x264 gives neighbouring IDRs different idr_pic_ids, as required (ITU-T H.264, section 7.4.3), also when a
# loop is repeated. The encoder's text (SEI, type 6) is removed. Created with ffmpeg 5.1 by this command (without the
# indentation), where S is 1 for 640x360 and 3 for 1920x1080. For the other sizes the bands are W/20 wide, the square is
# W/10 wide and high and begins at 0.4*H, d is two seconds for each palette, and the crf is 24:
#
#   ffmpeg -f lavfi -i "color=s=640x360:r=10:d=16,format=yuv420p,geq=\
#     lum='if(between(X,S*(160+32*(10-abs(10-mod(N,20)))),S*(224+32*(10-abs(10-mod(N,20))))-1)\
#       *between(Y,S*144,S*208-1),225,64+4*floor(X/(32*S)))':\
#     cb='128+44*cos(2*PI*floor(N/20)/8+floor(X/(16*S))/8)':cr='128+44*sin(2*PI*floor(N/20)/8+floor(X/(16*S))/8)'" \
#     -c:v libx264 -profile:v baseline -preset veryslow -crf 20 -g 10 -keyint_min 10 -sc_threshold 0 -threads 1 \
#     -flags +bitexact -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
#     -bsf:v filter_units=remove_types=6 -f h264 frames-640x360.h264
_FILE = "frames-{width}x{height}.h264"
BANDS, _SQUARE = 20, 2  # the width of a picture and of the square, in bands
_FIRST, _TURN = 5, 10  # the band at which the square begins, and the number of bands that it moves
_TOP, _BOTTOM = 144 / 360, 208 / 360  # of the square, as parts of the height
_BRIGHT = 225

_PICTURES, _SPS, _PPS = (1, 5), 7, 8


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures as MP4 samples, a loop for each palette, and their decoder configuration."""

    avcc: bytes
    loops: tuple[tuple[bytes, ...], ...]


@cache
def load(width: int, height: int) -> Frames:
    """Read the pictures of a size: a loop of `LOOP` pictures for each of at most `PALETTES` palettes."""
    units = _split(files(__package__).joinpath(_FILE.format(width=width, height=height)).read_bytes())
    # In an MP4 each NAL unit has a length before it instead of a start code (ISO 14496-15).
    pictures = [pack(">I", len(unit)) + unit for unit in units if unit[0] & 31 in _PICTURES]
    sps = next(unit for unit in units if unit[0] & 31 == _SPS)
    pps = next(unit for unit in units if unit[0] & 31 == _PPS)
    return Frames(
        _configuration(sps, pps), tuple(tuple(pictures[at : at + LOOP]) for at in range(0, len(pictures), LOOP))
    )


def palette(seed: Seeded) -> int:
    """Return the number of the palette for the video and the thumbnail of `seed`, from 0 to `PALETTES` - 1."""
    return seed.integer(0, PALETTES - 1, "palette")


def drawn(palette: int, number: int, width: int, height: int) -> list[bytes]:
    """Return the rows of RGB of the picture `number` of a palette, drawn by the formula in the command above."""
    angles = [2 * pi * palette / PALETTES + band / 8 for band in range(BANDS)]
    bands = [_rgb(64 + 4 * band, angle) for band, angle in enumerate(angles)]
    left = _FIRST + _TURN - abs(_TURN - number % LOOP)
    crossed = [_rgb(_BRIGHT, angles[band]) if left <= band < left + _SQUARE else rgb for band, rgb in enumerate(bands)]
    plain, square = (b"".join(band * (width // BANDS) for band in row) for row in (bands, crossed))
    return [square if round(height * _TOP) <= y < round(height * _BOTTOM) else plain for y in range(height)]


def _rgb(luma: float, angle: float) -> bytes:
    # ITU-R BT.709 with a limited range, as the video is marked.
    grey, blue, red = 1.164 * (luma - 16), 44 * cos(angle), 44 * sin(angle)
    channels = (grey + 1.793 * red, grey - 0.213 * blue - 0.533 * red, grey + 2.112 * blue)
    return bytes(min(255, max(0, round(value))) for value in channels)


def _split(stream: bytes) -> list[bytes]:
    # ITU-T H.264, annex B: 00 00 01 starts a unit and never occurs within one. Zeros around units are padding.
    units = (part.rstrip(b"\0") for part in stream.split(b"\0\0\1"))
    return [unit for unit in units if unit]


def _configuration(sps: bytes, pps: bytes) -> bytes:
    # AVCDecoderConfigurationRecord, ISO 14496-15, section 5.3.3.1: version 1, profile and level, lengths of 4 bytes.
    sets = pack(">BH", 0xE1, len(sps)) + sps + pack(">BH", 1, len(pps)) + pps
    return b"\x01" + sps[1:4] + b"\xff" + sets
