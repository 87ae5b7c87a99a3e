"""Writes pictures as PNG files."""

from struct import pack
from zlib import compressobj, crc32

from mockserver.media.bands import Bands, Row

_DEPTH = 4  # bits of a pixel, which is the number of one of 16 colours


def png(picture: Bands) -> bytes:
    """Return a PNG with a palette (PNG third edition, section 11.2.2). Rows are compressed one by one."""
    header = pack(">IIBBBBB", picture.width, picture.height, _DEPTH, 3, 0, 0, 0)
    palette = b"".join(bytes(color) for color in picture.colors)
    packer = compressobj(6)
    parts = []
    for count, row in picture.rows:
        line = b"\0" + _packed(row)  # the zero means "no filter"
        parts += [packer.compress(line) for _ in range(count)]
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", b"".join([*parts, packer.flush()])), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _packed(row: Row) -> bytes:
    """Return a row with two pixels in a byte, the left one in the upper half."""
    pixels = b"".join(bytes([color]) * width for width, color in row)
    pixels += b"\0" * (len(pixels) % 2)
    whole = int.from_bytes(pixels[::2], "big") << 4 | int.from_bytes(pixels[1::2], "big")
    return whole.to_bytes(len(pixels) // 2, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))
