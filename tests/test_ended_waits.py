"""A reset or a deletion of a sandbox ends the requests that wait in it at once, on a manual clock too."""

import asyncio
from typing import Any

import pytest

from mockserver.clock import let_others_run
from mockserver.outgoing.call import CallResult, OutgoingCall
from tests.conversation import Conversation
from tests.listener import Listener
from tests.test_streams_live import streaming

STREAM = "/nanophoto/api/sora-2/reverse-prompt"
ASKED = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
SUBMIT = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://example.com/hike.mp4"}


def scenario(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    text = {"text": "one two three", "pace": {"first": "1s", "every": "1s"}}
    stream = {"name": "words", "operation": "nanophoto.reverse_prompt", "stream": text}
    return {"scenario": "box", "rules": [*rules, stream], "clock": {"mode": "manual"}, **more}


async def ended(t: Conversation, how: str) -> None:
    """Reset or delete the sandbox `box`."""
    if how == "deletion":
        assert (await t.client.delete("/_mock/sandboxes/box")).status_code == 204
    else:
        assert (await t.post("/~box/_mock/reset", {"what": how})).status_code == 204


async def box(t: Conversation, *rules: dict[str, Any], **more: Any) -> Any:
    assert (await t.post("/_mock/sandboxes", {"name": "box", "scenario": scenario(*rules, **more)})).status_code == 201
    sandbox = t.app.sandboxes.get("box")
    assert sandbox is not None
    return sandbox


HOWS = pytest.mark.parametrize("how", ["all", "jobs", "deletion"])


@HOWS
async def test_a_stream_ends(how: str) -> None:
    async with Conversation() as t:
        sandbox = await box(t)
        stream = await Listener(t, "/~box" + STREAM, ASKED).settled()
        await sandbox.advance(1_000)
        assert (stream.status, stream.text) == (200, "one ")
        await ended(t, how)
        async with asyncio.timeout(5):
            await stream.end()
        assert (stream.text, stream.complete, stream.broken) == ("one ", False, True)
        assert sandbox.clock.busy == 0
        assert sandbox.clock.next_sleeper() is None
        if how == "all":
            assert (await t.get("/~box/_mock/journal")).json()["entries"] == []


@HOWS
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "hang"},
        {"kind": "latency", "for": "1h"},
        {"kind": "stall", "at": 0.5},
        {"kind": "slow_drip", "rate": 1},
    ],
    ids=lambda fault: fault["kind"],
)
async def test_a_fault_that_waits_ends(how: str, fault: dict[str, Any]) -> None:
    async with Conversation() as t:
        sandbox = await box(t, {"name": "waits", "operation": "videotoprompt.*", "fault": fault})
        waiting = await Listener(t, "/~box" + SUBMIT, VIDEO).settled()
        assert not waiting.over
        await ended(t, how)
        async with asyncio.timeout(5):
            await waiting.end()
        assert waiting.broken
        assert sandbox.clock.busy == 0


@HOWS
async def test_a_wait_for_deliveries_ends(how: str) -> None:
    async with Conversation() as t:
        await box(t)
        waiting = asyncio.create_task(t.get("/~box/_mock/deliveries?wait=60s"))
        for _ in range(20):
            await let_others_run()
        await ended(t, how)
        reply = await asyncio.wait_for(waiting, 5)
        assert reply.status_code == (404 if how == "deletion" else 200)


@pytest.mark.parametrize("what", ["journal", "counters", "faults"])
async def test_a_reset_that_keeps_the_jobs_keeps_their_streams(what: str) -> None:
    async with Conversation() as t:
        sandbox = await box(t)
        stream = await Listener(t, "/~box" + STREAM, ASKED).settled()
        await ended(t, what)
        await sandbox.advance(10_000)
        await stream.end()
        assert (stream.text, stream.complete) == ("one two three", True)


async def test_a_request_that_reaches_its_wait_after_the_deletion_ends() -> None:
    """Its body arrives after the deletion."""
    async with Conversation() as t:
        sandbox = await box(t)
        body = asyncio.Event()

        class Late(Listener):
            async def _receive(self) -> dict[str, Any]:
                await body.wait()
                return await super()._receive()

        stream = await Late(t, "/~box" + STREAM, ASKED).settled()
        await ended(t, "deletion")
        body.set()
        async with asyncio.timeout(5):
            await stream.end()
        assert stream.broken
        assert sandbox.clock.busy == 0


async def test_streams_after_a_reset_are_not_ended() -> None:
    async with Conversation() as t:
        sandbox = await box(t)
        await ended(t, "all")
        stream = await Listener(t, "/~box" + STREAM, ASKED).settled()
        await sandbox.advance(10_000)
        await stream.end()
        assert (stream.text, stream.complete) == ("one two three", True)


def test_a_client_sees_the_end_of_the_connection_without_the_last_chunk(caplog: pytest.LogCaptureFixture) -> None:
    with streaming() as (server, wire):
        wire.post()
        wire.read_until(b"\r\n\r\n")
        server.advance("600ms")
        wire.read_until(b"4\r\none \r\n")
        server.client.post("/_mock/reset", json={"what": "all"})
        assert wire.read_to_end().endswith(b"4\r\none \r\n")
    assert not caplog.records


async def test_a_server_closes_with_streams_and_webhooks_in_flight_and_logs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook = {"url": "http://receiver.test/hook", "secret": "whsec_1"}
    at_once = {"default": {"steps": [{"status": "succeeded"}]}}
    async with Conversation() as t:

        async def hangs(call: OutgoingCall) -> CallResult:
            raise await asyncio.get_running_loop().create_future()

        t.receivers.send = hangs  # type: ignore[method-assign]
        await box(t, accounts=[{"key": "*", "plan": "enterprise", "webhook": hook}], plans=at_once)
        for _ in range(60):
            await t.post("/~box" + SUBMIT, VIDEO)
        stream = await Listener(t, "/~box" + STREAM, ASKED).settled()
        advance = asyncio.create_task(t.post("/~box/_mock/clock", {"advance": "1h"}))
        await stream.settled()
        await t.app.close()
        async with asyncio.timeout(5):
            await stream.end()
            assert (await advance).status_code == 404
    assert not caplog.records
