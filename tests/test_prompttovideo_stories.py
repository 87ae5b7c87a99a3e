"""Every bundled story of PromptToVideo, told: each shows what its description promises."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mockserver.media.reader import probe
from mockserver.providers.prompttovideo import models
from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation
from tests.prompttovideo_client import (
    API,
    HOUR,
    MINUTE,
    account,
    completed,
    generate,
    held_to,
    listed,
    queue,
    status,
)  # fmt: skip

Story = Callable[[Conversation], Coroutine[Any, Any, None]]
STORIES: dict[str, Story] = {}
EVERY_GET = ("/video/1/status", "/videos", "/account", "/queue/status")
CAT = {"prompt": "A cat"}
MIDNIGHT = "2025-06-02T00:00:00Z"


def story(told: Story) -> Story:
    STORIES["prompttovideo-" + told.__name__.replace("_", "-")] = told
    return told


@pytest.mark.parametrize("name", sorted(path.stem for path in bundled_dir().glob("prompttovideo-*.yaml")))
async def test_a_bundled_story(name: str):
    """FACTS section 2: every error, limit and ending that the rows name is a story too."""
    async with Conversation({"extends": name}) as t:
        await STORIES[name](t)


async def refused(t: Conversation, model: Any, code: int, expected: dict[str, Any]) -> None:
    """Every operation is refused in the same way."""
    replies = [await t.post(f"{API}/generate", CAT), *[await t.get(API + path) for path in EVERY_GET]]
    for reply in replies:
        body = held_to(model, reply, code)
        assert {name: body[name] for name in expected} == expected


@story
async def invalid_token(t: Conversation) -> None:
    await refused(t, models.Error, 401, {"error": "Invalid token"})


@story
async def header_lost(t: Conversation) -> None:
    await refused(t, models.Error, 401, {"error": "Authorization header required"})


@story
async def token_expires(t: Conversation) -> None:
    made = await generate(t)
    for _ in range(2):
        assert (await status(t, made["video_id"]))["status"] == "pending"
    reply = await t.get(f"{API}/video/{made['video_id']}/status")
    assert held_to(models.Error, reply, 401) == {"error": "Invalid token"}


@story
async def out_of_credits(t: Conversation) -> None:
    assert (await generate(t, quality="premium"))["credits_remaining"] == 1
    reply = await t.post(f"{API}/generate", {**CAT, "quality": "premium"})
    assert held_to(models.OutOfCredits, reply, 402) == {"error": "Insufficient credits", "required": 3, "available": 1}
    assert (await generate(t))["credits_remaining"] == 0
    reply = await t.post(f"{API}/generate", CAT)
    assert held_to(models.OutOfCredits, reply, 402) == {"error": "Insufficient credits", "required": 1, "available": 0}


@story
async def no_credits(t: Conversation) -> None:
    assert (await account(t))["credits"] == 0
    reply = await t.post(f"{API}/generate", CAT)
    assert held_to(models.OutOfCredits, reply, 402) == {"error": "Insufficient credits", "required": 1, "available": 0}


async def quota(t: Conversation, tier: str, limit: int) -> None:
    made = await generate(t)
    for _ in range(limit - 1):
        await status(t, made["video_id"])
    info = {"tier": tier, "limit": limit, "used": limit, "remaining": 0, "reset_time": MIDNIGHT}
    await refused(t, models.OverQuota, 429, {"error": "Rate limit exceeded", "rate_limit_info": info})
    await t.advance(12 * HOUR)
    assert (await status(t, made["video_id"]))["status"] == "completed"


@story
async def quota_free(t: Conversation) -> None:
    await quota(t, "free", 10)


@story
async def quota_basic(t: Conversation) -> None:
    await quota(t, "basic", 100)


@story
async def quota_pro(t: Conversation) -> None:
    await quota(t, "pro", 1_000)


@story
async def quota_unlimited(t: Conversation) -> None:
    for _ in range(1_500):
        await listed(t)
    info = (await account(t))["rate_limit_info"]
    assert (info["tier"], info["limit"], info["used"], info["remaining"]) == ("enterprise", -1, 1_501, -1)


@story
async def quota_used_up(t: Conversation) -> None:
    info = {"tier": "free", "limit": 10, "used": 10, "remaining": 0, "reset_time": MIDNIGHT}
    await refused(t, models.OverQuota, 429, {"error": "Rate limit exceeded", "rate_limit_info": info})


@story
async def impatient_polling(t: Conversation) -> None:
    made = await generate(t)
    for _ in range(9):
        assert (await status(t, made["video_id"]))["status"] in ("pending", "processing")
        await t.advance(30)
    assert (await t.get(f"{API}/video/{made['video_id']}/status")).status_code == 429
    patient = await generate(t, key="patient")
    await t.advance(5 * MINUTE)
    assert (await status(t, patient["video_id"], "patient"))["status"] == "processing"
    await t.advance(5 * MINUTE)
    assert (await status(t, patient["video_id"], "patient"))["status"] == "completed"


@story
async def throttled_once(t: Conversation) -> None:
    reply = await t.post(f"{API}/generate", CAT)
    info = held_to(models.OverQuota, reply, 429)["rate_limit_info"]
    assert (info["remaining"], info["reset_time"]) == (0, "2025-06-01T12:00:30Z")
    assert reply.headers["retry-after"] == "30"
    assert (await generate(t))["credits_remaining"] == 999_999


@story
async def render_fails(t: Conversation) -> None:
    made = await generate(t, quality="premium")
    await t.advance(3)
    assert (await status(t, made["video_id"]))["status"] == "processing"
    await t.advance(MINUTE)
    video = await status(t, made["video_id"])
    assert (video["status"], video["error"]) == ("failed", "Video generation failed")
    assert (await account(t))["credits"] == made["credits_remaining"] == 999_997


@story
async def fails_to_start(t: Conversation) -> None:
    made = await generate(t, quality="premium")
    assert made["credits_remaining"] == 999_997
    await t.advance(MINUTE)
    video = await status(t, made["video_id"])
    assert (video["status"], video["error"]) == ("failed", "Video generation failed")
    assert (await account(t))["credits"] == 1_000_000


@story
async def start_refused(t: Conversation) -> None:
    reply = await t.post(f"{API}/generate", CAT)
    assert held_to(models.Error, reply, 500) == {"error": "Failed to start video generation"}
    assert (await account(t))["credits"] == 1_000_000
    assert (await listed(t))["videos"] == []


@story
async def stuck_in_queue(t: Conversation) -> None:
    made = await generate(t)
    await t.advance(30 * 24 * HOUR)
    assert (await status(t, made["video_id"]))["status"] == "pending"
    assert [video["video_id"] for video in (await queue(t))["user_videos"]] == [made["video_id"]]


@story
async def stuck_rendering(t: Conversation) -> None:
    made = await generate(t)
    await t.advance(30 * 24 * HOUR)
    assert (await status(t, made["video_id"]))["status"] == "processing"
    assert (await queue(t))["queue_stats"]["currently_processing"] == 1


@story
async def long_queue(t: Conversation) -> None:
    made = [await generate(t, f"A cat {n}") for n in range(3)]
    assert [(m["queue_position"], m["estimated_wait_time"]) for m in made] == [(1, 30), (2, 30), (3, 30)]
    premium = await generate(t, quality="premium")
    assert (premium["queue_position"], premium["estimated_wait_time"]) == (4, 30)
    large = await generate(t, quality="1080p")
    assert (large["queue_position"], large["estimated_wait_time"]) == (1, 10)
    waiting = (await queue(t))["user_videos"]
    assert [video["video_id"] for video in waiting] == [m["video_id"] for m in (large, *made, premium)]
    assert [video["position"] for video in waiting] == [1, 2, 3, 4, 5]
    await t.advance(30 * MINUTE - 1)
    assert (await status(t, made[0]["video_id"]))["status"] == "pending"
    await t.advance(1)
    assert (await status(t, made[0]["video_id"]))["status"] == "processing"
    await t.advance(5 * MINUTE)
    assert (await status(t, made[0]["video_id"]))["status"] == "completed"


@story
async def observed(t: Conversation) -> None:
    for quality in ("free", "premium", "360p", "1080p"):
        video = await completed(t, quality)
        assert (video["duration"], video["quality"]) == (8, quality)
        assert probe((await t.get(video["video_url"])).content).duration_ms == 8_000
        [newest] = (await listed(t, "?per_page=1"))["videos"]
        assert (newest["duration"], newest["quality"]) == (8, quality)
    await generate(t)
    assert [video["quality"] for video in (await queue(t))["user_videos"]] == ["free"]


@story
async def by_polls(t: Conversation) -> None:
    made = await generate(t)
    said = [(await status(t, made["video_id"]))["status"] for _ in range(5)]
    assert said == ["pending", "processing", "processing", "completed", "completed"]


@story
async def bad_request(t: Conversation) -> None:
    reply = await t.post(f"{API}/generate", CAT)
    assert held_to(models.Error, reply, 400) == {"error": "JSON data required"}
    assert (await generate(t))["credits_remaining"] == 999_999


@story
async def prompt_refused(t: Conversation) -> None:
    reply = await t.post(f"{API}/generate", {"prompt": "A forbidden cat"})
    assert held_to(models.Error, reply, 400) == {"error": "The prompt was refused"}
    assert (await generate(t))["credits_remaining"] == 999_999


@story
async def forbidden(t: Conversation) -> None:
    reply = await t.post(f"{API}/generate", CAT)
    assert held_to(models.Error, reply, 403) == {"error": "Forbidden"}
    assert ((await account(t))["credits"], (await listed(t))["videos"]) == (1_000_000, [])


@story
async def cancelled(t: Conversation) -> None:
    made = await generate(t)
    await t.advance(3)
    assert (await status(t, made["video_id"]))["status"] == "processing"
    await t.advance(MINUTE)
    video = await status(t, made["video_id"])
    assert (video["status"], video["error"]) == ("failed", "Video generation failed")
    assert [each["id"] for each in (await listed(t, "?status=failed"))["videos"]] == [made["video_id"]]


@story
async def endless_credits(t: Conversation) -> None:
    assert [(await generate(t, quality="premium"))["credits_remaining"] for _ in range(3)] == [-1, -1, -1]
    assert (await account(t))["credits"] == -1


@story
async def video_vanishes(t: Conversation) -> None:
    made = await generate(t)
    reply = await t.get(f"{API}/video/{made['video_id']}/status")
    assert held_to(models.Error, reply, 404) == {"error": "Video not found"}


@story
async def server_error(t: Conversation) -> None:
    await refused(t, models.Error, 500, {"error": "Internal server error"})
    assert (await account(t))["credits"] == 1_000_000
    made = await generate(t)
    assert (await status(t, made["video_id"]))["status"] == "pending"
    assert len((await listed(t))["videos"]) == len((await queue(t))["user_videos"]) == 1


@story
async def overloaded(t: Conversation) -> None:
    for _ in range(3):
        reply = await t.post(f"{API}/generate", CAT)
        assert held_to(models.Error, reply, 503) == {"error": "Service temporarily unavailable"}
        assert reply.headers["retry-after"] == "10"
    assert (await generate(t))["credits_remaining"] == 999_999


@story
async def lost_reply(t: Conversation) -> None:
    with pytest.raises(ConnectionResetError):
        await t.post(f"{API}/generate", CAT)
    assert (await account(t))["credits"] == 999_999
    [video] = (await listed(t))["videos"]
    assert (video["prompt"], video["status"]) == ("A cat", "pending")
    assert (await generate(t))["credits_remaining"] == 999_998


@pytest.mark.parametrize(
    ("magic", "model", "code", "expected"),
    [
        ("mock-unauthorized", models.Error, 401, {"error": "Invalid token"}),
        ("mock-no-credits", models.OutOfCredits, 402,
         {"error": "Insufficient credits", "required": 3, "available": 0}),
        ("mock-forbidden", models.Error, 403, {"error": "Forbidden"}),
        ("mock-not-found", models.Error, 404, {"error": "Video not found"}),
        ("mock-invalid", models.Error, 400, {"error": "Invalid request"}),
        ("mock-rate-limited", models.OverQuota, 429, {"error": "Rate limit exceeded"}),
        ("mock-server-error", models.Error, 500, {"error": "Internal server error"}),
        ("mock-overloaded", models.Error, 503, {"error": "Service temporarily unavailable"}),
    ],
)  # fmt: skip
async def test_a_magic_prompt_is_refused_in_the_providers_own_words(magic: str, model, code: int, expected: dict):
    async with Conversation() as t:
        reply = await t.post(f"{API}/generate", {"prompt": f"A cat, {magic}", "quality": "premium"})
        body = held_to(model, reply, code)
        assert {name: body[name] for name in expected} == expected
        assert (await account(t))["credits"] == 1_000_000
