"""The contract of the Store protocol: tests that every store must pass, wherever it keeps its state.

To test a store, say how it is opened: for the single tests, for jobs compared with a model (`JobMachine`), and for
everything compared with the store in memory (`StoreMachine`, in the same way).

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_store(self) -> OpenStore:
            return my_store

    class MyJobs(JobMachine):
        def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
            return my_store(bounds)

    TestMyJobs = MyJobs.TestCase

No test compares the identity of objects: what a store returns need only equal what was put into it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from mockserver.store.memory import Bounds
from mockserver.store.protocol import Store
from tests.store_contract.clearing import ClearingContract
from tests.store_contract.credits import CreditsContract
from tests.store_contract.deliveries import DeliveriesContract
from tests.store_contract.job_lists import JobListsContract
from tests.store_contract.job_machine import JobMachine
from tests.store_contract.jobs import JobsContract
from tests.store_contract.journal import JournalContract
from tests.store_contract.limits import LimitsContract
from tests.store_contract.store_machine import StoreMachine
from tests.store_contract.values import ValuesContract

OpenStore = Callable[[Bounds], AbstractAsyncContextManager[Store]]

__all__ = ["JobMachine", "OpenStore", "StoreContract", "StoreMachine"]


class StoreContract(
    JobsContract,
    JobListsContract,
    LimitsContract,
    CreditsContract,
    ValuesContract,
    DeliveriesContract,
    JournalContract,
    ClearingContract,
):
    """Every test of the Store protocol. A test's `bounds` mark sets the bounds of its store."""

    @pytest.fixture
    async def store(self, open_store: OpenStore, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
        """A fresh store."""
        bounds = request.node.get_closest_marker("bounds")
        async with open_store(Bounds(**bounds.kwargs) if bounds else Bounds()) as store:
            yield store
