"""Compare figures with their budgets."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """A figure and its limit. With `least`, the limit is a minimum instead of a maximum."""

    name: str
    figure: float
    limit: float
    unit: str = ""
    least: bool = False

    @property
    def kept(self) -> bool:
        return self.figure >= self.limit if self.least else self.figure <= self.limit

    def __str__(self) -> str:
        bound = "at least" if self.least else "at most"
        return (
            f"{'PASS' if self.kept else 'FAIL'}  {self.name:<44} {self.figure:8.2f} {self.unit:<9}"
            f" {bound} {self.limit:g}"
        )


def judged(budgets: Iterable[Budget]) -> int:
    """Print each budget with PASS or FAIL. Return the exit code of the command: 1 if one fails."""
    all_of_them = list(budgets)
    print("", *all_of_them, sep="\n")
    return 0 if all(budget.kept for budget in all_of_them) else 1
