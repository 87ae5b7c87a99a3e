"""Servers that share a Valkey are like one server: whichever is asked, the state is the same."""

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from mockserver.app import create_app
from mockserver.clock import let_others_run, pause, wait_until
from mockserver.settings import Settings, SettingsError
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.store import ValkeyStore
from tests.farm import KEY, Farm, at_once
from tests.live import live_server
from tests.valkey_server import ValkeyServer

ANALYZE = "/videotoprompt/v1/analyze/url"
GENERATE = "/prompttovideo/api/v1/generate"
HOOKED: dict[str, Any] = {
    "accounts": [{"key": "*", "plan": "pro", "credits": 500, "webhook": {"url": "http://127.0.0.1:9/hook"}}]
}
# What says how long something took in real time.
_REAL = re.compile(r'"((?:real_duration|duration|elapsed)_ms)":[^,}]*')


async def story(farm: Farm, name: str) -> list[Any]:
    """Live through everything in one sandbox, and return every reply."""
    replies: list[Any] = []

    async def note(method: str, path: str, json: Any = None) -> Any:
        reply = await farm.send(method, path, json)
        headers = {name: value for name, value in reply.headers.items() if name not in ("date", "content-length")}
        replies.append((method, path, reply.status_code, headers, _REAL.sub(r'"\1":0', reply.text)))
        return reply.json() if reply.headers.get("content-type", "").startswith("application/json") else None

    base = f"/~{name}"
    new = {"name": name, "seed": 7, "clock": {"mode": "manual"}}
    await farm.post("/_mock/sandboxes", new)
    jobs = [await note("POST", base + ANALYZE, {"url": f"https://example.com/{n}.mp4"}) for n in range(2)]
    made = await note("POST", base + GENERATE, {"prompt": f"the sea at {name}", "quality": "premium"})
    await note("POST", f"{base}/_mock/faults", {"operation": "videotoprompt.*", "fault": {"kind": "server_error"}})
    await note("POST", base + ANALYZE, {"url": "https://example.com/refused.mp4"})
    await note("POST", f"{base}/_mock/clock", {"advance": "3s"})
    for job in jobs:
        await note("GET", f"{base}/videotoprompt/v1/analyze/{job['id']}")
    await note("POST", f"{base}/_mock/clock", {"to": "next"})
    await note("POST", f"{base}/_mock/clock", {"advance": "10m"})
    for job in jobs:
        await note("GET", f"{base}/videotoprompt/v1/analyze/{job['id']}")
    await note("GET", f"{base}/prompttovideo/api/v1/video/{made['video_id']}/status")
    for view in ("jobs", "clock", "deliveries", "accounts/key-1", "faults", "journal?limit=200"):
        await note("GET", f"{base}/_mock/{view}")
    return replies


# A few more than there are clients at once. A hundred take six seconds.
@pytest.mark.parametrize("count", [20, pytest.param(100, marks=pytest.mark.slow)])
async def test_sandboxes_on_three_servers_are_like_those_on_one_in_memory(valkey: str, count: int) -> None:
    names = [f"box{n}" for n in range(count)]

    async def lived(farm: Farm) -> dict[str, Any]:
        waiting, replies = list(names), {}

        async def client() -> None:
            while waiting:
                name = waiting.pop()
                replies[name] = await story(farm, name)

        await at_once(*(client() for _ in range(16)))
        return replies

    async with Farm(**HOOKED) as one:
        expected = await lived(one)
    async with Farm(valkey, **HOOKED) as three:
        actual = await lived(three)
        assert len(three.receivers.calls) == len(one.receivers.calls)
    for name in names:
        assert actual[name] == expected[name]


async def test_no_limit_admits_too_many_and_credits_sum_whoever_is_asked(valkey: str) -> None:
    accounts = [
        {"key": "key-1", "plan": "pro", "credits": 100, "limits": {"calls_per_day": 15}},
        {"key": "poor", "plan": "pro", "credits": 9},
    ]
    async with Farm(valkey, accounts=accounts) as farm:
        for key, most in (("key-1", 15), ("poor", 9)):
            auth = {"Authorization": f"Bearer {key}"}
            sent = (farm.send("POST", GENERATE, {"prompt": f"the sea, {n}"}, headers=auth) for n in range(20))
            statuses = [reply.status_code for reply in await at_once(*sent)]
            assert statuses.count(200) == most
            account = (await farm.get(f"/_mock/accounts/{key}?provider=prompttovideo"))["accounts"][0]
            assert sum(entry["amount"] for entry in account["ledger"]) == account["credits"]
            assert account["reserved"] == most
        assert (await farm.get("/_mock/jobs"))["total"] == 24
        entries = (await farm.get("/_mock/journal?operation=prompttovideo.generate&limit=100"))["entries"]
    assert sorted(entry["number"] for entry in entries) == list(range(1, 41))


async def test_each_webhook_is_sent_once_whichever_server_the_job_was_submitted_to(valkey: str) -> None:
    async with Farm(valkey, **HOOKED) as farm:
        await at_once(*(farm.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"}) for n in range(12)))
        await farm.post("/_mock/clock", {"advance": "10m"})
        deliveries = (await farm.get("/_mock/deliveries?limit=100"))["deliveries"]
        assert len(deliveries) == len(farm.receivers.calls) == 12
        assert {len(each["attempts"]) for each in deliveries} == {1}


async def test_two_advances_of_two_servers_at_once_add_up(valkey: str) -> None:
    async with Farm(valkey, **HOOKED) as farm:
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"})
        before = (await farm.get("/_mock/clock"))["milliseconds"]
        await at_once(*(farm.post("/_mock/clock", {"advance": "50s"}, server=n % 3) for n in range(6)))
        after = [(await farm.get("/_mock/clock", server=n))["milliseconds"] for n in range(3)]
        assert [at - before for at in after] == [300_000] * 3
        assert len(farm.receivers.calls) == 1


async def test_a_scenario_a_reset_and_a_deletion_are_seen_by_all_servers_at_once(valkey: str) -> None:
    async with Farm(valkey) as farm:
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        upload = {
            "scenario": "mine",
            "extends": "default",
            "rules": [{"name": "busy", "operation": "*", "fault": {"kind": "overloaded"}}],
        }
        reply = await farm.send("PUT", "/_mock/scenario", upload, server=1)
        assert reply.status_code == 200
        for n in range(3):
            assert (await farm.send("POST", ANALYZE, {"url": "https://example.com/b.mp4"}, server=n)).status_code == 503
            assert (await farm.get("/_mock/jobs", server=n))["total"] == 1
        await farm.post("/_mock/reset", {"what": "all"}, server=2)
        assert [(await farm.get("/_mock/jobs", server=n))["total"] for n in range(3)] == [0, 0, 0]
        await farm.post("/_mock/sandboxes", {"name": "short"}, server=0)
        assert (await farm.get("/~short/_mock/clock", server=1))["now"]
        await farm.send("DELETE", "/_mock/sandboxes/short", server=2)
        assert [(await farm.send("GET", "/~short/_mock/clock", server=n)).status_code for n in range(3)] == [404] * 3


async def test_a_sandbox_of_the_same_name_is_a_new_one_in_every_server(valkey: str) -> None:
    async with Farm(valkey) as farm:
        for n in range(3):
            await farm.post("/_mock/sandboxes", {"name": "again", "seed": n}, server=n)
            await farm.post("/~again" + ANALYZE, {"url": "https://example.com/a.mp4"}, server=(n + 1) % 3)
            totals = [(await farm.get("/~again/_mock/jobs", server=each))["total"] for each in range(3)]
            assert totals == [1, 1, 1]
            reply = await farm.send("POST", "/_mock/sandboxes", {"name": "again"}, server=(n + 1) % 3)
            assert reply.status_code == 409
            await farm.send("DELETE", "/_mock/sandboxes/again", server=(n + 2) % 3)


async def test_a_sandbox_is_deleted_once_by_requests_at_the_same_time(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        await farm.post("/_mock/sandboxes", {"name": "short"}, server=1)
        deleting = (farm.send("DELETE", "/_mock/sandboxes/short", server=0) for _ in range(4))
        statuses = sorted(reply.status_code for reply in await at_once(*deleting))
        assert statuses == [204, 404, 404, 404]


async def test_a_name_is_free_although_this_server_has_a_copy_of_the_deleted_sandbox(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        await farm.post("/_mock/sandboxes", {"name": "again"}, server=0)
        await farm.get("/~again/_mock/clock", server=1)
        # Its message has not arrived yet.
        farm.sharing(1).process._on_sandbox = lambda name, created: None
        await farm.send("DELETE", "/_mock/sandboxes/again", server=0)
        await farm.post("/_mock/sandboxes", {"name": "again"}, server=1, status=201)
        assert (await farm.get("/~again/_mock/clock", server=0))["now"]


async def test_a_server_that_ends_keeps_no_other_one_waiting(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        for n in range(3):
            await farm.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"}, server=0)
        await farm.apps.pop(0).close()
        await farm.clients.pop(0).aclose()
        # Otherwise the turn would end after a second and a half.
        async with asyncio.timeout(1):
            assert (await farm.get("/_mock/jobs"))["total"] == 3


async def test_requests_for_a_sandbox_that_is_being_created_do_not_disturb_it(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        looking = (farm.send("GET", "/~new/_mock/clock", server=n % 2) for n in range(6))
        create = farm.post("/_mock/sandboxes", {"name": "new"}, server=0, status=201)
        statuses = [reply.status_code for reply in (await at_once(create, *looking))[1:]]
        assert set(statuses) <= {200, 404}
        stores = [app.sandboxes.by_name["new"].store for app in farm.apps[:1]]
        assert [farm.sharing(0).process.stores["new"]] == stores


@pytest.mark.parametrize("name", ["}x", "{a}", "a b", "\u00e9", "x" * 65])
async def test_a_name_that_no_sandbox_can_have_is_not_looked_for(valkey: str, name: str) -> None:
    async with Farm(valkey, size=1) as farm:
        before = farm.sharing(0).process.valkey.round_trips.count
        reply = await farm.send("GET", "/_mock/clock", headers={"X-Mock-Sandbox": name.encode("latin-1")})
        assert reply.status_code == 404
        assert farm.sharing(0).process.valkey.round_trips.count == before
        assert not farm.sharing(0)._opening


async def test_a_key_that_names_a_sandbox_works_on_every_server(valkey: str) -> None:
    async with Farm(valkey) as farm:
        await farm.post("/_mock/sandboxes", {"name": "alice"}, server=0)
        key = {"Authorization": "Bearer sbx-alice-free"}
        video = {"url": "https://example.com/a.mp4"}
        for n in range(3):
            reply = await farm.send("POST", ANALYZE, video, server=n, headers=key)
            assert reply.status_code == 202
        assert (await farm.get("/~alice/_mock/jobs"))["total"] == 3


async def test_the_first_server_creates_the_sandbox_default_once(valkey: str, caplog: pytest.LogCaptureFixture) -> None:
    async with Farm(valkey, size=1) as farm:
        sandboxes = farm.apps[0].sandboxes
        created = sandboxes.default
        await farm.get("/_mock/clock")
        assert sandboxes.default is created
        assert list(sandboxes.names) == ["default"]
    assert not caplog.records


async def test_servers_that_start_at_the_same_time_share_the_sandbox_default(valkey: str) -> None:
    async with Farm(valkey, size=0) as farm:
        await at_once(*(farm.add() for _ in range(3)))
        for n in range(3):
            await farm.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"}, server=n)
        assert [(await farm.get("/_mock/jobs", server=n))["total"] for n in range(3)] == [3, 3, 3]


async def test_a_new_server_has_the_whole_state_also_after_many_changes(valkey: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("mockserver.store.valkey.store._MIN_LOGGED", 20_000)
    monkeypatch.setattr("mockserver.store.valkey.image._MOST_NOTED", 50)
    async with Farm(valkey, size=2, **HOOKED) as farm:
        for n in range(30):
            await farm.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"})
            await farm.post(GENERATE, {"prompt": f"the sea, {n}"})
        await farm.post("/_mock/clock", {"advance": "8s"})
        new = await farm.add()
        views = ("jobs?limit=100", "journal?limit=500", "deliveries", "accounts", "clock", "scenario", "coverage")
        for view in views:
            old, copied = await farm.get(f"/_mock/{view}", server=0), await farm.get(f"/_mock/{view}", server=new)
            if view == "accounts":
                # Those that were used last are first, and the request itself uses them.
                for accounts in (old, copied):
                    accounts["accounts"].sort(key=lambda each: each["provider"])
            assert copied == old
        await farm.post("/_mock/clock", {"advance": "10m"}, server=new)
        assert len(farm.receivers.calls) == 30


async def test_a_server_that_is_killed_is_replaced_by_the_others(valkey: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("mockserver.store.valkey.process.DEAD", 0.2)
    monkeypatch.setattr("mockserver.store.valkey.process.BEAT", 0.05)
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 0.05)
    async with Farm(valkey, size=2, clock={"mode": "real"}, **HOOKED) as farm:
        plan = {"steps": [{"status": "queued", "for": "500ms"}, {"status": "succeeded"}]}
        upload = {"scenario": "quick", "extends": "default", "plans": {"quick": plan},
                  "rules": [{"name": "quick", "operation": "videotoprompt.*", "plan": "quick"}]}  # fmt: skip
        reply = await farm.send("PUT", "/_mock/scenario", {**upload, **HOOKED}, server=0)
        assert reply.is_success
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        await farm.kill(0)
        deliveries = await farm.get("/_mock/deliveries?wait=5s&count=1", server=0)
        assert len(deliveries["deliveries"]) == len(farm.receivers.calls) == 1


async def test_a_server_gives_signs_of_life_while_it_takes_over_from_another_one(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 0.005)
    async with Farm(valkey, size=1) as farm:
        sharing, begun, beats = farm.sharing(0), asyncio.Event(), asyncio.Event()

        async def take_over(process: str) -> None:
            begun.set()
            await beats.wait()

        async def beat() -> list[str]:
            if begun.is_set():
                beats.set()
            return ["killed"]

        sharing._take_over = take_over  # type: ignore[method-assign]
        sharing.process.beat = beat  # type: ignore[method-assign]
        async with asyncio.timeout(5):
            await beats.wait()


async def test_what_a_killed_server_has_left_is_taken_over_again_if_that_was_not_written(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 60.0)
    monkeypatch.setattr("mockserver.store.valkey.process._TAKEOVER", 1)
    monkeypatch.setattr("mockserver.store.valkey.turn._SURE", 0.05)
    monkeypatch.setattr("mockserver.store.valkey.turn.LEASE", 100)
    monkeypatch.setattr("mockserver.store.valkey.commits.LEASE", 100)
    failures = [Unavailable("away")]

    async def fail_once() -> None:
        if failures:
            raise failures.pop()

    async with Farm(valkey, size=2, **HOOKED) as farm:
        arrived, send = asyncio.Event(), farm.receivers.send

        async def hang(call: Any) -> Any:
            arrived.set()
            await asyncio.Event().wait()

        farm.receivers.send = hang  # type: ignore[method-assign]
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        advance = asyncio.create_task(farm.send("POST", "/_mock/clock", {"advance": "1m"}, server=0))
        await arrived.wait()
        killed, other = farm.sharing(0).process.name, farm.sharing(1)
        advance.cancel()
        await farm.kill(0)
        farm.receivers.send = send  # type: ignore[method-assign]
        sandbox = await other.opened("default")
        assert sandbox is not None
        assert isinstance(sandbox.store, ValkeyStore)
        sandbox.store.before_commit = fail_once
        await other._take_over(killed)
        assert not farm.receivers.calls
        async with asyncio.timeout(10):
            while not farm.receivers.calls:
                await pause(0.01)
                with suppress(Unavailable):
                    await other._take_over(killed)
        deliveries = (await farm.get("/_mock/deliveries?wait=5s&count=1"))["deliveries"]
        assert [each["outcome"] for each in deliveries] == ["delivered"]
        assert len(farm.receivers.calls) == 1


async def test_a_wait_ends_when_another_server_has_sent_the_webhook(valkey: str) -> None:
    async with Farm(valkey, **HOOKED) as farm:
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        waiting = asyncio.create_task(farm.get("/_mock/deliveries?wait=20s&count=1", server=1))
        await farm.get("/_mock/jobs", server=2)
        await farm.post("/_mock/clock", {"advance": "1m"}, server=2)
        assert (await asyncio.wait_for(waiting, 10))["deliveries"][0]["outcome"] == "delivered"


async def test_the_feed_of_one_server_has_what_happens_on_the_others(valkey: str) -> None:
    async with Farm(valkey) as farm:
        listener = farm.apps[1].sandboxes.feed.listen("default")
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        batches = await asyncio.wait_for(listener.read(), 10)
        listener.close()
        assert batches
        entries = [entry for batch in batches for entry in batch.entries]
        assert [(entry.operation, entry.is_own) for entry in entries] == [("videotoprompt.analyze_url", False)]
        # A browser that loses its connection goes on at any other server, from the id of the last event.
        await farm.get("/_mock/jobs", server=2)
        places = {(app.sandboxes.default.journal_id, app.sandboxes.default.store.last_serial) for app in farm.apps}
        assert len(places) == 1


async def test_a_stream_on_a_clock_that_another_server_moves(valkey: str) -> None:
    video = {"locale": "en", "videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"}
    texts = []
    for store in ("memory", valkey):
        async with Farm(store, size=2) as farm:
            path = "/nanophoto/api/sora-2/reverse-prompt"
            stream = asyncio.create_task(farm.send("POST", path, video, server=0))
            last = len(farm.apps) - 1
            async with asyncio.timeout(20):
                while not stream.done():
                    await farm.post("/_mock/clock", {"advance": "20s"}, server=last)
                    await let_others_run()
            texts.append((await stream).text)
    assert texts[0]
    assert texts[1] == texts[0]


async def test_a_sandbox_is_deleted_while_its_webhook_is_on_its_way_from_another_server(valkey: str) -> None:
    async with Farm(valkey, **HOOKED) as farm:
        arrived, never = asyncio.Event(), asyncio.Event()

        async def hang(call: Any) -> Any:
            arrived.set()
            await never.wait()

        farm.receivers.send = hang  # type: ignore[method-assign]
        await farm.post("/_mock/sandboxes", {"name": "short", "clock": {"mode": "manual"}}, server=0)
        await farm.post("/~short" + ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        advance = asyncio.create_task(farm.send("POST", "/~short/_mock/clock", {"advance": "1m"}, server=0))
        async with asyncio.timeout(10):
            await arrived.wait()
            await farm.send("DELETE", "/_mock/sandboxes/short", server=1)
            assert (await advance).status_code == 404
            while "short" in farm.apps[0].sandboxes.by_name:
                await let_others_run()
        assert (await farm.send("GET", "/~short/_mock/jobs", server=0)).status_code == 404


async def test_while_valkey_is_away_requests_are_refused_and_then_all_goes_on() -> None:
    with ValkeyServer() as server:
        async with Farm(server.url, size=2) as farm:
            video = {"url": "https://example.com/a.mp4"}
            await farm.post(ANALYZE, video)
            server.stop()
            refused = await at_once(*(farm.send("POST", ANALYZE, video) for _ in range(4)))
            assert {reply.status_code for reply in refused} == {503}
            assert "error" in refused[0].json()
            ready = await farm.send("GET", "/_mock/ready", server=0)
            assert (ready.status_code, (await farm.send("GET", "/_mock/health")).status_code) == (503, 200)
            assert "cannot be reached" in ready.json()["detail"]
            server.start()
            async with asyncio.timeout(20):
                for n in range(2):
                    while (await farm.send("POST", ANALYZE, video, server=n)).status_code == 503:
                        await pause(0.05)
            # This server writes nothing to disk, so everything was lost with it.
            assert (await farm.get("/_mock/jobs"))["total"] == 2


async def test_a_server_that_cannot_join_the_others_does_not_start() -> None:
    with ValkeyServer() as server:
        app = create_app(Settings(store=server.url))
        server.stop()
        with pytest.raises(SettingsError, match="cannot be reached"):
            await app.resume()
        await app.close()


async def test_while_valkey_does_not_answer_requests_are_refused_after_one_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mockserver.store.valkey.connection._TIMEOUT", 0.2)
    video = {"url": "https://example.com/a.mp4"}
    with ValkeyServer() as server:
        async with Farm(server.url, size=2) as farm:
            os.kill(server.pid, signal.SIGSTOP)
            try:
                async with asyncio.timeout(2):
                    refused = await at_once(*(farm.send("POST", ANALYZE, video) for _ in range(4)))
            finally:
                os.kill(server.pid, signal.SIGCONT)
            assert {reply.status_code for reply in refused} == {503}
            async with asyncio.timeout(20):
                while (await farm.send("POST", ANALYZE, video)).status_code == 503:
                    await pause(0.05)


async def test_a_sandbox_that_valkey_has_lost_begins_again_once_for_requests_at_the_same_time(
    valkey: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 60.0)
    monkeypatch.setattr("mockserver.store.valkey.turn._SURE", 0.05)
    async with Farm(valkey, size=1) as farm:
        await farm.post(ANALYZE, {"url": "https://example.com/before.mp4"})
        with redis.Redis.from_url(valkey.replace("valkey", "redis", 1)) as client:
            client.flushdb()
        await pause(0.06)
        await at_once(*(farm.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"}) for n in range(6)))
        assert (await farm.get("/_mock/jobs"))["total"] == 6
        assert [record.getMessage().count("begins again") for record in caplog.records] == [1]


async def test_a_scenario_that_valkey_has_lost_is_kept_again_with_the_next_sandbox() -> None:
    mine = {"scenario": "mine", "extends": "default", "seed": 9}
    with ValkeyServer() as server:
        async with Farm(server.url, size=2) as farm:
            await farm.post("/_mock/sandboxes", {"name": "before", "scenario": mine}, server=0)
            server.stop()
            server.start()
            await farm.post("/_mock/sandboxes", {"name": "after", "scenario": mine}, server=0)
            assert (await farm.get("/~after/_mock/scenario", server=1))["seed"] == 9
            assert (await farm.send("GET", "/~before/_mock/clock", server=1)).status_code == 404


async def test_the_name_of_a_sandbox_whose_server_was_killed_while_it_created_it_is_free_again(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.store.valkey.process.LEASE", 50)
    async with Farm(valkey, size=2) as farm:
        # What the killed server has written: the sandbox is there, and nothing else of it.
        assert await farm.sharing(0).process.create("new")
        await pause(0.06)
        await farm.post("/_mock/sandboxes", {"name": "new"}, server=1)
        assert (await farm.get("/~new/_mock/clock", server=1))["now"]


def test_a_request_costs_one_round_trip_and_one_more_after_another_server(valkey: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 60.0)
    monkeypatch.setattr("mockserver.store.valkey.turn._SURE", 60.0)
    apps = [create_app(Settings(store=valkey, clock="manual")) for _ in range(2)]
    trips = [app.sandboxes.sharing.process.valkey.round_trips for app in apps if app.sandboxes.sharing is not None]
    video = {"url": "https://example.com/a.mp4"}
    with live_server(apps[0]) as first, live_server(apps[1]) as second, httpx2.Client(headers=KEY) as client:
        servers = (first, second)
        poll = "/videotoprompt/v1/analyze/" + client.post(first + ANALYZE, json=video).json()["id"]

        def cost(server: int, method: str, path: str, json: Any = None) -> int:
            before = trips[server].count
            assert client.request(method, servers[server] + path, json=json).is_success
            return trips[server].count - before

        # A server that is busy with something else, such as the start of the other one, may need more once.
        assert min(cost(0, "GET", poll) for _ in range(8)) == 1
        assert min(cost(0, "POST", ANALYZE, video) for _ in range(8)) == 1
        alternating = [(cost(0, "POST", ANALYZE, video), cost(1, "GET", poll)) for _ in range(8)]
        # In the first of them, the server that has the turn does not know yet that the other one wants it.
        assert min(submit for submit, _ in alternating[1:]) == 2
        assert min(poll for _, poll in alternating[1:]) == 2


async def test_a_sandbox_that_nobody_uses_expires(valkey: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("mockserver.store.valkey.turn._SURE", 0.01)
    monkeypatch.setattr("mockserver.store.valkey.turn.EXPIRES", 300)
    monkeypatch.setattr("mockserver.store.valkey.commits.EXPIRES", 300)
    async with Farm(valkey, size=2) as farm:
        await farm.post("/_mock/sandboxes", {"name": "old"}, server=0)
        await farm.post("/~old" + ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        with redis.Redis.from_url(valkey.replace("valkey", "redis", 1)) as client:
            assert 0 < client.pttl("mockserver:{old}:head") <= 300
            assert 0 < client.pttl("mockserver:{old}:log") <= 300
            await wait_until(lambda: not client.exists("mockserver:{old}:head"), 5)
            assert not client.keys("mockserver:{old}*")
        assert [(await farm.send("GET", "/~old/_mock/jobs", server=n)).status_code for n in (0, 1)] == [404, 404]
        names = [each["name"] for each in (await farm.get("/_mock/sandboxes"))["sandboxes"]]
        assert names == ["default"]


async def test_the_coverage_of_a_server_that_has_ended_is_kept_by_another_one(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 60.0)
    async with Farm(valkey, size=2) as farm:
        await farm.post("/_mock/sandboxes", {"name": "short"}, server=0)
        await farm.post("/~short" + ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
        await farm.send("DELETE", "/_mock/sandboxes/short", server=0)
        before = await farm.get("/_mock/coverage", server=1)
        ended, other = farm.sharing(0).process.name, farm.sharing(1)
        await farm.kill(0)
        await other._take_over(ended)
        assert await farm.get("/_mock/coverage", server=0) == before


async def test_a_server_forgets_copies_that_it_does_not_need_when_memory_is_short(valkey: str) -> None:
    settings = Settings(sandbox_memory=1, server_memory=1)
    async with Farm(valkey, size=2, settings=settings) as farm:
        for n in range(24):
            await farm.post("/_mock/sandboxes", {"name": f"s{n}", "clock": {"mode": "manual"}}, server=0)
            await farm.post(f"/~s{n}" + ANALYZE, {"url": "https://example.com/a.mp4"}, server=0)
            await farm.get(f"/~s{n}/_mock/jobs", server=1)
        sharing = farm.sharing(1)
        await sharing._make_room()
        assert sharing.used <= 1_048_576
        assert len(farm.apps[1].sandboxes.by_name) < 24
        totals = [(await farm.get(f"/~s{n}/_mock/jobs", server=1))["total"] for n in range(24)]
        assert totals == [1] * 24


async def test_requests_go_on_while_the_copies_that_they_use_are_dropped(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        names = [f"s{n}" for n in range(4)]
        for name in names:
            await farm.post("/_mock/sandboxes", {"name": name, "clock": {"mode": "manual"}})
        statuses: list[int] = []

        async def use(name: str) -> None:
            for n in range(3):
                reply = await farm.send("POST", f"/~{name}{ANALYZE}", {"url": f"https://example.com/{n}.mp4"})
                statuses.append(reply.status_code)

        async def drop(server: int) -> None:
            farm.sharing(server)._memory = 0
            while len(statuses) < 3 * len(names):
                await farm.sharing(server)._make_room()
                await let_others_run()

        async with asyncio.timeout(30):
            await at_once(*map(use, names), drop(0), drop(1))
        assert set(statuses) == {202}
        assert [(await farm.get(f"/~{name}/_mock/jobs"))["total"] for name in names] == [3] * len(names)


async def test_an_edited_scenario_is_loaded_by_every_server_and_switched_to_once(valkey: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = "scenario: mine\nextends: default\nclock: {mode: manual}\n"
    file.write_text(text)
    async with Farm(valkey, settings=Settings(scenario=str(file), watch=True)) as farm:
        await farm.post(ANALYZE, {"url": "https://example.com/a.mp4"})
        for credits in (3, 4):
            file.write_text(f"{text}accounts: [{{key: '*', credits: {credits}}}]\n")
            for app in farm.apps:
                assert app.watch is not None
                app.watch._report = lambda lines: None
                await app.watch.check()
                assert await app.watch.check()
        switches = [
            entry for entry in (await farm.get("/_mock/journal"))["entries"] if "switched to" in entry.get("note", "")
        ]
        assert len(switches) == 2
        for server in range(3):
            scenario = await farm.get("/_mock/scenario", server=server)
            assert scenario["accounts"][0]["credits"] == 4


async def test_a_cluster_of_valkey_servers_keeps_each_sandbox_on_one_of_them(tmp_path: Path) -> None:
    options = {"cluster-enabled": "yes", "databases": "1", "dir": str(tmp_path)}
    with ValkeyServer(**options) as server:
        with redis.Redis.from_url(server.url.replace("valkey", "redis", 1)) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            await wait_until(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), 10)
        address = server.url.replace("valkey://", "valkey+cluster://").removesuffix("/0")
        async with Farm(address, size=2, **HOOKED) as farm, Farm(**HOOKED) as one:
            for name in ("a", "b", "c"):
                assert await story(farm, name) == await story(one, name)
            await farm.send("DELETE", "/_mock/sandboxes/b", server=0)
            assert (await farm.send("GET", "/~b/_mock/jobs", server=1)).status_code == 404


async def test_a_scenario_that_valkey_has_lost_is_kept_again_when_a_sandbox_switches_to_it() -> None:
    mine = {"scenario": "mine", "extends": "default", "seed": 9}
    with ValkeyServer() as server:
        async with Farm(server.url, size=2) as farm:
            await farm.post("/_mock/sandboxes", {"name": "before", "scenario": mine}, server=0)
            server.stop()
            server.start()
            await farm.post("/_mock/sandboxes", {"name": "after"}, server=0)
            assert (await farm.send("PUT", "/~after/_mock/scenario", mine, server=0)).is_success
            assert (await farm.get("/~after/_mock/scenario", server=1))["seed"] == 9


async def test_what_deleted_sandboxes_leave_in_valkey_expires(valkey: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.sandbox.sharing.BEAT", 0.01)
    async with Farm(valkey, size=2, **HOOKED) as farm:
        command = farm.sharing(0).process.valkey.command
        for n in range(4):
            new = {"name": "short", "scenario": {"scenario": f"mine-{n}", "extends": "default", **HOOKED}}
            await farm.post("/_mock/sandboxes", new, server=n % 2)
            await farm.post("/~short" + ANALYZE, {"url": "https://example.com/a.mp4"})
            await farm.post("/~short/_mock/clock", {"advance": "1m"})
            assert (await farm.send("DELETE", "/_mock/sandboxes/short")).is_success
        own = ("format", "number:process", "processes", "sandboxes", "deleted_tally")
        keys = [key.decode().removeprefix("mockserver:") for key in await command("KEYS", "mockserver:*")]
        left = [key for key in keys if key not in own]
        assert sorted(key.partition(":")[0] for key in left) == ["generation", *["scenario"] * 5, *["{default}"] * 2]
        for key in left:
            assert await command("PTTL", f"mockserver:{key}") > 0
        # The scenario of a sandbox that is in use is renewed.
        farm.sharing(0)._renew_at = 0.0
        (scenario,) = farm.sharing(0).scenarios._digests(farm.apps[0].sandboxes.default)
        await command("PEXPIRE", f"mockserver:scenario:{scenario}", 10_000)
        async with asyncio.timeout(10):
            while await command("PTTL", f"mockserver:scenario:{scenario}") < 60_000:
                await pause(0.01)


async def test_the_coverage_of_deleted_sandboxes_is_that_of_all_servers(valkey: str) -> None:
    async def requests(server: int) -> int:
        providers = (await farm.get("/_mock/coverage", server=server))["providers"]
        return int(next(each["called"] for each in providers if each["provider"] == "videotoprompt"))

    async with Farm(valkey) as farm:
        for n in range(3):
            await farm.post("/_mock/sandboxes", {"name": "short"}, server=n)
            await farm.post("/~short" + ANALYZE, {"url": "https://example.com/a.mp4"})
            assert (await farm.send("DELETE", "/_mock/sandboxes/short", server=n)).is_success
        assert [await requests(n) for n in range(3)] == [3, 3, 3]
        assert (await farm.send("DELETE", "/_mock/coverage", server=0)).is_success
        await farm.post("/_mock/sandboxes", {"name": "last"}, server=1)
        assert (await farm.send("DELETE", "/_mock/sandboxes/last", server=1)).is_success
        assert [await requests(n) for n in range(3)] == [0, 0, 0]


async def test_all_servers_together_have_a_maximum_of_sandboxes_without_those_that_have_expired(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.sandbox.sandboxes.MAX_SANDBOXES", 4)
    async with Farm(valkey) as farm:
        for n in range(3):
            await farm.post("/_mock/sandboxes", {"name": f"box{n}"}, server=n)
        refused = await farm.send("POST", "/_mock/sandboxes", {"name": "more"}, server=0)
        assert "has 4 sandboxes, the maximum" in refused.text
        # Valkey deletes a sandbox that is not used for a week.
        keys = await farm.sharing(0).process.valkey.command("KEYS", "mockserver:{box1}:*")
        await farm.sharing(0).process.valkey.command("DEL", *keys)
        await farm.post("/_mock/sandboxes", {"name": "more"}, server=0)
        assert (await farm.send("GET", "/~box1/_mock/jobs", server=2)).status_code == 404


async def test_a_server_that_joins_says_what_the_sandbox_default_keeps(valkey: str) -> None:
    async with Farm(valkey, size=1, settings=Settings(seed=5)) as farm:
        await farm.get("/_mock/clock")
        app = create_app(
            Settings(store=valkey, seed=6, clock="real"), scenario={"scenario": "own", "extends": "default"}
        )
        await app.resume()
        kept = [line.partition(" keeps its ")[2].partition(";")[0] for line in app.sandboxes.report]
        assert kept == ["scenario test", "seed 5", "manual clock"]
        await app.close()
        assert await farm.add()
        assert not farm.apps[1].sandboxes.report


async def test_a_log_does_not_have_what_other_servers_wrote_before(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        await farm.post("/_mock/sandboxes", {"name": "old"}, server=0)
        feed = farm.apps[1].sandboxes.feed
        listener = feed.listen(interval=0.0)
        for n in range(3):
            for name in ("default", "old"):
                await farm.post(f"/~{name}" + ANALYZE, {"url": f"https://example.com/{n}.mp4"}, server=0)
        await farm.get("/~old/_mock/jobs", server=1)
        await farm.post("/~old" + ANALYZE, {"url": "https://example.com/own.mp4"}, server=1)
        batches = await listener.rest()
        assert [(len(batch.entries), batch.missed) for batch in batches if batch.sandbox.name == "old"] == [(1, 0)]
