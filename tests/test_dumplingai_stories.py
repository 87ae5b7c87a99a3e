"""Every bundled story of DumplingAI, told: each shows what its description promises."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mockserver.clock import let_others_run
from mockserver.providers.dumplingai import models
from mockserver.scenario.library import bundled_dir
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.dumplingai_client import (
    ASKED,
    OUT_OF_CREDITS,
    PATH,
    UNAUTHORIZED,
    balance,
    extracted,
    held_to,
    latest,
    meanwhile,
    mp4,
    refused,
    sent,
)  # fmt: skip
from tests.dumplingai_family import call, error, ok

Story = Callable[[Conversation], Coroutine[Any, Any, None]]
STORIES: dict[str, Story] = {}
FAILED = "Failed to extract video data: "


def story(told: Story) -> Story:
    STORIES["dumplingai-" + told.__name__.replace("_", "-")] = told
    return told


@pytest.mark.parametrize("name", sorted(path.stem for path in bundled_dir().glob("dumplingai-*.yaml")))
async def test_a_bundled_story(name: str):
    """FACTS section 5: every error, limit and price that the rows name is a story too."""
    async with Conversation({"extends": name}) as t:
        await STORIES[name](t)


@story
async def unauthorized(t: Conversation) -> None:
    assert await refused(t, ASKED, 401) == UNAUTHORIZED["error"]
    assert held_to(models.Error, await t.get(PATH), 401) == UNAUTHORIZED


@story
async def forbidden(t: Conversation) -> None:
    assert await refused(t, ASKED, 403) == "This API key may not do this"
    held_to(models.Formats, await t.get(PATH))


@story
async def not_found(t: Conversation) -> None:
    assert await refused(t, ASKED, 404) == "Not found"


@story
async def out_of_credits(t: Conversation) -> None:
    assert [(await extracted(t))["creditUsage"] for _ in range(2)] == [700, 700]
    assert await refused(t, ASKED, 402) == OUT_OF_CREDITS["error"]
    assert await balance(t) == (100, 0)


@story
async def sixty_a_minute(t: Conversation) -> None:
    assert [(await t.post(PATH, ASKED)).status_code for _ in range(30)] == [200] * 30
    assert [(await t.get(PATH)).status_code for _ in range(31)] == [200] * 30 + [429]
    await t.advance(60)
    await extracted(t)


@story
async def rate_limited(t: Conversation) -> None:
    replies = [await t.post(PATH, ASKED) for _ in range(4)]
    assert [r.status_code for r in replies] == [200, 429, 429, 200]
    assert replies[1].headers["retry-after"] == "20"
    assert replies[1].headers["x-ratelimit-remaining"] == "0"


@story
async def one_minute_videos(t: Conversation) -> None:
    reply = await extracted(t)
    assert (reply["videoDuration"], reply["creditUsage"]) == (60, 700)


@story
async def one_hour_videos(t: Conversation) -> None:
    reply = await extracted(t, jsonMode=True)
    assert (reply["videoDuration"], reply["creditUsage"]) == (3600, 36_100)
    assert json.loads(reply["results"])


@story
async def too_long(t: Conversation) -> None:
    assert "3600 seconds" in await refused(t, ASKED)


@story
async def too_large(t: Conversation) -> None:
    assert await refused(t, ASKED) == "The video file is larger than the maximum of 2GB"


@story
async def unsupported_format(t: Conversation) -> None:
    assert await refused(t, ASKED) == "Unsupported video format: mkv"


@story
async def extraction_failed(t: Conversation) -> None:
    async def request() -> None:
        assert await refused(t, ASKED, 500) == FAILED + "the model returned no answer"

    await meanwhile(t, request(), 8)
    assert await balance(t) == (50_000, 0)


@story
async def download_failed(t: Conversation) -> None:
    assert await refused(t, ASKED, 500) == FAILED + "the video could not be downloaded (403)"
    held_to(models.Extracted, await t.post(PATH, sent(mp4(1_000))))


@story
async def fails_twice(t: Conversation) -> None:
    assert [(await t.post(PATH, ASKED)).status_code for _ in range(3)] == [500, 500, 200]


@story
async def outage(t: Conversation) -> None:
    for reply in (await t.post(PATH, ASKED), await t.get(PATH)):
        assert held_to(models.Error, reply, 503) == {"error": "The service is temporarily unavailable"}
        assert reply.headers["retry-after"] == "30"


@story
async def slow(t: Conversation) -> None:
    started = t.sandbox.clock.now()
    reply = await meanwhile(t, t.post(PATH, ASKED), 90)
    held_to(models.Extracted, reply)
    assert t.sandbox.clock.now() == started + 90_000


@story
async def never_answers(t: Conversation) -> None:
    task = asyncio.ensure_future(t.post(PATH, ASKED))
    await let_others_run()
    await t.advance(30 * 24 * 3600)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@story
async def lost_reply(t: Conversation) -> None:
    with pytest.raises(ConnectionResetError):
        await t.post(PATH, ASKED)
    left, reserved = await balance(t)
    assert (reserved, (await latest(t))["status"]) == (0, 200)
    assert left is not None
    assert left < 50_000
    usage = (await extracted(t))["creditUsage"]
    assert (left, usage) == (50_000 - usage, usage)


@story
async def cut_off_reply(t: Conversation) -> None:
    with pytest.raises(ConnectionResetError):
        await t.post(PATH, ASKED)
    await extracted(t)


@story
async def json_mode_broken(t: Conversation) -> None:
    reply = held_to(models.Extracted, await t.post(PATH, {**ASKED, "jsonMode": True}))
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply["results"])
    assert "```" not in (await extracted(t))["results"]


@story
async def contract(t: Conversation) -> None:
    for method in ("url", "base64"):
        for text in ("", "0", "no video", "\u0000", "https://example.com/a.mkv", "夕日"):
            body = {"inputMethod": method, "video": text, "prompt": ""}
            assert 5 <= held_to(models.Extracted, await t.post(PATH, body))["videoDuration"] <= 600
    assert held_to(models.Extracted, await t.post(PATH, sent(mp4(9_500))))["videoDuration"] == 9.5
    assert await refused(t, {**ASKED, "more": 1}) == "Unknown property: more"
    for method in ("GET", "HEAD", "OPTIONS", "PUT"):
        reply = await t.client.request(method, PATH)
        assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


async def test_work_that_is_left_early_is_not_charged():
    """FACTS section 5: credits. The client goes away in the middle of a slow extraction."""

    accounts = [{"key": "*", "plan": "pro", "credits": 5_000}]
    async with Conversation(
        {"extends": "dumplingai-slow", "accounts": accounts, "providers": {"dumplingai": {"video_seconds": 9}}}
    ) as t:
        task = asyncio.ensure_future(t.post(PATH, ASKED))
        while t.sandbox.clock.next_sleeper() is None:
            await let_others_run()
        assert (await balance(t))[1] > 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await balance(t) == (5_000, 0)


async def test_two_at_a_time_share_one_balance():
    """FACTS section 5: 402. What is set aside for one extraction is not there for another."""

    accounts = [{"key": "*", "plan": "pro", "credits": 1_400}]
    async with Conversation(
        {"extends": "dumplingai-slow", "accounts": accounts, "providers": {"dumplingai": {"video_seconds": 60}}}
    ) as t:
        replies = asyncio.gather(*(t.post(PATH, ASKED) for _ in range(3)))
        done = await meanwhile(t, asyncio.wait_for(replies, None), 90)
        assert sorted(r.status_code for r in done) == [200, 200, 402]
        assert await balance(t) == (0, 0)


async def test_stuck_work_hangs_until_the_client_gives_up():
    async with Conversation() as t:
        for word in ("mock-stuck", "mock-held", "mock-stuck-queued"):
            task = asyncio.ensure_future(t.post(PATH, {**ASKED, "prompt": word}))
            await let_others_run()
            await t.advance(24 * 3600)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_steps_that_wait_for_polls_take_no_time():
    async with Conversation() as t:
        start = t.sandbox.clock.now()
        by_polls = await extracted(t, prompt="mock-polls")
        await extracted(t, prompt="mock-fast")
        assert by_polls["creditUsage"] > 0
        assert t.sandbox.clock.now() == start


async def test_a_strict_server_tells_the_contract_story_too():
    async with Conversation({"extends": "dumplingai-contract"}, Settings(strict=True)) as t:
        assert (await refused(t, {**ASKED, "requestSource": "MINE"})).startswith("requestSource: 'MINE' is not one of")
        await contract(t)


# The rest of the family.


@story
async def every_operation_fails(t: Conversation) -> None:
    assert await error(t, "trim_video", 500) == "Failed to trim video"
    assert (await error(t, "extract_audio", 500)).startswith("Failed to extract audio data: ")
    assert (await call(t, "run")).json()["code"] == "INTERNAL_ERROR"
    assert await balance(t) == (None, 0)


@story
async def no_captions(t: Conversation) -> None:
    assert await error(t, "get_youtube_transcript", 404) == "No captions are available for this video"
    await error(t, "get_tiktok_transcript", 404)


@story
async def one_agent(t: Conversation) -> None:
    await ok(t, "generate_completion")
    assert await error(t, "generate_completion", 404, agentId="agent_2") == "Agent not found"


@story
async def no_credits_for_agents(t: Conversation) -> None:
    assert await error(t, "generate_completion", 403) == "Insufficient credits"
    assert await error(t, "scrape", 402) == "Insufficient credits"


@story
async def knowledge_bases(t: Conversation) -> None:
    assert await ok(t, "query_knowledge_base") == []
    await ok(t, "add_to_knowledge_base")
    assert len(await ok(t, "query_knowledge_base")) == 1


@story
async def single_image(t: Conversation) -> None:
    one = {"inputMethod": "url", "image": "https://example.com/a.jpg", "prompt": "What is this?"}
    assert (await ok(t, "extract_image", one))["imageCount"] == 1


@story
async def trim_example(t: Conversation) -> None:
    assert (await ok(t, "trim_video"))["creditsUsed"] == 5
    assert (await ok(t, "video_trim"))["creditsUsed"] == 5


@story
async def provider_not_allowed(t: Conversation) -> None:
    scrape = {"type": "endpoint", "id": "firecrawl.scrape", "input": {"url": "https://example.com/"}}
    reply = await call(t, "run", scrape)
    assert (reply.status_code, reply.json()["code"]) == (403, "PROVIDER_NOT_ALLOWED")
    shot = {"type": "capability", "id": "screenshot", "input": {"url": "https://example.com/"}}
    assert (await ok(t, "run", shot))["meta"]["provider"] == "scrapingfish"


@story
async def budget_exceeded(t: Conversation) -> None:
    replies = [await call(t, "run") for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [402]
    assert replies[5].json()["code"] == "BUDGET_EXCEEDED"


@story
async def provider_error(t: Conversation) -> None:
    reply = await call(t, "run")
    assert (reply.status_code, reply.json()["code"]) == (502, "PROVIDER_ERROR")
    assert (await ok(t, "list_transactions"))["meta"]["total"] == 1
