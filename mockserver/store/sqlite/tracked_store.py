"""A store in memory whose tables note their changes, and write them into an SQLite database."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from mockserver.store.account_tables import CounterTable, LedgerTable, NumberTable
from mockserver.store.delivery_table import DeliveryTable
from mockserver.store.job_table import JobTable
from mockserver.store.journal_table import JournalTable
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.pool import MemoryPool
from mockserver.store.records import plain_data, plain_text
from mockserver.store.sqlite.account_rows import TrackedCounters, TrackedNumbers
from mockserver.store.sqlite.job_rows import TrackedDeliveries, TrackedJobs
from mockserver.store.sqlite.journal_rows import TrackedJournal
from mockserver.store.sqlite.ledger_rows import TrackedLedgers
from mockserver.store.sqlite.tracking import Cursor, Tracked, base_of
from mockserver.store.sqlite.value_rows import TrackedFaults, TrackedValues
from mockserver.store.value_tables import FaultTable, ValueTable

T = TypeVar("T")

_TRACKED: Mapping[Any, Any] = {
    JobTable: TrackedJobs,
    DeliveryTable: TrackedDeliveries,
    JournalTable: TrackedJournal,
    NumberTable: TrackedNumbers,
    CounterTable: TrackedCounters,
    LedgerTable: TrackedLedgers,
    ValueTable: TrackedValues,
    FaultTable: TrackedFaults,
}


class TrackedStore(MemoryStore):
    """The store of the sandbox with this number and name, which can be written into a database and read from it.

    `facts` returns what the database has of the sandbox itself, as plain data. They are written with the changes.
    """

    _jobs: TrackedJobs
    _deliveries: TrackedDeliveries
    _journal: TrackedJournal
    _numbers: TrackedNumbers
    _counters: TrackedCounters
    _ledgers: TrackedLedgers
    _values: TrackedValues
    _faults: TrackedFaults

    def __init__(self, sandbox: int, name: str, bounds: Bounds | None = None, pool: MemoryPool | None = None) -> None:
        self.sandbox = sandbox
        self._name = name
        self._base = base_of(sandbox)
        self.facts: Callable[[Cursor], Mapping[str, Any]] = _no_facts
        super().__init__(bounds, pool)

    def _make(self, kind: Callable[..., T], *bounds: int) -> T:
        table = _TRACKED[kind](*bounds)
        table.touch = self.touch
        return cast(T, table)

    def touch(self) -> None:
        """Note that something has changed: a row, or one of the `facts`. Nothing is done here."""

    def write(self, cursor: Cursor) -> None:
        """Write all changes since the last call."""
        base = self._base
        for table in self._tracked:
            table.write(cursor, base)
        facts = {
            **self.facts(cursor),
            "journal": self._journal.record(),
            "first_job": self._jobs.first,
            "first_delivery": self._deliveries.first,
            "armed": self._faults.armed,
        }
        row = (self.sandbox, self._name, plain_text(facts).decode())
        cursor.execute("REPLACE INTO sandboxes VALUES (?, ?, ?)", row)

    @property
    def journal_clears(self) -> int:
        """The serial at which the journal was last cleared."""
        return self._journal.record()["cleared_at"]

    async def release_orphans(self, at: int) -> None:
        """Release the reservations that belong to no job: those of requests that the end of the server has cut off."""
        for account, reference in self._ledgers.reservations():
            if not any(job.account == account for job in self._jobs.find(reference)):
                self._ledgers.release(account, at, reference)

    def load(self, cursor: Cursor) -> Mapping[str, Any]:
        """Fill the store, which is new, with what the database has. Return the facts about its sandbox."""
        row = cursor.execute("SELECT data FROM sandboxes WHERE id = ?", (self.sandbox,)).fetchone()
        if row is None:
            return {}
        facts: Mapping[str, Any] = plain_data(row[0])
        self._jobs.start_at(facts["first_job"])
        self._deliveries.start_at(facts["first_delivery"])
        self._journal.restore_numbers(facts["journal"])
        for table in self._tracked:
            table.load(cursor, self._base)
        self._journal.take_loaded(facts["journal"]["oldest"])
        self._faults.start_after(facts["armed"])
        for each in self._tables:
            each.ceiling = each.size
        self._pool.report(self, self.used)
        return facts

    @property
    def claimed(self) -> frozenset[str]:
        """The ids of the deliveries whose attempts are in progress."""
        return self._deliveries.claimed

    def keep_claims(self, claimed: frozenset[str]) -> None:
        """Claim deliveries again whose attempts are in progress, after `load`. All other attempts have ended."""
        self._deliveries.keep_claims(claimed)

    def claim(self, name: str) -> None:
        """Claim a delivery that another process has claimed."""
        self._deliveries.claim(name)

    def _renew_tables(self) -> None:
        self._journal = self._make(cast(Any, JournalTable), self._bounds.journal)
        self._values = self._make(cast(Any, ValueTable), self._bounds.values)
        self._faults = self._make(cast(Any, FaultTable))
        self._clear_jobs()
        self._clear_counters()

    @property
    def _tracked(self) -> tuple[Tracked, ...]:
        return (
            self._jobs, self._deliveries, self._journal, self._numbers, self._counters, self._ledgers, self._values,
            self._faults,
        )  # fmt: skip


def _no_facts(cursor: Cursor) -> Mapping[str, Any]:
    return {}
