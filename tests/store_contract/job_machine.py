"""Jobs compared with a model: a plain list that is searched for every operation."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from mockserver.core.durations import Span
from mockserver.core.jobs import IllegalMove, Job, State
from mockserver.core.plans import STATUSES, Status, Step
from mockserver.store.memory import Bounds
from mockserver.store.protocol import Store
from tests.store_contract.samples import AT_ONCE, BY_POLLS, HELD, RENDER, STUCK, T0, plan

T = TypeVar("T")

CAPACITY = 12
PLANS = {
    "render": RENDER,
    "stuck": STUCK,
    "at once": AT_ONCE,
    "by polls": BY_POLLS,
    "held": HELD,
    "no time": plan(Step("queued", Span(0)), Step("running", Span(0)), Step("succeeded")),
    "mixed": plan(Step("queued", Span(500)), Step("queued", polls=1), Step("running", Span(700)), Step("failed")),
}

providers = st.sampled_from(("v2p", "p2v"))
keys = st.sampled_from(("k1", "k2"))
statuses = st.sampled_from(STATUSES)
anyone = st.integers(0, 10**6)


@dataclass
class Row:
    """A job of the model, with the step and status that `take` last returned for it."""

    job: Job
    seen: int
    status: Status


class JobMachine(RuleBasedStateMachine):
    """Any sequence of changes and reads. A subclass opens the store."""

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.store: Store = self.run(self.stack.enter_async_context(self.open_store(Bounds(jobs=CAPACITY))))
        self.rows: list[Row] = []
        # Steps that jobs had passed when they were replaced, and that `take` has not returned yet.
        self.passed: list[tuple[int, int, State]] = []
        self.now = T0
        self.added = 0

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    def run(self, operation: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(operation)

    def row(self, which: int) -> Row:
        return self.rows[which % len(self.rows)]

    def swap(self, row: Row, new: Job) -> None:
        assert self.run(self.store.replace_job(row.job, new))
        for state in row.job.passed(row.seen, new.entered_base):
            if state.index < new.base:
                self.passed.append((state.entered_at, row.job.sequence, state))
                row.seen, row.status = state.index, state.status
        if new.forced and new.base > row.job.base:
            # If it was forced at an earlier instant, `take` may have returned a later step than the one it ended in.
            row.seen = min(row.seen, new.base - 1)
        row.job = new

    # Changes.

    @rule(provider=providers, key=keys, name=st.sampled_from(sorted(PLANS)), priority=st.integers(0, 2))
    def add(self, provider: str, key: str, name: str, priority: int) -> None:
        self.added += 1
        new = Job(f"j{self.added}", provider, "make", f"{provider}:{key}", self.now, PLANS[name], priority=priority)
        kept = self.run(self.store.add_job(new))
        assert kept == new.with_sequence(kept.sequence)
        assert all(kept.sequence > row.job.sequence for row in self.rows)
        first = kept.plan.steps[0]
        self.rows.append(Row(kept, -1 if first.terminal else 0, first.status))
        # The store decides how many of the oldest are dropped at a time.
        total = self.run(self.store.page_jobs()).total
        assert min(len(self.rows), CAPACITY) <= total <= CAPACITY + 1
        self.rows = self.rows[-total:]

    @rule(wait=st.sampled_from((0, 1, 499, 500, 700, 2_000, 10_000)))
    def time_passes(self, wait: int) -> None:
        self.now += wait

    @rule()
    def take(self) -> None:
        expected, self.passed = self.passed, []
        for row in self.rows:
            for state in row.job.passed(row.seen, self.now):
                expected.append((state.entered_at, row.job.sequence, state))
                row.seen, row.status = state.index, state.status
        taken = [(t.state.entered_at, t.job.sequence, t.state) for t in self.run(self.store.take_transitions(self.now))]
        by_job = sorted(taken, key=lambda t: (t[1], t[2].index))
        assert by_job == sorted(expected, key=lambda t: (t[1], t[2].index))
        assert [at for at, _, _ in taken] == sorted(at for at, _, _ in taken)
        assert sorted(taken, key=lambda t: t[1]) == by_job

    @precondition(lambda self: self.rows)
    @rule(which=anyone)
    def poll(self, which: int) -> None:
        row = self.row(which)
        self.swap(row, row.job.polled(self.now))

    @precondition(lambda self: self.rows)
    @rule(which=anyone)
    def release(self, which: int) -> None:
        row = self.row(which)
        if row.job.at(self.now).step.held:
            self.swap(row, row.job.released(self.now))

    @precondition(lambda self: self.rows)
    @rule(which=anyone, status=statuses, ago=st.sampled_from((0, 0, 300, 5_000)))
    def force(self, which: int, status: Status, ago: int) -> None:
        row = self.row(which)
        try:
            moved = row.job.moved(self.now - ago, status)
        except IllegalMove:
            return
        self.swap(row, moved)

    @precondition(lambda self: self.rows)
    @rule(which=anyone)
    def replace_what_is_not_kept(self, which: int) -> None:
        row = self.row(which)
        assert not self.run(self.store.replace_job(row.job._replace(polls=99), row.job))

    # Reads.

    @rule(
        provider=st.none() | providers,
        key=st.none() | keys,
        status=st.none() | statuses,
        offset=st.integers(0, 15),
        limit=st.integers(0, 15),
    )
    def page(self, provider: str | None, key: str | None, status: Status | None, offset: int, limit: int) -> None:
        account = f"{provider or 'v2p'}:{key}" if key else None
        expected = [
            row.job
            for row in reversed(self.rows)
            if provider in (None, row.job.provider)
            and account in (None, row.job.account)
            and status in (None, row.status)
        ]
        page = self.run(self.store.page_jobs(provider, account, status, offset, limit))
        assert (list(page.jobs), page.total) == (expected[offset : offset + limit], len(expected))

    @rule(provider=providers)
    def count_by_status(self, provider: str) -> None:
        counted = Counter(row.status for row in self.rows if row.job.provider == provider)
        assert {s: n for s, n in self.run(self.store.count_by_status(provider)).items() if n} == counted

    @precondition(lambda self: any(row.status == "queued" for row in self.rows))
    @rule(which=anyone)
    def queue_position(self, which: int) -> None:
        queued = [row.job for row in self.rows if row.status == "queued"]
        job = queued[which % len(queued)]
        queue = [j for j in queued if j.provider == job.provider]
        queue.sort(key=lambda j: (-(j.priority or 0), j.sequence))
        assert self.run(self.store.queue_position(job)) == queue.index(job) + 1

    @rule()
    def next_transition(self) -> None:
        due = [row.job.next_change(row.seen) for row in self.rows]
        expected = min((at for at in due if at is not None), default=None)
        assert self.run(self.store.next_transition()) == expected

    @precondition(lambda self: self.rows)
    @rule(which=anyone)
    def look(self, which: int) -> None:
        job = self.row(which).job
        assert self.run(self.store.get_job(job.provider, job.account, job.id)) == job
        assert list(self.run(self.store.find_jobs(job.id))) == [job]
