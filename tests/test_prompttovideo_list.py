"""PromptToVideo's list of videos. Names in brackets are rows of FACTS section 2."""

import pytest

from mockserver.providers.prompttovideo import models
from tests.conversation import Conversation
from tests.prompttovideo_client import MINUTE, generate, listed, status


async def many(t: Conversation, count: int, prompt: str = "A cat") -> list[int]:
    """The ids of so many new videos, newest first."""
    made = [(await generate(t, f"{prompt} {n}"))["video_id"] for n in range(count)]
    return made[::-1]


def ids(page: dict) -> list[int]:
    return [video["id"] for video in page["videos"]]


async def test_videos_are_listed_newest_first_in_pages():
    """FACTS section 2: list (newest first; a page past the end is an empty list)."""

    async with Conversation() as t:
        made = await many(t, 45)
        first, last, beyond = [await listed(t, f"?page={n}") for n in (1, 3, 4)]
        assert ids(first) == made[:20]
        assert first["pagination"] == {
            "page": 1, "per_page": 20, "total": 45, "pages": 3, "has_next": True, "has_prev": False,
        }  # fmt: skip
        assert ids(last) == made[40:]
        assert (last["pagination"]["has_next"], last["pagination"]["has_prev"]) == (False, True)
        assert ids(beyond) == []
        assert (beyond["pagination"]["page"], beyond["pagination"]["total"]) == (4, 45)
        assert beyond["pagination"]["has_next"] is False


@pytest.mark.parametrize(
    ("query", "page", "per_page"),
    [
        ("", 1, 20),
        ("?page=2&per_page=7", 2, 7),
        ("?per_page=100", 1, 100),
        ("?per_page=101", 1, 100),
        ("?per_page=" + "9" * 500, 1, 100),
        ("?per_page=0", 1, 20),
        ("?per_page=-5", 1, 20),
        ("?per_page=many", 1, 20),
        ("?per_page=", 1, 20),
        ("?per_page=7.5", 1, 20),
        ("?per_page=NaN", 1, 20),
        ("?per_page=1e1", 1, 20),
        ("?page=0", 1, 20),
        ("?page=-1", 1, 20),
        ("?page=first", 1, 20),
        ("?page=%D9%A3", 1, 20),
        ("?page=" + "0" * 3000 + "2", 2, 20),
        ("?page=" + "9" * 5000, 2**53 - 1, 20),
        ("?page=1&page=2", 1, 20),
        ("?page=2&page=1", 2, 20),
        ("?page[]=2", 1, 20),
    ],
)
async def test_numbers_that_are_none_fall_back(query: str, page: int, per_page: int):
    """FACTS section 2: list (`per_page` above 100 is cut to 100; no number falls back to the default)."""

    async with Conversation() as t:
        made = await many(t, 25)
        said = await listed(t, query)
        assert (said["pagination"]["page"], said["pagination"]["per_page"]) == (page, per_page)
        assert ids(said) == made[(page - 1) * per_page : page * per_page]


async def test_a_list_without_videos():
    async with Conversation() as t:
        assert await listed(t) == {
            "videos": [],
            "pagination": {"page": 1, "per_page": 20, "total": 0, "pages": 0, "has_next": False, "has_prev": False},
        }


async def test_the_list_can_be_filtered_by_status():
    """FACTS section 2: list (unknown `status` filter gives an empty list)."""

    async with Conversation() as t:
        [done] = await many(t, 1, "mock-fast")
        [failed] = await many(t, 1, "mock-fail")
        [running] = await many(t, 1, "mock-stuck")
        await t.advance(MINUTE)
        [waiting] = await many(t, 1, "mock-stuck-queued")
        expected = {"completed": done, "failed": failed, "processing": running, "pending": waiting}
        for name, video_id in expected.items():
            said = await listed(t, f"?status={name}")
            assert (ids(said), said["pagination"]["total"]) == ([video_id], 1)
            assert [video["status"] for video in said["videos"]] == [name]
        for unknown in ("cancelled", "queued", "COMPLETED", "x" * 1000, "%00", "%ED%A0%80"):
            said = await listed(t, f"?status={unknown}")
            assert (ids(said), said["pagination"]["total"]) == ([], 0)
        assert ids(await listed(t, "?status=")) == [waiting, running, failed, done]


async def test_cancelled_videos_are_failed_ones_here():
    plans = {"cancelled": {"steps": [{"status": "cancelled"}]}, "failed": {"steps": [{"status": "failed"}]}}
    rules = [
        {"name": name, "operation": "prompttovideo.generate", "when": {"body.prompt": {"prefix": name}}, "plan": name}
        for name in plans
    ]

    async with Conversation({"plans": plans, "rules": rules}) as t:
        made = [(await many(t, 1, "failed" if n % 3 else "cancelled"))[0] for n in range(10)][::-1]
        assert {(await status(t, video_id))["status"] for video_id in made} == {"failed"}
        for page in (1, 2, 3, 4):
            said = await listed(t, f"?status=failed&per_page=4&page={page}")
            assert ids(said) == made[(page - 1) * 4 : page * 4]
            assert (said["pagination"]["total"], said["pagination"]["pages"]) == (10, 3)


async def test_a_listed_video_tells_what_the_documents_show():
    """The page's examples: video 123 is `free` where it is generated and asked for, and `360p` in lists."""

    async with Conversation() as t:
        for quality, shown in (("free", "360p"), ("premium", "1080p"), ("360p", "360p"), ("1080p", "1080p")):
            made = await generate(t, quality=quality)
            [video] = (await listed(t, "?per_page=1"))["videos"]
            assert (video["quality"], video["status"]) == (shown, "pending")
            assert set(video) == {"id", "prompt", "quality", "status", "created_at", "updated_at"}
            await t.advance(MINUTE)
            [video] = (await listed(t, "?per_page=1"))["videos"]
            assert list(video) == list(models.Listed.model_fields)
            full = await status(t, made["video_id"])
            for name in ("video_url", "thumbnail_url", "duration", "updated_at"):
                assert video[name] == full[name]


async def test_only_the_callers_videos_are_listed():
    async with Conversation() as t:
        made = await generate(t)
        await generate(t, key="pro-2")
        assert ids(await listed(t)) == [made["video_id"]]
        assert (await listed(t, key="pro-3"))["pagination"]["total"] == 0
