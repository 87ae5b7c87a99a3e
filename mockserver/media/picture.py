"""Creates thumbnails."""

from struct import pack
from zlib import compress, crc32

from mockserver.core.seeded import Seeded
from mockserver.media import frames

WIDTH, HEIGHT = 320, 180


def thumbnail(seed: Seeded) -> bytes:
    """Create a PNG of `WIDTH` by `HEIGHT` pixels: a picture of the first two seconds of the video of the same seed.

    RGB with eight bits per channel (PNG third edition, section 11.2). The same seed gives the same pixels, and the same
    bytes with the same version of zlib.
    """
    number = seed.integer(0, frames.LOOP - 1, "thumbnail")
    rows = frames.drawn(frames.palette(seed), number, WIDTH, HEIGHT)
    header = pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    # The zero before each row means "no filter".
    body = compress(b"".join(b"\0" + row for row in rows), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))
