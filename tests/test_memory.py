"""The memory of a sandbox: what clients send is kept up to a number of bytes, and long values are cut."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.core.deliveries import Delivery
from mockserver.core.durations import Span
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.kept import KEPT_KEY, kept_data, kept_headers, kept_key, shortened
from mockserver.core.limits import Limit
from mockserver.core.plans import Plan, Step
from mockserver.settings import Settings, SettingsError, load
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.pool import MIB, MemoryPool
from mockserver.wire.server import Server

T0 = 1_748_779_200_000
RENDER = Plan("p", (Step("queued", Span(2_000)), Step("succeeded"))).resolved(lambda step: 0.5)
POLL = "/videotoprompt/v1/analyze/none"
GENERATE = "/prompttovideo/api/v1/generate"


def job(name: str, prompt: str = "sea") -> Job:
    return Job(name, "videotoprompt", "make", "videotoprompt:k1", T0, RENDER, {"prompt": prompt})


def delivery(name: str, due_at: int | None = T0) -> Delivery:
    return Delivery(name, "videotoprompt", "videotoprompt:k1", "done", "http://x.test/", b"{}", "whsec", due_at)


@asynccontextmanager
async def client(**settings: Any) -> AsyncIterator[tuple[Server, httpx2.AsyncClient]]:
    app = create_app(Settings(**settings))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        yield app, http
    await app.close()


async def memory(http: httpx2.AsyncClient) -> dict[str, int]:
    used: dict[str, int] = (await http.get("/_mock/ready")).json()["memory"]
    return used


# Keys.


async def test_a_key_above_4096_bytes_is_refused_in_the_providers_words() -> None:
    async with client() as (_, http):
        for path in (POLL, "/prompttovideo/api/v1/videos", "/dumplingai/api/v1/none", "/descrideo/v1/jobs/none"):
            long = {"authorization": "Bearer " + "k" * 4_097, "x-api-key": "k" * 4_097}
            unknown = await http.get(path, headers=long)
            assert unknown.status_code in (401, 404), (path, unknown.text)
        refused = await http.get(POLL, headers={"authorization": "Bearer " + "k" * 4_097})
        missing = await http.get(POLL)
        assert refused.status_code == missing.status_code == 401
        assert refused.json().keys() == missing.json().keys()


async def test_a_long_key_is_an_account_of_its_own_and_kept_as_a_digest() -> None:
    async with client() as (app, http):
        one, other = "k" * 300, "k" * 299 + "x"
        made = await http.post(GENERATE, json={"prompt": "a cat", "quality": "free"}, headers=bearer(one))
        path = f"/prompttovideo/api/v1/video/{made.json()['video_id']}/status"
        assert (await http.get(path, headers=bearer(one))).status_code == 200
        assert (await http.get(path, headers=bearer(other))).status_code == 404
        (kept,) = (await app.sandboxes.default.store.page_jobs()).jobs
        assert len(kept.account) < 300
        changed = await http.patch(f"/_mock/accounts/{one}?provider=prompttovideo", json={"credits": 0})
        assert changed.json()["accounts"][0]["credits"] == 0
        poor = await http.post(GENERATE, json={"prompt": "a cat", "quality": "free"}, headers=bearer(one))
        assert poor.status_code == 402


async def test_a_long_key_still_names_its_sandbox() -> None:
    async with client() as (app, http):
        await http.post("/_mock/sandboxes", json={"name": "mine"})
        await http.get(POLL, headers=bearer("x" * 1_000 + "sbx-mine"))
        assert len(await app.sandboxes.by_name["mine"].journal()) == 1


# What is cut.


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_long_values_of_a_request_are_kept_with_their_length_and_digest() -> None:
    async with client() as (_, http):
        headers = {**bearer("k"), "x-long": "v" * 20_000}
        await http.get(f"{POLL}?q={'q' * 3_000}", headers=headers)
        (entry,) = (await http.get("/_mock/journal")).json()["entries"]
        assert "(20000 characters, blake2b " in entry["request"]["headers"]["x-long"]
        assert len(json.dumps(entry)) < 8_000


async def test_a_request_with_many_headers_is_kept_in_part() -> None:
    many = [(f"x-{n}", "v" * 200) for n in range(200)]
    kept = kept_headers(many)
    assert sum(len(name) + len(value) for name, value in kept) < 9_000
    assert kept[-1] == ("...", f"{200 - len(kept) + 1} more headers")


def test_short_values_are_not_changed() -> None:
    assert shortened("x" * 100, 100) == "x" * 100
    assert kept_key("k" * KEPT_KEY) == "k" * KEPT_KEY
    data = {"prompt": "sea", "list": [1, None, {"deep": True}]}
    assert kept_data(data) == data


def test_a_cut_text_is_not_cut_again_and_differs_with_its_end() -> None:
    one, other = (shortened("x" * 500 + end, 200) for end in "ab")
    assert len(one) == 200
    assert one != other
    assert shortened(one, 200) == one
    assert kept_key("k" * 300) == kept_key(kept_key("k" * 300))


# Bytes.


async def test_a_sandbox_stays_below_its_memory() -> None:
    async with client(sandbox_memory=1) as (_, http):
        keys = [bearer(f"{n}-" + "k" * 200) for n in range(60)]
        replies = [
            await http.post(GENERATE, json={"prompt": f"{n} " + "🦊" * 60_000, "quality": "free"}, headers=key)
            for n, key in enumerate(keys)
        ]
        assert (await memory(http))["used"] <= 1.1 * MIB
        path = f"/prompttovideo/api/v1/video/{replies[-1].json()['video_id']}/status"
        assert (await http.get(path, headers=keys[-1])).status_code == 200


async def test_ready_reports_the_limits() -> None:
    async with client(sandbox_memory=3, server_memory=7) as (_, http):
        report = await memory(http)
        assert (report["sandbox"], report["server"]) == (3 * MIB, 7 * MIB)


async def test_a_deleted_sandbox_frees_its_memory() -> None:
    async with client() as (_, http):
        before = await memory(http)
        await http.post("/_mock/sandboxes", json={"name": "mine"})
        await http.get(f"/~mine{POLL}", headers=bearer("k"))
        assert (await memory(http))["used"] > before["used"]
        await http.delete("/_mock/sandboxes/mine")
        assert await memory(http) == before


@pytest.mark.parametrize(
    "variables", [{"SANDBOX_MEMORY": "0"}, {"SANDBOX_MEMORY": "600"}, {"SERVER_MEMORY": "63"}, {"SERVER_MEMORY": "x"}]
)
def test_a_memory_that_cannot_be_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"(?i)_memory"):
        load({}, {f"MOCKSERVER_{name}": value for name, value in variables.items()})


async def fill(store: MemoryStore, rows: int, first: int = 0) -> None:
    for n in range(first, first + rows):
        await store.append(JournalEntry("request", T0, request=b"x" * 1_000))
        await store.put_value("token", str(n), {"text": "y" * 1_000})
        await store.add_job(job(f"j{n}", "z" * 1_000))
        await store.schedule(delivery(f"d{n}"))
        await store.next_number("id", "n" * 500, str(n))
        await store.hit(f"k{n}", (Limit("requests", "day", 5),), T0)
        await store.open_credits(f"k{n}", T0, 5)
        await store.reserve(f"k{n}", T0, "a", 1)


async def test_each_kind_gives_its_oldest_and_none_is_emptied() -> None:
    store = MemoryStore(Bounds(memory=MIB))
    await fill(store, 1_000)
    assert store.used <= MIB * 1.1
    assert 50 < len(await store.entries()) < 1_000
    assert 50 < (await store.count_deliveries()).total < 1_000
    assert 50 < (await store.page_jobs()).total < 1_000
    assert 50 < len(await store.values("token", T0)) < 1_000
    assert (await store.page_jobs()).jobs[0].id == "j999"
    credits = await store.credits("k999")
    assert credits is not None
    assert credits.balance == 4


async def test_the_bytes_that_are_counted_are_none_when_everything_is_dropped() -> None:
    store = MemoryStore(Bounds(memory=4 * MIB))
    empty = store.used
    await fill(store, 300)
    assert store.used > empty
    store.shrink(0)
    # The bits for accounts whose balance was dropped.
    assert store.used == empty + MIB // 4
    await store.clear("all")
    assert store.used == empty


async def test_the_largest_sandbox_gives_to_the_others() -> None:
    pool = MemoryPool(3 * MIB)
    large, small = MemoryStore(pool=pool), MemoryStore(pool=pool)
    await fill(small, 20)
    kept = len(await small.entries())
    await fill(large, 1_500)
    assert pool.used <= 3 * MIB
    assert len(await small.entries()) == kept
    await fill(small, 20, 20)
    assert len(await small.entries()) == 2 * kept
    assert pool.used <= 3.1 * MIB
    await large.close()
    await small.close()
    assert pool.used == 0


# Credits.


async def test_spent_credits_do_not_come_back_when_many_other_keys_are_used() -> None:
    async with client() as (app, http):
        change = {"credits": 1}
        await http.patch("/_mock/accounts/spender?provider=prompttovideo", json=change)
        store = app.sandboxes.default.store
        for n in range(10_100):
            await store.open_credits(f"prompttovideo:other-{n}", T0, 100)
        view = (await http.get("/_mock/accounts/spender?provider=prompttovideo")).json()["accounts"][0]
        assert view["credits"] == 1


# Pages.


async def test_a_page_has_at_most_4_mb_and_a_cursor_to_the_rest() -> None:
    async with client() as (app, http):
        store = app.sandboxes.default.store
        for n in range(300):
            await store.append(
                JournalEntry("request", T0, path=f"/{n}", request=b"\x01" * 4_096, reply=b"\x02" * 4_096)
            )
        paths, pages = [], 0
        cursor: str | None = ""
        while cursor is not None:
            reply = await http.get(f"/_mock/journal?limit=5000&cursor={cursor}")
            assert len(reply.content) <= 4 * MIB + 1_000
            page = reply.json()
            paths += [entry["path"] for entry in page["entries"]]
            cursor, pages = page.get("next"), pages + 1
        assert paths == [f"/{n}" for n in range(299, -1, -1)]
        assert pages == 4


@pytest.mark.parametrize("what", ["journal", "jobs", "deliveries"])
async def test_pages_are_followed_by_their_cursors(what: str) -> None:
    async with client() as (app, http):
        store = app.sandboxes.default.store
        for n in range(25):
            await store.append(JournalEntry("request", T0, path=f"/{n}"))
            await store.add_job(job(f"j{n}"))
            await store.schedule(delivery(f"d{n}", None))
        key, rows = {"journal": "entries"}.get(what, what), []
        cursor: str | None = ""
        while cursor is not None:
            page = (await http.get(f"/_mock/{what}?limit=10&cursor={cursor}")).json()
            assert len(page[key]) <= 10
            rows += [json.dumps(row) for row in page[key]]
            cursor = page.get("next")
            await store.append(JournalEntry("clock", T0))
        assert len(set(rows)) == len(rows) >= 25


async def test_a_wrong_cursor_is_refused() -> None:
    async with client() as (_, http):
        for what in ("journal", "jobs"):
            wrong = await http.get(f"/_mock/{what}?cursor=x")
            assert wrong.status_code == 400
            assert "cursor" in wrong.json()["detail"]


# Faults.


async def test_armed_faults_are_bounded() -> None:
    async with client() as (app, http):
        store = app.sandboxes.default.store
        for _ in range(1_000):
            await store.arm_fault({"operation": "dumplingai.*", "times": 1, "fault": {"kind": "server_error"}})
        refused = await http.post("/_mock/faults", json={"fault": {"kind": "server_error"}})
        assert refused.status_code == 409
        assert "1000 armed faults" in refused.json()["detail"]
        assert (await http.get(POLL, headers=bearer("k"))).status_code == 404
        assert (await http.delete("/_mock/faults")).status_code == 204
        assert (await http.post("/_mock/faults", json={"fault": {"kind": "server_error"}})).status_code == 201


async def test_a_fault_that_is_too_large_is_refused() -> None:
    async with client() as (_, http):
        large = {"fault": {"kind": "server_error", "message": "x" * 20_000}}
        assert (await http.post("/_mock/faults", json=large)).status_code == 422
