"""Runs a sweep: two runs without faults, then one for each cell, until all are done or the budget is used up."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mockserver.core.match import key_matches
from mockserver.core.verdict.names import RULE_NAMES
from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Call, Injection, difference
from mockserver.sweep.judging import Outcome, Result, judged
from mockserver.sweep.plan import Cell, cells_of
from mockserver.sweep.without_faults import is_rule, rule_cells
from mockserver.sweep.without_faults import judged as judged_without_faults


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
    and `done` has the results of earlier cells. Rules of the verdict are judged by the runs without faults.
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
    first = _first_run(suite, sweep, timer)
    if not (options.only and all(map(is_rule, options.only))):
        _check_repeatable(suite, sweep, first)
    if not sweep.calls:
        raise SweepError("no calls to a provider were observed")
    providers = {provider.name: provider for provider in suite.providers}
    sweep.cells = _chosen([*rule_cells(first, options.only), *cells_of(sweep.calls, providers)], options)
    report(sweep, None)
    yield sweep
    for cell in sweep.planned:
        if cell.id in options.done and not cell.is_rule:
            sweep.results[cell.id] = options.done[cell.id]
            continue
        if options.budget is not None and timer() - began > options.budget:
            sweep.stopped = f"the budget of {options.budget:g} s is used up"
            break
        result = judged_without_faults(cell, first) if cell.is_rule else _run_cell(suite, cell, first, timer)
        sweep.results[cell.id] = result
        report(sweep, result)
        yield sweep


def _first_run(suite: Suite, sweep: Sweep, timer: Callable[[], float]) -> Mapping[str, Outcome]:
    """Run the suite without faults."""
    began = timer()
    first = suite.run(None, None)
    sweep.seconds = timer() - began
    if not first:
        raise SweepError("no test ran")
    sweep.calls = {test: each.calls for test, each in first.items() if each.calls}
    return first


def _check_repeatable(suite: Suite, sweep: Sweep, first: Mapping[str, Outcome]) -> None:
    """Run the suite without faults again, leave the tests out that fail, and compare the calls of the others."""
    sweep.left_out = tuple(test for test, each in first.items() if not each.passed)
    if len(sweep.left_out) == len(first):
        test = sweep.left_out[0]
        raise SweepError(f"every test fails without faults, for example {test}: {first[test].message or 'no message'}")
    sweep.calls = {test: calls for test, calls in sweep.calls.items() if first[test].passed}
    for test, run_ in suite.run(list(sweep.calls), None).items():
        problem = difference(first[test].calls, run_.calls)
        if problem is None and not run_.passed:
            problem = f"it passes in the first run and fails in the second: {run_.message}"
        if problem is not None:
            raise SweepError(f"{test} is not repeatable: {problem}. A sweep compares runs, so they have to be the same")


def _chosen(cells: list[Cell], options: Options) -> list[Cell]:
    for wanted in options.only:
        if not any(key_matches(wanted, cell.id) for cell in cells):
            from mockserver.source.suggestions import did_you_mean

            similar = did_you_mean(wanted, [*(cell.id for cell in cells), *RULE_NAMES])
            why = "no test makes this call any more" if "=" in wanted else "it names neither a call nor a rule"
            raise SweepError(f"there is no cell {wanted}: {why}{similar}")
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
        may_repeat=cell.possible.gone,
    )
