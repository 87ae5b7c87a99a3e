"""Counts the behaviours that the clients of a server have covered so far.

The journal is bounded and is deleted with its sandbox, for example at the end of a test. The coverage of a run must
outlive both. So each journal entry is counted when it is written, in the tally of its sandbox, and the tally of a
deleted sandbox is added to that of the server.

This is state outside the store. No decision depends on it, and counting must not cost the hot path a round trip to a
remote store. A store in a file keeps it as well: it saves the tally now and then, and counts the entries of the journal
since then when it is opened again. Tallies can be added in any order, so each of several processes has its own, and
their reports are merged (`Report.merged`).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mockserver.core.journal import JournalEntry

# How many different ledger rows, statuses of operations and deviations are listed. The rest is only counted.
MOST_ROWS = 5_000
MOST_CALLS = 2_000
MOST_DEVIATIONS = 300
MOST_RULES = 500
MOST_ATTEMPTS = 500
LONGEST = 200
# How many different requests are kept before they are added up.
_MAX_PENDING = 256
# Stands for "no operation": an unknown path, or a method that the path does not support.
NO_OPERATION = "-"
# Stands for all rules, or events, above the maximum number.
OTHERS = "(others)"
_OTHER_ATTEMPTS = (NO_OPERATION, OTHERS, 0)
_OTHER_MATCHES = (NO_OPERATION, OTHERS, 0, OTHERS)

K = TypeVar("K")
_Key = tuple[str | None, str | None, int | None, tuple[str, ...], str | None]


class Tally:
    """Counts of ledger rows, statuses of operations, rules, attempts and deviations. Everything in it is bounded."""

    __slots__ = ("_calls", "_deviations", "_matches", "_pending", "_rows", "attempts", "clears", "left_out")

    def __init__(self) -> None:
        self._pending: dict[_Key, int] = {}
        self._rows: dict[str, int] = {}
        self._calls: dict[tuple[str, str, int], int] = {}
        self._deviations: dict[tuple[str, str, str], int] = {}
        self._matches: dict[tuple[str, str, int, str], int] = {}
        # Attempts of outgoing calls by provider, event and status; 0 means no response.
        self.attempts: dict[tuple[str, str, int], int] = {}
        self.left_out = 0
        # How often it was reset.
        self.clears = 0

    def request(self, entry: "JournalEntry") -> None:
        """Count a request of a client, after its reply has been sent."""
        # Many requests are equal, so each costs one look-up here, and their rows are added up later.
        key, pending = (entry.provider, entry.operation, entry.status, entry.rests_on, entry.rule), self._pending
        pending[key] = pending.get(key, 0) + 1
        if len(pending) > _MAX_PENDING:
            self._add_pending()
        if entry.deviations:
            self._deviated(entry)

    def delivery(self, entry: "JournalEntry") -> None:
        """Count an attempt of an outgoing call, and its rows if it got a response with any status."""
        event = entry.rests_on[0].rpartition(".event.")[2] if entry.rests_on else NO_OPERATION
        attempt = (entry.provider or NO_OPERATION, event, entry.status or 0)
        _add(self.attempts, attempt, 1, MOST_ATTEMPTS, _OTHER_ATTEMPTS)
        if entry.status is not None:
            for row in entry.rests_on:
                self._count(self._rows, row, 1, MOST_ROWS)

    def add(self, other: "Tally") -> None:
        """Add the counts of another tally."""
        for row, times in other.rows.items():
            self._count(self._rows, row, times, MOST_ROWS)
        for call, times in other.calls.items():
            self._count(self._calls, call, times, MOST_CALLS)
        for deviation, times in other.deviations.items():
            self._count(self._deviations, deviation, times, MOST_DEVIATIONS)
        for match, times in other.matches.items():
            _add(self._matches, match, times, MOST_RULES, _OTHER_MATCHES)
        for attempt, times in other.attempts.items():
            _add(self.attempts, attempt, times, MOST_ATTEMPTS, _OTHER_ATTEMPTS)
        self.left_out += other.left_out

    def clear(self) -> None:
        """Reset all counts."""
        for counts in (self._pending, self._rows, self._calls, self._deviations, self._matches, self.attempts):
            counts.clear()
        self.left_out = 0
        self.clears += 1

    def data(self) -> dict[str, Any]:
        """Return all counts as plain data."""
        return {
            "rows": dict(self.rows),
            "calls": [[*call, times] for call, times in self.calls.items()],
            "deviations": [[*deviation, times] for deviation, times in self.deviations.items()],
            "matches": [[*match, times] for match, times in self.matches.items()],
            "attempts": [[*attempt, times] for attempt, times in self.attempts.items()],
            "left_out": self.left_out,
        }

    def add_data(self, data: Mapping[str, Any]) -> None:
        """Add the counts of plain data that `data` has returned. Earlier versions left out matches and attempts."""
        other = Tally()
        other._rows.update(data["rows"])
        other._calls.update({(provider, name, status): n for provider, name, status, n in data["calls"]})
        other._deviations.update({(provider, name, text): n for provider, name, text, n in data["deviations"]})
        other._matches.update({tuple(match): n for *match, n in data.get("matches", ())})
        other.attempts.update({tuple(attempt): n for *attempt, n in data.get("attempts", ())})
        other.left_out = data["left_out"]
        self.add(other)

    @property
    def rows(self) -> Mapping[str, int]:
        """The number of requests and answered deliveries by ledger row."""
        self._add_pending()
        return self._rows

    @property
    def calls(self) -> Mapping[tuple[str, str, int], int]:
        """The number of requests by provider, operation (without its provider) and status; 0 means no reply."""
        self._add_pending()
        return self._calls

    @property
    def matches(self) -> Mapping[tuple[str, str, int, str], int]:
        """The number of requests by what `calls` has, and the name of the scenario's rule that they matched."""
        self._add_pending()
        return self._matches

    @property
    def deviations(self) -> Mapping[tuple[str, str, str], int]:
        """The number of requests by provider, operation and deviation from the contract."""
        return self._deviations

    def _add_pending(self) -> None:
        for (provider, operation, status, rows, rule), times in self._pending.items():
            call = (provider or NO_OPERATION, _short(operation), status or 0)
            self._count(self._calls, call, times, MOST_CALLS)
            if rule is not None:
                _add(self._matches, (*call, rule[:LONGEST]), times, MOST_RULES, _OTHER_MATCHES)
            for row in dict.fromkeys(rows):
                self._count(self._rows, row, times, MOST_ROWS)
        self._pending.clear()

    def _deviated(self, entry: "JournalEntry") -> None:
        for text in dict.fromkeys(entry.deviations):
            clipped = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
            deviation = (entry.provider or NO_OPERATION, _short(entry.operation), clipped)
            self._count(self._deviations, deviation, 1, MOST_DEVIATIONS)

    def _count(self, counts: dict[K, int], key: K, times: int, most: int) -> None:
        if key in counts or len(counts) < most:
            counts[key] = counts.get(key, 0) + times
        else:
            self.left_out += times


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of several tallies."""
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def _add(counts: dict[K, int], key: K, times: int, most: int, others: K) -> None:
    """Count a key, or `others` if there are too many."""
    key = key if key in counts or len(counts) < most else others
    counts[key] = counts.get(key, 0) + times


def _short(operation: str | None) -> str:
    return NO_OPERATION if operation is None else operation.partition(".")[2]
