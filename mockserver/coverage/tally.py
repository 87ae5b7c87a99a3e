"""What the clients of a server have met so far, counted as it happens.

The journal is bounded and goes with its sandbox, a test's at the end of the test; what a whole run has met must outlive
both. So each entry is counted when it is written down, into the tally of its sandbox, and the tally of a sandbox that
is thrown away is added to that of its server.

This is state outside the store, which nothing else may have. Nothing is ever decided by it: it is a meter beside the
machine, and adding it to the hot path must not cost a round trip to a store that is somewhere else. Tallies add up, in
any order, so several processes keep one each, and whoever reports merges what they say (`Report.merged`).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mockserver.core.journal import Entry

# How much is told apart before the rest is only counted: rows of ledgers, statuses of operations, deviations.
MOST_ROWS = 5_000
MOST_CALLS = 2_000
MOST_DEVIATIONS = 300
LONGEST = 200
# So many different requests are kept before they are added up.
_FRESH = 256
# What is no operation: a path that a provider does not have, or a method that a path does not take.
NOWHERE = "-"

K = TypeVar("K")
_Key = tuple[str | None, str | None, int | None, tuple[str, ...]]


class Tally:
    """How often each row of the ledgers was met, and each status of each operation; and who deviated how.

    Everything in it is a count, and nothing in it grows without bound.
    """

    __slots__ = ("_calls", "_deviations", "_fresh", "_rows", "left_out")

    def __init__(self) -> None:
        self._fresh: dict[_Key, int] = {}
        self._rows: dict[str, int] = {}
        self._calls: dict[tuple[str, str, int], int] = {}
        self._deviations: dict[tuple[str, str, str], int] = {}
        self.left_out = 0

    def request(self, entry: "Entry") -> None:
        """Count a request of a client, once its reply has been sent."""
        # Requests are alike, and one look-up is all that is done for each: what they say is added up later.
        key, fresh = (entry.provider, entry.operation, entry.status, entry.rests_on), self._fresh
        fresh[key] = fresh.get(key, 0) + 1
        if len(fresh) > _FRESH:
            self._settle()
        if entry.deviations:
            self._deviated(entry)

    def delivery(self, entry: "Entry") -> None:
        """Count an attempt of an outgoing call, if anything answered it, whatever it answered."""
        if entry.status is not None:
            for row in entry.rests_on:
                self._count(self._rows, row, 1, MOST_ROWS)

    def add(self, other: "Tally") -> None:
        """Count in what another has counted."""
        for row, times in other.rows.items():
            self._count(self._rows, row, times, MOST_ROWS)
        for call, times in other.calls.items():
            self._count(self._calls, call, times, MOST_CALLS)
        for deviation, times in other.deviations.items():
            self._count(self._deviations, deviation, times, MOST_DEVIATIONS)
        self.left_out += other.left_out

    def clear(self) -> None:
        """Begin anew."""
        for counts in (self._fresh, self._rows, self._calls, self._deviations):
            counts.clear()
        self.left_out = 0

    @property
    def rows(self) -> Mapping[str, int]:
        """How many requests and answered deliveries met each row, by its id."""
        self._settle()
        return self._rows

    @property
    def calls(self) -> Mapping[tuple[str, str, int], int]:
        """How many requests there were, by provider, operation (without its provider) and status; 0 is no reply."""
        self._settle()
        return self._calls

    @property
    def deviations(self) -> Mapping[tuple[str, str, str], int]:
        """How many requests deviated from the contract, by provider, operation and in what."""
        return self._deviations

    def _settle(self) -> None:
        for (provider, operation, status, rows), times in self._fresh.items():
            call = (provider or NOWHERE, _short(operation), status or 0)
            self._count(self._calls, call, times, MOST_CALLS)
            for row in dict.fromkeys(rows):
                self._count(self._rows, row, times, MOST_ROWS)
        self._fresh.clear()

    def _deviated(self, entry: "Entry") -> None:
        for text in dict.fromkeys(entry.deviations):
            clipped = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
            told = (entry.provider or NOWHERE, _short(entry.operation), clipped)
            self._count(self._deviations, told, 1, MOST_DEVIATIONS)

    def _count(self, counts: dict[K, int], key: K, times: int, most: int) -> None:
        if key in counts or len(counts) < most:
            counts[key] = counts.get(key, 0) + times
        else:
            self.left_out += times


def total(tallies: Iterable[Tally]) -> Tally:
    """A tally of all that several have counted."""
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def _short(operation: str | None) -> str:
    return NOWHERE if operation is None else operation.partition(".")[2]
