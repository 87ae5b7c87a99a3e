"""The store in Valkey passes the contract tests of stores, also if two processes use it in turns."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from mockserver.store.memory import Bounds
from mockserver.store.protocol import Store
from mockserver.store.valkey.process import ValkeyProcess

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract import JobMachine, OpenStore, StoreContract, StoreMachine  # noqa: E402


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
