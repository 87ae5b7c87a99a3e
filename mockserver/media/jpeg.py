"""Writes pictures as baseline JPEG files (ITU-T T.81). Each block of eight by eight pixels has one colour."""

from functools import cache
from struct import pack

from mockserver.media.bands import Bands, Rgb, Row

# The codes for the number of bits of a difference, from 0 to 11 (annex K.3.1), for brightness and for colour.
_LUMA = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110")
_CHROMA = (
    "00",
    "01",
    "10",
    "110",
    "1110",
    "11110",
    "111110",
    "1111110",
    "11111110",
    "111111110",
    "1111111110",
    "11111111110",
)
_DC_COUNTS = (
    bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
    bytes([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
)
# The code for the other frequencies has one symbol, "end of block", with the bit 0.
_AC_COUNTS, _END_OF_BLOCK = bytes([1, *[0] * 15]), "0"


def jpeg(picture: Bands) -> bytes:
    """Return a JPEG in full colour resolution. Each row of blocks starts again, so that equal rows have equal bytes."""
    across = -(-picture.width // 8)
    head = [_segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), _segment(0xDB, b"\0" + b"\x08" * 64)]
    parts = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    head.append(_segment(0xC0, pack(">BHHB", 8, picture.height, picture.width, 3) + parts))
    for number, counts in enumerate(_DC_COUNTS):
        head.append(_segment(0xC4, bytes([number]) + counts + bytes(range(12))))
        head.append(_segment(0xC4, bytes([0x10 | number]) + _AC_COUNTS + b"\0"))
    head += [_segment(0xDD, pack(">H", across)), _segment(0xDA, b"\x03\x01\x00\x02\x11\x03\x11\0\x3f\0")]
    rows: dict[Row, bytes] = {}
    body = []
    for number, row in enumerate(row for at, row in enumerate(picture.scan()) if at % 8 == 0):
        if row not in rows:
            rows[row] = _row(row, picture.colors, across)
        body.append(rows[row] + (b"\xff" + bytes([0xD0 + number % 8])))
    body[-1] = body[-1][:-2]
    return b"\xff\xd8" + b"".join(head) + b"".join(body) + b"\xff\xd9"


def _row(row: Row, colors: tuple[Rgb, ...], across: int) -> bytes:
    pixels = [number for width, number in row for _ in range(width)]
    before, bits = (0, 0, 0), []
    for at in range(across):
        levels = _levels(colors[pixels[min(8 * at, len(pixels) - 1)]])
        bits += [_coded(levels[channel] - before[channel], channel > 0) for channel in range(3)]
        before = levels
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


@cache
def _levels(color: Rgb) -> tuple[int, int, int]:
    """Return brightness and colour of a block. With this table of quantization the level is that of the pixels."""
    red, green, blue = color
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(luma - 128), round((blue - luma) * 0.564), round((red - luma) * 0.713)


@cache
def _coded(difference: int, chroma: bool) -> str:
    size = abs(difference).bit_length()
    value = difference if difference >= 0 else difference + (1 << size) - 1
    return (_CHROMA if chroma else _LUMA)[size] + (f"{value:0{size}b}" if size else "") + _END_OF_BLOCK


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + pack(">H", len(data) + 2) + data
