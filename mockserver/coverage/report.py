"""The coverage of a run: the behaviours of each provider, how often each was covered, and a scenario that shows it.

Reports of parallel jobs that were saved as JSON can be merged (`Report.merged`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mockserver.coverage.tally import Tally

if TYPE_CHECKING:
    from mockserver.provenance.rows import Row

# The kinds of behaviour that tests can cover, in the order of the columns; and the order of those that were missed.
KINDS = ("operation", "error", "state", "event", "ending")
MISSED_FIRST = ("error", "ending", "event", "state", "operation")

K = TypeVar("K", bound=tuple[str, int | str])


class UnknownProvider(LookupError):
    """The report has no provider of that name."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One ledger row, and how often it was covered. `basis` is its class: documented, observed or assumed."""

    rule: str
    what: str
    basis: str
    scenario: str
    seen: int

    @property
    def kind(self) -> str:
        """`operation`, `error`, `state`, `event` or `ending`."""
        return self.rule.split(".", 2)[1]

    @property
    def name(self) -> str:
        """The name without provider and kind."""
        return self.rule.split(".", 2)[2]


@dataclass(frozen=True, slots=True)
class Score:
    """How many behaviours were covered, out of how many."""

    met: int
    total: int

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down, so that 100 means all. If there are none it is 0."""
        return self.met * 100 // self.total if self.total else 0

    def below(self, percent: float) -> bool:
        """Return True if less than `percent` was covered. If there are no behaviours, nothing was covered."""
        return self.met * 100 < percent * self.total if self.total else percent > 0


@dataclass(frozen=True, slots=True)
class ProviderCoverage:
    """The coverage of one provider.

    `calls` counts requests by operation and status: `-` means no operation, and 0 no reply. `deviations` counts
    requests by operation and by what the provider's contract does not allow.
    """

    provider: str
    behaviours: Sequence[Behaviour]
    calls: Mapping[tuple[str, int], int]
    deviations: Mapping[tuple[str, str], int]

    @property
    def called(self) -> int:
        """The number of requests."""
        return sum(self.calls.values())

    @property
    def score(self) -> Score:
        """The score of all behaviours."""
        return _score(self.behaviours)

    def of(self, kind: str) -> Score:
        """Return the score of the behaviours of one kind."""
        return _score([b for b in self.behaviours if b.kind == kind])

    @property
    def missed(self) -> Sequence[Behaviour]:
        """The behaviours that were not covered, errors first."""
        return sorted((b for b in self.behaviours if not b.seen), key=lambda b: MISSED_FIRST.index(b.kind))


@dataclass(frozen=True, slots=True)
class Report:
    """The coverage of a run, by provider. `left_out` counts entries that are not listed because there are too many."""

    parts: Sequence[ProviderCoverage]
    left_out: int = 0

    @property
    def score(self) -> Score:
        """The score of all behaviours in the report."""
        return _score([b for part in self.parts for b in part.behaviours])

    @property
    def percent(self) -> int:
        """Whole per cent of the score, rounded down."""
        return self.score.percent

    @property
    def met(self) -> Sequence[str]:
        """The ids of the covered rows."""
        return [b.rule for part in self.parts for b in part.behaviours if b.seen]

    @property
    def missed(self) -> Sequence[str]:
        """The ids of the rows that were not covered, the errors of each provider first."""
        return [b.rule for part in self.parts for b in part.missed]

    def of(self, *providers: str) -> "Report":
        """Return the report on these providers; without any, on those that were called. Raises UnknownProvider."""
        known = [part.provider for part in self.parts]
        for name in providers:
            if name not in known:
                raise UnknownProvider(f"there is no provider {name!r}; the providers are {', '.join(known)}")
        kept = [p for p in self.parts if (p.provider in providers if providers else p.called)]
        return Report(kept, self.left_out)

    def on(self, *bases: str) -> "Report":
        """Return the report on the behaviours of these classes: documented, observed, assumed."""

        def part(whole: ProviderCoverage) -> ProviderCoverage:
            kept = [b for b in whole.behaviours if b.basis in bases]
            return ProviderCoverage(whole.provider, kept, whole.calls, whole.deviations)

        return Report([part(p) for p in self.parts], self.left_out)

    @classmethod
    def from_tally(cls, providers: Iterable[str], rows: "Mapping[str, Row]", tally: Tally) -> "Report":
        """Create a report on these providers from their ledger rows, by id, and a tally."""
        return cls([_part(name, rows, tally) for name in providers], tally.left_out)

    @classmethod
    def merged(cls, reports: Iterable["Report"]) -> "Report":
        """Merge the reports of several runs. Counts are added, and a behaviour that one run covered is covered."""
        parts: dict[str, ProviderCoverage] = {}
        left_out = 0
        for report in reports:
            left_out += report.left_out
            for part in report.parts:
                other = parts.get(part.provider)
                parts[part.provider] = part if other is None else _merged(other, part)
        return cls(list(parts.values()), left_out)


def _score(behaviours: Sequence[Behaviour]) -> Score:
    return Score(sum(1 for b in behaviours if b.seen), len(behaviours))


def _part(provider: str, rows: "Mapping[str, Row]", tally: Tally) -> ProviderCoverage:
    prefix, counts = f"{provider}.", tally.rows
    own = [(i, row) for i, row in rows.items() if i.startswith(prefix) and i.split(".", 2)[1] in KINDS]
    own.sort(key=lambda each: KINDS.index(each[0].split(".", 2)[1]))
    behaviours = [Behaviour(i, row.what, row.basis, row.scenario, counts.get(i, 0)) for i, row in own]
    calls = {(o, status): n for (p, o, status), n in sorted(tally.calls.items()) if p == provider}
    deviations = {(o, text): n for (p, o, text), n in sorted(tally.deviations.items()) if p == provider}
    return ProviderCoverage(provider, behaviours, calls, deviations)


def _merged(one: ProviderCoverage, other: ProviderCoverage) -> ProviderCoverage:
    behaviours: dict[str, Behaviour] = {b.rule: b for b in one.behaviours}
    for b in other.behaviours:
        before = behaviours[b.rule].seen if b.rule in behaviours else 0
        behaviours[b.rule] = Behaviour(b.rule, b.what, b.basis, b.scenario, before + b.seen)
    ordered = sorted(behaviours.values(), key=lambda b: KINDS.index(b.kind))
    calls, deviations = _sum(one.calls, other.calls), _sum(one.deviations, other.deviations)
    return ProviderCoverage(one.provider, ordered, calls, deviations)


def _sum(one: Mapping[K, int], other: Mapping[K, int]) -> Mapping[K, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}
