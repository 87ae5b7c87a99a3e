"""The store in memory passes the contract tests of stores."""

import pickle
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from hypothesis import settings

from mockserver.core.durations import Span
from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit
from mockserver.core.plans import Step
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.protocol import Store

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract import JobMachine, OpenStore, StoreContract  # noqa: E402
from tests.store_contract.samples import HELD, STUCK, T0, delivery, job, plan  # noqa: E402


@asynccontextmanager
async def memory(bounds: Bounds) -> AsyncIterator[Store]:
    yield MemoryStore(bounds)


class TestMemoryStore(StoreContract):
    """Every test of the contract."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        return memory


async def test_the_size_of_the_store_is_bounded() -> None:
    """Jobs that never end, credits reserved for them, deliveries that are due in months, and always new keys."""
    plans = (HELD, STUCK, plan(Step("queued", Span(10**10)), Step("succeeded")))
    bounds = Bounds(jobs=20, journal=20, deliveries=20, counters=20, credit_ledgers=20, values=20)
    store = MemoryStore(bounds)

    async def used(first: int, last: int) -> int:
        for n in range(first, last):
            one = job(f"j{n}", plans[n % 3], key=f"k{n % 30}", cost=1)
            await store.open_credits(one.account, T0, None)
            await store.reserve(one.account, T0, one.id, 1)
            await store.add_job(one)
            await store.schedule(delivery(f"d{n}", T0 + 10**10 + n))
            await store.append(JournalEntry("request", T0, request=b"x" * 100))
            await store.next_number("id", str(n))
            await store.hit(f"k{n}", (Limit("requests", "day", 5),), T0)
            await store.put_value("token", str(n), {"n": n}, T0 + 10**10)
            await store.take_transitions(T0 + n)
        return len(pickle.dumps(store))

    after_few, after_many = await used(1_000, 1_300), await used(1_300, 5_000)
    assert after_many < after_few * 1.2


class MemoryJobs(JobMachine):
    """Jobs, compared with a plain list."""

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        return memory(bounds)


TestMemoryJobs = MemoryJobs.TestCase
TestMemoryJobs.settings = settings(deadline=None, max_examples=100, stateful_step_count=40)
