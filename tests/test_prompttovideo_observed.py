"""The scenario `prompttovideo-observed`: what the provider's source does where its page is silent (FACTS section 2)."""

import pytest

from tests.conversation import Conversation
from tests.prompttovideo_client import API, HOUR, account, by, generate, queue, status

OBSERVED = {"extends": "prompttovideo-observed"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status_code"),
    [
        ("POST", "/generate", {}, b'{"prompt": "A cat"}', 415),
        ("POST", "/generate", {"Content-Type": "text/plain"}, b'{"prompt": "A cat"}', 415),
        ("POST", "/generate", JSON, b'{"prompt"', 400),
        ("POST", "/generate", JSON, b'["A cat"]', 500),
        ("POST", "/generate", JSON, b'"A cat"', 500),
        ("GET", "/nowhere", {}, b"", 404),
        ("DELETE", "/account", {}, b"", 405),
        ("GET", "/video/first/status", {}, b"", 404),
    ],
)
async def test_what_the_source_cannot_use_gets_a_page(
    method: str, path: str, headers: dict[str, str], content: bytes, status_code: int
):
    """FACTS section 2: what the source does with bad bodies; unknown path, wrong method, an id that is no number."""

    async with Conversation(OBSERVED) as t:
        reply = await t.client.request(method, API + path, headers=headers, content=content)
        assert (reply.status_code, reply.headers["content-type"]) == (status_code, "text/html; charset=utf-8")
        assert f"<title>{status_code} " in reply.text
    async with Conversation() as t:
        usual = await t.client.request(method, API + path, headers=headers, content=content)
        assert usual.headers["content-type"] == "application/json", "JSON is the default"
        assert usual.json()["error"]


@pytest.mark.parametrize(("prompt", "kept"), [("  ", "  "), (7, "7"), ({"a": 1}, "{'a': 1}")])
async def test_any_prompt_that_is_not_empty_is_accepted(prompt: object, kept: str):
    async with Conversation(OBSERVED) as t:
        reply = await t.post(f"{API}/generate", {"prompt": prompt})
        assert reply.status_code == 200, reply.text
        assert (await status(t, reply.json()["video_id"]))["prompt"] == kept
        assert (await queue(t))["user_videos"][0]["prompt"] == kept


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "JSON data required"),
        ({"quality": "free"}, "Prompt is required"),
        ({"prompt": ""}, "Prompt is required"),
        ({"prompt": 0}, "Prompt is required"),
        ({"prompt": 7, "quality": "4k"}, "Invalid quality. Must be one of: free, premium, 360p, 1080p"),
    ],
)
async def test_what_the_source_refuses_itself_stays_json(body: dict[str, object], message: str):
    async with Conversation(OBSERVED) as t:
        reply = await t.post(f"{API}/generate", body)
        assert (reply.status_code, reply.json()) == (400, {"error": message})


async def test_other_kinds_of_json_are_json():
    kind = {"Content-Type": "application/vnd.api+json"}
    async with Conversation(OBSERVED) as t:
        reply = await t.client.post(f"{API}/generate", content=b'{"prompt": "A cat"}', headers=kind)
        assert reply.status_code == 200
    async with Conversation() as t:
        reply = await t.client.post(f"{API}/generate", content=b'{"prompt": "A cat"}', headers=kind)
        assert (reply.status_code, reply.json()) == (400, {"error": "JSON data required"})


async def test_generating_counts_twice():
    """FACTS section 2: counting. A free key can generate five videos a day."""

    async with Conversation(OBSERVED) as t:
        for status_code in [200] * 5 + [429]:
            reply = await t.post(f"{API}/generate", {"prompt": "A cat"}, headers=by("free-1"))
            assert reply.status_code == status_code
    async with Conversation() as t:
        await generate(t)
        assert (await account(t))["rate_limit_info"]["used"] == 2


async def test_a_violation_has_a_status_of_its_own():
    """FACTS section 2: a further status."""

    async with Conversation(OBSERVED) as t:
        made = await generate(t, "mock-violation")
        await t.advance(HOUR)
        video = (await t.get(f"{API}/video/{made['video_id']}/status")).json()
        assert (video["status"], video["error"]) == ("content_violation", "Video generation failed")
        assert (await t.get(f"{API}/videos")).json()["videos"][0]["status"] == "content_violation"
