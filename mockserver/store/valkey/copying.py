"""Makes the changes of other processes in the copy of this one."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.core.journal import JournalEntry
from mockserver.store.codec import DELIVERY, ENTRY_ALONE, JOB
from mockserver.store.immediate import finished
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import OPEN_REPLY
from mockserver.store.valkey.changes import CLAIM, REPLY, RESERVATION, Change
from mockserver.store.valkey.operations import SharedOperations


class Copying:
    """Makes the changes of a batch in a copy. `entries` are the new entries of the journal."""

    def __init__(self, store: SharedOperations, batch: Mapping[str, Any]) -> None:
        self._store = store
        self._process: str = batch["process"]
        self._changes: Sequence[Change] = batch["changes"]
        self.entries: list[JournalEntry] = []

    def run(self) -> None:
        """Make all changes. One that this version does not know is an error: newer versions have another format."""
        for name, *values in self._changes:
            getattr(self, f"_{name}")(*values)

    def _plain(self, name: str, *values: Any) -> Any:
        return finished(getattr(MemoryStore, name)(self._store, *values))

    # Jobs.

    def _add_job(self, data: Any) -> None:
        job = self._plain("add_job", JOB.decode(data))
        self._store.note_unknown_of_job(job.sequence, JOB.unknown(data))
        self._store.owned.pop((RESERVATION, job.account, job.id), None)

    def _replace_job(self, data: Any) -> None:
        new = JOB.decode(data)
        old = self._store.job(new.sequence)
        if old is not None:
            self._plain("replace_job", old, new)
            self._store.note_unknown_of_job(new.sequence, JOB.unknown(data))

    def _take_transitions(self, now: int, limit: int | None) -> None:
        self._plain("take_transitions", now, limit)

    def _take_effects(self, now: int) -> None:
        self._plain("take_effects", now)

    # Counters and credits.

    def _next_number(self, *key: str) -> None:
        self._plain("next_number", *key)

    def _counts(self, account: str, *counts: Sequence[Any]) -> None:
        for name, starts_at, used in counts:
            self._store.set_count(account, name, starts_at, used)

    def _open_credits(self, account: str, at: int, credits: int | None) -> None:
        self._plain("open_credits", account, at, credits)

    def _reserve(self, account: str, at: int, reference: str, amount: int) -> None:
        if self._plain("reserve", account, at, reference, amount):
            self._store.owned[RESERVATION, account, reference] = self._process

    def _capture(self, account: str, at: int, reference: str, amount: int | None) -> None:
        self._plain("capture", account, at, reference, amount)
        self._store.owned.pop((RESERVATION, account, reference), None)

    def _release(self, account: str, at: int, reference: str) -> None:
        self._plain("release", account, at, reference)
        self._store.owned.pop((RESERVATION, account, reference), None)

    def _grant(self, account: str, at: int, credits: int | None) -> None:
        self._plain("grant", account, at, credits)

    def _renew_credits(self, at: int, opening: Sequence[Sequence[Any]]) -> None:
        self._plain("renew_credits", at, dict(map(tuple, opening)).get)

    # Values and faults.

    def _put_value(self, kind: str, key: str, value: Any, expires_at: int | None) -> None:
        self._plain("put_value", kind, key, value, expires_at)
        if kind == OPEN_REPLY:
            self._store.owned[REPLY, key] = self._process

    def _take_value(self, kind: str, key: str) -> None:
        self._plain("take_value", kind, key, 0)
        if kind == OPEN_REPLY:
            self._store.owned.pop((REPLY, key), None)

    def _replace_value(self, kind: str, key: str, old: Any, new: Any) -> None:
        # The value is not compared: where the other process has a tuple, this copy has a list.
        self._plain("replace_value", kind, key, self._plain("get_value", kind, key, 0), new)

    def _arm_fault(self, fault: Mapping[str, Any]) -> None:
        self._plain("arm_fault", fault)

    def _take_fault(self, operation: str, key: str | None) -> None:
        self._plain("take_fault", operation, key)

    # Deliveries.

    def _schedule(self, data: Any) -> None:
        delivery = self._plain("schedule", DELIVERY.decode(data))
        self._store.note_unknown_of_delivery(delivery.id, DELIVERY.unknown(data))

    def _claim(self, name: str) -> None:
        self._store.claim(name)
        self._store.owned[CLAIM, name] = self._process

    def _save_delivery(self, data: Any) -> None:
        delivery = DELIVERY.decode(data)
        self._plain("save_delivery", delivery)
        self._store.note_unknown_of_delivery(delivery.id, DELIVERY.unknown(data))
        self._store.owned.pop((CLAIM, delivery.id), None)

    def _replay_delivery(self, name: str, at: int, url: str | None) -> None:
        self._plain("replay_delivery", name, at, url)

    # The journal.

    def _number_entry(self) -> None:
        self._plain("number_entry")

    def _share_misses(self, data: list[Any]) -> None:
        self._store.misses.add(data)

    def _append(self, data: dict[str, Any], numbered: int) -> None:
        entry = self._entry(data)
        if not numbered:
            entry.number = 0
        entry.is_own = False
        self._plain("append", entry)
        self._store.note_unknown_of_entry(entry.serial, ENTRY_ALONE.unknown(data))
        self.entries.append(entry)

    def _insert(self, data: Sequence[dict[str, Any]]) -> None:
        entries = list(map(self._entry, data))
        self._plain("insert", entries)
        for entry, each in zip(entries, data, strict=True):
            self._store.note_unknown_of_entry(entry.serial, ENTRY_ALONE.unknown(each))

    def _entry(self, data: dict[str, Any]) -> JournalEntry:
        misses, others = data.pop("misses", None), data.pop("others", None)
        entry: JournalEntry = ENTRY_ALONE.decode(data)
        entry.misses = () if misses is None else self._store.misses[misses]
        entry.others = () if others is None else self._store.misses[others]
        return entry

    # All of it.

    def _clear(self, what: Any) -> None:
        self._plain("clear", what)
        self._store.disown_cleared(what)

    def _drop(self, table: int) -> None:
        self._store.drop_oldest(table)

    def _disown(self, *owned: str) -> None:
        self._store.owned.pop(owned, None)

    def _steps(self, process: str) -> None:
        self._store.steps_owner = process
