"""All processes have equal copies of a sandbox: complete dumps are compared, row by row, after random operations."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from mockserver.store.codec import ENTRY
from mockserver.store.immediate import finished
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.protocol import OPEN_REPLY, Store
from mockserver.store.sqlite.schema import PLACED
from mockserver.store.valkey.process import ValkeyProcess
from mockserver.store.valkey.store import ValkeyStore

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract import StoreMachine  # noqa: E402
from tests.store_contract.store_machine import BOUNDS, accounts, names, number  # noqa: E402


def dump(store: ValkeyStore) -> dict[str, Any]:
    """Return everything in a copy. Places in tables depend on when they were written, so only their order counts."""
    database = store.write_image()
    dumped: dict[str, Any] = {}
    # Entries of the journal are written several together.
    for table in sorted({*PLACED} - {"journal"}):
        cursor = database.execute(f"SELECT * FROM {table} ORDER BY place")
        columns = [each[0] for each in cursor.description]
        dumped[table] = [dict(zip(columns, row, strict=True)) for row in cursor]
    place_of = {row["place"]: row["account"] for row in dumped["ledgers"]}
    dumped["ledgers"].sort(key=lambda row: row["used"])
    order = sorted(row["pushed"] for row in dumped["deliveries"])
    for table, rows in dumped.items():
        for row in rows:
            if table in ("jobs", "faults", "forgotten_accounts"):
                continue
            row.pop("place")
            row.pop("used", None) if table == "ledgers" else None
            if "ledger" in row:
                row["ledger"] = place_of[row["ledger"]]
            if "pushed" in row:
                row["pushed"] = order.index(row["pushed"])
    for table in ("credit_entries", "reservations"):
        dumped[table].sort(key=lambda row: str(row["ledger"]))
    dumped["journal"] = [ENTRY.encode(entry) for entry in finished(MemoryStore.entries(store))]
    (facts,) = database.execute("SELECT data FROM sandboxes").fetchone()
    dumped["facts"] = json.loads(facts)
    dumped["facts"]["owned"].sort()
    return dumped


class CopiesMachine(StoreMachine):
    """Two processes with a copy each, which are used in turns, and sometimes a third one that begins without a copy."""

    url = ""
    store: Any
    other: ValkeyStore

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Store]:
        first, second, self.third = (ValkeyProcess(self.url, BOUNDS) for _ in range(3))
        for each in (first, second, self.third):
            await each.start(lambda name, created: None)
        store, other = await first.create("default"), await second.open("default")
        assert store is not None
        assert other is not None
        self.other = other
        yield store
        await store.close()
        for each in (first, second, self.third):
            await each.close()

    def open_store(self, bounds: Bounds) -> AbstractAsyncContextManager[Store]:
        return self._opened()

    # What only stores of several processes tell apart: who has begun something.

    @rule(key=names, account=accounts)
    def begin_reply(self, key: str, account: str) -> None:
        self.both(lambda store: store.put_value(OPEN_REPLY, key, account))

    @rule(key=names)
    def end_reply(self, key: str) -> None:
        self.both(lambda store: store.take_value(OPEN_REPLY, key, self.now))

    @rule(account=accounts, which=number)
    def reserve(self, account: str, which: int) -> None:
        self.both(lambda store: store.reserve(account, self.now, f"r{which % 3}", 1))

    @rule(fresh=st.booleans())
    def another_process(self, fresh: bool) -> None:
        self.runner.run(self._compare(fresh))
        self.store, self.other = self.other, self.store

    async def _compare(self, fresh: bool) -> None:
        await self.store.committed()
        await self.other.entered()
        expected = dump(self.store)
        assert dump(self.other) == expected
        if fresh:
            copy = await self.third.open("default")
            assert copy is not None
            assert dump(copy) == expected
            self.third.forget(copy)
            await copy.leave()


@pytest.mark.parametrize("examples", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_all_copies_are_equal(valkey: str, monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    monkeypatch.setattr("mockserver.store.valkey.store._MIN_LOGGED", 2_000)
    monkeypatch.setattr("mockserver.store.valkey.image._MOST_NOTED", 10)
    CopiesMachine.url = valkey
    run_state_machine_as_test(
        CopiesMachine, settings=settings(deadline=None, max_examples=examples, stateful_step_count=40)
    )
