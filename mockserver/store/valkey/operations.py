"""The operations of a store that several processes share: each takes the turn, uses the copy, and notes its change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit, Usage
from mockserver.store.codec import DELIVERY
from mockserver.store.immediate import finished
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.protocol import OPEN_REPLY, Credits, Transition, What
from mockserver.store.records import Unknown
from mockserver.store.sqlite.tracked_store import TrackedStore
from mockserver.store.valkey.changes import CLAIM, REPLY, RESERVATION, Change, Owned, SharedMisses, encoded_entry
from mockserver.store.valkey.turn import Turn

# What of all that belongs to processes is cleared.
_CLEARED: Mapping[What, Sequence[str]] = {
    "all": (CLAIM, REPLY, RESERVATION),
    "jobs": (CLAIM,),
    "counters": (RESERVATION,),
}


def _after_taking_turn(name: str) -> Any:
    """Return the operation of the store in memory with this name, which reads, after the turn was taken."""
    read = getattr(MemoryStore, name)

    async def operation(self: "SharedOperations", *args: Any, **kwargs: Any) -> Any:
        if not self.turn.held:
            await self.turn.take()
        return await read(self, *args, **kwargs)

    operation.__name__, operation.__doc__ = name, read.__doc__
    return operation


class SharedOperations(TrackedStore):
    """The operations of the store of one sandbox, of the process called `process`.

    `owned` has what belongs to a process until it is finished, with the name of the process.
    """

    def __init__(self, turn: Turn, process: str, bounds: Bounds | None = None) -> None:
        self.turn = turn
        self.process = process
        self.owned: dict[Owned, str] = {}
        self.misses = SharedMisses()
        # The process that moves the clock, which stands still.
        self.steps_owner = ""
        self._changes: list[Change] = []
        self._drops: list[int] = []
        super().__init__(1, turn.sandbox, bounds)

    async def entered(self) -> None:
        if not self.turn.held:
            await self.turn.take()

    def _change(self, *change: Any) -> None:
        """Note a change, and the rows that were dropped for it. Without one, a fact of the sandbox has changed."""
        if self.turn.closed:
            return
        if change:
            self._changes.append(list(change))
        if self._drops:
            self._changes += (["drop", table] for table in self._drops)
            self._drops.clear()
        if not self.turn.dirty:
            self.turn.dirty = True
            self._note_dirty()

    def _note_dirty(self) -> None:
        """Called with the first change after a commit."""

    # For copies of what other processes have changed.

    def job(self, sequence: int) -> Job | None:
        """Return the job with this sequence, or None."""
        return self._jobs.with_sequence(sequence)

    def note_unknown_of_job(self, sequence: int, unknown: Unknown) -> None:
        """Keep the fields of a job that this version does not know."""
        self._jobs.note_unknown(sequence, unknown)

    def note_unknown_of_delivery(self, name: str, unknown: Unknown) -> None:
        """Keep the fields of a delivery that this version does not know."""
        self._deliveries.note_unknown(name, unknown)

    def note_unknown_of_entry(self, serial: int, unknown: Unknown) -> None:
        """Keep the fields of an entry of the journal that this version does not know."""
        self._journal.note_unknown(serial, unknown)

    def set_count(self, account: str, name: str, starts_at: int, used: int) -> None:
        """Set the count of a limit."""
        counter = self._counters.get(account, name)
        counter.starts_at, counter.used = starts_at, used

    def disown_cleared(self, what: What) -> None:
        """Forget to which processes things belonged that were cleared."""
        cleared = _CLEARED.get(what, ())
        self.owned = {owned: process for owned, process in self.owned.items() if owned[0] not in cleared}

    # Operations that read.

    get_job = _after_taking_turn("get_job")
    find_jobs = _after_taking_turn("find_jobs")
    next_transition = _after_taking_turn("next_transition")
    next_effect = _after_taking_turn("next_effect")
    page_jobs = _after_taking_turn("page_jobs")
    count_by_status = _after_taking_turn("count_by_status")
    queue_position = _after_taking_turn("queue_position")
    waiting_jobs = _after_taking_turn("waiting_jobs")
    credits = _after_taking_turn("credits")
    accounts = _after_taking_turn("accounts")
    get_value = _after_taking_turn("get_value")
    values = _after_taking_turn("values")
    armed_faults = _after_taking_turn("armed_faults")
    next_delivery = _after_taking_turn("next_delivery")
    get_delivery = _after_taking_turn("get_delivery")
    deliveries = _after_taking_turn("deliveries")
    count_deliveries = _after_taking_turn("count_deliveries")
    entries = _after_taking_turn("entries")

    # Operations that change something. Each takes the turn, changes the copy, and notes what was changed.

    async def add_job(self, job: Job) -> Job:
        await self.entered()
        added = finished(super().add_job(job))
        self.owned.pop((RESERVATION, job.account, job.id), None)
        self._change("add_job", self._jobs.encoded(added))
        return added

    async def replace_job(self, old: Job, new: Job) -> bool:
        await self.entered()
        replaced = finished(super().replace_job(old, new))
        if replaced:
            self._change("replace_job", self._jobs.encoded(new))
        return replaced

    async def take_transitions(self, now: int, limit: int | None = None) -> Sequence[Transition]:
        await self.entered()
        taken = finished(super().take_transitions(now, limit))
        if taken:
            self._change("take_transitions", now, limit)
        return taken

    async def take_effects(self, now: int) -> Sequence[Transition]:
        await self.entered()
        taken = finished(super().take_effects(now))
        if taken:
            self._change("take_effects", now)
        return taken

    async def next_number(self, *key: str) -> int:
        await self.entered()
        number = finished(super().next_number(*key))
        self._change("next_number", *key)
        return number

    async def hit(self, account: str, limits: Sequence[Limit], now: int, amount: int = 1) -> Sequence[Usage]:
        await self.entered()
        usages = finished(super().hit(account, limits, now, amount))
        counters = [(limit.name, self._counters.get(account, limit.name)) for limit in limits]
        self._change("counts", account, *([name, each.starts_at, each.used] for name, each in counters))
        return usages

    async def open_credits(self, account: str, at: int, credits: int | None) -> Credits:
        await self.entered()
        opened = finished(super().open_credits(account, at, credits))
        self._change("open_credits", account, at, credits)
        return opened

    async def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        await self.entered()
        reserved = finished(super().reserve(account, at, reference, amount))
        if reserved:
            self.owned[RESERVATION, account, reference] = self.process
            self._change("reserve", account, at, reference, amount)
        return reserved

    async def capture(self, account: str, at: int, reference: str, amount: int | None = None) -> None:
        await self.entered()
        finished(super().capture(account, at, reference, amount))
        self.owned.pop((RESERVATION, account, reference), None)
        self._change("capture", account, at, reference, amount)

    async def release(self, account: str, at: int, reference: str) -> None:
        await self.entered()
        finished(super().release(account, at, reference))
        self.owned.pop((RESERVATION, account, reference), None)
        self._change("release", account, at, reference)

    async def grant(self, account: str, at: int, credits: int | None) -> None:
        await self.entered()
        finished(super().grant(account, at, credits))
        self._change("grant", account, at, credits)

    async def renew_credits(self, at: int, opening: Callable[[str], int | None]) -> None:
        await self.entered()
        openings: dict[str, int | None] = {}

        def noted(account: str) -> int | None:
            openings[account] = opening(account)
            return openings[account]

        finished(super().renew_credits(at, noted))
        self._change("renew_credits", at, [[account, credits] for account, credits in openings.items()])

    async def put_value(self, kind: str, key: str, value: Any, expires_at: int | None = None) -> None:
        await self.entered()
        finished(super().put_value(kind, key, value, expires_at))
        if kind == OPEN_REPLY:
            self.owned[REPLY, key] = self.process
        self._change("put_value", kind, key, value, expires_at)

    async def take_value(self, kind: str, key: str, now: int) -> Any:
        await self.entered()
        has = self._values.has(kind, key)
        value = finished(super().take_value(kind, key, now))
        if has:
            if kind == OPEN_REPLY:
                self.owned.pop((REPLY, key), None)
            self._change("take_value", kind, key)
        return value

    async def replace_value(self, kind: str, key: str, old: Any, new: Any) -> bool:
        await self.entered()
        replaced = finished(super().replace_value(kind, key, old, new))
        if replaced:
            self._change("replace_value", kind, key, old, new)
        return replaced

    async def arm_fault(self, fault: Mapping[str, Any]) -> str | None:
        await self.entered()
        name = finished(super().arm_fault(fault))
        if name is not None:
            self._change("arm_fault", fault)
        return name

    async def take_fault(self, operation: str, key: str | None) -> tuple[str, Mapping[str, Any]] | None:
        await self.entered()
        taken = finished(super().take_fault(operation, key))
        if taken is not None:
            self._change("take_fault", operation, key)
        return taken

    async def schedule(self, delivery: Delivery) -> Delivery:
        await self.entered()
        scheduled = finished(super().schedule(delivery))
        self._change("schedule", DELIVERY.encode(scheduled))
        return scheduled

    async def claim_due(self, now: int) -> Delivery | None:
        await self.entered()
        delivery = finished(super().claim_due(now))
        if delivery is not None:
            self.owned[CLAIM, delivery.id] = self.process
            self._change("claim", delivery.id)
        return delivery

    async def save_delivery(self, delivery: Delivery) -> None:
        await self.entered()
        finished(super().save_delivery(delivery))
        self.owned.pop((CLAIM, delivery.id), None)
        self._change("save_delivery", DELIVERY.encode(delivery, self._deliveries.unknown(delivery.id)))

    async def replay_delivery(self, delivery_id: str, at: int, url: str | None = None) -> None:
        await self.entered()
        finished(super().replay_delivery(delivery_id, at, url))
        self._change("replay_delivery", delivery_id, at, url)

    async def number_entry(self) -> int:
        await self.entered()
        number = finished(super().number_entry())
        self._change("number_entry")
        return number

    async def append(self, entry: JournalEntry) -> int:
        await self.entered()
        numbered = entry.number
        number = finished(super().append(entry))
        self._change("append", encoded_entry(entry, self.misses, self._change), numbered)
        return number

    async def insert(self, entries: Sequence[JournalEntry]) -> None:
        await self.entered()
        data = [encoded_entry(entry, self.misses, self._change) for entry in entries]
        finished(super().insert(entries))
        self._change("insert", data)

    async def clear(self, what: What) -> None:
        await self.entered()
        finished(super().clear(what))
        self.disown_cleared(what)
        self._change("clear", what)
