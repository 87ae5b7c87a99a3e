"""Coverage of requests and deliveries: what counts as covered, and how it is reported."""

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
    """Return the coverage by provider, as the control API reports it."""
    reply = await t.get(path)
    assert reply.status_code == 200, reply.text
    return {part["provider"]: part for part in reply.json()["providers"]}


async def covered(t: Conversation, path: str = "/_mock/coverage") -> dict[str, int]:
    """Return the covered rows of VideoToPrompt, and how often each was covered."""
    behaviours = (await coverage(t, path))["videotoprompt"]["behaviours"]
    return {b["rule"].removeprefix("videotoprompt."): b["seen"] for b in behaviours if b["seen"]}


def with_fault(fault: dict[str, Any], operation: str = "videotoprompt.analyze_url") -> dict[str, Any]:
    return {"extends": "default", "rules": [{"name": "r", "operation": operation, "fault": fault}]}


async def test_the_report_lists_covered_and_missed_behaviours() -> None:
    async with Conversation() as t:
        job = (await t.post("/v1/analyze/url", URL)).json()["id"]
        await t.advance(60)
        for _ in range(2):
            assert (await t.get(f"/v1/analyze/{job}")).json()["status"] == "completed"
        assert (await t.get(f"/v1/analyze/{job}", headers={"Authorization": ""})).status_code == 401
        report = (await coverage(t))["videotoprompt"]
        assert {b["rule"].removeprefix("videotoprompt."): b["seen"] for b in report["behaviours"]} == {
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
        assert (report["met"], report["total"], report["percent"], report["called"]) == (5, 9, 55, 4)
        assert report["kinds"]["error"] == {"met": 1, "total": 3, "percent": 33}
        assert report["calls"] == [
            {"operation": "analyze_url", "status": 202, "times": 1},
            {"operation": "get_analysis", "status": 200, "times": 2},
            {"operation": "get_analysis", "status": 401, "times": 1},
        ]


async def test_a_state_that_no_client_read_does_not_count() -> None:
    """The job was completed, but never polled."""

    async with Conversation() as t:
        await t.post("/v1/analyze/url", URL)
        await t.advance(60)
        assert [job["status"] for job in (await t.get("/_mock/jobs")).json()["jobs"]] == ["succeeded"]
        assert await covered(t) == {"operation.analyze_url": 1, "state.pending": 1}


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
async def test_a_lost_or_damaged_reply_covers_its_operation_but_no_state(
    fault: dict[str, Any], status: int | None
) -> None:
    async with Conversation(with_fault(fault)) as t:
        if fault["kind"] == "garble":
            await t.post("/v1/analyze/url", URL)
        else:
            with pytest.raises((httpx2.TransportError, ConnectionResetError)):
                await t.post("/v1/analyze/url", URL)
        assert await covered(t) == {"operation.analyze_url": 1}
        (call,) = (await coverage(t))["videotoprompt"]["calls"]
        assert call == {"operation": "analyze_url", "status": status, "times": 1}


@pytest.mark.parametrize("fault", [{"kind": "latency", "for": "1ms"}, {"kind": "slow_drip", "rate": 1_000_000}])
async def test_a_late_reply_covers_everything(fault: dict[str, Any]) -> None:
    async with Conversation({**with_fault(fault), "clock": {"mode": "auto"}}) as t:
        assert (await t.post("/v1/analyze/url", URL)).status_code == 202
        assert await covered(t) == {"operation.analyze_url": 1, "state.pending": 1}


async def test_an_error_that_replaces_a_reply_counts_and_the_reply_does_not() -> None:
    async with Conversation(with_fault({"kind": "rate_limited", "phase": "after_commit"})) as t:
        assert (await t.post("/v1/analyze/url", URL)).status_code == 429
        assert await covered(t) == {"operation.analyze_url": 1, "error.rate_limit_exceeded": 1}
        assert len((await t.get("/_mock/jobs")).json()["jobs"]) == 1


async def test_a_request_that_needs_a_disallowed_assumption_covers_nothing() -> None:
    async with Conversation(settings=Settings(no_assumed=True)) as t:
        assert (await t.post("/v1/analyze/url", URL)).status_code == 501
        report = (await coverage(t))["videotoprompt"]
        assert (report["met"], report["called"], report["calls"][0]["status"]) == (0, 1, 501)


async def test_an_event_counts_if_its_receiver_sent_any_response() -> None:
    async with Conversation(
        {"extends": "default", "accounts": [{"key": "*", "plan": "pro", "webhook": {"url": HOOK}}]}
    ) as t:
        t.receivers.answers = [CallResult("timeout", None), CallResult("response", 503), CallResult("response", 200)]
        await t.post("/v1/analyze/url", {"url": "https://example.com/mock-fast.mp4"})
        await t.advance(1)
        assert len(t.receivers.calls) == 1
        assert "event.analysis.completed" not in await covered(t)
        await t.advance(60)
        assert len(t.receivers.calls) == 3
        assert (await covered(t))["event.analysis.completed"] == 2


async def test_requests_to_unknown_paths_and_methods_are_counted_without_an_operation() -> None:
    async with Conversation() as t:
        assert (await t.get("/videotoprompt/v1/nowhere")).status_code == 404
        assert (await t.client.put("/v1/analyze/url")).status_code == 405
        calls = (await coverage(t))["videotoprompt"]["calls"]
        assert [(call["operation"], call["status"]) for call in calls] == [(None, 404), (None, 405)]


async def test_deviations_are_reported_by_operation() -> None:
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        body = {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "x"}
        body["requestSource"] = "ELSEWHERE"
        for _ in range(2):
            assert (await t.post("/dumplingai/api/v1/extract-video", body)).status_code == 200
        (deviation,) = (await coverage(t))["dumplingai"]["deviations"]
        assert (deviation["operation"], deviation["times"]) == ("extract_video", 2)
        assert "ELSEWHERE" in deviation["what"]


async def test_the_coverage_of_a_sandbox_survives_its_deletion_and_every_reset() -> None:
    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "one"})
        await t.post("/~one/v1/analyze/url", URL)
        await t.post("/v1/analyze/url", URL, headers={"Authorization": ""})
        assert await covered(t, "/_mock/coverage?sandbox=one") == {"operation.analyze_url": 1, "state.pending": 1}
        assert await covered(t, "/~one/_mock/coverage?sandbox=default") == {
            "operation.analyze_url": 1, "error.unauthorized": 1
        }  # fmt: skip
        for sandbox in ("", "/~one"):
            assert (await t.post(f"{sandbox}/_mock/reset", {"what": "all"})).status_code == 204
        assert (await t.client.delete("/_mock/sandboxes/one")).status_code == 204
        whole = {"operation.analyze_url": 2, "state.pending": 1, "error.unauthorized": 1}
        assert await covered(t) == whole
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
        assert await covered(t) == {"operation.analyze_url": 2, "state.pending": 2}


async def test_coverage_can_be_reset() -> None:
    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "one"})
        for path in ("/~one/v1/analyze/url", "/v1/analyze/url"):
            await t.post(path, URL)
        assert (await t.client.delete("/_mock/coverage?sandbox=one")).status_code == 204
        assert (await covered(t))["operation.analyze_url"] == 1
        assert (await t.client.delete("/_mock/coverage?sandbox=two")).status_code == 404
        assert (await t.client.delete("/_mock/coverage")).status_code == 204
        assert await covered(t) == {}


async def test_requests_of_the_control_api_do_not_count() -> None:
    async with Conversation() as t:
        for path in ("/_mock/jobs", "/_mock/journal", "/_mock/nowhere"):
            await t.get(path)
        assert {part["called"] for part in (await coverage(t)).values()} == {0}


async def test_coverage_agrees_with_the_journal() -> None:
    """A row is covered once by each request, and by each answered attempt, that lists it in the journal."""

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
        expected = Counter(_rows_in((await t.get("/_mock/journal?limit=5000")).json()["entries"]))
        behaviours = (await coverage(t))["videotoprompt"]["behaviours"]
        assert {b["rule"]: b["seen"] for b in behaviours} == {b["rule"]: expected[b["rule"]] for b in behaviours}
        assert len([b for b in behaviours if b["seen"]]) >= 7


def _rows_in(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        counts = entry["kind"] == "request" or (entry["kind"] == "delivery" and "status" in entry)
        rows = {rest["rule"] for rest in entry.get("rests_on", ()) if counts}
        yield from (row for row in rows if row.split(".")[1] in KINDS)


def test_a_handle_reports_the_coverage_of_its_own_sandbox() -> None:
    with MockServer() as mock, MockServer() as other, httpx2.Client(transport=mock.transport()) as client:
        key = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
        client.post(mock.url("videotoprompt") + "/analyze/url", json=URL, headers=key)
        report = mock.coverage()
        assert report.met == ["videotoprompt.operation.analyze_url", "videotoprompt.state.pending"]
        assert report.missed[0] == "videotoprompt.error.unauthorized"
        assert (report.percent, [part.provider for part in report.parts]) == (22, ["videotoprompt"])
        assert other.coverage().parts == []
