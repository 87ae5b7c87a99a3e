"""Entries of the journal: the reply with its headers, how long it took, and filters that match nothing."""

from typing import Any

import pytest

from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.live import live

ANALYZE = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://a.test/clip.mp4"}


async def latest(t: Conversation, query: str = "") -> Any:
    return (await t.get(f"/_mock/journal?kind=request{query}")).json()["entries"][0]


async def test_a_request_that_no_provider_takes_has_its_reply() -> None:
    async with Conversation() as t:
        reply = await t.get("/nowhere/at/all?token=secret")
        entry = await latest(t)
        assert entry["status"] == reply.status_code == 404
        assert entry["reply"]["body"] == reply.text
        assert entry["reply"]["headers"]["content-type"] == "application/problem+json"
        assert entry["reply"]["headers"]["content-length"] == str(len(reply.content))


@pytest.mark.parametrize("path", [ANALYZE, "/videotoprompt/v1/none", "/dumplingai/api/v1/extract-video"])
async def test_a_reply_is_listed_with_the_headers_that_were_sent(path: str) -> None:
    async with Conversation(settings=Settings(rule_header=True)) as t:
        sent = dict((await t.get(path)).headers)
        assert (await latest(t))["reply"]["headers"] == sent


async def test_a_damaged_reply_and_a_stream_have_headers_and_a_lost_reply_has_none() -> None:
    def rule(name: str, fault: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "operation": "videotoprompt.*", "when": {"input": {"contains": name}}, "fault": fault}

    rules = [rule("garbled", {"kind": "garble"}), rule("lost", {"kind": "reset", "phase": "after_commit"})]
    async with Conversation({"rules": rules, "clock": {"mode": "auto"}}) as t:
        garbled = await t.post(ANALYZE, {"url": "https://a.test/garbled.mp4"})
        assert (await latest(t))["reply"]["headers"] == dict(garbled.headers)
        with pytest.raises(ConnectionResetError):
            await t.post(ANALYZE, {"url": "https://a.test/lost.mp4"})
        assert (await latest(t))["reply"]["headers"] == {}
        stream = {"videoSource": "url", "locale": "en", "videoUrl": "https://a.test/clip.mp4"}
        streamed = await t.post("/nanophoto/api/sora-2/reverse-prompt", stream)
        assert (await latest(t))["reply"]["headers"] == dict(streamed.headers)


async def test_an_entry_has_the_fault_of_its_rule_or_the_one_that_was_armed() -> None:
    rule = {"name": "busy", "operation": "videotoprompt.*", "fault": {"kind": "overloaded"}}
    async with Conversation({"rules": [rule]}) as t:
        await t.post(ANALYZE, VIDEO)
        assert [(await latest(t)).get(name) for name in ("rule", "fault")] == ["busy", "overloaded"]
        await t.post("/_mock/faults", {"fault": {"kind": "rate_limited"}})
        await t.post(ANALYZE, VIDEO)
        assert [(await latest(t)).get(name) for name in ("rule", "fault")] == [None, "rate_limited"]
    async with Conversation() as t:
        await t.post(ANALYZE, VIDEO)
        assert "fault" not in await latest(t)


async def test_secrets_in_headers_of_replies_are_not_shown() -> None:
    async with Conversation() as t:
        query = "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback&scope=analyze%3Aread"
        redirect = await t.get(f"/videotoprompt/oauth/authorize?{query}", follow_redirects=False)
        assert "code=" in redirect.headers["location"]
        entry = await latest(t)
        assert (entry["status"], entry["reply"]["headers"]) == (302, {})


async def test_long_headers_are_cut() -> None:
    async with Conversation({"extends": "default", "cors": True}) as t:
        for _ in range(3):
            await t.get("/videotoprompt/v1/none", headers={"Origin": "x" * 60_000})
            await t.get("/nowhere/at/all", headers={"Origin": "x" * 60_000})
        entries = (await t.get("/_mock/journal?kind=request")).json()["entries"]
        longest = {max(map(len, entry["reply"]["headers"].values())) for entry in entries}
        assert all(length <= 4_096 for length in longest)


async def test_a_request_that_takes_time_has_a_duration() -> None:
    rule = {"name": "late", "operation": "videotoprompt.*", "fault": {"kind": "latency", "for": "3s"}}
    async with Conversation({"rules": [rule], "clock": {"mode": "auto"}}) as t:
        await t.post(ANALYZE, VIDEO)
        entry = await latest(t)
        assert entry["duration_ms"] == 3_000
        assert 0 <= entry["real_duration_ms"] < 3_000
        transitions = (await t.get("/_mock/journal?kind=transition")).json()["entries"]
        assert [entry for entry in transitions if "duration_ms" in entry] == []


def test_with_a_real_clock_there_is_one_duration() -> None:
    with live({"extends": "default", "clock": {"mode": "real"}}) as server:
        server.client.post(ANALYZE, json=VIDEO, headers={"Authorization": "Bearer key-1"})
        entry = next(entry for entry in server.journal() if entry["kind"] == "request")
        assert entry["duration_ms"] >= 0
        assert "real_duration_ms" not in entry


@pytest.mark.parametrize(
    ("pattern", "detail"),
    [
        ("videotoprompt.analyse_url", "No operation is called 'videotoprompt.analyse_url'; did you mean "),
        ("analyze_url", "No operation is called 'analyze_url'"),
        ("videotoprmpt.*", "No operation is called 'videotoprmpt.*'"),
    ],
)
async def test_an_unknown_operation_in_a_filter_is_an_error(pattern: str, detail: str) -> None:
    async with Conversation() as t:
        await t.post(ANALYZE, VIDEO)
        reply = await t.get(f"/_mock/journal?operation={pattern}")
        assert reply.status_code == 404
        assert reply.json()["detail"].startswith(detail)


@pytest.mark.parametrize("pattern", ["videotoprompt.analyze_url", "videotoprompt.*", "*.analyze_*", "*"])
async def test_a_known_operation_and_a_pattern_select_entries(pattern: str) -> None:
    async with Conversation() as t:
        await t.post(ANALYZE, VIDEO)
        assert (await latest(t, f"&operation={pattern}"))["operation"] == "videotoprompt.analyze_url"
        assert (await t.get("/_mock/journal?operation=prompttovideo.video_file")).status_code == 200
