"""Findings: what a rule has found, and how serious it is."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
# The most requests that one finding names.
MOST_CALLS = 20
# The most findings of one rule that are reported.
MOST_FINDINGS = 100


def at_least(severity: Severity, threshold: Severity) -> bool:
    """Return True if a severity is as serious as the threshold, or more."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(threshold)


class Found(NamedTuple):
    """What a rule returns. `calls` are numbers of journal entries. `row` is the id of a ledger row with its provider.

    `cost` is what it cost, in hundredths of a credit; None if it cost none or the provider has no credits. `advice`
    replaces that of the rule.
    """

    message: str
    calls: tuple[int, ...] = ()
    jobs: tuple[str, ...] = ()
    provider: str | None = None
    operation: str | None = None
    account: str | None = None
    cost: int | None = None
    row: str | None = None
    deliveries: tuple[str, ...] = ()
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a verdict: the rule, its severity, one sentence about what was seen, and what to do instead."""

    rule: str
    severity: Severity
    message: str
    advice: str
    calls: tuple[int, ...] = ()
    jobs: tuple[str, ...] = ()
    provider: str | None = None
    operation: str | None = None
    account: str | None = None
    cost: int | None = None
    row: str | None = None
    deliveries: tuple[str, ...] = ()
