"""Draws a storyboard: three rows of three panels in black and white."""

from collections.abc import Iterator

from mockserver.core.seeded import Seeded
from mockserver.media.bands import Bands, Rgb, Row

_PANELS = 3
_GRID = 16  # edges are multiples of this, so that JPEG does not blur them
_WHITE, _FIGURE, _FLOOR = range(3)  # the numbers of colours; the panels have those after them


def storyboard(seeded: Seeded, width: int, height: int) -> Bands:
    """Return a storyboard of at least 128 by 128 pixels: in each panel a figure on a floor, in a shade of its own."""
    shades = [seeded.integer(90, 200, "panel", number) for number in range(_PANELS**2)]
    colors = tuple(_grey(shade) for shade in (245, 25, 60, *shades))
    rows: list[tuple[int, Row]] = []
    for down in range(_PANELS):
        gap, *parts = _parts(height, down)
        rows.append((gap, ((width, _WHITE),)))
        first = _FLOOR + 1 + down * _PANELS
        looks = ((None, False), (None, True), (_FLOOR, True), (_FLOOR, False))
        for part, (back, figure) in zip(parts, looks, strict=True):
            rows.append((part, tuple(_row(width, first, back, figure=figure))))
    return Bands(width, height, colors, tuple((count, row) for count, row in rows if count))


def _grey(shade: int) -> Rgb:
    return shade, shade, shade


def _parts(size: int, number: int) -> tuple[int, int, int, int, int]:
    """Return the parts of a panel along one side: the gap before it, and four parts within it."""
    start, end = (_grid(size * each / _PANELS) if each < _PANELS else size for each in (number, number + 1))
    inner = end - start - _GRID
    before, figure, rest = _grid(inner * 0.35), _grid(inner * 0.3), _grid(inner * 0.15)
    return _GRID, before, figure, rest, inner - before - figure - rest


def _row(width: int, first: int, back: int | None, *, figure: bool) -> Iterator[tuple[int, int]]:
    for across in range(_PANELS):
        gap, before, wide, *after = _parts(width, across)
        shade = first + across if back is None else back
        yield gap, _WHITE
        yield before, shade
        yield wide, _FIGURE if figure else shade
        yield sum(after), shade


def _grid(value: float) -> int:
    return round(value / _GRID) * _GRID
