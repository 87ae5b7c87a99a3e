"""The verdict on one sandbox of a test as a part of a report, and the expectations of its scenario."""

from typing import TYPE_CHECKING

from mockserver.core.verdict.expected import EXPECTATION
from mockserver.core.verdict.judge import Verdict
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.verdict.data import data
from mockserver.verdict.parts import Part

if TYPE_CHECKING:
    from mockserver.testing.history import History


def part_of(name: str, hosted: HostedSandbox, verdict: Verdict) -> Part:
    """Return a verdict as a part of a report, with the ledger rows that it names and with credentials masked."""
    from mockserver.kit.ledger import ledger

    rows = ledger(hosted.host.providers).rows if verdict.findings else {}
    return Part(name, data(verdict, rows, hosted.masking))


def problem_of(handle: "History") -> str | None:
    """Describe the expectations of the scenario that are not met, and errors if the scenario judges its client.

    None if the scenario has no expectations, or all are met.
    """
    expected = handle.hosted.expected
    if not expected:
        return None
    verdict, judged = handle.verdict(), any(each.verdict is not None for each in expected)
    problems = [f for f in verdict.findings if f.rule == EXPECTATION or (judged and f.severity == "error")]
    if not problems:
        return None
    from mockserver.verdict import text

    failed = Verdict(tuple(problems), verdict.requests, verdict.jobs, verdict.deliveries, complete=verdict.complete)
    return text.text([part_of("", handle.hosted, failed)]).rstrip("\n")
