"""Pictures of any size that consist of a few different rows, so that large ones need little memory and time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from mockserver.core.seeded import Seeded

Rgb = tuple[int, int, int]
# A row: the width of each run of one colour, from the left, and the number of the colour.
Row = tuple[tuple[int, int], ...]

_BANDS = 12
_GRID = 16  # edges are multiples of this, so that JPEG does not blur them
_LINE, _LINES = 40, 14


@dataclass(frozen=True, slots=True)
class Bands:
    """A picture: its size in pixels, at most 16 colours, and its rows from the top with how often each is repeated."""

    width: int
    height: int
    colors: tuple[Rgb, ...]
    rows: tuple[tuple[int, Row], ...]

    def scan(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        for count, row in self.rows:
            for _ in range(count):
                yield row


def abstract(seeded: Seeded, width: int, height: int) -> Bands:
    """Return bands of related colours with a bright rectangle, which differ by seed."""
    hue = 2 * pi * seeded.unit("hue")
    colors = [_color(70 + 10 * band, hue + band / 9) for band in range(_BANDS)]
    bright = _color(232, hue + pi)
    plain = _spread(width, list(range(_BANDS)))
    left, right = _grid(width * (0.2 + 0.3 * seeded.unit("left"))), _grid(width * (0.6 + 0.3 * seeded.unit("right")))
    crossed = _overlaid(plain, min(left, width), min(max(right, left + 1), width), _BANDS)
    top, bottom = _grid(height * (0.2 + 0.2 * seeded.unit("top"))), _grid(height * (0.6 + 0.3 * seeded.unit("bottom")))
    top, bottom = min(top, height), min(max(bottom, top), height)
    rows = ((top, plain), (bottom - top, crossed), (height - bottom, plain))
    return Bands(width, height, (*colors, bright), tuple((count, row) for count, row in rows if count))


def page(seeded: Seeded, width: int, height: int) -> Bands:
    """Return the picture of a web page: a bar at the top, and paragraphs as grey lines on white."""
    colors = (_color(90, 2 * pi * seeded.unit("hue")), (255, 255, 255), (196, 200, 206), (36, 40, 46))
    bar, blank = ((width, 0),), ((width, 1),)
    rows: list[tuple[int, Row]] = [(min(64, height), bar)]
    left, at, number = width // 12, min(64, height), 0
    while at < height:
        thick = _LINE // 2 if number % _LINES == 0 else _LINE // 4
        length = width - 2 * left if number % _LINES else (width - 2 * left) // 2
        length = max(1, length - seeded.integer(0, max(0, length // 3), "line", number))
        line = ((left, 1), (length, 3 if number % _LINES == 0 else 2), (width - left - length, 1))
        for count, row in ((_LINE - thick, blank), (thick, tuple(run for run in line if run[0]))):
            count = min(count, height - at)
            if count:
                rows.append((count, row))
            at += count
        number += 1
    return Bands(width, height, colors, tuple(rows))


def _spread(width: int, colors: Sequence[int]) -> Row:
    edges = [min(width, _grid(width * number / len(colors))) for number in range(len(colors))] + [width]
    runs = ((edges[number + 1] - edges[number], color) for number, color in enumerate(colors))
    return tuple(run for run in runs if run[0] > 0)


def _overlaid(row: Row, left: int, right: int, color: int) -> Row:
    """Return a row with another colour from `left` to `right`."""
    runs: list[tuple[int, int]] = []
    at = 0
    for width, under in row:
        end = at + width
        before, after = max(0, min(end, left) - at), max(0, end - max(at, right))
        inside = width - before - after
        runs += [(count, shade) for count, shade in ((before, under), (inside, color), (after, under)) if count]
        at = end
    return tuple(runs)


def _grid(value: float) -> int:
    return round(value / _GRID) * _GRID


def _color(luma: float, angle: float) -> Rgb:
    blue, red = 48 * cos(angle), 48 * sin(angle)
    channels = (luma + 1.402 * red, luma - 0.344 * blue - 0.714 * red, luma + 1.772 * blue)
    red_, green, blue_ = (min(255, max(0, round(value))) for value in channels)
    return red_, green, blue_
