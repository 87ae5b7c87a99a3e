"""Deliveries in memory, indexed so that a page and a count of them take no longer than the page.

Deliveries are listed by their sequence, which is the order in which they were first scheduled. Each is in one list by
provider, event and outcome, in one of its receiver's URL by the same, and in one of its job.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from mockserver.core.deliveries import Delivery, DeliveryFilter
from mockserver.core.sizes import delivery_size
from mockserver.store.protocol import DeliveryCount

Lanes = dict[tuple[str, str, str], list[int]]


@dataclass(slots=True)
class DeliveryRow:
    """A delivery, its sequence, and the number of bytes in it. `pushed` orders deliveries that are due together."""

    delivery: Delivery
    sequence: int
    size: int
    pushed: int = 0


class DeliveryTable:
    """The deliveries of one sandbox. Above `capacity` the oldest are dropped."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._by_id: dict[str, DeliveryRow] = {}
        # The rows in order of their sequences, which are consecutive. The first has the sequence `_first`.
        self._rows: list[DeliveryRow] = []
        self._first = 1
        self._lanes: Lanes = {}
        self._by_url: dict[str, Lanes] = {}
        self._by_job: dict[str, list[int]] = {}
        self._due: list[tuple[int, int, str]] = []
        self._scheduled = 0
        self._claimed: set[str] = set()
        # Replays of claimed deliveries, which are scheduled when those are saved: the due time and the URL.
        self._replays: dict[str, tuple[int, str | None]] = {}

    def get(self, delivery_id: str) -> Delivery | None:
        row = self._by_id.get(delivery_id)
        return None if row is None else row.delivery

    def schedule(self, delivery: Delivery) -> None:
        row = self._by_id.get(delivery.id)
        if row is None:
            self._add(delivery)
        else:
            self._replace(row, delivery)
        self._push(delivery)
        if len(self._rows) > self.capacity + self.capacity // 50:
            self._drop(len(self._rows) - self.capacity)

    def claim_due(self, now: int) -> Delivery | None:
        at = self.next_due()
        if at is None or at > now:
            return None
        _, _, name = heapq.heappop(self._due)
        self._claimed.add(name)
        return self._by_id[name].delivery

    def save(self, delivery: Delivery) -> None:
        self._claimed.discard(delivery.id)
        replay = self._replays.pop(delivery.id, None)
        row = self._by_id.get(delivery.id)
        if row is not None:
            kept = delivery if replay is None else delivery.with_replay(*replay)
            self._replace(row, kept)
            self._push(kept)

    def replay(self, delivery_id: str, at: int, url: str | None) -> None:
        row = self._by_id.get(delivery_id)
        if row is None:
            return
        if delivery_id in self._claimed:
            self._replays[delivery_id] = (at, url)
        else:
            self.schedule(row.delivery.with_replay(at, url))

    def next_due(self) -> int | None:
        while self._due:
            at, pushed, name = self._due[0]
            row = self._by_id.get(name)
            # Only the latest entry of a delivery counts, because a store that is read again has no other.
            is_latest = row is not None and row.pushed == pushed and row.delivery.due_at == at
            if is_latest and name not in self._claimed:
                return at
            heapq.heappop(self._due)
        return None

    def page(self, wanted: DeliveryFilter, after: str | None, limit: int | None) -> list[Delivery]:
        """Return at most `limit` deliveries, newest first, that are older than the one with the id `after`."""
        end = self._first + len(self._rows)
        if after is not None:
            row = self._by_id.get(after)
            if row is None:
                return []  # It was dropped, and so was everything older.
            end = row.sequence
        page: list[Delivery] = []
        for sequence in self._newest_first(wanted, end):
            if limit is not None and len(page) >= limit:
                break
            delivery = self._rows[sequence - self._first].delivery
            if wanted.matches(delivery):
                page.append(delivery)
        return page

    def count(self, wanted: DeliveryFilter) -> DeliveryCount:
        """Count the deliveries, and those of them that have ended."""
        if wanted.job is not None:
            page = self.page(wanted, None, None)
            return DeliveryCount(len(page), sum(d.outcome != "pending" for d in page))
        counts = [(key[2] != "pending", len(lane)) for key, lane in self._meant(wanted)]
        return DeliveryCount(sum(n for _, n in counts), sum(n for ended, n in counts if ended))

    @property
    def empty(self) -> bool:
        return not self._rows

    def drop(self) -> None:
        """Drop the oldest deliveries: a fiftieth of all, or one."""
        self._drop(max(1, len(self._rows) // 50))

    def _meant(self, wanted: DeliveryFilter) -> Iterator[tuple[tuple[str, str, str], list[int]]]:
        lanes = self._lanes if wanted.url is None else self._by_url.get(wanted.url, {})
        for key, lane in lanes.items():
            provider, event, outcome = key
            same_event = wanted.provider in (None, provider) and wanted.event in (None, event)
            if same_event and wanted.outcome in (None, outcome):
                yield key, lane

    def _newest_first(self, wanted: DeliveryFilter, end: int) -> Iterator[int]:
        """Return the sequences below `end` that may be meant."""
        if wanted.job is not None:
            lanes = [self._by_job.get(wanted.job, [])]
        else:
            lanes = [lane for _, lane in self._meant(wanted)]
        parts = [map(lane.__getitem__, range(bisect_left(lane, end) - 1, -1, -1)) for lane in lanes]
        return heapq.merge(*parts, reverse=True)

    def _add(self, delivery: Delivery) -> None:
        row = DeliveryRow(delivery, self._first + len(self._rows), delivery_size(delivery))
        self._rows.append(row)
        self._by_id[delivery.id] = row
        self.size += row.size
        self._enter(row)
        if delivery.job is not None:
            self._by_job.setdefault(delivery.job, []).append(row.sequence)

    def _replace(self, row: DeliveryRow, delivery: Delivery) -> None:
        moves = _key(row.delivery) != _key(delivery) or row.delivery.url != delivery.url
        if moves:
            self._leave(row)
        size = delivery_size(delivery)
        self.size += size - row.size
        row.delivery, row.size = delivery, size
        if moves:
            self._enter(row)

    def _enter(self, row: DeliveryRow) -> None:
        delivery, key = row.delivery, _key(row.delivery)
        for lanes in (self._lanes, self._by_url.setdefault(delivery.url, {})):
            insort(lanes.setdefault(key, []), row.sequence)

    def _leave(self, row: DeliveryRow) -> None:
        delivery, key = row.delivery, _key(row.delivery)
        of_url = self._by_url[delivery.url]
        for lanes in (self._lanes, of_url):
            lane = lanes[key]
            del lane[bisect_left(lane, row.sequence)]
            if not lane:
                del lanes[key]
        if not of_url:
            del self._by_url[delivery.url]

    def _drop(self, count: int) -> None:
        dropped = self._rows[:count]
        del self._rows[:count]
        self._first += len(dropped)
        for row in dropped:
            self._leave(row)
            del self._by_id[row.delivery.id]
            self._claimed.discard(row.delivery.id)
            self._replays.pop(row.delivery.id, None)
            self.size -= row.size
            job = row.delivery.job
            if job is not None:
                of_job = self._by_job[job]
                of_job.remove(row.sequence)
                if not of_job:
                    del self._by_job[job]

    def _push(self, delivery: Delivery) -> None:
        if delivery.due_at is not None:
            if len(self._due) > 2 * len(self._rows):
                # Entries of dropped deliveries are removed here, because they may be due much later.
                self._due = [d for d in self._due if d[2] in self._by_id]
                heapq.heapify(self._due)
            self._scheduled += 1
            self._by_id[delivery.id].pushed = self._scheduled
            heapq.heappush(self._due, (delivery.due_at, self._scheduled, delivery.id))


def _key(delivery: Delivery) -> tuple[str, str, str]:
    return (delivery.provider, delivery.event, delivery.outcome)
