"""Jobs in memory, indexed so that the time of an operation does not depend on the number of jobs.

The lists have each job in the state that `take` last returned for it. Only `take` moves jobs between the lists, so
every other operation is a look-up. Steps with an effect outside their job are returned by `take_effects`, from a
separate heap. New jobs are added to the lists when an operation needs them, so a job without effects that is only read
by its id is in no list at all.
"""

import heapq
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from mockserver.core.jobs import Job, State
from mockserver.core.plans import Status
from mockserver.core.sizes import kept_job
from mockserver.store.protocol import Page, Transition
from mockserver.store.rows import AccountJobs, JobRow, JobRows

# Bound on the steps of replaced jobs that `take` has not returned yet.
MAX_PASSED = 10_000


class JobTable:
    """The jobs of one sandbox. Above `capacity` the oldest are dropped, a fiftieth at a time."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._rows = JobRows()
        # The newest job with an id, and the older ones if several accounts have a job with that id.
        self._by_id: dict[str, int] = {}
        self._others: dict[str, list[int]] = {}
        # Jobs from this sequence on are not in the lists, queues, tallies and the heap of next steps yet.
        self._unlisted = 1
        self._lanes: dict[tuple[str, str], AccountJobs] = {}
        self._queues: dict[str, list[tuple[int, int]]] = {}
        self._tallies: dict[str, Counter[Status]] = {}
        self._due: list[tuple[int, int]] = []
        self._effects: list[tuple[int, int]] = []
        self._passed: deque[Transition] = deque(maxlen=MAX_PASSED)

    def add(self, job: Job) -> Job:
        job, size = kept_job(job.with_sequence(self._rows.next))
        first = job.plan.steps[0]
        # The first step is the creation itself and is not returned, unless the job ends there.
        entered = -1 if first.terminal else 0
        row = JobRow(job, entered, first.status, entered, size)
        self.size += size
        self._rows.append(row)
        before = self._by_id.get(job.id)
        if before is not None:
            self._others.setdefault(job.id, []).append(before)
        self._by_id[job.id] = job.sequence
        if job.effects != "none":
            self._expect_effect(row)
        return job

    def _list(self) -> None:
        """Add the jobs that are new since the last call to the lists."""
        for row in self._rows.since(self._unlisted):
            job = row.job
            name = (job.provider, job.account)
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = AccountJobs()
            lane.every.append(job.sequence)
            self._enter(row, row.status)
            self._expect_change(row)
        self._unlisted = self._rows.next

    def shrink(self) -> list[Job]:
        """Drop the oldest jobs if there are too many, and return them."""
        if len(self._rows) <= self.capacity + self.capacity // 50:
            return []
        return self._evict(len(self._rows) - self.capacity)

    @property
    def empty(self) -> bool:
        return not len(self._rows)

    def drop(self) -> list[Job]:
        """Drop the oldest jobs, a fiftieth of all or one, and return them."""
        return self._evict(max(1, len(self._rows) // 50))

    def every(self) -> list[Job]:
        return [row.job for row in self._rows]

    def get(self, provider: str, account: str, job_id: str) -> Job | None:
        newest = self._by_id.get(job_id)
        if newest is None:
            return None
        job = self._rows[newest].job
        if job.account == account and job.provider == provider:
            return job
        older = (each for each in reversed(self.find(job_id)) if (each.account, each.provider) == (account, provider))
        return next(older, None)

    def find(self, job_id: str) -> list[Job]:
        newest = self._by_id.get(job_id)
        if newest is None:
            return []
        return [self._rows[sequence].job for sequence in (*self._others.get(job_id, ()), newest)]

    def with_sequence(self, sequence: int) -> Job | None:
        """Return the job with this sequence, or None if it was dropped."""
        row = self._rows.get(sequence)
        return None if row is None else row.job

    def swap(self, old: Job, new: Job) -> bool:
        row = self._rows.get(old.sequence)
        if row is None or row.job != old:
            return False
        self._list()
        self._keep_passed(row, new)
        if new.request is not old.request or new.facts is not old.facts:
            new, size = kept_job(new)
            self.size += size - row.size
            row.size = size
        row.job = new
        if new.forced and new.base > old.base:
            # It may be forced at an instant before the last `take`, in an earlier step than the one returned then.
            row.seen = min(row.seen, new.base - 1)
            row.followed = min(row.followed, new.base - 1)
        self._expect(row)
        return True

    def _keep_passed(self, row: JobRow, new: Job) -> None:
        """Keep the steps that `take` has not returned yet and that the new version of the job no longer has."""
        for state in row.job.passed(row.seen, new.entered_base):
            if state.index >= new.base:
                return
            self._move(row, state)
            self._passed.append(Transition(row.job, state))

    def take(self, now: int, limit: int | None = None) -> list[Transition]:
        self._list()
        taken = list(self._passed)
        self._passed.clear()
        ordered = not taken
        while self._due and self._due[0][0] <= now and (limit is None or len(taken) < limit):
            at, sequence = heapq.heappop(self._due)
            row = self._rows.get(sequence)
            if row is None or row.due != at:
                continue
            # One step at a time, because another job's step may come between two steps of this one.
            state = next(row.job.passed(row.seen, at), None)
            if state is not None:
                self._move(row, state)
                taken.append(Transition(row.job, state))
            row.due = None
            self._expect_change(row)
        return taken if ordered else _by_time(taken)

    def take_effects(self, now: int) -> list[Transition]:
        if not self._effects or self._effects[0][0] > now:
            return []
        taken: list[Transition] = []
        while self._effects and self._effects[0][0] <= now:
            at, sequence = heapq.heappop(self._effects)
            row = self._rows.get(sequence)
            if row is None or row.effect_due != at:
                continue
            states = row.job.passed(row.followed, at)
            state = next((s for s in states if s.terminal or row.job.effects == "each"), None)
            if state is not None:
                row.followed = state.index
                taken.append(Transition(row.job, state))
            row.effect_due = None
            self._expect_effect(row)
        return taken

    def next_due(self) -> int | None:
        self._list()
        while self._due:
            at, sequence = self._due[0]
            row = self._rows.get(sequence)
            if row is not None and row.due == at:
                return at
            heapq.heappop(self._due)
        return None

    def next_effect(self) -> int | None:
        while self._effects:
            at, sequence = self._effects[0]
            row = self._rows.get(sequence)
            if row is not None and row.effect_due == at:
                return at
            heapq.heappop(self._effects)
        return None

    def page(
        self,
        provider: str | None,
        account: str | None,
        status: Status | None,
        offset: int,
        limit: int,
        before: int | None,
    ) -> Page:
        self._list()
        end = self._rows.next if before is None else before
        if provider is not None and account is not None:
            lane = self._lanes.get((provider, account))
            sequences = lane.of(status) if lane else []
            last = max(0, bisect_left(sequences, end) - offset)
            part = reversed(sequences[max(0, last - limit) : last])
            return Page(tuple(self._rows[s].job for s in part), len(sequences))
        total = self._count(provider, account, status)
        meant = islice(self._meant(provider, account, status, end), offset, offset + min(limit, total))
        return Page(tuple(meant), total)

    def _count(self, provider: str | None, account: str | None, status: Status | None) -> int:
        if account is not None:
            lanes = (lane for (_, each), lane in self._lanes.items() if each == account)
            return sum(len(lane.of(status)) for lane in lanes)
        tallies = self._tallies.values() if provider is None else (self._tallies.get(provider, Counter[Status]()),)
        return sum(tally.total() if status is None else tally[status] for tally in tallies)

    def _meant(self, provider: str | None, account: str | None, status: Status | None, end: int) -> Iterator[Job]:
        """Yield the jobs with a sequence below `end`, newest first."""
        for row in self._rows.newest_first(end):
            job = row.job
            if provider in (None, job.provider) and account in (None, job.account) and status in (None, row.status):
                yield job

    def count_by_status(self, provider: str) -> Counter[Status]:
        self._list()
        return +self._tallies.get(provider, Counter())

    def position(self, job: Job) -> int:
        self._list()
        return bisect_left(self._queues.get(job.provider, []), (-(job.priority or 0), job.sequence)) + 1

    def waiting(self, provider: str, account: str, limit: int) -> Page:
        self._list()
        lane = self._lanes.get((provider, account))
        queue = lane.queue if lane else []
        return Page(tuple(self._rows[sequence].job for _, sequence in queue[:limit]), len(queue))

    def _expect(self, row: JobRow) -> None:
        self._expect_change(row)
        self._expect_effect(row)

    def _expect_change(self, row: JobRow) -> None:
        due = row.job.next_change(row.seen)
        if due is not None and due != row.due:
            heapq.heappush(self._due, (due, row.job.sequence))
        row.due = due

    def _expect_effect(self, row: JobRow) -> None:
        due = row.job.next_effect(row.followed)
        if due is not None and due != row.effect_due:
            heapq.heappush(self._effects, (due, row.job.sequence))
        row.effect_due = due

    def _move(self, row: JobRow, state: State) -> None:
        row.seen = state.index
        if state.status != row.status:
            self._leave(row)
            self._enter(row, state.status)

    def _enter(self, row: JobRow, status: Status) -> None:
        job, row.status = row.job, status
        lane = self._lanes[job.provider, job.account]
        insort(lane.of(status), job.sequence)
        tally = self._tallies.get(job.provider)
        if tally is None:
            tally = self._tallies[job.provider] = Counter()
        tally[status] += 1
        if status == "queued" and job.priority is not None:
            place = (-job.priority, job.sequence)
            insort(self._queues.setdefault(job.provider, []), place)
            insort(lane.queue, place)

    def _leave(self, row: JobRow) -> None:
        job = row.job
        _drop(self._lanes[job.provider, job.account].of(row.status), job.sequence)
        self._tallies[job.provider][row.status] -= 1
        self._leave_queue(row)

    def _leave_queue(self, row: JobRow) -> None:
        job = row.job
        if row.status == "queued" and job.priority is not None:
            place = (-job.priority, job.sequence)
            _drop(self._queues[job.provider], place)
            _drop(self._lanes[job.provider, job.account].queue, place)

    def _evict(self, count: int) -> list[Job]:
        dropped, lanes = [], set()
        for row in self._rows.take_oldest(count):
            job = row.job
            self.size -= row.size
            if job.sequence < self._unlisted:
                self._tallies[job.provider][row.status] -= 1
                self._leave_queue(row)
                lanes.add((job.provider, job.account))
            self._forget_id(job)
            dropped.append(job)
        first = dropped[-1].sequence + 1
        self._unlisted = max(self._unlisted, first)
        self._trim(lanes, first)
        for heap in (self._due, self._effects):
            # Entries of dropped jobs are removed when they are most of the heap. Until then they are skipped.
            if len(heap) > 2 * len(self._rows):
                heap[:] = [due for due in heap if due[1] >= first]
                heapq.heapify(heap)
        return dropped

    def _forget_id(self, job: Job) -> None:
        others = self._others.get(job.id)
        if others is None:
            del self._by_id[job.id]
            return
        others.remove(job.sequence)  # the oldest are dropped first, so it is never the newest of several
        if not others:
            del self._others[job.id]

    def _trim(self, lanes: Iterable[tuple[str, str]], first: int) -> None:
        for name in lanes:
            lane = self._lanes[name]
            for sequences in (lane.every, *lane.by_status.values()):
                del sequences[: bisect_left(sequences, first)]
            if not lane.every:
                del self._lanes[name]


def _by_time(transitions: list[Transition]) -> list[Transition]:
    return sorted(transitions, key=lambda transition: transition.state.entered_at)


def _drop(ordered: list[Any], item: Any) -> None:
    at = bisect_left(ordered, item)
    if at < len(ordered) and ordered[at] == item:
        del ordered[at]
