"""PromptToVideo's queue: positions, waiting times and what everybody is told. Brackets name rows of FACTS section 2."""

import pytest

from tests.conversation import Conversation
from tests.prompttovideo_client import MINUTE, generate, queue, status

NOON = "2025-06-01T12:00:00Z"


@pytest.mark.parametrize(
    ("key", "free", "premium", "small", "large"),
    [("free-1", 30, 30, 30, 10), ("basic-1", 10, 10, 10, 5), ("pro-1", 5, 5, 5, 5), ("enterprise-1", 5, 5, 5, 5)],
)
async def test_the_wait_follows_from_tier_and_quality(key: str, free: int, premium: int, small: int, large: int):
    """FACTS section 2: queue (wait = max(5, 30 - 2 x priority); only 1080p adds 10)."""

    async with Conversation() as t:
        qualities = ("free", "premium", "360p", "1080p")
        made = [(await generate(t, quality=q, key=key))["estimated_wait_time"] for q in qualities]
        assert made == [free, premium, small, large]


async def test_the_position_counts_from_one_by_priority_then_age():
    """FACTS section 2: queue, queue status (only the caller's pending videos; stats count everybody's)."""

    async with Conversation() as t:
        first = await generate(t, key="free-1")
        second = await generate(t, key="free-2")
        assert [first["queue_position"], second["queue_position"]] == [1, 2]
        above = await generate(t, quality="1080p", key="free-2")
        top = await generate(t, key="pro-1")
        assert [above["queue_position"], top["queue_position"]] == [1, 1]
        said = await queue(t, "free-2")
        assert [(v["video_id"], v["position"], v["estimated_wait_minutes"]) for v in said["user_videos"]] == [
            (above["video_id"], 2, 10),
            (second["video_id"], 4, 30),
        ]
        assert said["queue_stats"] == {"total_pending": 4, "currently_processing": 0, "user_pending_count": 2}
        await t.advance(3)
        said = await queue(t, "free-2")
        assert said["user_videos"] == []
        assert said["queue_stats"] == {"total_pending": 0, "currently_processing": 4, "user_pending_count": 0}
        await t.advance(MINUTE)
        assert (await queue(t))["queue_stats"]["currently_processing"] == 0


async def test_the_queue_lists_the_next_fifty():
    async with Conversation() as t:
        made = [await generate(t, f"video {n}") for n in range(53)]
        said = await queue(t)
        assert [v["video_id"] for v in said["user_videos"]] == [video["video_id"] for video in made[:50]]
        assert said["queue_stats"]["user_pending_count"] == 53


@pytest.mark.parametrize(("length", "shown"), [(1, 1), (50, 50), (51, 53), (5000, 53)])
async def test_the_queue_shows_the_beginning_of_a_prompt(length: int, shown: int):
    """FACTS section 2: queue status (prompt cut to 50 characters and "...")."""

    async with Conversation() as t:
        prompt = "ä" * length
        made = await generate(t, prompt)
        [video] = (await queue(t))["user_videos"]
        assert video["prompt"] == (prompt if length <= 50 else "ä" * 50 + "...")
        assert len(video["prompt"]) == shown
        assert (video["queued_at"], video["quality"]) == (NOON, "360p")
        assert (await status(t, made["video_id"]))["prompt"] == prompt
