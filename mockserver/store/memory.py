"""The store that keeps everything in the memory of this process. Everything in it is bounded."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.core.credits import CreditLedger
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.core.limits import Counter, Limit, Usage
from mockserver.core.plans import Status
from mockserver.store.job_table import JobTable
from mockserver.store.protocol import ARMED, Credits, Page, Transition, What


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many of each kind a sandbox keeps before the oldest is dropped."""

    jobs: int = 100_000
    journal: int = 5_000
    deliveries: int = 20_000
    counters: int = 80_000
    credit_ledgers: int = 10_000
    values: int = 10_000


class MemoryStore:
    """A `Store` in the memory of one process."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._clear_jobs()
        self._clear_counters()
        self._values: dict[str, OrderedDict[str, tuple[Any, int | None]]] = {}
        self._journal: deque[JournalEntry] = deque(maxlen=self._bounds.journal)
        self._written = 0

    def _clear_jobs(self) -> None:
        self._jobs = JobTable(self._bounds.jobs)
        self._deliveries: OrderedDict[str, Delivery] = OrderedDict()
        self._due: list[tuple[int, int, str]] = []
        self._claimed: set[str] = set()
        # Replays of claimed deliveries, which are scheduled when those are saved: the due time and the URL.
        self._replays: dict[str, tuple[int, str | None]] = {}
        self._scheduled = 0

    def _clear_counters(self) -> None:
        self._numbers: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._counters: OrderedDict[tuple[str, str], Counter] = OrderedDict()
        self._ledgers: OrderedDict[str, CreditLedger] = OrderedDict()

    # Jobs.

    async def add_job(self, job: Job) -> Job:
        job = self._jobs.add(job)
        self._release_all(self._jobs.shrink())
        return job

    async def get_job(self, provider: str, account: str, job_id: str) -> Job | None:
        return self._jobs.get(provider, account, job_id)

    async def find_jobs(self, job_id: str) -> Sequence[Job]:
        return self._jobs.find(job_id)

    async def replace_job(self, old: Job, new: Job) -> bool:
        return self._jobs.swap(old, new)

    async def take_transitions(self, now: int) -> Sequence[Transition]:
        return self._jobs.take(now)

    async def next_transition(self) -> int | None:
        return self._jobs.next_due()

    async def take_effects(self, now: int) -> Sequence[Transition]:
        return self._jobs.take_effects(now)

    async def next_effect(self) -> int | None:
        return self._jobs.next_effect()

    async def page_jobs(
        self,
        provider: str | None = None,
        account: str | None = None,
        status: Status | None = None,
        offset: int = 0,
        limit: int = 20,
    ) -> Page:
        return self._jobs.page(provider, account, status, offset, limit)

    async def count_by_status(self, provider: str) -> Mapping[Status, int]:
        return self._jobs.count_by_status(provider)

    async def queue_position(self, job: Job) -> int:
        return self._jobs.position(job)

    async def waiting_jobs(self, provider: str, account: str, limit: int) -> Page:
        return self._jobs.waiting(provider, account, limit)

    def _release_all(self, dropped: Iterable[Job]) -> None:
        for job in dropped:
            ledger = self._ledgers.get(job.account)
            if job.cost and ledger is not None:
                # A job that has ended has no reservation any more, so this changes nothing for it.
                ledger.release(ledger.entries[-1].at, job.id)

    # Counters and limits.

    async def next_number(self, *key: str) -> int:
        number = self._numbers.get(key, 0) + 1
        self._numbers[key] = number
        if number == 1:
            _bound(self._numbers, self._bounds.counters)
        else:
            self._numbers.move_to_end(key)
        return number

    async def hit(self, account: str, limits: Sequence[Limit], now: int, amount: int = 1) -> Sequence[Usage]:
        if len(limits) == 1:
            return (self._counter(account, limits[0].name).hit(limits[0], now, amount),)
        counters = [self._counter(account, limit.name) for limit in limits]
        usages = [c.hit(limit, now, 0) for c, limit in zip(counters, limits, strict=True)]
        full = [amount >= 0 and u.limit.allowed is not None and u.used + amount > u.limit.allowed for u in usages]
        if any(full):
            return [u._replace(admitted=not f) for u, f in zip(usages, full, strict=True)]
        return [c.hit(limit, now, amount) for c, limit in zip(counters, limits, strict=True)]

    def _counter(self, account: str, name: str) -> Counter:
        # The least recently used are dropped first. Otherwise the busiest accounts would lose their counts first.
        counter = self._counters.get((account, name))
        if counter is None:
            counter = self._counters[account, name] = Counter()
            _bound(self._counters, self._bounds.counters)
        else:
            self._counters.move_to_end((account, name))
        return counter

    # Credits.

    async def open_credits(self, account: str, at: int, credits: int | None) -> Credits:
        ledger = self._ledgers.pop(account, None) or CreditLedger.opened(at, credits)
        self._ledgers[account] = ledger
        _bound(self._ledgers, self._bounds.credit_ledgers)
        return _credits(ledger, with_entries=False)

    async def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        ledger = self._ledgers.get(account)
        return ledger is not None and ledger.reserve(at, reference, amount)

    async def capture(self, account: str, at: int, reference: str, amount: int | None = None) -> None:
        if account in self._ledgers:
            self._ledgers[account].capture(at, reference, amount)

    async def release(self, account: str, at: int, reference: str) -> None:
        if account in self._ledgers:
            self._ledgers[account].release(at, reference)

    async def grant(self, account: str, at: int, credits: int | None) -> None:
        await self.open_credits(account, at, 0)
        self._ledgers[account].grant(at, credits)

    async def credits(self, account: str) -> Credits | None:
        ledger = self._ledgers.get(account)
        return None if ledger is None else _credits(ledger, with_entries=True)

    # Small values.

    async def put_value(self, kind: str, key: str, value: Any, expires_at: int | None = None) -> None:
        kept = self._values.setdefault(kind, OrderedDict())
        kept.pop(key, None)
        kept[key] = (value, expires_at)
        _bound(kept, self._bounds.values)

    async def get_value(self, kind: str, key: str, now: int) -> Any:
        kept = self._values.get(kind)
        stored = kept.get(key) if kept else None
        return stored[0] if stored is not None and (stored[1] is None or now < stored[1]) else None

    async def take_value(self, kind: str, key: str, now: int) -> Any:
        value = await self.get_value(kind, key, now)
        if kind in self._values:
            self._values[kind].pop(key, None)
        return value

    async def replace_value(self, kind: str, key: str, old: Any, new: Any) -> bool:
        kept = self._values.get(kind)
        stored = kept.get(key) if kept else None
        if kept is None or stored is None or stored[0] != old:
            return False
        kept[key] = (new, stored[1])
        return True

    async def values(self, kind: str, now: int) -> Mapping[str, Any]:
        kept = self._values.get(kind)
        if not kept:
            return {}
        return {k: v for k, (v, expires) in kept.items() if expires is None or now < expires}

    # Deliveries.

    async def schedule(self, delivery: Delivery) -> Delivery:
        self._deliveries[delivery.id] = delivery
        self._push(delivery)
        _bound(self._deliveries, self._bounds.deliveries)
        return delivery

    async def claim_due(self, now: int) -> Delivery | None:
        at = await self.next_delivery()
        if at is None or at > now:
            return None
        _, _, name = heapq.heappop(self._due)
        self._claimed.add(name)
        return self._deliveries[name]

    async def save_delivery(self, delivery: Delivery) -> None:
        self._claimed.discard(delivery.id)
        replay = self._replays.pop(delivery.id, None)
        if delivery.id in self._deliveries:
            self._deliveries[delivery.id] = kept = delivery if replay is None else delivery.with_replay(*replay)
            self._push(kept)

    async def replay_delivery(self, delivery_id: str, at: int, url: str | None = None) -> None:
        kept = self._deliveries.get(delivery_id)
        if kept is None:
            return
        if delivery_id in self._claimed:
            self._replays[delivery_id] = (at, url)
        else:
            await self.schedule(kept.with_replay(at, url))

    async def next_delivery(self) -> int | None:
        while self._due:
            at, _, name = self._due[0]
            kept = self._deliveries.get(name)
            if kept is not None and kept.due_at == at and name not in self._claimed:
                return at
            heapq.heappop(self._due)
        return None

    async def get_delivery(self, delivery_id: str) -> Delivery | None:
        return self._deliveries.get(delivery_id)

    async def deliveries(self) -> Sequence[Delivery]:
        return list(reversed(self._deliveries.values()))

    def _push(self, delivery: Delivery) -> None:
        if delivery.due_at is not None:
            if len(self._due) > 2 * self._bounds.deliveries:
                # Entries of dropped deliveries are removed here, because they may be due much later.
                self._due = [d for d in self._due if d[2] in self._deliveries]
                heapq.heapify(self._due)
            self._scheduled += 1
            heapq.heappush(self._due, (delivery.due_at, self._scheduled, delivery.id))

    # The journal.

    async def number_entry(self) -> int:
        self._written += 1
        return self._written

    async def append(self, entry: JournalEntry) -> int:
        if not entry.number:
            self._written += 1
            entry.number = self._written
        if len(entry.request) > KEPT_BODY:
            entry.request = entry.request[:KEPT_BODY]
        if len(entry.reply) > KEPT_BODY:
            entry.reply = entry.reply[:KEPT_BODY]
        self._journal.append(entry)
        return entry.number

    async def insert(self, entries: Sequence[JournalEntry]) -> None:
        journal, later = self._journal, deque[JournalEntry]()
        ordered = sorted(entries, key=lambda e: (e.written_at, e.cause or 0))
        for entry in reversed(ordered):
            while journal and journal[-1].written_at >= entry.written_at and not _causes(journal[-1], entry):
                later.appendleft(journal.pop())
            later.appendleft(entry)
        journal.extend(later)

    async def entries(self) -> Sequence[JournalEntry]:
        return list(reversed(self._journal))

    async def clear(self, what: What) -> None:
        if what in ("journal", "all"):
            self._journal.clear()
        if what in ("jobs", "all"):
            self._release_all(self._jobs.every())
            self._clear_jobs()
        if what in ("counters", "all"):
            self._clear_counters()
        if what == "faults":
            self._values.pop(ARMED, None)
        if what == "all":
            self._values.clear()


def _causes(written: JournalEntry, transition: JournalEntry) -> bool:
    # A request that took time is written after the transitions during it, even if it caused them.
    return written.number == transition.cause and written.at >= transition.at


def _credits(ledger: CreditLedger, *, with_entries: bool) -> Credits:
    balance = None if ledger.unlimited else ledger.balance
    entries = tuple(ledger.entries) if with_entries else ()
    return Credits(balance, ledger.held, entries)


def _bound(kept: "OrderedDict[Any, Any]", most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
