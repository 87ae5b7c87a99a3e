"""Creates JPEG files of flat blocks: pictures of any size, in milliseconds and a few hundred kilobytes.

Baseline JPEG (ITU-T T.81) with 4:2:0 sampling. Every unit of 16 by 16 pixels has one colour, so that only the DC
coefficients are there. Each row of units is a restart interval: equal rows have equal bytes and are encoded once.
"""

from collections.abc import Sequence
from functools import cache
from math import cos, pi, sin
from struct import pack

from mockserver.core.seeded import Seeded
from mockserver.media import bands, frames

# Luma and the two chroma components, from 0 to 255.
Colour = tuple[int, int, int]
Row = tuple[Colour, ...]

UNIT = 16
_GREY = 128
_WHITE, _PANELS = (245, _GREY, _GREY), 3
# The number of codes of each length, and the sizes of differences that they stand for (T.81, table K.3). For AC
# coefficients, which are all zero, there is only the code for the end of a block.
_DC_COUNTS, _DC_SIZES = bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)), bytes(range(12))
_DC_CODES = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110")
_AC_COUNTS, _AC_END = bytes((1, *[0] * 15)), "0"
_RESTARTS = 8


def picture(width: int, height: int, seed: Seeded) -> bytes:
    """Create a picture of that size in pixels: the bands and the square of a video of the same seed."""
    angle = 2 * pi * frames.palette(seed) / frames.PALETTES
    left = seed.integer(1, frames.BANDS - 3, "square")
    columns, rows = _units(width), _units(height)
    bands = [column * frames.BANDS // columns for column in range(columns)]
    plain = tuple(_colour(64 + 4 * band, angle + band / 8) for band in bands)
    square = tuple(
        (225, *colour[1:]) if left <= band < left + 2 else colour for band, colour in zip(bands, plain, strict=True)
    )
    return jpeg(width, height, [square if 4 * rows <= 10 * row < 6 * rows else plain for row in range(rows)])


def storyboard(width: int, height: int, seed: Seeded) -> bytes:
    """Create a black-and-white storyboard of that size in pixels: three rows of three panels."""
    columns, rows = _units(width), _units(height)
    shades = [seed.integer(60, 170, "panel", number) for number in range(_PANELS**2)]

    def row_of(row: int) -> Row:
        return tuple(_shade(shades, *_place(column, columns), *_place(row, rows)) for column in range(columns))

    return jpeg(width, height, [row_of(row) for row in range(rows)])


def of_bands(drawn: bands.Bands) -> bytes:
    """Create a JPEG of a picture whose edges are at multiples of `UNIT` pixels."""
    colours = [_ycc(*colour) for colour in drawn.colors]
    converted: dict[bands.Row, Row] = {}
    rows = []
    for at, row in enumerate(drawn.scan()):
        if at % UNIT:
            continue
        if row not in converted:
            pixels = [colours[number] for width, number in row for _ in range(width)]
            converted[row] = tuple(pixels[::UNIT])
        rows.append(converted[row])
    return jpeg(drawn.width, drawn.height, rows)


def _ycc(red: int, green: int, blue: int) -> Colour:
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(luma), round(_GREY + (blue - luma) * 0.564), round(_GREY + (red - luma) * 0.713)


def jpeg(width: int, height: int, rows: Sequence[Row]) -> bytes:
    """Create a JPEG of that size in pixels. `rows` has a colour for each unit of `UNIT` by `UNIT` pixels."""
    head = (
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0", pack(">HBHHBB", 0x101, 0, 1, 1, 0, 0)),
        _segment(0xDB, b"\0", b"\x08" * 64),
        # Luma has two by two blocks in a unit, and both chroma components one (T.81, section B.2.2).
        _segment(0xC0, pack(">BHHB", 8, height, width, 3), b"\x01\x22\0", b"\x02\x11\0", b"\x03\x11\0"),
        _segment(0xC4, b"\0", _DC_COUNTS, _DC_SIZES, b"\x10", _AC_COUNTS, b"\0"),
        _segment(0xDD, pack(">H", len(rows[0]))),
        _segment(0xDA, b"\x03\x01\0\x02\0\x03\0", b"\0\x3f\0"),
    )
    encoded = {row: _encoded(row) for row in set(rows)}
    scan = [encoded[rows[0]]]
    for number, row in enumerate(rows[1:]):
        scan += (bytes((0xFF, 0xD0 + number % _RESTARTS)), encoded[row])
    return b"".join((*head, *scan, b"\xff\xd9"))


def _units(pixels: int) -> int:
    return -(-pixels // UNIT)


def _colour(luma: int, angle: float) -> Colour:
    return luma, round(_GREY + 44 * cos(angle)), round(_GREY + 44 * sin(angle))


def _place(unit: int, units: int) -> tuple[int, int]:
    """Return the number of the panel at a unit, and where in the panel the unit is, in percent; -1 between panels."""
    panel = unit * _PANELS // units
    first, after = -(-panel * units // _PANELS), -(-(panel + 1) * units // _PANELS)
    between = unit in (first, 0, units - 1)
    return panel, -1 if between else 100 * (unit - first) // (after - first)


def _shade(shades: Sequence[int], across: int, x: int, down: int, y: int) -> Colour:
    if x < 0 or y < 0:
        return _WHITE
    shade = shades[down * _PANELS + across]
    # A figure in front of a darker floor.
    if 40 <= x < 60 and 35 <= y < 85:
        shade = 25
    elif y >= 70:
        shade -= 35
    return shade, _GREY, _GREY


def _segment(marker: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return pack(">BBH", 0xFF, marker, 2 + len(body)) + body


@cache
def _difference(value: int) -> str:
    """Return the bits of a block that has only a DC coefficient, which differs by `value` from the previous one."""
    size = abs(value).bit_length()
    # Negative differences are the bits of their absolute value, inverted (T.81, section F.1.2.1).
    bits = f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else ""
    return f"{_DC_CODES[size]}{bits}{_AC_END}"


def _encoded(row: Row) -> bytes:
    same = _difference(0) * 3
    parts: list[str] = []
    previous = (_GREY, _GREY, _GREY)
    for colour in row:
        luma, blue, red = (_difference(new - old) for new, old in zip(colour, previous, strict=True))
        parts += (luma, same, blue, red)
        previous = colour
    bits = "".join(parts)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
