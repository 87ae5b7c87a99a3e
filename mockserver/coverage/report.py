"""The coverage of a run: what there was to meet of each provider, how much of it was met, and what would show the rest.

Reports add up: those of parallel jobs, saved as JSON, become one (`Report.merged`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mockserver.coverage.tally import Tally

if TYPE_CHECKING:
    from mockserver.provenance.rows import Row

# What a client's suite can meet, in the order in which it is shown; and what is shown first of what it has missed.
KINDS = ("operation", "error", "state", "event", "ending")
MISSED_FIRST = ("error", "ending", "event", "state", "operation")

K = TypeVar("K", bound=tuple[str, int | str])


class UnknownProvider(LookupError):
    """A report knows no provider of that name."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One row of a ledger, and how often it was met. `basis` is on whose word it stands: its class."""

    rule: str
    what: str
    basis: str
    scenario: str
    seen: int

    @property
    def kind(self) -> str:
        """Operation, error, state, event or ending."""
        return self.rule.split(".", 2)[1]

    @property
    def name(self) -> str:
        """What it is called behind its provider and its kind."""
        return self.rule.split(".", 2)[2]


@dataclass(frozen=True, slots=True)
class Score:
    """So many met, out of so many."""

    met: int
    total: int

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down, so that 100 is all; of nothing, 0."""
        return self.met * 100 // self.total if self.total else 0

    def below(self, percent: float) -> bool:
        """True when less was met than that many per cent; of nothing, nothing was met."""
        return self.met * 100 < percent * self.total if self.total else percent > 0


@dataclass(frozen=True, slots=True)
class Part:
    """What was met of one provider.

    `calls` counts requests by operation and status, where `-` is no operation and 0 no reply; `deviations` by
    operation and by what the provider's contract does not allow of them.
    """

    provider: str
    behaviours: Sequence[Behaviour]
    calls: Mapping[tuple[str, int], int]
    deviations: Mapping[tuple[str, str], int]

    @property
    def called(self) -> int:
        """How many requests there were."""
        return sum(self.calls.values())

    @property
    def score(self) -> Score:
        """What was met of all there is."""
        return _score(self.behaviours)

    def of(self, kind: str) -> Score:
        """What was met of one kind."""
        return _score([b for b in self.behaviours if b.kind == kind])

    @property
    def missed(self) -> Sequence[Behaviour]:
        """What was not met, errors first."""
        return sorted((b for b in self.behaviours if not b.seen), key=lambda b: MISSED_FIRST.index(b.kind))


@dataclass(frozen=True, slots=True)
class Report:
    """The coverage of a run, provider by provider. `left_out` counts what is not listed because of its number."""

    parts: Sequence[Part]
    left_out: int = 0

    @property
    def score(self) -> Score:
        """What was met of all that the report is about."""
        return _score([b for part in self.parts for b in part.behaviours])

    @property
    def percent(self) -> int:
        """Whole per cent of it, rounded down."""
        return self.score.percent

    @property
    def met(self) -> Sequence[str]:
        """The ids of the rows that were met."""
        return [b.rule for part in self.parts for b in part.behaviours if b.seen]

    @property
    def missed(self) -> Sequence[str]:
        """The ids of the rows that were not met, errors of each provider first."""
        return [b.rule for part in self.parts for b in part.missed]

    def of(self, *providers: str) -> "Report":
        """The report on these providers alone; without any, on those that were called. Raises UnknownProvider."""
        known = [part.provider for part in self.parts]
        for name in providers:
            if name not in known:
                raise UnknownProvider(f"there is no provider {name!r}; the providers are {', '.join(known)}")
        kept = [p for p in self.parts if (p.provider in providers if providers else p.called)]
        return Report(kept, self.left_out)

    def on(self, *bases: str) -> "Report":
        """The report on behaviours of these classes alone: documented, observed, assumed."""

        def part(whole: Part) -> Part:
            kept = [b for b in whole.behaviours if b.basis in bases]
            return Part(whole.provider, kept, whole.calls, whole.deviations)

        return Report([part(p) for p in self.parts], self.left_out)

    @classmethod
    def made(cls, providers: Iterable[str], rows: "Mapping[str, Row]", tally: Tally) -> "Report":
        """The report on these providers, out of their rows by id and what was counted."""
        return cls([_part(name, rows, tally) for name in providers], tally.left_out)

    @classmethod
    def merged(cls, reports: Iterable["Report"]) -> "Report":
        """One report of several runs: counts add up, and what one of them met was met."""
        parts: dict[str, Part] = {}
        left_out = 0
        for report in reports:
            left_out += report.left_out
            for part in report.parts:
                other = parts.get(part.provider)
                parts[part.provider] = part if other is None else _both(other, part)
        return cls(list(parts.values()), left_out)


def _score(behaviours: Sequence[Behaviour]) -> Score:
    return Score(sum(1 for b in behaviours if b.seen), len(behaviours))


def _part(provider: str, rows: "Mapping[str, Row]", tally: Tally) -> Part:
    mine, seen = f"{provider}.", tally.rows
    found = [(i, row) for i, row in rows.items() if i.startswith(mine) and i.split(".", 2)[1] in KINDS]
    found.sort(key=lambda each: KINDS.index(each[0].split(".", 2)[1]))
    behaviours = [Behaviour(i, row.what, row.basis, row.scenario, seen.get(i, 0)) for i, row in found]
    calls = {(o, status): n for (p, o, status), n in sorted(tally.calls.items()) if p == provider}
    deviations = {(o, text): n for (p, o, text), n in sorted(tally.deviations.items()) if p == provider}
    return Part(provider, behaviours, calls, deviations)


def _both(one: Part, other: Part) -> Part:
    behaviours: dict[str, Behaviour] = {b.rule: b for b in one.behaviours}
    for b in other.behaviours:
        before = behaviours[b.rule].seen if b.rule in behaviours else 0
        behaviours[b.rule] = Behaviour(b.rule, b.what, b.basis, b.scenario, before + b.seen)
    ordered = sorted(behaviours.values(), key=lambda b: KINDS.index(b.kind))
    calls, deviations = _sum(one.calls, other.calls), _sum(one.deviations, other.deviations)
    return Part(one.provider, ordered, calls, deviations)


def _sum(one: Mapping[K, int], other: Mapping[K, int]) -> Mapping[K, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}
