"""The cells of a sweep: each call with each fault, which of them are equivalent, and in which order they are run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Call
from mockserver.sweep.faults import EVERYWHERE, Possible, faults_at

# The name of the call of cells that have no fault: each is a rule of the verdict.
WITHOUT_FAULTS = "without faults"


class Cell(NamedTuple):
    """One fault at one call. `tests` are the tests that make the call. `like` is the cell that stands for this one.

    A cell without a fault is one rule of the verdict, and `tests` are those in which the rule has found something.
    """

    call: Call
    possible: Possible
    tests: tuple[str, ...]
    like: str | None = None

    @property
    def id(self) -> str:
        """The name of the cell: `prompttovideo.generate#1=reset-after`, or that of a rule, such as `poll_storm`."""
        return self.possible.name if self.is_rule else f"{self.call.name}={self.possible.name}"

    @property
    def is_rule(self) -> bool:
        """True for a rule of the verdict in the runs without faults."""
        return self.call.name == WITHOUT_FAULTS


def cells_of(calls: Mapping[str, Sequence[Call]], providers: Mapping[str, Provider]) -> list[Cell]:
    """Return all cells of the calls of each test, those that matter most first.

    Cells are equivalent if their operation, the state of the job and the fault are the same. The first one stands for
    the others. Changes of all replies of a run need only one cell of each operation.
    """
    tests: dict[str, list[str]] = {}
    named: dict[str, Call] = {}
    for test, made in calls.items():
        for call in made:
            named.setdefault(call.name, call)
            if test not in tests.setdefault(call.name, []):
                tests[call.name].append(test)
    cells = [
        Cell(call, possible, tuple(tests[name]))
        for name, call in named.items()
        if call.provider in providers
        for possible in faults_at(call, providers[call.provider])
    ]
    return _with_representatives(sorted(cells, key=_weight))


def _with_representatives(cells: Iterable[Cell]) -> list[Cell]:
    first: dict[tuple[str, str, str], str] = {}
    found = []
    for cell in cells:
        state = "" if cell.possible.name in EVERYWHERE else cell.call.state
        representative = first.setdefault((cell.call.operation, state, cell.possible.name), cell.id)
        found.append(cell._replace(like=None if representative == cell.id else representative))
    return found


def _weight(cell: Cell) -> tuple[int, int]:
    """Return the place of a cell in the order: submits whose outcome is unknown can cost the most."""
    roles = {"submit": 0, "event": 1, "poll": 2, "asset": 3, "list": 4}
    return roles.get(cell.call.role, 5), 0 if cell.possible.loses else 1
