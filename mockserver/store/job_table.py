"""Jobs in memory, indexed so that no question costs more when more is kept.

The lists know each job as of the last step that `take` handed out. Time moves jobs between the lists only there,
which makes every other operation a look-up. Steps that have an effect outside their job are handed out by
`take_effects`, on a heap of their own. New jobs are entered into the lists when somebody asks for what is in them, so a
job without effects that is only ever asked for by its id is in no list at all.
"""

import heapq
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from mockserver.core.jobs import Job, State
from mockserver.core.plans import Status
from mockserver.store.protocol import Page, Transition
from mockserver.store.rows import Lane, Row, Rows

# Steps of jobs that were replaced since, kept until somebody asks for them.
KEPT_PASSED = 10_000


class JobTable:
    """The jobs of one sandbox; beyond `capacity` the oldest go, a fiftieth at a time."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._rows = Rows()
        # The newest job of an id, and the others where several accounts have one.
        self._by_id: dict[str, int] = {}
        self._others: dict[str, list[int]] = {}
        # The sequence from which on jobs are in no list, queue or tally yet, nor on the heap of their next steps.
        self._unlisted = 1
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._queues: dict[str, list[tuple[int, int]]] = {}
        self._tallies: dict[str, Counter[Status]] = {}
        self._due: list[tuple[int, int]] = []
        self._effects: list[tuple[int, int]] = []
        self._passed: deque[Transition] = deque(maxlen=KEPT_PASSED)

    def add(self, job: Job) -> Job:
        job = job.kept(self._rows.next)
        first = job.plan.steps[0]
        # Entering the first step is the creation itself, unless the job ends there: then that is handed out too.
        entered = -1 if first.terminal else 0
        row = Row(job, entered, first.status, entered)
        self._rows.append(row)
        before = self._by_id.get(job.id)
        if before is not None:
            self._others.setdefault(job.id, []).append(before)
        self._by_id[job.id] = job.sequence
        if job.effects != "none":
            self._expect_effect(row)
        return job

    def _list(self) -> None:
        """Enter the jobs that are new since the last time."""
        for row in self._rows.since(self._unlisted):
            job = row.job
            name = (job.provider, job.account)
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = Lane()
            lane.every.append(job.sequence)
            self._enter(row, row.status)
            self._expect_change(row)
        self._unlisted = self._rows.next

    def shrink(self) -> list[Job]:
        """The oldest jobs, forgotten when there are too many."""
        if len(self._rows) <= self.capacity + self.capacity // 50:
            return []
        return self._evict(len(self._rows) - self.capacity)

    def every(self) -> list[Job]:
        return [row.job for row in self._rows]

    def get(self, provider: str, account: str, job_id: str) -> Job | None:
        newest = self._by_id.get(job_id)
        if newest is None:
            return None
        found = self._rows[newest].job
        if found.account == account and found.provider == provider:
            return found
        older = (job for job in reversed(self.find(job_id)) if (job.account, job.provider) == (account, provider))
        return next(older, None)

    def find(self, job_id: str) -> list[Job]:
        newest = self._by_id.get(job_id)
        if newest is None:
            return []
        return [self._rows[sequence].job for sequence in (*self._others.get(job_id, ()), newest)]

    def swap(self, old: Job, new: Job) -> bool:
        row = self._rows.get(old.sequence)
        if row is None or row.job != old:
            return False
        self._list()
        self._leave_behind(row, new)
        row.job = new
        if new.forced and new.base > old.base:
            # It may have been forced as of an instant before the last `take`, in a step before the one seen by then.
            row.seen = min(row.seen, new.base - 1)
            row.followed = min(row.followed, new.base - 1)
        self._expect(row)
        return True

    def _leave_behind(self, row: Row, new: Job) -> None:
        """Keep the steps that nobody has asked for yet and that the successor of a job knows nothing of any more."""
        for state in row.job.passed(row.seen, new.entered_base):
            if state.index >= new.base:
                return
            self._move(row, state)
            self._passed.append(Transition(row.job, state))

    def take(self, now: int) -> list[Transition]:
        self._list()
        taken = list(self._passed)
        self._passed.clear()
        ordered = not taken
        if not self._due or self._due[0][0] > now:
            return _by_time(taken)
        while self._due and self._due[0][0] <= now:
            at, sequence = heapq.heappop(self._due)
            row = self._rows.get(sequence)
            if row is None or row.due != at:
                continue
            # One step a turn: another job's event may fall between two steps of this one.
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

    def page(self, provider: str | None, account: str | None, status: Status | None, offset: int, limit: int) -> Page:
        self._list()
        if provider is not None and account is not None:
            lane = self._lanes.get((provider, account))
            sequences = lane.of(status) if lane else []
        else:
            sequences = sorted(
                s for (p, a), lane in self._lanes.items()
                if provider in (None, p) and account in (None, a) for s in lane.of(status)
            )  # fmt: skip
        end = max(0, len(sequences) - offset)
        part = sequences[max(0, end - limit) : end]
        return Page(tuple(self._rows[s].job for s in reversed(part)), len(sequences))

    def tally(self, provider: str) -> Counter[Status]:
        self._list()
        return Counter(self._tallies.get(provider, ()))

    def position(self, job: Job) -> int:
        self._list()
        return bisect_left(self._queues.get(job.provider, []), (-(job.priority or 0), job.sequence)) + 1

    def waiting(self, provider: str, account: str, limit: int) -> Page:
        self._list()
        lane = self._lanes.get((provider, account))
        queue = lane.queue if lane else []
        return Page(tuple(self._rows[sequence].job for _, sequence in queue[:limit]), len(queue))

    def _expect(self, row: Row) -> None:
        self._expect_change(row)
        self._expect_effect(row)

    def _expect_change(self, row: Row) -> None:
        due = row.job.next_change(row.seen)
        if due is not None and due != row.due:
            heapq.heappush(self._due, (due, row.job.sequence))
        row.due = due

    def _expect_effect(self, row: Row) -> None:
        due = row.job.next_effect(row.followed)
        if due is not None and due != row.effect_due:
            heapq.heappush(self._effects, (due, row.job.sequence))
        row.effect_due = due

    def _move(self, row: Row, state: State) -> None:
        row.seen = state.index
        if state.status != row.status:
            self._leave(row)
            self._enter(row, state.status)

    def _enter(self, row: Row, status: Status) -> None:
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

    def _leave(self, row: Row) -> None:
        job = row.job
        _drop(self._lanes[job.provider, job.account].of(row.status), job.sequence)
        self._tallies[job.provider][row.status] -= 1
        self._leave_queue(row)

    def _leave_queue(self, row: Row) -> None:
        job = row.job
        if row.status == "queued" and job.priority is not None:
            place = (-job.priority, job.sequence)
            _drop(self._queues[job.provider], place)
            _drop(self._lanes[job.provider, job.account].queue, place)

    def _evict(self, count: int) -> list[Job]:
        gone, touched = [], set()
        for row in self._rows.take_oldest(count):
            job = row.job
            if job.sequence < self._unlisted:
                self._tallies[job.provider][row.status] -= 1
                self._leave_queue(row)
                touched.add((job.provider, job.account))
            self._forget_id(job)
            gone.append(job)
        first = gone[-1].sequence + 1
        self._unlisted = max(self._unlisted, first)
        self._trim(touched, first)
        for heap in (self._due, self._effects):
            # What is left of forgotten jobs goes when it is most of a heap; until then each is passed over in its turn.
            if len(heap) > 2 * len(self._rows):
                heap[:] = [due for due in heap if due[1] >= first]
                heapq.heapify(heap)
        return gone

    def _forget_id(self, job: Job) -> None:
        others = self._others.get(job.id)
        if others is None:
            del self._by_id[job.id]
            return
        others.remove(job.sequence)  # the oldest go first, so it is never the newest of several
        if not others:
            del self._others[job.id]

    def _trim(self, touched: Iterable[tuple[str, str]], first: int) -> None:
        for name in touched:
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
