"""The store in Valkey passes the contract tests of stores, also if two processes use it in turns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.protocol import Store
from mockserver.store.valkey.process import ValkeyProcess

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract import JobMachine, OpenStore, StoreContract, StoreMachine  # noqa: E402
from tests.store_contract.samples import T0, delivery  # noqa: E402


@asynccontextmanager
async def process(url: str, bounds: Bounds | None = None) -> AsyncIterator[ValkeyProcess]:
    one = ValkeyProcess(url, bounds or Bounds())
    await one.start(lambda name, created: None)
    try:
        yield one
    finally:
        await one.close()


@asynccontextmanager
async def shared(url: str, bounds: Bounds) -> AsyncIterator[Store]:
    async with process(url, bounds) as one:
        store = await one.create("default")
        assert store is not None
        yield store
        await store.committed()
        await store.close()


class TestValkeyStore(StoreContract):
    """Every test of the contract."""

    @pytest.fixture
    def open_store(self, valkey: str) -> OpenStore:
        return lambda bounds: shared(valkey, bounds)


class _InTurns:
    """Two processes with a store each, of the same sandbox, which are used in turns."""

    url = ""
    store: Any
    others: list[Any]

    @asynccontextmanager
    async def in_turns(self, bounds: Bounds) -> AsyncIterator[Store]:
        async with process(self.url, bounds) as first, process(self.url, bounds) as second:
            store = await first.create("default")
            assert store is not None
            self.others = [await second.open("default"), store]
            yield store
            await store.close()

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        return self.in_turns(bounds)


@pytest.fixture
def machine_settings() -> settings:
    return settings(deadline=None, max_examples=6, stateful_step_count=30)


def in_turns(machine: type, url: str) -> type:
    class Turns(_InTurns, machine):  # type: ignore[misc]
        @rule()
        def another_process(self) -> None:
            self.runner.run(self.store.committed())
            self.store, self.others = self.others[0], [*self.others[1:], self.store]

    Turns.url = url
    return Turns


@pytest.mark.parametrize("machine", [JobMachine, StoreMachine])
def test_two_processes_in_turns_are_like_one(machine: type, valkey: str, machine_settings: settings) -> None:
    run_state_machine_as_test(in_turns(machine, valkey), settings=machine_settings)


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_two_processes_do_at_once_has_the_results_of_some_order(valkey: str, data: st.DataObject) -> None:
    """Each operation gives every caller something else, so the results of both together are those of one process."""
    unique = count()
    operations: dict[str, Any] = {
        "number": lambda store: store.next_number("a"),
        "credits": lambda store: store.reserve("v2p:k1", T0, f"r{next(unique)}", 10),
        "limit": lambda store: store.hit("v2p:k1", (Limit("requests", "minute", 5),), T0),
        "value": lambda store: store.take_value("code", "x", T0),
        "fault": lambda store: store.take_fault("a.b", None),
        "delivery": lambda store: store.claim_due(T0),
        "entry": lambda store: store.append(JournalEntry("control", T0)),
    }
    names = data.draw(st.lists(st.sampled_from(sorted(operations)), min_size=4, max_size=24))
    where = data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    alone = MemoryStore()
    async with process(valkey) as first, process(valkey) as second:
        stores = [await first.create("default"), await second.open("default")]
        for store in (alone, stores[0]):
            assert store is not None
            await store.open_credits("v2p:k1", T0, 35)
            await store.put_value("code", "x", "secret")
            await store.arm_fault({"operation": "a.*", "times": 2})
            for number in range(2):
                await store.schedule(delivery(f"d{number}", T0))
        expected = sorted([repr((name, await operations[name](alone))) for name in names])
        calls = (operations[name](stores[there]) for name, there in zip(names, where, strict=True))
        results = zip(names, await asyncio.gather(*calls), strict=True)
        assert sorted(map(repr, results)) == expected
        assert stores[0] is not None
        await stores[0].close()
