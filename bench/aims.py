"""Compare mockserver's figures with those of aimock and the floors, and with the aims for these ratios."""

import statistics
from collections.abc import Iterator, Mapping

from bench.rounds import START, Row
from bench.targets import AIMOCK, ASGI, BESIDE, OURS
from bench.verdict import Budget
from bench.workloads import TITLES, W1, W2

COMPARED = {W1: TITLES[W1], W2: f"{TITLES[W2]}, with jobs", START: "start: exec to the first 200 of W1"}
# The maximum of each figure of mockserver, as a multiple of another server's.
AIMS = {(W1, AIMOCK): 0.8, (W1, ASGI): 2.0, (W2, AIMOCK): 1.0, (W2, ASGI): 3.0, (START, AIMOCK): 1.2}


def ratios(rows: Mapping[str, Row], what: str, other: str) -> list[float]:
    """Return mockserver's figure as a multiple of the other server's, for each round. Empty if one was not measured."""
    if OURS not in rows or other not in rows:
        return []
    return [own / theirs for own, theirs in zip(rows[OURS].figures(what), rows[other].figures(what), strict=False)]


def show(rows: Mapping[str, Row]) -> None:
    """Print the ratios as a Markdown table: the median of the rounds, and the range."""
    if not any(ratios(rows, what, other) for what in COMPARED for other in BESIDE):
        return
    print(f"\n| {OURS} as a multiple of | {' | '.join(BESIDE)} |\n|---|{'---|' * len(BESIDE)}")
    for what, title in COMPARED.items():
        cells = [_cell(ratios(rows, what, other)) for other in BESIDE]
        if any(cells):
            print(f"| {title} | {' | '.join(cells)} |")


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})" if values else ""


def budgets(rows: Mapping[str, Row]) -> Iterator[Budget]:
    """Yield a budget for each aim whose servers were both measured."""
    for (what, other), aim in AIMS.items():
        if values := ratios(rows, what, other):
            yield Budget(f"{what}, beside {other}", statistics.median(values), aim, f"x {other}")
