"""The store of one sandbox that several processes share: a copy in memory, and its changes in Valkey.

How it works
------------

**The copy.** Every operation first makes sure that this process has the turn (`turn`), then uses the copy, and notes
its change as plain data (`changes`). At the end of the turn of the event loop the changes are written as one batch
(`commits`). Other processes make the same changes in their copies when they take the turn. As operations do not wait
once the process has the turn, everything that a request does without waiting is in one batch, or not at all.

**The image.** So that a process that has no copy need not make all changes since the beginning, the whole state is
written into Valkey now and then: an SQLite database with the tables of `store.sqlite`, compressed. The log then begins
after it.

**What belongs to a process.** Attempts of deliveries, replies that are not complete, and reservations for requests in
progress are noted with the process that makes them (`owned`), so that another one can end them if it is killed.
"""

import asyncio
import sqlite3
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mockserver.clock import monotonic
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit, Usage
from mockserver.store.codec import DELIVERY, JOB
from mockserver.store.immediate import finished
from mockserver.store.memory import Bounds, MemoryStore, Table
from mockserver.store.protocol import OPEN_REPLY, Credits, Transition, What
from mockserver.store.records import Unknown, plain_data, plain_text
from mockserver.store.round_trips import RoundTrips
from mockserver.store.sqlite.schema import prepare
from mockserver.store.sqlite.tracked_store import TrackedStore
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.changes import (
    CLAIM,
    REPLY,
    RESERVATION,
    Change,
    Copying,
    Owned,
    SharedMisses,
    encoded_entry,
)
from mockserver.store.valkey.commits import Commits
from mockserver.store.valkey.connection import Run, Valkey
from mockserver.store.valkey.scripts import DELETE, IMAGE
from mockserver.store.valkey.turn import Changes, Turn

# The image is renewed when the log has so many bytes, and more than the image.
_MIN_LOGGED = 1_048_576
# Changes that are noted for the image before they are written into this process's part of it.
_MOST_NOTED = 1_000
# Seconds for which a sandbox is followed after something has waited in it.
_FOLLOWED = 10.0
_NO_TALLY: Mapping[str, Any] = {"rows": {}, "calls": [], "deviations": [], "left_out": 0}
# Wait so long for another process that moves the clock before looking again.
_LOOK = 1.0

Facts = Mapping[str, Any]


class News(NamedTuple):
    """What other processes have changed of the sandbox itself: its facts, if there are any, and its journal.

    If the whole state was read, `tally` is the coverage before these entries.
    """

    facts: Facts
    entries: Sequence[JournalEntry]
    tally: Mapping[str, Any] | None = None


OnChange = Callable[[News], Awaitable[None]]


def _after_taking_turn(name: str) -> Any:
    """Return the operation of the store in memory with this name, which reads, after the turn was taken."""
    read = getattr(MemoryStore, name)

    async def operation(self: "ValkeyStore", *args: Any, **kwargs: Any) -> Any:
        if not self.turn.held:
            await self.turn.take()
        return await read(self, *args, **kwargs)

    operation.__name__, operation.__doc__ = name, read.__doc__
    return operation


class ValkeyStore(TrackedStore):
    """The store of the sandbox called `name`, of the process called `process`.

    `sandbox_facts` returns what is shared of the sandbox itself, as plain data.
    """

    durable = True

    def __init__(self, valkey: Valkey, commits: Commits, process: str, name: str, bounds: Bounds | None = None) -> None:
        self._valkey = valkey
        self._commits = commits
        self.process = process
        self.turn = Turn(valkey, process, name, self._take_on)
        self.owned: dict[Owned, str] = {}
        self.steps_owner = ""
        self._drives = False
        self.shared_facts: Facts = {}
        self.sandbox_facts: Callable[[], Facts] = dict
        self.on_change: OnChange | None = None
        self.before_commit: Callable[[], Awaitable[None]] | None = None
        self.tally: Callable[[], Mapping[str, Any]] = dict
        self._tally: Mapping[str, Any] | None = None
        self._unseen: News | None = None
        self._followed_until = 0.0
        self._is_followed = False
        self._following: asyncio.Task[None] | None = None
        self._changes: list[Change] = []
        self.misses = SharedMisses()
        self._numbered = 0
        self._drops: list[int] = []
        self._is_copying = False
        self._image: sqlite3.Connection | None = None
        self._noted = 0
        # Set when changes of another process have been taken on.
        self._changed = asyncio.Event()
        self._is_imaging = False
        super().__init__(1, name, bounds)
        self.facts = lambda cursor: self._image_facts()

    @property
    def round_trips(self) -> RoundTrips:
        """The round trips of this process to the server."""
        return self._valkey.round_trips

    # The turn and commits.

    async def entered(self) -> None:
        if not self.turn.held:
            await self.turn.take()

    async def committed(self) -> None:
        await self._commits.committed()

    def note_facts(self) -> None:
        """Note that a fact of the sandbox has changed."""
        if self.turn.held:
            self._change()
        else:
            asyncio.get_running_loop().create_task(self._change_in_turn())

    async def _change_in_turn(self) -> None:
        await self.entered()
        self._change()

    def _change(self, *change: Any) -> None:
        if self.turn.closed:
            return
        if change:
            self._changes.append(list(change))
        if self._drops:
            self._changes += (["drop", table] for table in self._drops)
            self._drops.clear()
        if not self.turn.dirty:
            self.turn.dirty = True
            self._commits.note(self)

    async def prepare(self) -> None:
        """Write what the next batch refers to."""
        if self.before_commit is not None:
            await self.before_commit()

    def take_batch(self) -> bytes:
        """Return all changes since the last call, and the facts of the sandbox if they have changed."""
        changes, self._changes = self._changes, []
        self._numbered += 1
        self._drives = True
        data: dict[str, Any] = {"process": self.process, "number": self._numbered, "changes": changes}
        facts = self.sandbox_facts()
        if facts != self.shared_facts:
            data["facts"] = self.shared_facts = facts
        self._note_for_image(len(changes))
        return plain_text(data)

    async def written(self, logged: int, imaged: int) -> None:
        """Write an image if the log has become long."""
        if logged > max(_MIN_LOGGED, imaged) and not self.turn.dirty and not self._is_imaging:
            self._is_imaging = True
            image = self.write_image().serialize()
            asyncio.get_running_loop().create_task(self._put_image(self.turn.version, image))

    async def _put_image(self, version: int, image: bytes) -> None:
        try:
            compressed = await asyncio.to_thread(zlib.compress, image, 1)
            await self._valkey.run(Run(IMAGE, self._name, (self.turn.id, version, compressed, len(image))))
        except Unavailable as error:
            self._commits.unavailable(error)
        finally:
            self._is_imaging = False

    # Changes of other processes.

    async def _take_on(self, changes: Changes) -> None:
        entries: list[JournalEntry] = []
        facts: Facts = {}
        latest: str | None = None
        self._is_copying, self._tally = True, None
        try:
            if self.turn.version < 0 or changes.image:
                self._read_image(changes.image)
                facts = self.shared_facts
            for text in changes.batches:
                batch = plain_data(text)
                copying = Copying(self, batch)
                copying.run()
                entries += copying.entries
                latest = batch["process"]
                facts = batch.get("facts", facts)
                self._note_for_image(len(batch["changes"]))
        finally:
            self._is_copying = False
        # If this process has lost its copy, the latest change may be its own. If that is not known, two processes do
        # what falls due, which is better than none.
        self._drives = latest in (None, self.process)
        self.shared_facts = facts or self.shared_facts
        news = News(facts, entries, self._tally)
        if self.on_change is None:
            self._unseen = news
        else:
            await self.on_change(news)
        self._call_waiting()
        self._changed.set()
        self._changed = asyncio.Event()

    def take_unseen(self) -> News:
        """Return what was read when the store was opened."""
        news, self._unseen = self._unseen, None
        assert news is not None
        return news

    def drive(self) -> None:
        """Do what falls due from now on: the process that did it has ended."""
        self._drives = True

    def _make_room(self, table: Table) -> None:
        # A copy drops what the process that made the change has dropped.
        if not self._is_copying:
            super()._make_room(table)

    def drop_oldest(self, table: int) -> None:
        super().drop_oldest(table)
        if not self._is_copying:
            self._drops.append(table)

    def job(self, sequence: int) -> Job | None:
        """Return the job with this sequence, or None."""
        return self._jobs.with_sequence(sequence)

    def note_unknown_job(self, sequence: int, unknown: Unknown) -> None:
        """Keep the fields of a job that this version does not know."""
        self._jobs.note_unknown(sequence, unknown)

    def set_count(self, account: str, name: str, starts_at: int, used: int) -> None:
        """Set the count of a limit."""
        counter = self._counters.get(account, name)
        counter.starts_at, counter.used = starts_at, used

    # The image.

    def _image_facts(self) -> Facts:
        owned = [[*key, process] for key, process in self.owned.items()]
        replays = [[name, *replay] for name, replay in self._deliveries.waiting_replays.items()]
        own = {
            "owned": owned,
            "replays": replays,
            "steps_owner": self.steps_owner,
            "tally": self.tally(),
            "misses": self.misses.data,
        }
        return {"sandbox": self.shared_facts, **own}

    def _note_for_image(self, changes: int) -> None:
        self._noted += changes
        if self._noted > _MOST_NOTED:
            self.write_image()

    def write_image(self) -> sqlite3.Connection:
        """Return a database with everything in this copy."""
        if self._image is None:
            self._image = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._image.execute("PRAGMA page_size = 1024")
            prepare(self._image)
        self._image.execute("BEGIN")
        self.write(self._image)
        self._image.execute("COMMIT")
        self._noted = 0
        return self._image

    def _read_image(self, image: bytes) -> None:
        self._changes, self._noted, self._image, self.misses = [], 0, None, SharedMisses()
        self._drops.clear()
        self.owned, self.steps_owner, self.shared_facts, self._tally = {}, "", {}, _NO_TALLY
        self._renew_tables()
        if not image:
            return
        self._image = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._image.deserialize(zlib.decompress(image))
        facts = self.load(self._image)
        self.shared_facts, self.steps_owner = facts["sandbox"], facts["steps_owner"]
        self._tally, self.misses = facts["tally"] or _NO_TALLY, SharedMisses(facts["misses"])
        for entry in finished(MemoryStore.entries(self)):
            entry.is_own = False
        self.owned = {tuple(owned): process for *owned, process in facts["owned"]}
        self.keep_claims(frozenset(name for kind, name, *_ in self.owned if kind == CLAIM))
        self._deliveries.waiting_replays.update((name, (at, url)) for name, at, url in facts["replays"])

    # What belongs to a process.

    def owned_by(self, process: str) -> list[Owned]:
        """Return what belongs to a process: attempts, open replies and reservations."""
        return [key for key, owner in self.owned.items() if owner == process]

    async def end_process(self, process: str, at: int) -> list[str]:
        """End what a process has left behind. Return the ids of the jobs whose replies it had not completed."""
        await self.entered()
        interrupted = []
        for kind, name, *rest in self.owned_by(process):
            if kind == CLAIM:
                delivery = self._deliveries.get(name)
                if delivery is not None:
                    # It is due again, as it was before the attempt.
                    await self.save_delivery(delivery)
            elif kind == REPLY:
                interrupted.append(name)
            elif not any(job.account == name for job in self._jobs.find(rest[0])):
                await self.release(name, at, rest[0])
            self.owned.pop((kind, name, *rest), None)
            self._change("disown", kind, name, *rest)
        if self.steps_owner == process:
            self._set_steps_owner("")
        return interrupted

    async def begin_steps(self) -> None:
        while True:
            await self.entered()
            if self.steps_owner in ("", self.process) or self.turn.closed:
                self._set_steps_owner(self.process)
                return
            changed = self._changed
            self.follow()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await changed.wait()

    async def end_steps(self) -> None:
        await self.entered()
        self._set_steps_owner("")

    def due_elsewhere(self) -> bool:
        return not self._drives

    def known_due(self) -> int | None:
        due = (finished(MemoryStore.next_effect(self)), finished(MemoryStore.next_delivery(self)))
        return min((at for at in due if at is not None), default=None)

    @property
    def steps_taken(self) -> bool:
        return self.steps_owner not in ("", self.process)

    def _set_steps_owner(self, process: str) -> None:
        self.steps_owner = process
        self._change("steps", process)

    @property
    def is_idle(self) -> bool:
        """True if this process can do without its copy: nothing here waits for it, and nothing falls due here."""
        drives = self._drives and self.known_due() is not None
        return not (drives or self.turn.dirty or self._is_followed or self._waiting or self.owned_by(self.process))

    # Following: taking on changes as soon as they are made, while something waits for them.

    def follow(self) -> None:
        self._followed_until = monotonic() + _FOLLOWED
        if not self._is_followed and (self._following is None or self._following.done()):
            self._following = asyncio.get_running_loop().create_task(self.update_following(waits=True))

    async def update_following(self, *, waits: bool) -> None:
        """Follow the changes of other processes if something waits for them, or has done so a moment ago."""
        wanted = (waits or monotonic() < self._followed_until) and not self.turn.closed
        if wanted != self._is_followed:
            self._is_followed = wanted
            channel = f"changes:{self._name}"
            if not wanted:
                await self._valkey.unsubscribe(channel)
                return
            try:
                await self._valkey.subscribe(channel)
            except Unavailable:
                self._is_followed = False
                raise
            await self.turn.follow()

    # The end.

    async def close(self) -> None:
        """Delete the sandbox in all processes."""
        if not self.turn.gone:
            try:
                await self._valkey.run(Run(DELETE, self._name, (self.turn.id,)))
            except Unavailable as error:
                self._commits.unavailable(error)
        await self.leave()

    async def leave(self) -> None:
        self.turn.closed = self._closed = True
        self._pool.leave(self)

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
        self._change("add_job", JOB.encode(added))
        return added

    async def replace_job(self, old: Job, new: Job) -> bool:
        await self.entered()
        replaced = finished(super().replace_job(old, new))
        if replaced:
            self._change("replace_job", JOB.encode(new, self._jobs.unknown(new.sequence)))
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
        self._change("save_delivery", DELIVERY.encode(delivery))

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
        self._change("clear", what)


__all__ = ["Facts", "News", "ValkeyStore"]
