"""What the verdict has found in the runs without faults. Each of its rules is a cell, as a fault at a call is."""

from collections.abc import Collection, Mapping

from mockserver.core.verdict.expected import EXPECTATION
from mockserver.core.verdict.names import RULE_NAMES
from mockserver.sweep.calls import Call
from mockserver.sweep.faults import Possible
from mockserver.sweep.judging import MONEY, Outcome, Result, shortened
from mockserver.sweep.plan import WITHOUT_FAULTS, Cell

_CALL = Call(WITHOUT_FAULTS, "", WITHOUT_FAULTS)


def is_rule(cell: str) -> bool:
    """Return true for the id of a cell that is the name of a rule, such as `poll_storm`."""
    return cell in RULE_NAMES or cell == EXPECTATION


def rule_cells(baseline: Mapping[str, Outcome], only: Collection[str]) -> list[Cell]:
    """Return a cell for each rule that found an error or a warning without a fault, and for each that `only` names."""
    tests: dict[str, list[str]] = {rule: [] for rule in only if is_rule(rule)}
    for test, run in baseline.items():
        for rule in dict.fromkeys(each.rule for each in run.findings if each.severity != "note"):
            tests.setdefault(rule, []).append(test)
    return [Cell(_CALL, Possible(rule), tuple(found)) for rule, found in tests.items()]


def judged(cell: Cell, baseline: Mapping[str, Outcome]) -> Result:
    """Return the result of a rule in the runs without faults.

    A test that fails may have ended before its mistake, so that without a finding in the others the result is unknown.
    """
    found = [(test, each) for test in cell.tests for each in baseline[test].findings if each.rule == cell.id]
    reasons = [f"{test}: {finding.rule}: {finding.message}" for test, finding in found if finding.severity != "note"]
    if reasons:
        costs = cell.id in MONEY and any(finding.costs for _, finding in found)
        return Result(cell.id, "money lost" if costs else "failed", shortened(reasons), tests=cell.tests)
    failing = [f"{test} fails without faults: {run.message}" for test, run in baseline.items() if not run.passed]
    return Result(cell.id, "unknown" if failing else "survived", shortened(failing))
