"""The store that keeps everything in the memory of this process. Everything in it is bounded, in number and in bytes.

Each table counts the bytes in it when rows are added and dropped. If the tables of a sandbox have more than its
`memory`, the largest table drops its oldest rows. If all sandboxes have more than the server's, the largest sandbox
does so (`pool`). A table is only looked at when it has grown past its ceiling, so that a write costs one comparison.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from mockserver.core.credits import CreditLedger
from mockserver.core.deliveries import ALL_DELIVERIES, Delivery, DeliveryFilter
from mockserver.core.jobs import Job
from mockserver.core.journal import ALL_ENTRIES, EntryFilter, JournalEntry
from mockserver.core.limits import Limit, Usage
from mockserver.core.plans import Status
from mockserver.store.account_tables import CounterTable, LedgerTable, NumberTable
from mockserver.store.delivery_table import DeliveryTable
from mockserver.store.job_table import JobTable
from mockserver.store.journal_table import JournalTable
from mockserver.store.pool import EMPTY, SANDBOX_MEMORY, STEP, MemoryPool
from mockserver.store.protocol import MAX_FAULTS, Credits, DeliveryCount, Page, Transition, What, Written
from mockserver.store.value_tables import FaultTable, ValueTable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of each kind a sandbox keeps before the oldest is dropped, and the bytes of all (`memory`)."""

    jobs: int = 100_000
    journal: int = 5_000
    deliveries: int = 20_000
    counters: int = 80_000
    credit_ledgers: int = 10_000
    balances: int = 200_000
    values: int = 10_000
    memory: int = SANDBOX_MEMORY


class Table(Protocol):
    """A part of the store: the bytes in it, the size up to which it may grow, and dropping its oldest rows."""

    size: int
    ceiling: int

    @property
    def empty(self) -> bool: ...

    def drop(self) -> Sequence[Job] | None: ...


class MemoryStore:
    """A `Store` in the memory of one process, which shares the memory of `pool` with others."""

    durable = False

    def __init__(self, bounds: Bounds | None = None, pool: MemoryPool | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._pool = pool or MemoryPool()
        self._journal = self._make(JournalTable, self._bounds.journal)
        self._values = self._make(ValueTable, self._bounds.values)
        self._faults = self._make(FaultTable)
        self._clear_jobs()
        self._clear_counters()
        self._closed = False
        # Called at the next entry of the journal. A dict, because it keeps the order.
        self._waiting: dict[Callable[[], None], None] = {}
        self._pool.report(self, EMPTY)

    def _make(self, kind: Callable[..., T], *bounds: int) -> T:
        """Return a new table. A store that also keeps its tables elsewhere makes tables of its own."""
        return kind(*bounds)

    def _clear_jobs(self) -> None:
        self._jobs = self._make(JobTable, self._bounds.jobs)
        self._deliveries = self._make(DeliveryTable, self._bounds.deliveries)

    def _clear_counters(self) -> None:
        self._numbers = self._make(NumberTable, self._bounds.counters)
        self._counters = self._make(CounterTable, self._bounds.counters)
        self._ledgers = self._make(LedgerTable, self._bounds.credit_ledgers, self._bounds.balances)

    # Memory.

    @property
    def _tables(self) -> tuple[Table, ...]:
        return (
            self._journal, self._jobs, self._deliveries, self._values, self._faults, self._numbers, self._counters,
            self._ledgers,
        )  # fmt: skip

    @property
    def used(self) -> int:
        """The number of bytes that are counted for this store."""
        return EMPTY + sum(table.size for table in self._tables)

    def _make_room(self, table: Table) -> None:
        """Let a table grow past its ceiling, after the oldest rows were dropped if there is no room for that."""
        limit = self._bounds.memory
        if self.used > limit:
            # Some more than necessary, so that this is not done for each new row.
            self.shrink(limit - limit // 64)
        if not self._closed:
            self._pool.report(self, self.used)
        table.ceiling = table.size + STEP

    def shrink(self, target: int) -> int:
        """Drop the oldest rows of the largest tables until `used` is at most `target`. Return what is used then."""
        while self.used > target:
            tables = self._tables
            filled = [index for index, table in enumerate(tables) if not table.empty]
            if not filled:
                break
            self.drop_oldest(max(filled, key=lambda index: tables[index].size))
        for table in self._tables:
            table.ceiling = min(table.ceiling, table.size + STEP)
        return self.used

    def drop_oldest(self, table: int) -> None:
        """Drop the oldest rows of the table with this index."""
        self._release_all(self._tables[table].drop() or ())

    async def close(self) -> None:
        await self.clear("all")
        self._closed = True
        self._pool.leave(self)

    async def leave(self) -> None:
        await self.close()

    async def committed(self) -> None:
        """Return at once: memory keeps everything until its process ends, and nothing longer."""

    # Several processes.

    @property
    def steps_taken(self) -> bool:
        return False

    def follow(self) -> None:
        """Do nothing: no other process changes this store."""

    def due_elsewhere(self) -> bool:
        """Return False."""
        return False

    def known_due(self) -> int | None:
        """Return 0: asking costs nothing."""
        return 0

    async def entered(self) -> None:
        """Return at once: no other process changes this store."""

    async def begin_steps(self) -> None:
        """Return at once."""

    async def end_steps(self) -> None:
        """Return at once."""

    # Jobs.

    async def add_job(self, job: Job) -> Job:
        jobs = self._jobs
        job = jobs.add(job)
        self._release_all(jobs.shrink())
        if jobs.size > jobs.ceiling:
            self._make_room(jobs)
        return job

    async def get_job(self, provider: str, account: str, job_id: str) -> Job | None:
        return self._jobs.get(provider, account, job_id)

    async def find_jobs(self, job_id: str) -> Sequence[Job]:
        return self._jobs.find(job_id)

    async def replace_job(self, old: Job, new: Job) -> bool:
        return self._jobs.swap(old, new)

    async def take_transitions(self, now: int, limit: int | None = None) -> Sequence[Transition]:
        return self._jobs.take(now, limit)

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
        before: int | None = None,
    ) -> Page:
        return self._jobs.page(provider, account, status, offset, limit, before)

    async def count_by_status(self, provider: str) -> Mapping[Status, int]:
        return self._jobs.count_by_status(provider)

    async def queue_position(self, job: Job) -> int:
        return self._jobs.position(job)

    async def waiting_jobs(self, provider: str, account: str, limit: int) -> Page:
        return self._jobs.waiting(provider, account, limit)

    def _release_all(self, dropped: Iterable[Job]) -> None:
        for job in dropped:
            if job.cost:
                # A job that has ended has no reservation any more, so this changes nothing for it.
                self._ledgers.release(job.account, None, job.id)

    # Counters and limits.

    async def next_number(self, *key: str) -> int:
        numbers = self._numbers
        number = numbers.next(key)
        if numbers.size > numbers.ceiling:
            self._make_room(numbers)
        return number

    async def hit(self, account: str, limits: Sequence[Limit], now: int, amount: int = 1) -> Sequence[Usage]:
        table = self._counters
        if len(limits) == 1:
            usages: Sequence[Usage] = (table.get(account, limits[0].name).hit(limits[0], now, amount),)
        else:
            usages = self._hit_all(account, limits, now, amount)
        if table.size > table.ceiling:
            self._make_room(table)
        return usages

    def _hit_all(self, account: str, limits: Sequence[Limit], now: int, amount: int) -> Sequence[Usage]:
        counters = [self._counters.get(account, limit.name) for limit in limits]
        usages = [c.hit(limit, now, 0) for c, limit in zip(counters, limits, strict=True)]
        full = [amount >= 0 and u.limit.allowed is not None and u.used + amount > u.limit.allowed for u in usages]
        if any(full):
            return [u._replace(admitted=not f) for u, f in zip(usages, full, strict=True)]
        return [c.hit(limit, now, amount) for c, limit in zip(counters, limits, strict=True)]

    # Credits.

    async def open_credits(self, account: str, at: int, credits: int | None) -> Credits:
        ledger = self._ledgers.open(account, at, credits)
        if self._ledgers.size > self._ledgers.ceiling:
            self._make_room(self._ledgers)
        return _credits(ledger, with_entries=False)

    async def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        reserved = self._ledgers.reserve(account, at, reference, amount)
        if self._ledgers.size > self._ledgers.ceiling:
            self._make_room(self._ledgers)
        return reserved

    async def capture(self, account: str, at: int, reference: str, amount: int | None = None) -> None:
        self._ledgers.capture(account, at, reference, amount)

    async def release(self, account: str, at: int, reference: str) -> None:
        self._ledgers.release(account, at, reference)

    async def grant(self, account: str, at: int, credits: int | None) -> None:
        self._ledgers.grant(account, at, credits)

    async def renew_credits(self, at: int, opening: Callable[[str], int | None]) -> None:
        self._ledgers.renew(at, opening)

    async def credits(self, account: str) -> Credits | None:
        ledger = self._ledgers.get(account)
        return None if ledger is None else _credits(ledger, with_entries=True)

    async def accounts(self, limit: int) -> Sequence[str]:
        ids = dict.fromkeys((*self._counters.newest_accounts(limit), *self._ledgers.newest_accounts(limit)))
        return list(ids)[:limit]

    # Small values.

    async def put_value(self, kind: str, key: str, value: Any, expires_at: int | None = None) -> None:
        self._values.put(kind, key, value, expires_at)
        if self._values.size > self._values.ceiling:
            self._make_room(self._values)

    async def get_value(self, kind: str, key: str, now: int) -> Any:
        return self._values.get(kind, key, now)

    async def take_value(self, kind: str, key: str, now: int) -> Any:
        return self._values.take(kind, key, now)

    async def replace_value(self, kind: str, key: str, old: Any, new: Any) -> bool:
        return self._values.replace(kind, key, old, new)

    async def values(self, kind: str, now: int) -> Mapping[str, Any]:
        return self._values.every(kind, now)

    # Armed faults.

    async def arm_fault(self, fault: Mapping[str, Any]) -> str | None:
        if len(self._faults.faults) >= MAX_FAULTS:
            return None
        name = self._faults.arm(fault)
        if self._faults.size > self._faults.ceiling:
            self._make_room(self._faults)
        return name

    async def take_fault(self, operation: str, key: str | None) -> tuple[str, Mapping[str, Any]] | None:
        return self._faults.strike(operation, key) if self._faults.faults else None

    async def armed_faults(self) -> Mapping[str, Mapping[str, Any]]:
        return dict(self._faults.faults)

    # Deliveries.

    async def schedule(self, delivery: Delivery) -> Delivery:
        self._deliveries.schedule(delivery)
        if self._deliveries.size > self._deliveries.ceiling:
            self._make_room(self._deliveries)
        return delivery

    async def claim_due(self, now: int) -> Delivery | None:
        return self._deliveries.claim_due(now)

    async def save_delivery(self, delivery: Delivery) -> None:
        self._deliveries.save(delivery)
        if self._deliveries.size > self._deliveries.ceiling:
            self._make_room(self._deliveries)

    async def replay_delivery(self, delivery_id: str, at: int, url: str | None = None) -> None:
        self._deliveries.replay(delivery_id, at, url)

    async def next_delivery(self) -> int | None:
        return self._deliveries.next_due()

    async def get_delivery(self, delivery_id: str) -> Delivery | None:
        return self._deliveries.get(delivery_id)

    async def deliveries(
        self, wanted: DeliveryFilter = ALL_DELIVERIES, after: str | None = None, limit: int | None = None
    ) -> Sequence[Delivery]:
        return self._deliveries.page(wanted, after, limit)

    async def count_deliveries(self, wanted: DeliveryFilter = ALL_DELIVERIES) -> DeliveryCount:
        return self._deliveries.count(wanted)

    # The journal.

    async def number_entry(self) -> int:
        return self._journal.number()

    async def append(self, entry: JournalEntry) -> int:
        journal = self._journal
        journal.append(entry)
        if journal.size > journal.ceiling:
            self._make_room(journal)
        if self._waiting:
            self._call_waiting()
        return entry.number

    async def insert(self, entries: Sequence[JournalEntry]) -> None:
        journal = self._journal
        journal.insert(entries)
        if journal.size > journal.ceiling:
            self._make_room(journal)
        if self._waiting and entries:
            self._call_waiting()

    async def entries(
        self, wanted: EntryFilter = ALL_ENTRIES, after: int | None = None, limit: int | None = None
    ) -> Sequence[JournalEntry]:
        return self._journal.page(wanted, after, limit)

    @property
    def last_serial(self) -> int:
        return self._journal.last_serial

    @property
    def first_serial(self) -> int:
        return 0

    async def entries_since(self, serial: int, limit: int) -> Written:
        return self._journal.since(serial, limit)

    def call_at_next_entry(self, call: Callable[[], None]) -> None:
        self._waiting[call] = None

    def _call_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for call in waiting:
            call()

    async def clear(self, what: What) -> None:
        if what in ("journal", "all"):
            self._journal.clear()
            self._call_waiting()
        if what in ("jobs", "all"):
            self._release_all(self._jobs.every())
            self._clear_jobs()
        if what in ("counters", "all"):
            self._clear_counters()
        if what in ("faults", "all"):
            self._faults.clear()
        if what == "all":
            self._values = self._make(ValueTable, self._bounds.values)
        for table in self._tables:
            table.ceiling = table.size
        if not self._closed:
            self._pool.report(self, self.used)


def _credits(ledger: CreditLedger, *, with_entries: bool) -> Credits:
    balance = None if ledger.unlimited else ledger.balance
    entries = tuple(ledger.entries) if with_entries else ()
    return Credits(balance, ledger.held, entries)
