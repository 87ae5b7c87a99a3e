"""The end of time: no clock goes past the year 8999, and everything works there."""

from typing import Any

import pytest

from mockserver.clock import Clock, Ticker
from mockserver.core.instants import LATEST, rfc3339
from tests.conversation import Conversation

END = "8999-12-31T23:59:59Z"
URL = {"url": "https://example.com/a.mp4"}
WEBHOOK = {"url": "http://127.0.0.1:9/hook", "secret": "whsec_at_the_end"}


def at_the_end(mode: str = "manual", **more: Any) -> dict[str, Any]:
    return {"extends": "default", "clock": {"mode": mode, "start": "8999-12-31T23:59:00Z"}, **more}


async def read_everything(c: Conversation) -> None:
    for path in ("clock", "jobs", "journal", "deliveries", "accounts/key-1", "coverage", "faults", "sandboxes"):
        reply = await c.get(f"/_mock/{path}")
        assert reply.status_code == 200, (path, reply.text)
    for path in ("/v1/account", "/v1/me", "/prompttovideo/api/v1/videos", "/descrideo/v1/live/quota", "/nanophoto/api"):
        assert (await c.get(path)).status_code < 500, path


async def test_the_clock_is_not_moved_past_its_last_instant() -> None:
    async with Conversation(at_the_end()) as c:
        for duration in ("1m", "1d", "366d", 31_622_400):
            refused = await c.post("/_mock/clock", {"advance": duration})
            assert refused.status_code == 422
            assert refused.json()["detail"] == "The clock is at 8999-12-31T23:59:00Z and ends with the year 8999"
        assert (await c.post("/_mock/clock", {"advance": "59s"})).json()["now"] == END
        await read_everything(c)


async def test_requests_are_answered_at_the_end_and_what_comes_later_never_happens() -> None:
    async with Conversation(at_the_end(accounts=[{"key": "*", "plan": "pro", "webhook": WEBHOOK}])) as c:
        await c.post("/_mock/clock", {"advance": "59s"})
        job = (await c.post("/v1/analyze/url", URL)).json()["id"]
        assert (await c.post("/prompttovideo/api/v1/videos", {"prompt": "a calm sea"})).status_code < 500
        assert (await c.post("/nanophoto/api/v1/reverse-prompt", {"videoUrl": URL["url"]})).status_code < 500
        clock = (await c.post("/_mock/clock", {"to": "next"})).json()
        assert (clock["now"], clock["next_event"], clock["events"]) == (END, None, 0)
        assert (await c.post("/_mock/clock", {"until": {"job": job}})).status_code == 409
        await read_everything(c)
        # The job can still be ended by hand, and its webhook is sent.
        assert (await c.post(f"/_mock/jobs/{job}", {"status": "succeeded"})).json()["status"] == "succeeded"
        await read_everything(c)


async def test_an_auto_clock_and_a_fast_clock_stop_at_the_end() -> None:
    for clock in ({"mode": "auto"}, {"mode": "scaled", "speed": 1_000_000}):
        async with Conversation(at_the_end()) as c:
            await c.post("/_mock/clock", {"advance": "59s"})
            assert (await c.post("/_mock/clock", clock)).status_code == 200
            assert (await c.post("/v1/analyze/url", URL)).status_code == 202
            await read_everything(c)


def test_no_jump_and_no_speed_leads_past_the_last_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock("scaled", 1_000_000, LATEST - 5)
    monkeypatch.setattr("mockserver.clock.time.monotonic", lambda since=clock._since: since + 86_400)
    assert clock.now() == LATEST - 1
    assert clock.real_delay(LATEST) is None
    still = Clock("manual", start=LATEST - 5)
    still.jump(LATEST + 10**15)
    assert rfc3339(still.now()) == END


async def test_nothing_waits_for_an_instant_that_does_not_come() -> None:
    ticker = Ticker(Clock("scaled", 1_000_000, LATEST - 5))
    ticker.poke()
    await ticker.wait(LATEST + 60_000)


@pytest.mark.parametrize("start", ["9000-01-01T00:00:00Z", "8999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"])
async def test_an_instant_after_the_year_8999_is_refused(start: str) -> None:
    async with Conversation() as c:
        for body in (
            {"clock": {"mode": "manual", "start": start}},
            {"scenario": {"scenario": "late", "clock": {"mode": "manual", "start": start}}},
            {"scenario": {"scenario": "late", "rules": [{"name": "r", "operation": "*", "during": {"from": start}}]}},
        ):
            refused = await c.post("/_mock/sandboxes", body)
            assert refused.status_code == 422
            assert "expected an instant in the years 1970 to 8999" in refused.text
