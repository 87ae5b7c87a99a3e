"""Descrideo's sandbox and demo APIs: jobs that cost nothing, their quotas, and what the demo does not do."""

from typing import Any

import pytest

from mockserver.providers.descrideo import replies
from tests.conversation import Conversation
from tests.descrideo_client import (
    BROKER,
    DEMO,
    DEMO_KEY,
    HOUR,
    KEY,
    SANDBOX,
    VIDEO,
    by,
    create,
    ended,
    held_to,
    hooks,
    job,
    passed,
    refused,
    status,
    told,
)  # fmt: skip


def trial(**more: Any) -> dict[str, Any]:
    """A job of the sandbox as the page shows it: without a source."""
    return job(frames=10, source=None, **more)


# --- sandbox ---


async def test_a_sandbox_job_needs_no_source_and_is_a_job_like_any_other():
    """FACTS section 4: sandbox."""

    async with Conversation() as t:
        job_id = await create(t, trial(client_context={"output_fields": ["title"]}), SANDBOX)
        states = await passed(t, job_id, SANDBOX)
        assert states == ["queued", "resolving_source", "probing", "extracting_frames", "ai_request", "succeeded"]
        assert list((await status(t, job_id, SANDBOX))["result"]) == ["title"]
        assert told(hooks(t)[0])["job_id"] == job_id


async def test_a_source_that_a_sandbox_job_has_is_not_looked_at():
    """FACTS section 4: sandbox, no source."""

    async with Conversation() as t:
        await create(t, job(source={"type": "nonsense"}), SANDBOX)
        source = {"type": "source_provider", "provider": {"url": BROKER}}
        await ended(t, job(source=source), SANDBOX)
        assert len(t.receivers.calls) == len(hooks(t)) == 2


async def test_what_else_a_job_needs_a_sandbox_job_needs_too():
    """FACTS section 4: required."""

    async with Conversation() as t:
        for body in ({}, {"frames": 10}, {"webhook": {"url": "http://h.test"}}, trial() | {"frames": 5}):
            await refused(t, 400, body, SANDBOX)


async def test_the_sandbox_takes_fifty_jobs_a_day():
    """FACTS section 4: sandbox, own daily quota."""

    async with Conversation() as t:
        for _ in range(50):
            await create(t, trial(), SANDBOX)
        assert await refused(t, 429, trial(), SANDBOX) == "Too many requests", "nothing of the sandbox's own names"
        latest = (await t.get("/_mock/journal?limit=1")).json()["entries"][0]
        assert latest["note"] == "rate_limited: The limit sandbox_jobs_per_day is used up"
        await refused(t, 400, {}, SANDBOX)
        # It is the account's own, and no other API's.
        await create(t, trial(), SANDBOX, "nxt_key-2")
        await create(t)
        await t.advance(12 * HOUR - 1)
        await refused(t, 429, trial(), SANDBOX)
        await t.advance(1)
        await create(t, trial(), SANDBOX)


# --- demo ---


async def test_a_demo_job_from_its_creation_to_its_webhook():
    """FACTS section 4: demo; custom instructions are allowed."""

    async with Conversation() as t:
        wish = {"lang": "en", "custom_instructions": "Mention our brand Acme"}
        job_id = await create(t, job(frames=10, client_context=wish), DEMO, DEMO_KEY)
        assert (await passed(t, job_id, DEMO, DEMO_KEY))[-1] == "succeeded"
        assert "Acme" in (await status(t, job_id, DEMO, DEMO_KEY))["result"]["description"]
        assert told(hooks(t)[0])["job_id"] == job_id


async def test_the_demo_takes_one_job_a_day_and_key():
    """FACTS section 4: demo, 429 after one job."""

    async with Conversation() as t:
        body = job(frames=10)
        # What is refused does not count.
        await refused(t, 422, job(frames=20), DEMO, DEMO_KEY)
        await refused(t, 400, {}, DEMO, DEMO_KEY)
        job_id = await create(t, body, DEMO, DEMO_KEY)
        await refused(t, 429, body, DEMO, DEMO_KEY)
        await create(t, body, DEMO, "demo_key-2")
        assert (await status(t, job_id, DEMO, DEMO_KEY))["status"] == "queued"
        await t.advance(12 * HOUR)
        await create(t, body, DEMO, DEMO_KEY)


BEYOND = {
    "twenty frames": (job(frames=20), "frames must be 10"),
    "thirty frames": (job(frames=30), "frames must be 10"),
    "seven frames": (job(frames=7), "frames must be 10"),
    "French": (job(frames=10, client_context={"lang": "fr"}), "client_context.lang must be en"),
    "no language at all": (job(frames=10, client_context={"lang": "english"}), "client_context.lang must be en"),
    "a Source Provider": (
        job(frames=10, source={"type": "source_provider", "provider": {"url": BROKER}}),
        "source.type must be direct_url",
    ),
    "an upload": (job(frames=10, source={**VIDEO, "type": "upload"}), "source.type must be direct_url"),
}


@pytest.mark.parametrize("name", BEYOND)
async def test_more_than_the_demo_does_gets_a_422(name):
    """FACTS section 4: demo; frames, lang and source.type."""
    body, says = BEYOND[name]

    async with Conversation() as t:
        assert says in await refused(t, 422, body, DEMO, DEMO_KEY)


@pytest.mark.parametrize(
    "body",
    [
        {},
        job(frames=None) | {"frames": None},
        {name: value for name, value in job().items() if name != "frames"},
        job(frames="10"),
        job(frames=True),
        job(frames=10, source=None),
        job(frames=10, source={"type": "direct_url"}),
        job(frames=10, source={"url": "https://example.com/v.mp4"}),
        job(frames=10, webhook={}),
        job(frames=10, client_context={"lang": 5}),
        job(frames=10, client_context={"output_fields": ["summary"]}),
        job("audio", frames=10, transcription={"segments": 11}),
        job("audio", frames=None),
    ],
)
async def test_what_no_api_takes_gets_a_400_there_too(body):
    """FACTS section 4: errors and required."""

    async with Conversation() as t:
        await refused(t, 400, body, DEMO, DEMO_KEY)


async def test_the_demo_knows_the_modes():
    async with Conversation() as t:
        for number, mode in enumerate(("vision", "vision_audio", "audio")):
            made = await ended(t, job(mode, frames=10), DEMO, f"demo_{number}")
            assert made["meta"]["generation_mode"] == mode


async def test_nobody_else_knows_a_demo_job():
    """FACTS section 4: demo, get."""

    async with Conversation() as t:
        job_id = await create(t, job(frames=10), DEMO, DEMO_KEY)
        for key in ("demo_key-2",):
            held_to(replies.Error, await t.get(f"{DEMO}/{job_id}", headers=by(key)), 404)
        held_to(replies.Error, await t.get(f"{SANDBOX}/{job_id}", headers=by(KEY)), 404)
