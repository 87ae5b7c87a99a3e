"""The store of one sandbox in a file. It is the store in memory, with tables that note their changes."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from mockserver.store.account_tables import CounterTable, LedgerTable, NumberTable
from mockserver.store.delivery_table import DeliveryTable
from mockserver.store.job_table import JobTable
from mockserver.store.journal_table import JournalTable
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.pool import MemoryPool
from mockserver.store.protocol import What
from mockserver.store.records import plain_data, plain_text
from mockserver.store.round_trips import RoundTrips
from mockserver.store.sqlite.account_rows import TrackedCounters, TrackedNumbers
from mockserver.store.sqlite.file import StoreFile
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


class SqliteStore(MemoryStore):
    """The store of the sandbox with this number and name in a file.

    `facts` returns what the file keeps of the sandbox itself, as plain data. It is written with each change.
    """

    durable = True
    _jobs: TrackedJobs
    _deliveries: TrackedDeliveries
    _journal: TrackedJournal
    _numbers: TrackedNumbers
    _counters: TrackedCounters
    _ledgers: TrackedLedgers
    _values: TrackedValues
    _faults: TrackedFaults

    def __init__(
        self, file: StoreFile, sandbox: int, name: str, bounds: Bounds | None = None, pool: MemoryPool | None = None
    ) -> None:
        self.file = file
        self.sandbox = sandbox
        self._name = name
        self._base = base_of(sandbox)
        self._noted = False
        self.facts: Callable[[Cursor], Mapping[str, Any]] = _no_facts
        super().__init__(bounds, pool)

    def _make(self, kind: Callable[..., T], *bounds: int) -> T:
        table = _TRACKED[kind](*bounds)
        table.touch = self.touch
        return cast(T, table)

    @property
    def round_trips(self) -> RoundTrips:
        """The commits of the file."""
        return self.file.round_trips

    def touch(self) -> None:
        """Note that something has changed: a row, or one of the `facts`."""
        if not self._noted and not self._closed_for_file:
            self._noted = True
            self.file.note(self)

    async def committed(self) -> None:
        await self.file.committed()

    async def clear(self, what: What) -> None:
        await super().clear(what)
        self.touch()

    async def close(self) -> None:
        self._closed_for_file = True
        self.file.delete(self.sandbox)
        await super().close()

    async def leave(self) -> None:
        self._closed_for_file = True
        self._closed = True
        self._pool.leave(self)

    _closed_for_file = False

    # The file.

    def write(self, cursor: Cursor) -> None:
        """Write all changes since the last call."""
        self._noted = False
        if self._closed_for_file:
            return
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

    def load(self, cursor: Cursor) -> None:
        """Fill the store, which is new, with what the file has."""
        row = cursor.execute("SELECT data FROM sandboxes WHERE id = ?", (self.sandbox,)).fetchone()
        if row is None:
            return
        facts = plain_data(row[0])
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

    def reload(self, cursor: Cursor) -> None:
        """Go back to what the file has. Attempts of deliveries that are in progress stay so."""
        claimed = self.claimed
        self._noted = True  # nothing that happens to the new tables is a change
        waiting = self._waiting
        self._renew_tables()
        self.load(cursor)
        self.keep_claims(claimed)
        self._waiting = waiting
        self._noted = False
        self._call_waiting()

    @property
    def claimed(self) -> frozenset[str]:
        """The ids of the deliveries whose attempts are in progress."""
        return self._deliveries.claimed

    def keep_claims(self, claimed: frozenset[str]) -> None:
        """Claim deliveries again whose attempts are in progress."""
        self._deliveries.keep_claims(claimed)

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
