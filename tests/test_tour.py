"""The bundled tour, told as one conversation with all five providers: a good day, a bad day and an outage."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation
from tests.dumplingai_client import meanwhile
from tests.listener import Listener

Story = Callable[[Conversation], Awaitable[None]]

TOUR = {"extends": "tour"}
KEY, LIVE_KEY = "tour-1", "nxt_tour-1"
HOOK = "http://127.0.0.1:9000/webhook"
VIDEO = "https://example.com/videos/alpine-hike.mp4"
MINUTE = 60

ANALYSES = "/videotoprompt/v1/analyze"
VIDEOS = "/prompttovideo/api/v1"
SHOTS = "/nanophoto/api/sora-2/reverse-prompt"
DESCRIPTIONS = "/descrideo/v1/video-descriptions"
EXTRACTION = "/dumplingai/api/v1/extract-video"

SHOT_LIST = {"videoSource": "url", "videoUrl": VIDEO}
ASKED: dict[str, dict[str, Any]] = {
    f"{ANALYSES}/url": {"url": VIDEO, "platform": "midjourney"},
    f"{VIDEOS}/generate": {"prompt": "A ridge above the clouds"},
    SHOTS: SHOT_LIST,
    DESCRIPTIONS: {"source": {"type": "direct_url", "url": VIDEO}, "frames": 10, "webhook": {"url": HOOK}},
    EXTRACTION: {"inputMethod": "url", "video": VIDEO, "prompt": "What happens?"},
}


def by(path: str) -> dict[str, str]:
    """The credential for a path: Descrideo's keys begin in a way of their own."""
    return {"Authorization": f"Bearer {LIVE_KEY if path.startswith('/descrideo') else KEY}"}


async def ask(t: Conversation, path: str) -> httpx2.Response:
    """Ask a provider for what it is there for."""
    return await t.post(path, ASKED[path], headers=by(path))


async def told(t: Conversation, path: str) -> dict[str, Any]:
    reply = await t.get(path, headers=by(path))
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


async def streamed(t: Conversation) -> Listener:
    """A shot list from its first byte to its last, or to where it breaks off; the clock is taken along."""
    listener = await Listener(t, SHOTS, SHOT_LIST, KEY).settled()
    while not listener.over:
        await t.advance(1)
    return listener


def events(t: Conversation) -> list[tuple[str, str]]:
    """What the receiver was told since it was last asked, as pairs of status or event and id."""
    bodies = [json.loads(call.body) for call in t.receivers.calls]
    t.receivers.calls.clear()
    return [(b["event"], b["data"]["id"]) if "event" in b else (b["status"], b["job_id"]) for b in bodies]


async def until(t: Conversation, minutes: float) -> None:
    """Go on to so many minutes after the beginning."""
    await t.advance(minutes * MINUTE - (t.sandbox.clock.now() - t.sandbox.started_at) / 1000)


async def a_good_day(t: Conversation) -> None:
    analysis = (await ask(t, f"{ANALYSES}/url")).json()["id"]
    video = (await ask(t, f"{VIDEOS}/generate")).json()["video_id"]
    job = (await ask(t, DESCRIPTIONS)).json()["job_id"]
    extraction = await ask(t, EXTRACTION)
    assert extraction.status_code == 200
    assert extraction.json()["results"]

    await t.advance(10)
    assert (await told(t, f"{ANALYSES}/{analysis}"))["status"] == "completed"
    assert (await told(t, f"{VIDEOS}/video/{video}/status"))["status"] == "completed"
    assert (await told(t, f"{DESCRIPTIONS}/{job}"))["status"] == "succeeded"
    assert sorted(events(t)) == sorted([("analysis.completed", analysis), ("succeeded", job)])
    shots = await streamed(t)
    assert shots.complete
    assert "| Shot |" in shots.text


async def an_analysis_on_a_bad_day(t: Conversation) -> None:
    throttled = await ask(t, f"{ANALYSES}/url")
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "20")
    await t.advance(20)
    failing = (await ask(t, f"{ANALYSES}/url")).json()["id"]
    slow = (await ask(t, f"{ANALYSES}/url")).json()["id"]
    await t.advance(15)
    assert (await told(t, f"{ANALYSES}/{failing}"))["error"] == "The video could not be read to its end"
    await t.advance(34)
    assert events(t) == []  # the news of it was lost twice, after no time and after five seconds
    await t.advance(1)
    assert events(t) == [("analysis.failed", failing)]
    assert (await told(t, f"{ANALYSES}/{slow}"))["status"] == "pending"
    await t.advance(190)
    assert events(t) == [("analysis.completed", slow)]


async def a_video_on_a_bad_day(t: Conversation) -> None:
    before = (await told(t, f"{VIDEOS}/account"))["credits"]
    with pytest.raises(ConnectionResetError):
        await ask(t, f"{VIDEOS}/generate")
    assert (await told(t, f"{VIDEOS}/account"))["credits"] == before - 1
    lost = (await told(t, f"{VIDEOS}/videos"))["videos"][0]  # a client that looks finds what it has paid for
    assert lost["status"] == "pending"
    never = (await ask(t, f"{VIDEOS}/generate")).json()["video_id"]
    assert (await told(t, f"{VIDEOS}/account"))["credits"] == before - 2
    await t.advance(2)
    assert (await told(t, f"{VIDEOS}/video/{never}/status"))["status"] == "failed"
    assert (await told(t, f"{VIDEOS}/account"))["credits"] == before - 1
    slow = (await ask(t, f"{VIDEOS}/generate")).json()["video_id"]
    assert [v["video_id"] for v in (await told(t, f"{VIDEOS}/queue/status"))["user_videos"]] == [slow]


async def a_shot_list_on_a_bad_day(t: Conversation) -> None:
    gone = await ask(t, SHOTS)
    assert (gone.status_code, gone.json()["errorCode"]) == (503, "AI_SERVICE_ERROR")
    cut = await streamed(t)
    assert (cut.status, cut.broken) == (200, True)
    slow = await streamed(t)
    assert slow.complete
    assert slow.body.startswith(cut.body)
    assert slow.instants[0] == 20_000


async def a_description_on_a_bad_day(t: Conversation) -> None:
    assert (await ask(t, DESCRIPTIONS)).status_code == 500
    failing = (await ask(t, DESCRIPTIONS)).json()["job_id"]
    await t.advance(15)
    assert (await told(t, f"{DESCRIPTIONS}/{failing}"))["error"]["code"] == "processing_failed"
    await t.advance(35)
    assert events(t) == [("failed", failing)]


async def an_extraction_on_a_bad_day(t: Conversation) -> None:
    assert (await ask(t, EXTRACTION)).status_code == 429
    assert (await ask(t, EXTRACTION)).json() == {"error": "Failed to extract video data: the model returned no answer"}
    started = t.sandbox.clock.now()
    assert (await meanwhile(t, ask(t, EXTRACTION), 20)).status_code == 200
    assert t.sandbox.clock.now() == started + 20_000


async def an_outage(t: Conversation) -> None:
    for path in ASKED:
        with pytest.raises(ConnectionResetError):
            await ask(t, path)
    await t.advance(MINUTE)
    for path in ASKED:
        reply = await ask(t, path)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "60")


async def the_whole_tour(t: Conversation) -> None:
    await a_good_day(t)
    await until(t, 10)
    await an_analysis_on_a_bad_day(t)
    await a_video_on_a_bad_day(t)
    await a_shot_list_on_a_bad_day(t)
    await a_description_on_a_bad_day(t)
    await an_extraction_on_a_bad_day(t)
    slow = (await ask(t, DESCRIPTIONS)).json()["job_id"]
    await until(t, 20)
    await an_outage(t)
    await until(t, 25)
    assert events(t) == [("succeeded", slow)]  # what had begun went on all the same
    await a_good_day(t)


async def test_the_tour() -> None:
    async with Conversation(TOUR) as t:
        await the_whole_tour(t)


async def test_the_tour_passes_every_rule_of_its_own() -> None:
    async with Conversation(TOUR) as t:
        await the_whole_tour(t)
        own = {rule.name for rule in t.sandbox.program.rules if rule.name.startswith(("bad day", "outage"))}
        entries = await t.sandbox.journal()
        assert own == {entry.rule for entry in entries if entry.rule in own}
        assert len(own) == 17


async def test_the_tour_is_the_same_for_everybody() -> None:
    """The same requests get the same bytes, whoever takes the tour."""

    async def taken() -> list[tuple[str | None, int | None, bytes]]:
        async with Conversation(TOUR) as t:
            await the_whole_tour(t)
            return [(e.path, e.status, e.reply) for e in await t.sandbox.journal() if e.kind == "request"]

    assert await taken() == await taken()


async def test_other_keys_go_on_the_tour_too() -> None:
    async with Conversation(TOUR) as t:
        assert (await t.post(f"{ANALYSES}/url", ASKED[f"{ANALYSES}/url"])).status_code == 202
        await until(t, 10)
        assert (await t.post(f"{ANALYSES}/url", ASKED[f"{ANALYSES}/url"])).status_code == 429


def test_the_tour_is_bundled() -> None:
    assert (bundled_dir() / "tour.yaml").is_file()
