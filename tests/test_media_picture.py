"""Thumbnails, decoded without a library."""

import zlib
from struct import unpack

from mockserver.core.seeded import Seeded
from mockserver.media import frames
from mockserver.media.picture import thumbnail

SEED = Seeded("media")


def decoded(png: bytes) -> tuple[int, int, list[bytes]]:
    """Return width, height and rows of RGB of a PNG with three chunks, right checksums and no filters."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        length, kind = unpack(">I4s", png[at : at + 8])
        chunks[kind] = png[at + 8 : at + 8 + length]
        assert unpack(">I", png[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + chunks[kind]),)
        at += 12 + length
    assert (list(chunks), at) == ([b"IHDR", b"IDAT", b"IEND"], len(png))
    width, height, *form = unpack(">IIBBBBB", chunks[b"IHDR"])
    assert form == [8, 2, 0, 0, 0]
    body, line = zlib.decompress(chunks[b"IDAT"]), 1 + 3 * width
    assert len(body) == line * height
    assert set(body[::line]) == {0}
    return width, height, [body[start + 1 : start + line] for start in range(0, len(body), line)]


def test_a_thumbnail_is_a_png_of_the_requested_size() -> None:
    width, height, rows = decoded(thumbnail(SEED))
    assert (width, height, len(rows)) == (320, 180, 180)


def test_thumbnails_show_bands_and_a_bright_square() -> None:
    for seed in map(Seeded, range(20)):
        _, _, rows = decoded(thumbnail(seed))
        assert len(set(rows)) == 2, "above and below the square, and through it"
        above, through = ([row[at : at + 3] for at in range(0, 960, 3)] for row in (rows[0], rows[90]))
        assert len(set(above)) == frames.BANDS
        assert sum(one != two for one, two in zip(above, through, strict=True)) == 32


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert thumbnail(Seeded("a")) == thumbnail(Seeded("a"))
    assert len({thumbnail(Seeded(n)) for n in range(50)}) > 25
