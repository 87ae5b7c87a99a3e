"""PromptToVideo, as an integrator meets it. Names in brackets are rows of FACTS section 2."""

import asyncio

import httpx2
import pytest

from mockserver.providers.prompttovideo import PromptToVideo, models
from tests.conversation import Conversation
from tests.prompttovideo_client import (
    API,
    MINUTE,
    SUNSET,
    account,
    by,
    generate,
    held_to,
    listed,
    status,
)  # fmt: skip

NOON = "2025-06-01T12:00:00Z"


async def test_a_video_is_made():
    """FACTS section 2: generate, status, timestamps."""

    async with Conversation() as t:
        made = await generate(t)
        assert made["status"] == "pending"
        video = await status(t, made["video_id"])
        assert video == {
            "video_id": made["video_id"], "status": "pending", "prompt": SUNSET, "quality": "free",
            "created_at": NOON, "updated_at": NOON,
        }  # fmt: skip
        await t.advance(3)
        video = await status(t, made["video_id"])
        assert (video["status"], video["updated_at"]) == ("processing", "2025-06-01T12:00:02Z")
        assert not {"video_url", "duration", "thumbnail_url", "completed_at", "error"} & set(video)
        await t.advance(10)
        video = await status(t, made["video_id"])
        assert (video["status"], video["duration"], video["created_at"]) == ("completed", 30, NOON)
        assert video["completed_at"] == video["updated_at"] > NOON
        assert video["video_url"].startswith("http://mock.test/prompttovideo/storage/videos/")
        assert list(video) == list(models.VideoStatus.model_fields)[:-1]


async def test_the_python_sample_of_the_documents_works_as_it_is_written():
    """The page's own code, against its own host name."""

    async with Conversation() as t:
        base_url = "https://prompttovideo.com"
        headers = {"Authorization": "Bearer your_token_here", "Content-Type": "application/json"}
        response = await t.client.post(
            f"{base_url}/api/v1/generate", headers=headers, json={"prompt": SUNSET, "quality": "free"}
        )
        assert response.status_code == 200
        video_id = response.json()["video_id"]
        reply = await t.client.get(f"{base_url}/api/v1/video/{video_id}/status", headers=headers)
        assert reply.json()["status"] == "pending"
        await t.advance(MINUTE)
        reply = await t.client.get(f"{base_url}/api/v1/video/{video_id}/status", headers=headers)
        url = reply.json()["video_url"]
        assert url.startswith(f"{base_url}/storage/videos/")
        assert (await t.client.get(url)).headers["content-type"] == "video/mp4"
        page = await t.client.get(f"{base_url}/api/v1/videos?page=1&per_page=20", headers=headers)
        assert [v["id"] for v in page.json()["videos"]] == [video_id]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Authorization": ""}, "Authorization header required"),
        ({"Authorization": "Bearer"}, "Authorization header required"),
        ({"Authorization": "bearer key-1"}, "Authorization header required"),
        ({"Authorization": "BEARER key-1"}, "Authorization header required"),
        ({"Authorization": "Bearer "}, "Invalid token"),
        ({"Authorization": "Bearer  "}, "Invalid token"),
        ({"Authorization": "Token key-1"}, "Authorization header required"),
        ({"Authorization": "Basic a2V5OjE="}, "Authorization header required"),
        (by("an-invalid-one"), "Invalid token"),
    ],
)
@pytest.mark.parametrize("path", ["/video/1/status", "/videos", "/account", "/queue/status", "/generate"])
async def test_who_nobody_knows_is_turned_away(path: str, headers: dict[str, str], message: str):
    """FACTS section 2: auth. A body that is wrong too does not matter."""

    async with Conversation() as t:
        method = "POST" if path == "/generate" else "GET"
        reply = await t.client.request(method, API + path, headers=headers, content=b"{")
        assert held_to(models.Error, reply, 401) == {"error": message}


async def test_no_header_at_all():
    """FACTS section 2: auth."""

    async with Conversation() as t:
        del t.client.headers["Authorization"]
        reply = await t.get(f"{API}/account")
        assert held_to(models.Error, reply, 401) == {"error": "Authorization header required"}


@pytest.mark.parametrize(
    ("quality", "cost", "duration"), [("free", 1, 30), ("premium", 3, 30), ("360p", 3, 30), ("1080p", 3, 30)]
)
async def test_qualities_have_their_price(quality: str, cost: int, duration: int):
    """FACTS section 2: quality, cost, duration."""

    async with Conversation() as t:
        before = (await account(t, "basic-1"))["credits"]
        made = await generate(t, quality=quality, key="basic-1")
        assert made["credits_remaining"] == before - cost == (await account(t, "basic-1"))["credits"]
        await t.advance(MINUTE)
        video = await status(t, made["video_id"], "basic-1")
        assert (video["quality"], video["duration"]) == (quality, duration)
        assert (await account(t, "basic-1"))["credits"] == before - cost


async def test_the_quality_may_be_left_out():
    """FACTS section 2: quality."""

    async with Conversation() as t:
        made = held_to(models.Generated, await t.post(f"{API}/generate", {"prompt": "A cat"}))
        assert (await status(t, made["video_id"]))["quality"] == "free"


@pytest.mark.parametrize(("credits", "quality", "required"), [(0, "free", 1), (2, "premium", 3), (2.5, "1080p", 3)])
async def test_a_video_that_cannot_be_paid_is_not_made(credits: float, quality: str, required: int):
    """FACTS section 2: cost (402)."""

    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "credits": credits}]}) as t:
        reply = await t.post(f"{API}/generate", {"prompt": "A cat", "quality": quality})
        body = held_to(models.OutOfCredits, reply, 402)
        assert body == {"error": "Insufficient credits", "required": required, "available": int(credits)}
        assert (await listed(t))["videos"] == []
        assert (await account(t))["credits"] == int(credits)


async def test_an_account_without_a_figure_has_plenty_and_one_without_an_end_says_so():
    accounts = [{"key": "endless", "plan": "pro", "credits": None}, {"key": "*", "plan": "pro"}]
    async with Conversation({"accounts": accounts}) as t:
        assert (await account(t, "some"))["credits"] == 1_000_000
        assert (await account(t, "endless"))["credits"] == -1
        assert (await generate(t, key="endless"))["credits_remaining"] == -1


@pytest.mark.parametrize(("plan", "given_back"), [("fails", False), ("never-starts", True)])
async def test_credits_come_back_only_when_nothing_was_begun(plan: str, given_back: bool):
    """FACTS section 2: cost (given back when the job fails to start); status (failed)."""

    async with Conversation() as t:
        made = await generate(t, f"mock-{'fail' if plan == 'fails' else plan}", "premium", "basic-1")
        assert made["credits_remaining"] == 97
        await t.advance(MINUTE)
        video = await status(t, made["video_id"], "basic-1")
        assert (video["status"], video["error"]) == ("failed", "Video generation failed")
        assert "video_url" not in video
        assert (await account(t, "basic-1"))["credits"] == (100 if given_back else 97)


async def test_the_account_tells_who_it_is():
    async with Conversation() as t:
        mine, again, other = await account(t), await account(t), await account(t, "pro-2")
        assert {k: v for k, v in mine.items() if k != "rate_limit_info"} == {
            k: v for k, v in again.items() if k != "rate_limit_info"
        }
        assert mine["user_id"] != other["user_id"]
        assert mine["email"] != other["email"]
        assert "@" in mine["email"]
        assert mine["created_at"] < NOON


async def test_ids_rise_and_are_the_accounts_own():
    """FACTS section 2: generate (`video_id` an integer, rising), 404 (another account's)."""

    async with Conversation() as t:
        mine = [(await generate(t))["video_id"] for _ in range(5)]
        assert mine == list(range(mine[0], mine[0] + 5))
        assert 0 < mine[0] < 2**53
        other = (await generate(t, key="pro-2"))["video_id"]
        assert other not in mine
        reply = await t.get(f"{API}/video/{mine[0]}/status", headers=by("pro-2"))
        assert held_to(models.Error, reply, 404) == {"error": "Video not found"}
        await t.sandbox.reset("counters")
        assert (await generate(t))["video_id"] == mine[-1] + 1


def test_the_same_requests_get_the_same_bytes():
    """FACTS section 2: generate. Whatever somebody else did before."""

    async def run(*, somebody_else: bool) -> list[bytes]:
        async with Conversation() as t:
            if somebody_else:
                await generate(t, key="enterprise-1")
                await t.sandbox.reset("jobs")
            replies = [await t.post(f"{API}/generate", {"prompt": SUNSET}) for _ in range(2)]
            video_id = replies[0].json()["video_id"]
            replies += [await t.get(API + path) for path in ("/account", "/queue/status", "/videos")]
            await t.advance(MINUTE)
            done = await t.get(f"{API}/video/{video_id}/status")
            files = [await t.get(done.json()[name]) for name in ("video_url", "thumbnail_url")]
            return [reply.content for reply in (*replies, done, *files)]

    runs = [asyncio.run(run(somebody_else=other)) for other in (False, False, True)]
    assert runs[0] == runs[1] == runs[2]


def test_the_declaration_is_whole():
    """What is documented is declared once, and from it the documents are made."""
    operations = {o.name: o for o in PromptToVideo().operations}
    assert {f"{o.method} {o.path}" for o in operations.values() if not o.hidden} == {
        "POST /api/v1/generate",
        "GET /api/v1/video/{video_id}/status",
        "GET /api/v1/videos",
        "GET /api/v1/account",
        "GET /api/v1/queue/status",
    }
    assert set(operations["generate"].replies) >= {200, 400, 401, 402, 429, 500}
    assert {404, 401, 429} <= set(operations["get_status"].replies)
    [link] = operations["generate"].links.values()
    assert link == ("get_status", "video_id", "/video_id")
    assert "{video_id}" in operations["get_status"].path
    assert "video_id" in models.Generated.model_fields
    for operation in operations.values():
        for example in operation.examples.values():
            assert operation.body is not None
            operation.body.model_validate(example)
        for reply in operation.replies.values():
            if reply.example is not None:
                assert reply.model is not None
                reply.model.model_validate(reply.example, strict=True)


async def test_paths_and_methods_that_are_none():
    async with Conversation() as t:
        nowhere = await t.get(f"{API}/video")
        unknown = (
            f"mockserver does not simulate GET {API.removeprefix('/prompttovideo')}/video; did you mean /api/v1/videos?"
        )
        assert held_to(models.Error, nowhere, 404) == {"error": unknown}
        wrong: httpx2.Response = await t.get(f"{API}/generate")
        assert held_to(models.Error, wrong, 405) == {"error": "Method not allowed"}
        assert wrong.headers["allow"] == "OPTIONS, POST"
