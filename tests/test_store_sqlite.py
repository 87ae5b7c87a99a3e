"""The store in an SQLite file passes the contract tests of stores, and remembers everything when it is opened again."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis.stateful import rule

from mockserver.store.memory import Bounds
from mockserver.store.protocol import Store
from mockserver.store.sqlite.file import StoreFile
from mockserver.store.sqlite.store import SqliteStore

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract import JobMachine, OpenStore, StoreContract, StoreMachine  # noqa: E402
from tests.store_contract.store_machine import BOUNDS  # noqa: E402


@asynccontextmanager
async def sqlite(bounds: Bounds) -> AsyncIterator[Store]:
    with TemporaryDirectory() as directory:
        file = StoreFile(Path(directory) / "state.db")
        try:
            yield SqliteStore(file, 1, "default", bounds)
        finally:
            file.close()


class TestSqliteStore(StoreContract):
    """Every test of the contract."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        return sqlite


def opened_again(store: Store, bounds: Bounds) -> SqliteStore:
    """Write everything, and return a store with what the file has."""
    assert isinstance(store, SqliteStore)
    file = store.file
    file.flush()
    assert file.failure is None
    again = SqliteStore(file, store.sandbox, "default", bounds)
    file.read(again.load)
    return again


class SqliteJobs(JobMachine):
    """Jobs, compared with a plain list, in a file that is opened again between the operations."""

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        self.bounds = bounds
        return sqlite(bounds)

    @rule()
    def reopen(self) -> None:
        self.store = opened_again(self.store, self.bounds)


TestSqliteJobs = SqliteJobs.TestCase
TestSqliteJobs.settings = settings(deadline=None, max_examples=8, stateful_step_count=30)


class WholeSqliteStore(StoreMachine):
    """Everything, compared with the store in memory, in a file that is opened again between the operations."""

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        return sqlite(bounds)

    @rule()
    def reopen(self) -> None:
        claimed = self.store.claimed if isinstance(self.store, SqliteStore) else frozenset()
        self.store = opened_again(self.store, BOUNDS)
        # Whoever opens it again has no attempts in progress. The model has.
        self.store.keep_claims(claimed)


TestWholeSqliteStore = WholeSqliteStore.TestCase
TestWholeSqliteStore.settings = settings(deadline=None, max_examples=8, stateful_step_count=30)
