"""Counts the requests of a sandbox by operation, from summaries of its journal."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from mockserver.cli.entry_filter import Summary, is_failure

# Seconds over which rates are averaged.
WINDOW = 10


class OperationTraffic(NamedTuple):
    """The requests to one operation. `rate` is a second, over the last `WINDOW` seconds."""

    name: str
    rate: float
    total: int
    failed: int
    last_status: int | None


class Traffic:
    """Counts requests. Times are milliseconds of the machine's clock."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, str]] = deque()
        self._totals: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._last: dict[str, int | None] = {}
        self.last_offset = 0

    def add(self, entries: Sequence[Summary], now: int | None) -> None:
        """Count the requests among these entries. They arrived `now`, or for None when their requests began."""
        for entry in entries:
            self.last_offset = entry["offset"]
            if entry["kind"] != "request":
                continue
            name = entry.get("operation") or "no operation"
            self._totals[name] += 1
            self._failed[name] += is_failure(entry)
            self._last[name] = entry.get("status")
            began = entry["began"] if "began" in entry else entry["at"]
            self._recent.append((began if now is None else now, name))

    def clear(self) -> None:
        """Forget everything: the journal was cleared."""
        self.__init__()  # type: ignore[misc]

    def by_operation(self, now: int) -> list[OperationTraffic]:
        """Return the traffic of each operation, the busiest first."""
        while self._recent and self._recent[0][0] <= now - WINDOW * 1000:
            self._recent.popleft()
        recent = Counter(name for at, name in self._recent if at <= now + 1000)
        rows = [
            OperationTraffic(name, recent[name] / WINDOW, total, self._failed[name], self._last[name])
            for name, total in self._totals.items()
        ]
        return sorted(rows, key=lambda row: (-row.rate, -row.total, row.name))
