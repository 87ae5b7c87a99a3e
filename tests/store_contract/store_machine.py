"""A whole store compared with the one in memory: random operations, and equal answers."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.jobs import IllegalMove, Job
from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit
from mockserver.core.match import Miss
from mockserver.core.plans import STATUSES, Status
from mockserver.core.scenario import TamperingSpec
from mockserver.store.codec import ENTRY
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.protocol import Store, Transition, What
from tests.store_contract.job_machine import PLANS
from tests.store_contract.samples import T0, delivery, job

BOUNDS = Bounds(
    jobs=8, journal=10, deliveries=6, counters=5, credit_ledgers=2, balances=3, values=4, memory=64 * 1_048_576
)
LIMITS = (Limit("requests", "minute", 3), Limit("analyses", "day", 5))
# Text that is not ASCII, and one that no encoding to UTF-8 accepts.
KEYS = ("k1", "k2", "k3", "ключ", "\ud800")
accounts = st.sampled_from(KEYS).map("v2p:{}".format)
names = st.sampled_from(("a", "b", "c", "ж"))
waits = st.sampled_from((0, 1, 700, 5_000, 61_000))
number = st.integers(0, 10**6)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.sampled_from(("", "text", "ÿ", "\ud800", 0.5)),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.sampled_from(("x", "y")), inside, max_size=2),
    max_leaves=4,
)
bodies = st.sampled_from((b"", b'{"a": 1}', b"\xff\x00\xfe", "ÿ".encode()))
MISSES = (Miss("magic", "input contains 'x'"), Miss("other", "nth: this is match 1"))
Call = Callable[[Store], Coroutine[Any, Any, Any]]


class StoreMachine(RuleBasedStateMachine):
    """Any sequence of operations. A subclass opens the store."""

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.model: Store = MemoryStore(BOUNDS)
        self.store: Store = self.runner.run(self.stack.enter_async_context(self.open_store(BOUNDS)))
        self.now = T0
        self.count = 0
        self.claimed: list[Delivery] = []

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def both(self, call: Call) -> Any:
        """Return the answer of the model. The store must give an equal one."""
        expected, actual = (_plain(self.runner.run(_result(call(each)))) for each in (self.model, self.store))
        assert actual == expected
        return expected

    def some_job(self, which: int) -> Any:
        jobs = self.runner.run(self.model.page_jobs(limit=100)).jobs
        return jobs[which % len(jobs)] if jobs else None

    @rule(wait=waits)
    def time_passes(self, wait: int) -> None:
        self.now += wait

    # Jobs and credits.

    @rule(account=accounts, name=st.sampled_from(sorted(PLANS)), cost=st.integers(0, 60), request=values)
    def submit(self, account: str, name: str, cost: int, request: Any) -> None:
        self.count += 1
        key = account.partition(":")[2]
        facts = {"cost": cost, "request": request}
        effects = "each" if cost % 3 == 0 else "end"
        new = job(f"j{self.count}", PLANS[name], key=key, at=self.now, cost=cost, effects=effects)._replace(facts=facts)
        self.both(lambda store: store.open_credits(account, self.now, 100))
        if not cost or self.both(lambda store: store.reserve(account, self.now, new.id, cost)):
            self.both(lambda store: store.add_job(new))

    @rule(which=number, status=st.sampled_from(STATUSES), ago=st.sampled_from((0, 300)))
    def move(self, which: int, status: Status, ago: int) -> None:
        old = self.some_job(which)
        if old is None:
            return
        try:
            new = old.moved(self.now - ago, status, "it failed")
        except IllegalMove:
            new = old.polled(self.now)
        self.both(lambda store: store.replace_job(old, new))

    @rule(limit=st.none() | st.integers(1, 3))
    def take_transitions(self, limit: int | None) -> None:
        self.both(lambda store: store.take_transitions(self.now, limit))

    @rule()
    def take_effects(self) -> None:
        for ended, _ in self.both(lambda store: store.take_effects(self.now)):
            self.both(partial(self.charge, ended))

    async def charge(self, ended: Job, store: Store) -> None:
        await store.capture(ended.account, self.now, ended.id, ended.cost // 2)

    @rule(account=accounts, which=number, renews=st.booleans(), credits=st.none() | st.integers(0, 500))
    def change_credits(self, account: str, which: int, renews: bool, credits: int | None) -> None:
        old = self.some_job(which)
        if old is not None:
            self.both(lambda store: store.release(old.account, self.now, old.id))
        if renews:
            self.both(lambda store: store.renew_credits(self.now, lambda account: credits))
        else:
            self.both(lambda store: store.grant(account, self.now, credits))

    # Counters, values and faults.

    @rule(account=accounts, which=st.sampled_from((LIMITS[:1], LIMITS[1:], LIMITS)), amount=st.integers(-1, 2))
    def hit(self, account: str, which: Sequence[Limit], amount: int) -> None:
        self.both(lambda store: store.hit(account, which, self.now, amount))

    @rule(key=st.lists(names, min_size=1, max_size=2))
    def next_number(self, key: list[str]) -> None:
        self.both(lambda store: store.next_number(*key))

    @rule(kind=names, key=names, value=values, lasts=st.none() | st.integers(0, 2_000))
    def put_value(self, kind: str, key: str, value: Any, lasts: int | None) -> None:
        self.both(lambda store: store.put_value(kind, key, value, None if lasts is None else self.now + lasts))

    @rule(kind=names, key=names, value=values)
    def replace_value(self, kind: str, key: str, value: Any) -> None:
        old = self.both(lambda store: store.get_value(kind, key, self.now))
        self.both(lambda store: store.replace_value(kind, key, old, value))

    @rule(kind=names, key=names)
    def take_value(self, kind: str, key: str) -> None:
        self.both(lambda store: store.take_value(kind, key, self.now))

    @rule(operation=st.sampled_from(("a.*", "a.b")), times=st.integers(1, 2), data=values)
    def arm_fault(self, operation: str, times: int, data: Any) -> None:
        self.both(lambda store: store.arm_fault({"operation": operation, "times": times, "data": data}))

    @rule(operation=st.sampled_from(("a.b", "a.c")))
    def take_fault(self, operation: str) -> None:
        self.both(lambda store: store.take_fault(operation, "k1"))

    # Deliveries.

    @rule(due=waits, body=bodies, tampered=st.booleans(), job_id=st.none() | names)
    def schedule(self, due: int, body: bytes, tampered: bool, job_id: str | None) -> None:
        self.count += 1
        tampering = TamperingSpec(lose=1, delay=5_000, attempts=[1, 2]) if tampered else None
        one = delivery(f"d{self.count}", self.now + due, tampering=tampering, job=job_id, answer=(200, body))
        self.both(lambda store: store.schedule(replace(one, body=body)))

    @rule()
    def claim(self) -> None:
        due = self.both(lambda store: store.claim_due(self.now))
        if due is not None:
            self.claimed.append(due)

    @rule(success=st.booleans(), reply=bodies)
    def attempt(self, success: bool, reply: bytes) -> None:
        if self.claimed:
            one = self.claimed.pop(0)
            headers = (("Host", "x.test"),)
            made = Attempt(one.attempt_count + 1, self.now, headers, "response", 200, reply, reply_headers=headers)
            self.both(lambda store: store.save_delivery(one.attempted(made, success, self.now)))

    @rule(which=number, url=st.none() | st.just("http://elsewhere.test/"))
    def replay(self, which: int, url: str | None) -> None:
        every = self.runner.run(self.model.deliveries())
        if every:
            self.both(lambda store: store.replay_delivery(every[which % len(every)].id, self.now, url))

    # The journal.

    @rule(body=bodies, ago=st.integers(0, 900), misses=st.sampled_from(((), MISSES[:1], list(MISSES))), note=values)
    def append(self, body: bytes, ago: int, misses: Sequence[Miss], note: Any) -> None:
        async def write(store: Store) -> int:
            cause = await store.number_entry() if ago % 3 == 0 else 0
            entry = JournalEntry(
                "request", self.now - ago, cause, request=body, misses=misses, others=MISSES, detail={"note": note},
                headers=[("Host", "x.test")], usage=None, reply_headers=[(b"date", body)],
            )  # fmt: skip
            return await store.append(entry)

        self.both(write)

    @rule(ages=st.lists(st.integers(0, 2_000), min_size=1, max_size=3))
    def insert(self, ages: list[int]) -> None:
        async def write(store: Store) -> None:
            await store.insert([JournalEntry("transition", self.now - age, cause=age % 4) for age in ages])

        self.both(write)

    @rule(what=st.sampled_from(get_args(What)))
    def clear(self, what: What) -> None:
        if what in ("jobs", "all"):
            self.claimed.clear()
        self.both(lambda store: store.clear(what))

    # Reads.

    @invariant()
    def answers_are_equal(self) -> None:
        self.both(self.read)

    async def read(self, store: Store) -> list[Any]:
        """Return everything that can be read."""
        return [
            [await store.credits(f"v2p:{key}") for key in KEYS],
            await store.page_jobs(limit=20),
            await store.count_by_status("v2p"),
            await store.accounts(10),
            await store.armed_faults(),
            await store.deliveries(),
            await store.count_deliveries(),
            (await store.next_effect(), await store.next_transition(), await store.next_delivery()),
            await store.entries(),
            await store.entries_since(self.model.last_serial // 2, 4),
            [await store.values(kind, self.now) for kind in "abcж"],
        ]


async def _result(call: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await call
    except ValueError as error:
        return str(error)


def _plain(value: Any) -> Any:
    """Return an answer in a form in which lists equal tuples."""
    if isinstance(value, JournalEntry):
        return _plain(ENTRY.encode(value))
    if isinstance(value, Transition):
        return value.job, value.state
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if type(value) in (list, tuple) or (isinstance(value, tuple) and hasattr(value, "entries")):
        return list(map(_plain, value))
    return value
