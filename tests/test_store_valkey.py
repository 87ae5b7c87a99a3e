"""The store in Valkey passes the contract tests of stores, also if two processes use it in turns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from mockserver.app import create_app
from mockserver.clock import let_others_run
from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit
from mockserver.settings import SettingsError
from mockserver.settings import load as load_settings
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.protocol import OPEN_REPLY, Store
from mockserver.store.records import plain_data
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.process import ValkeyProcess
from tests.valkey_server import ValkeyServer

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract import JobMachine, OpenStore, StoreContract, StoreMachine  # noqa: E402
from tests.store_contract.samples import HELD, T0, delivery, job  # noqa: E402


@asynccontextmanager
async def process(url: str, bounds: Bounds | None = None) -> AsyncIterator[ValkeyProcess]:
    one = ValkeyProcess(url, bounds or Bounds())
    await one.start(lambda name, created: None)
    try:
        yield one
    finally:
        await one.close()


async def created(one: ValkeyProcess, name: str = "default") -> Any:
    """Create a sandbox, which must not exist, and return its store."""
    store = await one.create(name)
    assert store is not None
    return store


@asynccontextmanager
async def shared(url: str, bounds: Bounds) -> AsyncIterator[Store]:
    async with process(url, bounds) as one:
        store = await created(one)
        yield store
        await store.committed()
        await store.close()


@pytest.fixture(autouse=True)
def _long_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no process lose its turn because the machine is busy. The processes of these tests pass it on when asked."""
    for module in ("turn", "commits", "process"):
        monkeypatch.setattr(f"mockserver.store.valkey.{module}.LEASE", 60_000)


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
            store = await created(first)
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


class FailsOnce:
    """A function that raises an error in its first call."""

    def __init__(self, error: Exception) -> None:
        self._errors = [error]

    async def __call__(self, *args: Any) -> None:
        if self._errors:
            raise self._errors.pop()


@pytest.mark.parametrize(
    "error", [Unavailable("away"), ValueError("a mistake")], ids=lambda error: type(error).__name__
)
async def test_after_a_commit_that_fails_all_sandboxes_go_on(error: Exception, valkey: str) -> None:
    async with process(valkey) as one:
        stores = [await created(one, name) for name in ("a", "b", "c")]
        stores[1].before_commit = FailsOnce(error)
        for store in stores:
            await store.next_number("jobs")
        assert str(error) in str(await one.commits.written())
        while one.commits.failure:
            await let_others_run()
        # Nothing was written, so nothing is counted, and what follows is written.
        for store in stores:
            assert await store.next_number("jobs") == 1
        assert await one.commits.written() is None
        async with process(valkey) as other:
            for name in ("a", "b", "c"):
                copy: Any = await other.open(name)
                assert await copy.next_number("jobs") == 2


async def test_nothing_that_was_cleared_belongs_to_a_process(valkey: str) -> None:
    async with process(valkey) as one, process(valkey) as other:
        store = await created(one)
        for what in ("jobs", "counters", "all"):
            await store.schedule(delivery(f"d-{what}", T0))
            await store.claim_due(T0)
            await store.open_credits("v2p:k1", T0, 35)
            await store.reserve("v2p:k1", T0, what, 10)
            await store.put_value(OPEN_REPLY, "j1", "v2p:k1")
            await store.clear(what)
        await store.committed()
        copy: Any = await other.open("default")
        assert store.owned == copy.owned == {}


async def test_a_copy_that_has_only_a_part_of_the_changes_is_read_again(valkey: str) -> None:
    async with process(valkey) as one, process(valkey) as other:
        store = await created(one)
        await store.next_number("jobs")
        await store.committed()
        copy: Any = await other.open("default")
        copy.on_change = FailsOnce(Unavailable("away"))
        await store.next_number("jobs")
        await store.committed()
        assert await copy.next_number("jobs") == 3


async def test_the_process_with_the_latest_change_does_what_falls_due_also_after_a_commit_that_fails(
    valkey: str,
) -> None:
    async with process(valkey) as one, process(valkey) as other:
        store = await created(one)
        await store.next_number("jobs")
        await store.committed()
        copy: Any = await other.open("default")
        assert (store.due_elsewhere(), copy.due_elsewhere()) == (False, True)
        for failing in (store, copy):
            failing.before_commit = FailsOnce(Unavailable("away"))
            await failing.next_number("jobs")
            await failing.committed()
            await failing.entered()
            assert (store.due_elsewhere(), copy.due_elsewhere()) == (False, True)


async def test_the_turn_is_not_passed_to_a_process_that_was_killed_while_it_waited(valkey: str) -> None:
    async with process(valkey) as one, process(valkey) as other:
        store = await created(one)
        await store.next_number("jobs")
        await store.committed()
        with redis.Redis.from_url(valkey.replace("valkey", "redis", 1)) as client:
            client.zadd("mockserver:{default}:queue", {"killed": 0})
        async with asyncio.timeout(5):
            copy: Any = await other.open("default")
            assert await copy.next_number("jobs") == 2
            await copy.committed()
            assert await store.next_number("jobs") == 3


async def test_a_server_that_is_away_is_tried_for_about_a_second_by_scripts_and_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def slept(seconds: float) -> None:
        pauses.append(seconds)

    with ValkeyServer() as server:
        async with process(server.url) as one:
            await created(one)
            server.stop()
            monkeypatch.setattr("redis.asyncio.retry.sleep", slept)
            for call in (lambda: one.open("other"), one.names):
                pauses.clear()
                with pytest.raises(Unavailable, match="cannot be reached"):
                    await call()
                # The listener tries to connect again meanwhile, too.
                assert 0.5 < sum(pauses) < 4


async def test_a_connection_that_uvloop_has_just_closed_is_a_lost_one(valkey: str, monkeypatch: Any) -> None:
    async with process(valkey) as one:

        async def closed(*words: Any) -> None:
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

        with monkeypatch.context() as patch:
            patch.setattr(one.valkey, "_execute", closed)
            with pytest.raises(Unavailable, match=r"cannot be reached: unable to perform"):
                await one.valkey.command("PING")
        assert await one.valkey.command("PING")


async def test_fields_of_a_newer_version_survive_in_the_log_and_in_the_image(valkey: str) -> None:
    async with process(valkey) as newer, process(valkey) as older, process(valkey) as last:
        store = await created(newer)
        await store.add_job(job("j", HELD))
        await store.schedule(delivery("d"))
        await store.append(JournalEntry("control", T0))
        await store.insert([JournalEntry("transition", T0)])
        await store.committed()
        key = "mockserver:{default}:log"
        (batch,) = await newer.valkey.command("LRANGE", key, 0, -1)
        changed = batch
        for name in (b'"id":"j"', b'"id":"d"', b'"kind":"control"', b'"kind":"transition"'):
            assert changed.count(name) == 1
            changed = changed.replace(name, b'"region":"eu",' + name)
        await newer.valkey.command("LSET", key, 0, changed)

        copy: Any = await older.open("default")
        (old,) = await copy.find_jobs("j")
        assert await copy.replace_job(old, old.released(T0))
        due = await copy.claim_due(T0)
        await copy.save_delivery(replace(due, due_at=None, outcome="given_up"))
        await copy.committed()
        _, batch = await newer.valkey.command("LRANGE", key, 0, -1)
        changes = {name: values[0] for name, *values in plain_data(batch)["changes"]}
        assert [changes[name]["region"] for name in ("replace_job", "save_delivery")] == ["eu", "eu"]

        await copy._put_image(copy.turn.version, copy.write_image().serialize())
        whole: Any = await last.open("default")
        rows = [
            data
            for table in ("jobs", "deliveries", "journal")
            for (data,) in whole.write_image().execute(f"SELECT data FROM {table}")
        ]
        assert sum(data.count('"region":"eu"') for data in rows) == 4


@pytest.mark.parametrize(
    "url",
    [
        "valkey://me:s3cret@127.0.0.1:1/0",
        "valkey://:s3cret/s3cret@127.0.0.1:1/0",
        "valkey://127.0.0.1:1/0?password=s3cret",
        "valkey:me:s3cret@127.0.0.1",
    ],
)
def test_no_message_contains_the_password_of_the_server(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        create_app(load_settings({"store": url}, {}))
    assert "127.0.0.1" in str(refused.value)
    assert "s3cret" not in str(refused.value)
