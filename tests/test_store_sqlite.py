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

from tests.store_contract import JobMachine, OpenStore, StoreContract  # noqa: E402


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


class SqliteJobs(JobMachine):
    """Jobs, compared with a plain list, in a file that is opened again between the operations."""

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        self.bounds = bounds
        return sqlite(bounds)

    @rule()
    def reopen(self) -> None:
        store = self.store
        assert isinstance(store, SqliteStore)
        file = store._file
        file.flush()
        self.store = SqliteStore(file, 1, "default", self.bounds)
        file.read(self.store.load)


TestSqliteJobs = SqliteJobs.TestCase
TestSqliteJobs.settings = settings(deadline=None, max_examples=50, stateful_step_count=40)
