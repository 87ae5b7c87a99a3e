"""Jobs and deliveries that are kept in the file."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.sizes import delivery_size, kept_job
from mockserver.store.codec import DELIVERY, JOB, STATE
from mockserver.store.delivery_table import DeliveryRow, DeliveryTable
from mockserver.store.job_table import JobTable
from mockserver.store.protocol import Transition
from mockserver.store.records import Unknown, plain_data, plain_text
from mockserver.store.rows import JobRow
from mockserver.store.sqlite.tracking import Cursor, Tracked, base_of, number_of

_NONE: Unknown = {}


class TrackedJobs(Tracked, JobTable):
    """The jobs of a sandbox. Its rows in the file have the sequences of the jobs as numbers."""

    names = ("jobs", "passed")

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        # Sequences of jobs that have changed, and the first one that the file may have.
        self._changed: set[int] = set()
        self._first_kept = 1
        self._passed_changed = False
        self._unknown: dict[int, Unknown] = {}
        # Jobs as plain data, by sequence, of those that were encoded since the last call of `write`.
        self._encoded: dict[int, tuple[Job, Mapping[str, Any]]] = {}

    def encoded(self, job: Job) -> Mapping[str, Any]:
        """Return a job as plain data, and keep it for the next call of `write`."""
        data = JOB.encode(job, self.unknown(job.sequence))
        self._encoded[job.sequence] = (job, data)
        return data

    @property
    def first(self) -> int:
        """The sequence of the oldest job, or of the next one if there are none."""
        return self._rows.next - len(self._rows)

    def add(self, job: Job) -> Job:
        job = super().add(job)
        self._note(job.sequence)
        return job

    def swap(self, old: Job, new: Job) -> bool:
        passed = len(self._passed)
        swapped = super().swap(old, new)
        if swapped:
            self._passed_changed = self._passed_changed or len(self._passed) != passed
            self._note(old.sequence)
        return swapped

    def take(self, now: int, limit: int | None = None) -> list[Transition]:
        self._passed_changed = self._passed_changed or bool(self._passed)
        return self._noted(super().take(now, limit))

    def take_effects(self, now: int) -> list[Transition]:
        return self._noted(super().take_effects(now))

    def _evict(self, count: int) -> list[Job]:
        self.touch()
        return super()._evict(count)

    def _noted(self, taken: list[Transition]) -> list[Transition]:
        for transition in taken:
            self._note(transition.job.sequence)
        return taken

    def _note(self, sequence: int) -> None:
        if not self._changed:
            self.touch()
        self._changed.add(sequence)

    def unknown(self, sequence: int) -> Unknown:
        """Return the fields of a job that this version does not know."""
        return self._unknown.get(sequence, _NONE)

    def note_unknown(self, sequence: int, unknown: Unknown) -> None:
        """Keep the fields of a job that this version does not know."""
        if unknown:
            self._unknown[sequence] = unknown

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        if self._changed:
            rows = [row for row in map(self._rows.get, self._changed) if row is not None]
            cursor.executemany("REPLACE INTO jobs VALUES (?, ?, ?, ?, ?)", [self._row(row, base) for row in rows])
            self._changed.clear()
            self._encoded.clear()
        if self._first_kept < self.first:
            cursor.execute("DELETE FROM jobs WHERE place > ? AND place < ?", (base, base + self.first))
            self._unknown = {s: u for s, u in self._unknown.items() if s >= self.first}
            self._first_kept = self.first
        if self._passed_changed:
            data = [[JOB.encode(each.job), STATE.encode(each.state)] for each in self._passed]
            cursor.execute("REPLACE INTO passed VALUES (?, ?)", (base + 1, plain_text(data).decode()))
            self._passed_changed = False

    def _row(self, row: JobRow, base: int) -> tuple[Any, ...]:
        job = row.job
        encoded, data = self._encoded.get(job.sequence, (None, None))
        if encoded is not job:
            data = JOB.encode(job, self.unknown(job.sequence))
        text = plain_text(data).decode()
        return base + job.sequence, row.seen, row.followed, row.status, text

    def load(self, cursor: Cursor, base: int) -> None:
        for place, seen, followed, status, text in self._rows_of_jobs(cursor, base):
            data = plain_data(text)
            job, size = kept_job(JOB.decode(data))
            self.note_unknown(job.sequence, JOB.unknown(data))
            self._restore(JobRow(job, seen, status, followed, size), number_of(place))
        for _, text in self._select(cursor, "place, data", base, "passed"):
            for job_data, state in plain_data(text):
                self._passed.append(Transition(JOB.decode(job_data), STATE.decode(state)))
        self._first_kept = self.first
        self.fresh = False

    def _rows_of_jobs(self, cursor: Cursor, base: int) -> Any:
        return self._select(cursor, "place, seen, followed, status, data", base, "jobs")

    def start_at(self, first: int) -> None:
        """Let the sequence of the next job be `first`, in a table without jobs."""
        self._rows.start_at(first)
        self._unlisted = self._first_kept = first

    def _restore(self, row: JobRow, sequence: int) -> None:
        job = row.job
        if not len(self._rows):
            self.start_at(sequence)
        if job.sequence != sequence or sequence != self._rows.next:
            raise ValueError(f"job {job.id} has the number {job.sequence} in place of {self._rows.next}")
        self.size += row.size
        self._rows.append(row)
        before = self._by_id.get(job.id)
        if before is not None:
            self._others.setdefault(job.id, []).append(before)
        self._by_id[job.id] = sequence
        if job.effects != "none":
            self._expect_effect(row)


class TrackedDeliveries(Tracked, DeliveryTable):
    """The deliveries of a sandbox. Claims are not kept: an attempt that the end of the server cuts off is due again."""

    names = ("deliveries",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._changed: dict[str, None] = {}
        self._first_kept = 1
        self._unknown: dict[str, Unknown] = {}

    @property
    def first(self) -> int:
        """The sequence of the oldest delivery, or of the next one if there are none."""
        return self._first

    @property
    def claimed(self) -> frozenset[str]:
        """The ids of the deliveries whose attempts are in progress."""
        return frozenset(self._claimed)

    def unknown(self, name: str) -> Unknown:
        """Return the fields of a delivery that this version does not know."""
        return self._unknown.get(name, _NONE)

    def note_unknown(self, name: str, unknown: Unknown) -> None:
        """Keep the fields of a delivery that this version does not know."""
        if unknown:
            self._unknown[name] = unknown

    def claim(self, name: str) -> None:
        """Claim a delivery, unless it was dropped."""
        if name in self._by_id:
            self._claimed.add(name)

    def keep_claims(self, claimed: frozenset[str]) -> None:
        """Claim deliveries again, in a table that was just loaded.

        The other attempts that were in progress have ended with the server, so replays that waited for them are due.
        """
        for name in claimed:
            self.claim(name)
        for name in [each for each in self._replays if each not in self._claimed]:
            row = self._by_id[name]
            self._replace(row, row.delivery.with_replay(*self._replays.pop(name)))
            self._push(row.delivery)

    def schedule(self, delivery: Delivery) -> None:
        self._note(delivery.id)
        super().schedule(delivery)

    def save(self, delivery: Delivery) -> None:
        self._note(delivery.id)
        super().save(delivery)

    def replay(self, delivery_id: str, at: int, url: str | None) -> None:
        self._note(delivery_id)
        super().replay(delivery_id, at, url)

    def _drop(self, count: int) -> None:
        self.touch()
        super()._drop(count)

    def _note(self, name: str) -> None:
        if not self._changed:
            self.touch()
        self._changed[name] = None

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        if self._changed:
            rows = [row for row in map(self._by_id.get, self._changed) if row is not None]
            sql = "REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?)"
            cursor.executemany(sql, [self._row(row, base) for row in rows])
            self._changed.clear()
        if self._first_kept < self._first:
            cursor.execute("DELETE FROM deliveries WHERE place > ? AND place < ?", (base, base + self._first))
            self._unknown = {name: u for name, u in self._unknown.items() if name in self._by_id}
            self._first_kept = self._first

    def _row(self, row: DeliveryRow, base: int) -> tuple[Any, ...]:
        delivery = row.delivery
        at, url = self._replays.get(delivery.id, (None, None))
        data = plain_text(DELIVERY.encode(delivery, self.unknown(delivery.id))).decode()
        return base + row.sequence, row.pushed, at, url, data

    def load(self, cursor: Cursor, base: int) -> None:
        pushed: list[tuple[int, Delivery]] = []
        for place, number, at, url, text in self._select(cursor, "place, pushed, replay_at, replay_url, data", base):
            data = plain_data(text)
            delivery = DELIVERY.decode(data)
            self.note_unknown(delivery.id, DELIVERY.unknown(data))
            if at is not None:
                self._replays[delivery.id] = (at, url)
            if not len(self._by_id):
                self.start_at(number_of(place))
            self._restore(delivery, number_of(place), number)
            pushed.append((number, delivery))
        for number, delivery in sorted(pushed, key=lambda each: each[0]):
            self._scheduled = number - 1
            self._push(delivery)
            # Also if it is not due, so that no other delivery gets the same number.
            self._scheduled = number
        self._first_kept = self._first
        self.fresh = False

    def start_at(self, first: int) -> None:
        """Let the sequence of the next delivery be `first`, in a table without deliveries."""
        self._first = self._first_kept = first

    def _restore(self, delivery: Delivery, sequence: int, pushed: int) -> None:
        if sequence != self._first + len(self._by_id):
            raise ValueError(f"delivery {delivery.id} has the number {sequence}")
        self._add(delivery)
        self._by_id[delivery.id].pushed = pushed


__all__ = ["TrackedDeliveries", "TrackedJobs", "base_of", "delivery_size"]
