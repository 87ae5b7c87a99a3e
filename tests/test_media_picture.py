"""Thumbnails, decoded without a library."""

import zlib
from struct import unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.seeded import Seeded
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


@settings(max_examples=30, deadline=None)
@given(width=st.integers(1, 200), height=st.integers(1, 200), seed=st.integers())
def test_a_thumbnail_of_any_size_can_be_decoded(width: int, height: int, seed: int) -> None:
    assert decoded(thumbnail(Seeded(seed), width, height))[:2] == (width, height)


def test_a_thumbnail_is_a_gradient() -> None:
    _, _, rows = decoded(thumbnail(SEED))
    colours = {row[at : at + 3] for row in rows for at in range(0, len(row), 3)}
    assert len(colours) > 100
    steps = [abs(a - b) for row in rows for a, b in zip(row, row[3:], strict=False)]
    assert max(steps) <= 3


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert thumbnail(Seeded("a")) == thumbnail(Seeded("a"))
    assert len({thumbnail(Seeded(n)) for n in range(50)}) == 50


def test_gradients_slant_in_both_directions() -> None:
    pictures = [decoded(thumbnail(Seeded(n)))[2] for n in range(20)]
    assert {sum(rows[-1]) > sum(rows[0]) for rows in pictures} == {True, False}


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 1), (1921, 1), (1, 1921)])
def test_a_size_out_of_range_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 1920 pixels"):
        thumbnail(SEED, width, height)
