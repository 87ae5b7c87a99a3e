"""The judge: applies all rules to the facts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mockserver.core.verdict.facts import Facts
from mockserver.core.verdict.failures import Failure
from mockserver.core.verdict.finding import MOST_CALLS, MOST_FINDINGS, SEVERITIES, Finding, Severity, at_least
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.policy import DEFAULT_POLICY, Policy
from mockserver.core.verdict.table import RULES, Rule


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A failed request, and what the client can know about it."""

    number: int
    operation: str | None
    status: int | None
    failure: Failure


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings, the most severe first, and what they are based on.

    `requests`, `jobs` and `deliveries` count what was observed. `failures` are the failed requests with their class.
    `complete` is False if the oldest entries of the journal have been dropped. `allowed` counts the findings of allowed
    rules, which are not reported. `left_out` counts the findings of rules that have more than 100.
    """

    findings: tuple[Finding, ...] = ()
    requests: int = 0
    jobs: int = 0
    deliveries: int = 0
    failures: tuple[FailedCall, ...] = ()
    complete: bool = True
    allowed: int = 0
    left_out: int = 0

    @property
    def observed(self) -> bool:
        """True if any request or webhook was observed. Without one, a verdict without findings means nothing."""
        return self.requests > 0 or self.deliveries > 0

    @property
    def clean(self) -> bool:
        """True if something was observed, and there is no finding."""
        return self.observed and not self.findings

    def of(self, threshold: Severity) -> tuple[Finding, ...]:
        """Return the findings that are at least this severe."""
        return tuple(finding for finding in self.findings if at_least(finding.severity, threshold))

    def named(self, rule: str) -> tuple[Finding, ...]:
        """Return the findings of one rule."""
        return tuple(finding for finding in self.findings if finding.rule == rule)

    @property
    def counts(self) -> dict[Severity, int]:
        """The number of findings of each severity."""
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}


def judge(facts: Facts, policy: Policy = DEFAULT_POLICY, more: Iterable[Finding] = ()) -> Verdict:
    """Return the verdict on the facts. `more` are findings of expectations, which no policy changes."""
    if policy.longest_poll is not None:
        facts = replace(facts, longest_poll=policy.longest_poll)
    lineage = Lineage(facts)
    every = [(rule, tuple(_findings(lineage, rule))) for rule in RULES]
    found = [(rule, finding) for rule, findings in every for finding in findings[:MOST_FINDINGS]]
    left_out = sum(max(0, len(findings) - MOST_FINDINGS) for _, findings in every)
    reported = [
        replace(finding, severity=severity)
        for rule, finding in found
        if (severity := policy.severity(rule.name, rule.severity)) is not None
    ]
    allowed = len(found) - len(reported)
    failures = [
        FailedCall(call.number, call.operation, call.status, lineage.failures[call.number])
        for call in facts.calls
        if call.number in lineage.failures
    ]
    reported = _without_repetitions(reported)
    return Verdict(
        _ordered([*more, *reported]), len(facts.calls), len(facts.jobs), len(facts.deliveries), tuple(failures),
        facts.complete, allowed, left_out,
    )  # fmt: skip


def _findings(lineage: Lineage, rule: Rule) -> Iterable[Finding]:
    for found in rule.check(lineage):
        yield Finding(
            rule.name, rule.severity, f"{found.message[:1].upper()}{found.message[1:]}", found.advice or rule.advice,
            found.calls[:MOST_CALLS], found.jobs[:MOST_CALLS], found.provider, found.operation, found.account,
            found.cost, found.row, found.deliveries,
        )  # fmt: skip


def _without_repetitions(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings without wasted credits for jobs whose cost another finding names."""
    priced = {job for each in findings if each.rule != "wasted_credits" and each.cost is not None for job in each.jobs}
    return [each for each in findings if each.rule != "wasted_credits" or priced.isdisjoint(each.jobs)]


def _ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.calls[:1] or (0,))))
