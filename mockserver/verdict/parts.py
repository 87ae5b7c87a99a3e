"""The parts of a report: the verdict on one sandbox or on one test, as JSON data with a name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.verdict.finding import SEVERITIES, Severity, at_least

Data = Mapping[str, Any]


class Part(NamedTuple):
    """The verdict on one sandbox (`sandbox default`) or one test (its id). `data` is what `data.data` returned."""

    name: str
    data: Data

    @property
    def findings(self) -> Sequence[Data]:
        """The findings, the most severe first."""
        findings: Sequence[Data] = self.data["findings"]
        return findings

    @property
    def observed(self) -> bool:
        """True if any request or webhook was observed."""
        return bool(self.data["observed"])


def findings_of(parts: Sequence[Part], threshold: Severity = "note") -> Iterator[tuple[Part, Data]]:
    """Yield all findings that are at least this severe, each with its part."""
    for part in parts:
        for finding in part.findings:
            if at_least(finding["severity"], threshold):
                yield part, finding


def counts(parts: Sequence[Part]) -> dict[Severity, int]:
    """Return the number of findings of each severity."""
    return {severity: sum(part.data["counts"][severity] for part in parts) for severity in SEVERITIES}


def observed(parts: Sequence[Part]) -> bool:
    """Return True if any request or webhook was observed."""
    return any(part.observed for part in parts)


def summary(parts: Sequence[Part]) -> str:
    """Return one line: what was observed, and how many findings there are."""
    if not observed(parts):
        return "nothing was observed: no request to a provider, and no webhook"
    counted = [_many(number, severity) for severity, number in counts(parts).items() if number]
    found = ", ".join(counted) if counted else "no findings"
    names = ("requests", "jobs", "deliveries", "allowed", "left_out")
    sums = {name: sum(part.data[name] for part in parts) for name in names}
    seen = f"{_many(sums['requests'], 'request')}, {_many(sums['jobs'], 'job')}"
    if sums["deliveries"]:
        seen += f", {_many(sums['deliveries'], 'webhook')}"
    allowed = f"; {_many(sums['allowed'], 'finding')} of allowed rules" if sums["allowed"] else ""
    more = f"; {sums['left_out']} more are not listed" if sums["left_out"] else ""
    return f"{found} in {seen}{allowed}{more}"


def failures(part: Part) -> str | None:
    """Return one line about failed requests by class, or None if no request failed."""
    by_class: dict[str, list[int]] = {}
    for failure in part.data["failures"]:
        by_class.setdefault(failure["class"], []).append(failure["number"])
    if not by_class:
        return None
    named = [f"{len(numbers)} {name.replace('_', ' ')} ({_listed(numbers)})" for name, numbers in by_class.items()]
    return f"failed requests: {', '.join(named)}"


def requests(finding: Data) -> str:
    """Return the requests, jobs and credits of a finding in a few words; an empty string if it names none.

    The requests are left out if the message names them.
    """
    named = []
    if any(f"#{number}" not in finding["message"] for number in finding["requests"]):
        named.append(f"requests {_listed(finding['requests'])}")
    if finding["jobs"]:
        named.append(f"jobs {', '.join(finding['jobs'][:5])}")
    if finding["deliveries"]:
        named.append(f"deliveries {', '.join(finding['deliveries'][:5])}")
    if finding["credits"] is not None:
        named.append(_many(finding["credits"], "credit"))
    return "; ".join(named)


def documented(finding: Data) -> str | None:
    """Return what the provider documents, with the class and the id of the ledger row; None if no row is known."""
    row = finding["documented"]
    if row is None:
        return None
    return f"{row['what']} ({row['class']}: {row['rule']})"


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown}, ... ({len(numbers)})"


def _many(count: float, singular: str) -> str:
    return f"{count:g} {singular}" if count == 1 else f"{count:g} {singular}s"
