"""Runs a sweep: two runs without faults, then one for each cell, until all are done or the budget is used up."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mockserver.core.match import key_matches
from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Call, Injection, difference
from mockserver.sweep.judging import Outcome, Result, judged
from mockserver.sweep.plan import Cell, cells_of


class SweepError(Exception):
    """The sweep cannot go on. The message says why."""


class Suite(Protocol):
    """What is run: a test suite, or a program, which is a suite of one test.

    `reports_errors` is true if a failure is how it reports an error, so that it is right after a final refusal.
    """

    providers: Sequence[Provider]
    reports_errors: bool

    def run(self, tests: Collection[str] | None, injection: Injection | None) -> Mapping[str, Outcome]:
        """Run some tests, or all of them, and return what each did."""
        ...


class Options(NamedTuple):
    """What to run.

    `only` has the ids of cells, in which `*` stands for any characters; none stands for all. `budget` is in seconds,
    and `done` has the results of earlier cells.
    """

    only: Sequence[str] = ()
    every: bool = False
    budget: float | None = None
    done: Mapping[str, Result] = {}


@dataclass(slots=True)
class Sweep:
    """A sweep and what it has found so far."""

    calls: dict[str, tuple[Call, ...]] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    seconds: float = 0.0
    stopped: str = ""

    @property
    def planned(self) -> list[Cell]:
        """The cells that are run: without those that another one stands for."""
        return [cell for cell in self.cells if cell.like is None]


def run(
    suite: Suite,
    options: Options,
    timer: Callable[[], float],
    report: Callable[[Sweep, Result | None], None],
) -> Iterator[Sweep]:
    """Run the sweep, and yield it after the runs without faults and after each cell.

    `report` gets each result; None after the runs without faults. Raises SweepError if the suite is not repeatable,
    or makes no calls.
    """
    sweep, began = Sweep(), timer()
    baseline = _baseline(suite, sweep, timer)
    providers = {provider.name: provider for provider in suite.providers}
    sweep.cells = _chosen(cells_of(sweep.calls, providers), options)
    report(sweep, None)
    yield sweep
    for cell in sweep.planned:
        if cell.id in options.done:
            sweep.results[cell.id] = options.done[cell.id]
            continue
        if options.budget is not None and timer() - began > options.budget:
            sweep.stopped = f"the budget of {options.budget:g} s is used up"
            break
        sweep.results[cell.id] = result = _run_cell(suite, cell, baseline, timer)
        report(sweep, result)
        yield sweep


def _baseline(suite: Suite, sweep: Sweep, timer: Callable[[], float]) -> Mapping[str, Outcome]:
    began = timer()
    first = suite.run(None, None)
    sweep.seconds = timer() - began
    if not first:
        raise SweepError("no test ran")
    failing = [test for test, each in first.items() if not each.passed]
    passing = {test: each for test, each in first.items() if each.passed}
    if not passing:
        message = first[failing[0]].message
        raise SweepError(f"every test fails without faults, for example {failing[0]}: {message or 'no message'}")
    second = suite.run([test for test in passing if passing[test].calls], None)
    for test, run_ in second.items():
        problem = difference(passing[test].calls, run_.calls)
        if problem is None and not run_.passed:
            problem = f"it passes in the first run and fails in the second: {run_.message}"
        if problem is not None:
            raise SweepError(f"{test} is not repeatable: {problem}. A sweep compares runs, so they have to be the same")
    sweep.left_out = tuple(failing)
    sweep.calls = {test: each.calls for test, each in passing.items() if each.calls}
    if not sweep.calls:
        raise SweepError("no calls to a provider were observed")
    return passing


def _chosen(cells: list[Cell], options: Options) -> list[Cell]:
    for wanted in options.only:
        if not any(key_matches(wanted, cell.id) for cell in cells):
            from mockserver.source.suggestions import did_you_mean

            similar = did_you_mean(wanted, [cell.id for cell in cells])
            raise SweepError(f"there is no cell {wanted}: no test makes this call any more{similar}")
    if options.only:
        cells = [cell for cell in cells if any(key_matches(wanted, cell.id) for wanted in options.only)]
        # A cell that is named is run, also if another one stands for it.
        named = options.every or not any("*" in wanted for wanted in options.only)
        return [cell._replace(like=None) for cell in cells] if named else _standing(cells)
    return [cell._replace(like=None) for cell in cells] if options.every else cells


def _standing(cells: list[Cell]) -> list[Cell]:
    """Return the cells; one that another cell stands for which is not among them stands for itself."""
    ids = {cell.id for cell in cells}
    return [cell if cell.like in ids else cell._replace(like=None) for cell in cells]


def _run_cell(suite: Suite, cell: Cell, baseline: Mapping[str, Outcome], timer: Callable[[], float]) -> Result:
    began = timer()
    injection = cell.possible.injected_at(cell.call.name)
    runs = suite.run(cell.tests, injection)
    return judged(
        cell.id,
        runs,
        baseline,
        round(timer() - began, 3),
        uncollectable=cell.possible.final and cell.call.role != "submit",
        may_fail=cell.possible.final and suite.reports_errors,
    )
