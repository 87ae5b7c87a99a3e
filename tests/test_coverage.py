"""What clients have met of what is simulated, in conversation: what counts, what does not, and who is told."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver import MockServer
from mockserver.outgoing.call import CallResult
from mockserver.settings import Settings
from tests import ledgers
from tests.conversation import Conversation

URL = {"url": "https://example.com/a.mp4"}
HOOK = "http://127.0.0.1:9000/hook"
KINDS = ("operation", "error", "state", "event", "ending")


@pytest.fixture(autouse=True)
def _ledgers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ledgers.put(monkeypatch, tmp_path, videotoprompt=ledgers.VIDEOTOPROMPT, dumplingai=ledgers.DUMPLINGAI)


async def coverage(t: Conversation, path: str = "/_mock/coverage") -> dict[str, Any]:
    """What the control API says, by provider."""
    reply = await t.get(path)
    assert reply.status_code == 200, reply.text
    return {part["provider"]: part for part in reply.json()["providers"]}


async def seen(t: Conversation, path: str = "/_mock/coverage") -> dict[str, int]:
    """The rows of VideoToPrompt that were met, and how often."""
    behaviours = (await coverage(t, path))["videotoprompt"]["behaviours"]
    return {b["rule"].removeprefix("videotoprompt."): b["seen"] for b in behaviours if b["seen"]}


def ruled(fault: dict[str, Any], operation: str = "videotoprompt.analyze_url") -> dict[str, Any]:
    return {"extends": "default", "rules": [{"name": "r", "operation": operation, "fault": fault}]}


async def test_a_suite_is_told_what_it_met_and_what_not() -> None:
    async with Conversation() as t:
        job = (await t.post("/v1/analyze/url", URL)).json()["id"]
        await t.advance(60)
        for _ in range(2):
            assert (await t.get(f"/v1/analyze/{job}")).json()["status"] == "completed"
        assert (await t.get(f"/v1/analyze/{job}", headers={"Authorization": ""})).status_code == 401
        told = (await coverage(t))["videotoprompt"]
        assert {b["rule"].removeprefix("videotoprompt."): b["seen"] for b in told["behaviours"]} == {
            "operation.analyze_url": 1,
            "operation.get_analysis": 3,
            "error.unauthorized": 1,
            "error.rate_limit_exceeded": 0,
            "error.service_unavailable": 0,
            "state.pending": 1,
            "state.completed": 2,
            "event.analysis.completed": 0,
            "event.analysis.failed": 0,
        }
        assert (told["met"], told["total"], told["percent"], told["called"]) == (5, 9, 55, 4)
        assert told["kinds"]["error"] == {"met": 1, "total": 3, "percent": 33}
        assert told["calls"] == [
            {"operation": "analyze_url", "status": 202, "times": 1},
            {"operation": "get_analysis", "status": 200, "times": 2},
            {"operation": "get_analysis", "status": 401, "times": 1},
        ]


async def test_a_state_that_nobody_was_shown_does_not_count() -> None:
    """The job was completed, and nobody asked."""

    async with Conversation() as t:
        await t.post("/v1/analyze/url", URL)
        await t.advance(60)
        assert [job["status"] for job in (await t.get("/_mock/jobs")).json()["jobs"]] == ["succeeded"]
        assert await seen(t) == {"operation.analyze_url": 1, "state.pending": 1}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "reset"}, None),
        ({"kind": "empty_reply"}, None),
        ({"kind": "reset", "phase": "after_commit"}, 202),
        ({"kind": "truncate", "at": "50%"}, 202),
        ({"kind": "garble", "at": "50%"}, 202),
    ],
)
async def test_a_reply_that_was_lost_or_spoilt_shows_its_operation_and_no_state(
    fault: dict[str, Any], status: int | None
) -> None:
    async with Conversation(ruled(fault)) as t:
        if fault["kind"] == "garble":
            await t.post("/v1/analyze/url", URL)
        else:
            with pytest.raises((httpx2.TransportError, ConnectionResetError)):
                await t.post("/v1/analyze/url", URL)
        assert await seen(t) == {"operation.analyze_url": 1}
        (call,) = (await coverage(t))["videotoprompt"]["calls"]
        assert call == {"operation": "analyze_url", "status": status, "times": 1}


@pytest.mark.parametrize("fault", [{"kind": "latency", "for": "1ms"}, {"kind": "slow_drip", "rate": 1_000_000}])
async def test_a_reply_that_was_only_late_shows_all_of_it(fault: dict[str, Any]) -> None:
    async with Conversation({**ruled(fault), "clock": {"mode": "auto"}}) as t:
        assert (await t.post("/v1/analyze/url", URL)).status_code == 202
        assert await seen(t) == {"operation.analyze_url": 1, "state.pending": 1}


async def test_an_error_in_the_place_of_a_reply_counts_and_the_reply_does_not() -> None:
    async with Conversation(ruled({"kind": "rate_limited", "phase": "after_commit"})) as t:
        assert (await t.post("/v1/analyze/url", URL)).status_code == 429
        assert await seen(t) == {"operation.analyze_url": 1, "error.rate_limit_exceeded": 1}
        assert len((await t.get("/_mock/jobs")).json()["jobs"]) == 1


async def test_a_request_that_rests_on_an_assumption_shows_nothing_where_none_is_wanted() -> None:
    async with Conversation(settings=Settings(no_assumed=True)) as t:
        assert (await t.post("/v1/analyze/url", URL)).status_code == 501
        told = (await coverage(t))["videotoprompt"]
        assert (told["met"], told["called"], told["calls"][0]["status"]) == (0, 1, 501)


async def test_an_event_counts_when_its_receiver_answered_whatever_it_answered() -> None:
    async with Conversation(
        {"extends": "default", "accounts": [{"key": "*", "plan": "pro", "webhook": {"url": HOOK}}]}
    ) as t:
        t.receivers.answers = [CallResult("timeout", None), CallResult("response", 503), CallResult("response", 200)]
        await t.post("/v1/analyze/url", {"url": "https://example.com/mock-fast.mp4"})
        await t.advance(1)
        assert len(t.receivers.calls) == 1
        assert "event.analysis.completed" not in await seen(t)
        await t.advance(60)
        assert len(t.receivers.calls) == 3
        assert (await seen(t))["event.analysis.completed"] == 2


async def test_a_path_that_no_operation_has_is_told_apart() -> None:
    async with Conversation() as t:
        assert (await t.get("/videotoprompt/v1/nowhere")).status_code == 404
        assert (await t.client.put("/v1/analyze/url")).status_code == 405
        calls = (await coverage(t))["videotoprompt"]["calls"]
        assert [(call["operation"], call["status"]) for call in calls] == [(None, 404), (None, 405)]


async def test_deviations_are_told_by_operation() -> None:
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        asked = {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "x"}
        asked["requestSource"] = "ELSEWHERE"
        for _ in range(2):
            assert (await t.post("/dumplingai/api/v1/extract-video", asked)).status_code == 200
        (deviation,) = (await coverage(t))["dumplingai"]["deviations"]
        assert (deviation["operation"], deviation["times"]) == ("extract_video", 2)
        assert "ELSEWHERE" in deviation["what"]


async def test_what_was_met_in_a_sandbox_outlives_it_and_every_reset() -> None:
    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "one"})
        await t.post("/~one/v1/analyze/url", URL)
        await t.post("/v1/analyze/url", URL, headers={"Authorization": ""})
        assert await seen(t, "/_mock/coverage?sandbox=one") == {"operation.analyze_url": 1, "state.pending": 1}
        assert await seen(t, "/~one/_mock/coverage?sandbox=default") == {
            "operation.analyze_url": 1, "error.unauthorized": 1
        }  # fmt: skip
        for sandbox in ("", "/~one"):
            assert (await t.post(f"{sandbox}/_mock/reset", {"what": "all"})).status_code == 204
        assert (await t.client.delete("/_mock/sandboxes/one")).status_code == 204
        whole = {"operation.analyze_url": 2, "state.pending": 1, "error.unauthorized": 1}
        assert await seen(t) == whole
        assert (await t.get("/_mock/coverage?sandbox=one")).status_code == 404


async def test_a_request_that_outlives_its_sandbox_counts_too() -> None:
    async def _entry(t: Conversation) -> Any:
        await t.post("/v1/analyze/url", URL)
        return (await t.sandbox.journal())[0]

    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "one"})
        sandbox = t.app.sandboxes.get("one")
        assert sandbox is not None
        await t.app.sandboxes.delete("one")
        late = await _entry(t)
        sandbox.tally.request(late)
        assert await seen(t) == {"operation.analyze_url": 2, "state.pending": 2}


async def test_it_is_counted_anew_on_demand() -> None:
    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "one"})
        for path in ("/~one/v1/analyze/url", "/v1/analyze/url"):
            await t.post(path, URL)
        assert (await t.client.delete("/_mock/coverage?sandbox=one")).status_code == 204
        assert (await seen(t))["operation.analyze_url"] == 1
        assert (await t.client.delete("/_mock/coverage?sandbox=two")).status_code == 404
        assert (await t.client.delete("/_mock/coverage")).status_code == 204
        assert await seen(t) == {}


async def test_requests_of_the_control_api_do_not_count() -> None:
    async with Conversation() as t:
        for path in ("/_mock/jobs", "/_mock/journal", "/_mock/nowhere"):
            await t.get(path)
        assert {part["called"] for part in (await coverage(t)).values()} == {0}


async def test_it_is_what_the_journal_says() -> None:
    """Each row is met as often as requests rest on it, and as attempts that were answered."""

    async with Conversation(
        {"extends": "default", "accounts": [{"key": "*", "plan": "pro", "webhook": {"url": HOOK}}]}
    ) as t:
        await t.post("/_mock/faults", {"operation": "videotoprompt.get_analysis", "fault": {"kind": "unauthorized"}})
        t.receivers.answers = [CallResult("timeout", None)]
        for url in ("mock-fast", "mock-fail", "mock-rate-limited", "mock-lost-reply"):
            try:
                job = (await t.post("/v1/analyze/url", {"url": f"https://example.com/{url}.mp4"})).json().get("id")
            except ConnectionResetError:
                continue
            await t.get(f"/v1/analyze/{job}")
            await t.advance(60)
            await t.get(f"/v1/analyze/{job}")
        by_hand = Counter(_by_hand((await t.get("/_mock/journal?limit=5000")).json()["entries"]))
        behaviours = (await coverage(t))["videotoprompt"]["behaviours"]
        assert {b["rule"]: b["seen"] for b in behaviours} == {b["rule"]: by_hand[b["rule"]] for b in behaviours}
        assert len([b for b in behaviours if b["seen"]]) >= 7


def _by_hand(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        counts = entry["kind"] == "request" or (entry["kind"] == "delivery" and "status" in entry)
        rows = {rest["rule"] for rest in entry.get("rests_on", ()) if counts}
        yield from (row for row in rows if row.split(".")[1] in KINDS)


def test_a_handle_tells_it_of_its_own_sandbox() -> None:
    with MockServer() as mock, MockServer() as other, httpx2.Client(transport=mock.transport()) as client:
        key = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
        client.post(mock.url("videotoprompt") + "/analyze/url", json=URL, headers=key)
        report = mock.coverage()
        assert report.met == ["videotoprompt.operation.analyze_url", "videotoprompt.state.pending"]
        assert report.missed[0] == "videotoprompt.error.unauthorized"
        assert (report.percent, [part.provider for part in report.parts]) == (22, ["videotoprompt"])
        assert other.coverage().parts == []
