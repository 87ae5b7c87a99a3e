"""How ours compares: its figures as multiples of those of aimock and of the floors, and the aims for them."""

import statistics
from collections.abc import Iterator, Mapping

from bench.rounds import START, Row
from bench.targets import AIMOCK, ASGI, BESIDE, OURS
from bench.verdict import Budget
from bench.workloads import TITLES, W1, W2

COMPARED = {W1: TITLES[W1], W2: f"{TITLES[W2]}, all in", START: "start: exec to the first 200 of W1"}
# The most that a figure of ours may be, as a multiple of another server's.
AIMS = {(W1, AIMOCK): 0.8, (W1, ASGI): 2.0, (W2, AIMOCK): 1.0, (W2, ASGI): 3.0, (START, AIMOCK): 1.2}


def ratios(rows: Mapping[str, Row], what: str, other: str) -> list[float]:
    """Ours as a multiple of the other server's, for each round; empty where one of them was not measured."""
    if OURS not in rows or other not in rows:
        return []
    return [own / theirs for own, theirs in zip(rows[OURS].figures(what), rows[other].figures(what), strict=False)]


def show(rows: Mapping[str, Row]) -> None:
    """Print the ratios as Markdown: the median of the rounds, and the range."""
    if not any(ratios(rows, what, other) for what in COMPARED for other in BESIDE):
        return
    print(f"\n| {OURS} as a multiple of | {' | '.join(BESIDE)} |\n|---|{'---|' * len(BESIDE)}")
    for what, title in COMPARED.items():
        cells = [_cell(ratios(rows, what, other)) for other in BESIDE]
        if any(cells):
            print(f"| {title} | {' | '.join(cells)} |")


def _cell(found: list[float]) -> str:
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})" if found else ""


def budgets(rows: Mapping[str, Row]) -> Iterator[Budget]:
    """Each aim, as far as both servers were measured."""
    for (what, other), aim in AIMS.items():
        if found := ratios(rows, what, other):
            yield Budget(f"{what}, beside {other}", statistics.median(found), aim, f"x {other}")
