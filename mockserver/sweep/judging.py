"""Judges the run of a cell: by the result of its tests, by the verdict on the client, and by the credits."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from mockserver.core.credits import CREDIT
from mockserver.sweep.calls import Call

Status = Literal["survived", "failed", "money lost", "unknown"]
STATUSES: tuple[Status, ...] = ("money lost", "failed", "unknown", "survived")
RED: tuple[Status, ...] = ("money lost", "failed")
# Findings about credits that were spent and brought nothing.
MONEY = frozenset(
    (
        "duplicate_paid_job",
        "resubmitted_instead_of_polled",
        "resubmitted_after_download_failure",
        "abandoned_paid_job",
        "webhook_not_idempotent",
        "wasted_credits",
    )
)


_MOST_REASONS = 3


class Seen(NamedTuple):
    """A finding of the verdict: its rule, severity and message, and whether credits were spent."""

    rule: str
    severity: str
    message: str
    costs: bool = False


class Outcome(NamedTuple):
    """What one test did in one run. `spent` is in hundredths of a credit. `fired` says whether the fault happened."""

    passed: bool
    message: str = ""
    calls: tuple[Call, ...] = ()
    spent: int = 0
    findings: tuple[Seen, ...] = ()
    fired: bool = False
    overflow: bool = False


class Result(NamedTuple):
    """The result of a cell: its status, the reasons for it, the seconds that it took, and the tests that it is about.

    `tests` are the tests of the reasons; it is empty if the cell survived.
    """

    cell: str
    status: Status
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    tests: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """Return the result as JSON data."""
        return {**self._asdict(), "reasons": list(self.reasons), "tests": list(self.tests)}


def judged(
    cell: str,
    runs: Mapping[str, Outcome],
    baseline: Mapping[str, Outcome],
    seconds: float,
    *,
    uncollectable: bool = False,
    may_fail: bool = False,
    may_repeat: bool = False,
) -> Result:
    """Return the result of a cell. `baseline` has the runs of the same tests without a fault.

    With `uncollectable`, nobody could collect a result after the fault, so that uncollected jobs do not count. With
    `may_fail`, a failure is the right answer to the fault, and with `may_repeat`, the work can be paid for again.
    """
    money: list[str] = []
    failed: list[str] = []
    for test, run in runs.items():
        before = baseline[test]
        if not run.passed and not may_fail:
            failed.append(f"{test}: {run.message or 'failed'}")
        if run.spent > before.spent and not may_repeat:
            money.append(f"{test}: spent {_credits(run.spent)} instead of {_credits(before.spent)}")
        for finding in _new(run.findings, before.findings):
            if uncollectable and finding.rule == "wasted_credits":
                continue
            lost = finding.rule in MONEY and finding.costs
            if lost or finding.severity != "note":
                (money if lost else failed).append(f"{test}: {finding.rule}: {finding.message}")
    if not any(run.fired for run in runs.values()):
        reason = "the call was not made again, so the fault did not happen"
        return Result(cell, "unknown", (reason, *failed), seconds)
    reasons = (*shortened(money), *shortened(failed))
    tests = tuple(test for test in runs if any(each.startswith(f"{test}: ") for each in (*money, *failed)))
    return Result(cell, "money lost" if money else "failed" if failed else "survived", reasons, seconds, tests)


def shortened(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the first reasons, and how many more there are."""
    more = len(reasons) - _MOST_REASONS
    return tuple(reasons) if more <= 0 else (*reasons[:_MOST_REASONS], f"and {more} more")


def _new(findings: Sequence[Seen], before: Sequence[Seen]) -> list[Seen]:
    """Return the findings of rules that found less without the fault."""
    counts: dict[str, int] = {}
    for finding in before:
        counts[finding.rule] = counts.get(finding.rule, 0) + 1
    new = []
    for finding in findings:
        if counts.get(finding.rule, 0):
            counts[finding.rule] -= 1
        else:
            new.append(finding)
    return new


def _credits(amount: int) -> str:
    value = amount / CREDIT
    return f"{value:g} credit{'' if value == 1 else 's'}"
