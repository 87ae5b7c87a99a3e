"""`GET /_mock/metrics`: the text format of Prometheus, read as Prometheus reads it."""

import asyncio
import re
from pathlib import Path

import pytest

from mockserver.clock import wait_until
from mockserver.core.exposition import Metric, exposition
from mockserver.core.journal import JournalEntry
from mockserver.coverage.tally import MOST_RULES, OTHERS, Tally
from mockserver.sandbox import keeping
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.farm import Farm
from tests.kept import Kept
from tests.nanophoto_client import API, URL
from tests.test_persist import ANALYZE, HOOKED, VIDEO

KEY = {"Authorization": "Bearer key-1"}
LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? ([0-9.e+-]+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def read(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Read the text format. Fails for a line that is not in it, and for a sample that is there twice."""
    metrics: dict[str, dict[tuple[str, ...], float]] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            metrics[line.split(" ", 3)[2]] = {}
        elif line.startswith("# TYPE "):
            assert line.rpartition(" ")[2] in ("counter", "gauge")
        else:
            match = LINE.fullmatch(line)
            assert match is not None, line
            samples, labels = metrics[match[1]], tuple(value for _, value in LABEL.findall(match[2] or ""))
            assert labels not in samples, line
            samples[labels] = float(match[3])
    return metrics


async def metrics_of(t: Conversation | Kept) -> dict[str, dict[tuple[str, ...], float]]:
    reply = await t.client.get("/_mock/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(reply.text)


async def test_requests_jobs_and_rules_are_counted() -> None:
    rule = {"name": "no", "operation": "videotoprompt.analyze_url", "nth": 2, "fault": {"kind": "rate_limited"}}
    async with Conversation({"scenario": "m", "extends": "default", "rules": [rule], "clock": {"mode": "manual"}}) as t:
        for _ in range(2):
            body = {"url": "https://example.com/a.mp4"}
            await t.post("/videotoprompt/v1/analyze/url", json=body, headers=KEY)
        metrics = await metrics_of(t)
        assert metrics["mockserver_requests_total"] == {
            ("videotoprompt", "analyze_url", "202"): 1,
            ("videotoprompt", "analyze_url", "429"): 1,
        }
        assert metrics["mockserver_rule_matches_total"]["videotoprompt", "analyze_url", "no", "429"] == 1
        assert metrics["mockserver_jobs"] == {("videotoprompt", "queued"): 1}
        assert metrics["mockserver_sandboxes"][()] == 1
        assert metrics["mockserver_streams_open"][()] == 0
        await t.post("/_mock/clock", json={"advance": "1h"})
        assert (await metrics_of(t))["mockserver_jobs"] == {("videotoprompt", "succeeded"): 1}


async def test_requests_that_no_provider_has_are_counted() -> None:
    async with Conversation() as t:
        await t.get("/v2/analyse")
        await t.get("/videotoprompt/v2/analyse")
        assert (await metrics_of(t))["mockserver_requests_total"] == {
            ("-", "-", "404"): 1,
            ("videotoprompt", "-", "404"): 1,
        }
        assert "v2" not in (await t.get("/_mock/coverage")).text


async def test_credits_and_deliveries() -> None:
    async with Conversation({"scenario": "m", "extends": "default", "clock": {"mode": "manual"}}) as t:
        body = {"prompt": "A sunset"}
        account = {"credits": 10, "webhook": {"url": "http://127.0.0.1:9000/hook"}}
        await t.client.patch("/_mock/accounts/key-1", json=account)
        assert (await t.post("/prompttovideo/api/v1/generate", json=body, headers=KEY)).status_code == 200
        video = {"url": "https://example.com/a.mp4"}
        await t.post("/videotoprompt/v1/analyze/url", json=video, headers=KEY)
        before = (await metrics_of(t))["mockserver_credits"]
        assert before["prompttovideo", "reserved"] > 0
        await t.post("/_mock/clock", json={"advance": "1h"})
        metrics = await metrics_of(t)
        assert metrics["mockserver_credits"]["prompttovideo", "charged"] == before["prompttovideo", "reserved"]
        assert metrics["mockserver_deliveries"] == {("videotoprompt", "delivered"): 1}
        assert metrics["mockserver_webhook_attempts_total"] == {("videotoprompt", "analysis.completed", "200"): 1}


async def test_open_streams_and_feed_clients_are_gauges() -> None:
    async with Conversation({"scenario": "m", "extends": "default", "clock": {"mode": "manual"}}) as t:
        listener = t.app.sandboxes.feed.listen()
        t.app.sandboxes.default.clock.streams = 2
        metrics = await metrics_of(t)
        assert (metrics["mockserver_feed_clients"][()], metrics["mockserver_streams_open"][()]) == (1, 2)
        listener.close()
        assert (await metrics_of(t))["mockserver_feed_clients"][()] == 0


async def test_a_stream_is_open_until_its_end() -> None:
    async with Conversation() as t:
        stream = asyncio.ensure_future(t.post(API, json=URL, headers=KEY))
        assert await wait_until(lambda: t.sandbox.clock.streams == 1, 5)
        assert (await metrics_of(t))["mockserver_streams_open"][()] == 1
        await t.advance(3_600)
        assert (await stream).status_code == 200
        assert (await metrics_of(t))["mockserver_streams_open"][()] == 0


async def test_metrics_need_the_token_of_the_control_api() -> None:
    async with Conversation(settings=Settings(token="secret")) as t:
        assert (await t.get("/_mock/metrics")).status_code == 401
        assert (await t.get("/_mock/metrics", headers={"Authorization": "Bearer secret"})).status_code == 200
        page = {"Authorization": "Bearer secret", "Origin": "https://evil.example"}
        assert (await t.get("/_mock/metrics", headers=page)).status_code == 403


def test_the_number_of_series_is_bounded() -> None:
    tally = Tally()
    for number in range(2 * MOST_RULES):
        tally.request(JournalEntry("request", 0, provider="nanophoto", status=200, rule=f"rule {number}"))
    assert len(tally.matches) == MOST_RULES + 1
    assert tally.matches["-", OTHERS, 0, OTHERS] == MOST_RULES
    assert tally.left_out == 0


async def test_the_commits_of_a_file_are_counted(tmp_path: Path) -> None:
    async with Kept(tmp_path / "state.db") as server:
        before = (await metrics_of(server))["mockserver_store_round_trips_total"]["sqlite",]
        await server.post(ANALYZE, VIDEO)
        after = await metrics_of(server)
        assert after["mockserver_store_round_trips_total"]["sqlite",] > before
        assert 0 < after["mockserver_store_round_trip_seconds_total"]["sqlite",] < 60
        assert after["mockserver_store_round_trip_failures_total"] == {("sqlite",): 0}


async def test_counts_go_on_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The counts are saved with each entry of the journal, which therefore has none to count again.
    monkeypatch.setattr(keeping, "_ENTRIES", 1)
    rules = [{"name": "all", "operation": "*", "plan": "default"}]
    async with Kept(tmp_path / "state.db", **HOOKED, rules=rules) as server:
        await server.post(ANALYZE, VIDEO)
        await server.post("/_mock/clock", {"advance": "1h"})
        before = await metrics_of(server)
    async with Kept(tmp_path / "state.db", **HOOKED, rules=rules) as server:
        after = await metrics_of(server)
    assert before["mockserver_webhook_attempts_total"]
    for name in ("requests", "rule_matches", "webhook_attempts"):
        assert after[f"mockserver_{name}_total"] == before[f"mockserver_{name}_total"]


async def test_a_store_in_memory_makes_no_round_trips() -> None:
    async with Conversation() as t:
        assert not [name for name in await metrics_of(t) if name.startswith("mockserver_store")]


@pytest.mark.parametrize("name", ['a "quoted" name', "a \\ name", "two\nlines", "ÄÖ 雪"])
def test_names_of_rules_are_escaped(name: str) -> None:
    text = exposition([Metric("mockserver_x", "counter", "What\nit is", [({"rule": name}, 1.5)])])
    (sample,) = read(text)["mockserver_x"]
    assert sample[0].replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\") == name


async def test_every_server_that_shares_a_store_counts_all_sandboxes(valkey: str) -> None:
    async with Farm(valkey, size=2) as farm:
        await farm.post("/_mock/sandboxes", {"name": "ci"}, server=0)
        await farm.post("/~ci/videotoprompt/v1/analyze/url", {"url": "https://example.com/mock-fast.mp4"}, server=0)
        for server in (1, 0):
            text = (await farm.send("GET", "/_mock/metrics", server=server)).text
            assert "\nmockserver_sandboxes 2\n" in text
            assert 'mockserver_jobs{provider="videotoprompt",status="succeeded"} 1\n' in text
