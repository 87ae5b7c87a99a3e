"""The background work of a sandbox continues after errors, and never moves the clock past a request."""

import asyncio

import pytest

from mockserver.clock import let_others_run
from mockserver.outgoing.call import CallResult
from mockserver.providers.descrideo.provider import Descrideo
from mockserver.providers.videotoprompt.provider import VideoToPrompt
from mockserver.sandbox.settling import Settling
from mockserver.store.protocol import Transition
from tests.conversation import Conversation
from tests.descrideo_client import LIVE, brokered, by

SUBMIT = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://example.com/hike.mp4"}
HOOK = {"url": "http://receiver.test/hook", "secret": "whsec_1"}
SLOW = [{"status": "queued", "for": "2s"}, {"status": "succeeded"}]
QUICK = [{"status": "queued", "for": "30ms"}, {"status": "succeeded"}]


def scenario(steps: list[dict[str, str]], mode: str) -> dict[str, object]:
    account = {"key": "*", "plan": "pro", "webhook": HOOK}
    return {"accounts": [account], "plans": {"default": {"steps": steps}}, "clock": {"mode": mode}}


@pytest.fixture
def fails_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the provider raise an exception at its first transition."""
    original, calls = VideoToPrompt.on_transition, iter(range(100))

    async def failing(self: VideoToPrompt, settling: Settling, transition: Transition) -> None:
        if not next(calls):
            raise RuntimeError("a bug")
        await original(self, settling, transition)

    monkeypatch.setattr(VideoToPrompt, "on_transition", failing)


@pytest.mark.usefixtures("fails_first")
async def test_an_error_in_the_effects_of_one_job_does_not_stop_the_events_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Conversation(scenario(SLOW, "manual")) as t:
        jobs = [(await t.post(SUBMIT, VIDEO)).json()["id"] for _ in range(3)]
        t.sandbox.clock.jump(t.sandbox.clock.now() + 5_000)
        assert (await t.get(f"/videotoprompt/v1/analyze/{jobs[0]}")).json()["status"] == "completed"
        sent = (await t.get("/_mock/deliveries?wait=5s&count=2")).json()["deliveries"]
        assert sorted(each["job"] for each in sent) == sorted(jobs[1:])
    assert "a bug" in caplog.text


@pytest.mark.usefixtures("fails_first")
async def test_events_are_sent_on_time_after_one_that_failed() -> None:
    """No request comes in between that would send them."""

    async with Conversation(scenario(QUICK, "real")) as t:
        change = t.sandbox.courier.change
        await t.post(SUBMIT, VIDEO)
        later = (await t.post(SUBMIT, VIDEO)).json()["id"]
        async with asyncio.timeout(5):
            await change.wait()
        [delivery] = await t.sandbox.store.deliveries()
        assert (delivery.job, delivery.outcome) == (later, "delivered")


async def test_a_background_task_that_failed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(now: int) -> int:
        raise RuntimeError("a bug of the store")

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(str(context["exception"])))
    async with Conversation(scenario(QUICK, "real")) as t:
        change = t.sandbox.courier.change
        with monkeypatch.context() as patch:
            patch.setattr(t.sandbox.store, "claim_due", broken)
            await t.post(SUBMIT, VIDEO)
            await let_others_run()
            await let_others_run()
        await t.post(SUBMIT, VIDEO)
        async with asyncio.timeout(5):
            await change.wait()
    assert reported == ["a bug of the store"]


async def test_an_error_of_the_provider_about_an_answer_does_not_change_the_attempt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(*_: object) -> None:
        raise RuntimeError("a bug")

    async with Conversation() as t:
        monkeypatch.setattr(Descrideo, "on_delivery", failing)
        t.receivers.answers = [CallResult("response", 204)]
        assert (await t.post(LIVE, brokered(), headers=by())).status_code == 202
        await t.advance(60)
        first = (await t.get("/_mock/deliveries")).json()["deliveries"][-1]
        assert (first["kind"], first["outcome"]) == ("call_out", "delivered")
        assert [(each["outcome"], each["status"]) for each in first["attempts"]] == [("response", 204)]
    assert "a bug" in caplog.text


async def test_an_auto_clock_is_not_moved_while_a_request_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request begins while another task holds the lock that allows to move the clock."""

    async with Conversation(scenario(SLOW, "manual")) as t:
        clock, stepping = t.sandbox.clock, t.sandbox.courier.stepping
        await t.post(SUBMIT, VIDEO)
        jump, in_flight = clock.jump, []

        def watched(to: int) -> None:
            in_flight.append(clock.busy)
            jump(to)

        async def begin_a_request() -> None:
            async with stepping:
                clock.enter()
                await let_others_run()

        monkeypatch.setattr(clock, "jump", watched)
        async with stepping:
            clock.change("auto")
            await let_others_run()
            other = asyncio.create_task(begin_a_request())
            await let_others_run()
        await other
        await t.sandbox.courier.settled()
        clock.leave("request")
        await t.sandbox.courier.settled()
        assert in_flight
        assert not any(in_flight)
