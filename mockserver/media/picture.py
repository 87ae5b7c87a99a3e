"""Creates thumbnails."""

from math import cos, pi, sin
from struct import pack
from zlib import compress, crc32

from mockserver.core.seeded import Seeded
from mockserver.media import frames

_LARGEST = 1920


def thumbnail(seed: Seeded, width: int = 320, height: int = 180) -> bytes:
    """Create a PNG of `width` by `height` pixels: a slanted gradient in the colours of the video of the same seed.

    RGB with eight bits per channel (PNG third edition, section 11.2). The same arguments give the same pixels, and the
    same bytes with the same version of zlib. Raises ValueError when a side is not from 1 to 1920.
    """
    if not (1 <= width <= _LARGEST and 1 <= height <= _LARGEST):
        raise ValueError(f"the sides of a thumbnail must be from 1 to {_LARGEST} pixels, not {width} by {height}")
    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = compress(_scanlines(seed, width, height), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))


def _scanlines(seed: Seeded, width: int, height: int) -> bytes:
    # Each row is the same ramp, shifted by a few pixels: two dimensions at the cost of one.
    slant = seed.integer(1, 2, "slant")
    ramp = _ramp(seed, width + slant * height)
    starts = [3 * slant * y for y in range(height)]
    if seed.integer(0, 1, "lean"):
        starts.reverse()
    # The zero before each row means "no filter".
    return b"".join(b"\0" + ramp[start : start + 3 * width] for start in starts)


def _ramp(seed: Seeded, length: int) -> bytes:
    # The angle goes through the palette's part of the colour circle, as in the command in frames.py.
    first = 2 * pi * frames.palette(seed) / frames.PALETTES + 0.5 * seed.unit("tint")
    spread = 1.6 + 0.8 * seed.unit("spread")
    steps = [index / length for index in range(length)]
    return b"".join(_rgb(64 + 96 * t, 44 * cos(first + spread * t), 44 * sin(first + spread * t)) for t in steps)


def _rgb(luma: float, blue: float, red: float) -> bytes:
    # ITU-R BT.709 with a limited range, as the video is marked.
    grey = 1.164 * (luma - 16)
    channels = (grey + 1.793 * red, grey - 0.213 * blue - 0.533 * red, grey + 2.112 * blue)
    return bytes(min(255, max(0, round(value))) for value in channels)
