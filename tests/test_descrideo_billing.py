"""Descrideo's tokens: what a job costs, what is set aside for it, and what an account may spend."""

from typing import Any

import pytest

from mockserver.providers.descrideo import billing
from tests.conversation import Conversation
from tests.descrideo_client import BROKER, DEMO, DEMO_KEY, HOUR, KEY, SANDBOX, create, ended, hooks, job, refused, told

FAILS = {"type": "direct_url", "url": "https://example.com/mock-fail.mp4"}
DAY = 24 * HOUR


def scenario(seconds: float = 600, **account: Any) -> dict[str, Any]:
    """An account, and videos of that many seconds."""
    told = {"key": "*", "plan": "pro", **account}
    return {"extends": "default", "accounts": [told], "providers": {"descrideo": {"video_seconds": seconds}}}


async def tokens(t: Conversation, key: str = KEY) -> tuple[float, float]:
    """What is left, and what is set aside."""
    account = (await t.get(f"/_mock/accounts/{key}?provider=descrideo")).json()["accounts"][0]
    return account["credits"], account["reserved"]


async def ledger(t: Conversation) -> list[tuple[str, float]]:
    account = (await t.get(f"/_mock/accounts/{KEY}?provider=descrideo")).json()["accounts"][0]
    return [(entry["kind"], entry["amount"]) for entry in account["ledger"]]


@pytest.mark.parametrize(
    ("seconds", "hundredths"),
    [(0, 0), (0.9, 0), (1, 1), (10, 5), (45, 23), (45.5, 23), (50, 25), (60, 30), (300, 150), (1800, 900)],
)
def test_transcription_costs_five_hundredths_per_ten_seconds(seconds, hundredths):
    """FACTS section 4: billing; rounded to cents, half a cent up."""
    assert billing.transcription(seconds) == hundredths


@pytest.mark.parametrize(
    ("mode", "seconds", "sampling", "expected", "heard"),
    [
        ("vision", 600, {}, (1.0, 1.0, 0.0), 0),
        ("vision_audio", 45.5, {}, (1.23, 1.0, 0.23), 45.5),
        ("audio", 600, {}, (1.25, 1.0, 0.25), 50),
        ("audio", 600, {"segments": 30, "segment_sec": 10}, (2.5, 1.0, 1.5), 300),
        ("audio", 200, {"segments": 30, "segment_sec": 60}, (2.0, 1.0, 1.0), 200),
        ("audio", 600, {"segments": 10, "segment_sec": 7.25}, (1.36, 1.0, 0.36), 72.5),
    ],
)
async def test_what_a_job_costs(mode, seconds, sampling, expected, heard):
    """FACTS section 4: billing; at most the seconds of the video, and the page's example of 45.5 s and 1.23 tokens."""

    async with Conversation(scenario(seconds)) as t:
        body = await ended(t, job(mode, transcription=sampling))
        cost = body["billing"]
        assert (cost["token_cost"], cost["base_cost"], cost["transcription_cost"]) == expected
        assert cost["franchise_cost"] == 0.0
        assert body["meta"]["transcription"]["seconds"] == heard
        assert told(hooks(t)[0])["billing"] == cost


async def test_tokens_are_reserved_at_creation_and_captured_at_the_real_cost():
    """FACTS section 4: billing; reserved is the most that the job can cost."""

    async with Conversation(scenario(45.5, credits=10)) as t:
        await create(t, job("vision_audio"))
        assert await tokens(t) == (8.75, 1.25)
        await t.advance(HOUR)
        assert await tokens(t) == (8.77, 0.0)
        assert await ledger(t) == [("opening", 10.0), ("reserve", -1.25), ("capture", 0.02)]


async def test_tokens_come_back_when_the_job_fails():
    """FACTS section 4: billing, released on failure; and webhook, failed: with zero cost."""

    async with Conversation(scenario(credits=10)) as t:
        await create(t, job("audio", source=FAILS))
        assert await tokens(t) == (8.75, 1.25)
        await t.advance(HOUR)
        assert await tokens(t) == (10.0, 0.0)
        assert set(told(hooks(t)[0])["billing"].values()) == {0.0}


async def test_a_prepaid_account_without_tokens_gets_a_402():
    """FACTS section 4: billing; what is reserved cannot be spent twice."""

    async with Conversation(scenario(credits=1.5)) as t:
        await create(t)
        assert "tokens" in (await refused(t, 402)).lower()
        # Half a token is not enough, and neither is one for a job with transcription.
        await t.client.patch(f"/_mock/accounts/{KEY}?provider=descrideo", json={"credits": 1})
        await refused(t, 402, job("audio"))
        await create(t)


async def test_a_prepaid_account_has_tokens_for_a_long_time_unless_told_otherwise():
    async with Conversation() as t:
        assert await tokens(t) == (1_000_000.0, 0.0)


async def test_a_postpaid_account_reserves_nothing():
    """FACTS section 4: billing, postpaid."""

    async with Conversation(scenario(credits=0, billing="postpaid")) as t:
        body = await ended(t, job("audio"))
        assert body["billing"]["token_cost"] == 1.25
        assert await tokens(t) == (0.0, 0.0)
        assert await ledger(t) == [("opening", 0.0)]


async def test_a_monthly_limit_of_a_postpaid_account_ends_in_a_402():
    """FACTS section 4: billing; jobs that are under way count, whether or not they have ended."""

    async with Conversation(scenario(credits=0, billing="postpaid", limits={"tokens_per_month": 2})) as t:
        await create(t)
        await create(t)
        assert "monthly limit of 2 tokens" in await refused(t, 402)
        await t.advance(29 * DAY + 11 * HOUR)
        await refused(t, 402)
        # The first of July begins another month.
        await t.advance(HOUR)
        await create(t)


async def test_a_month_counts_what_jobs_really_cost():
    """FACTS section 4: billing; ten tokens are held against the month until they turn out to be 1.1, or none."""
    most = {"segments": 30, "segment_sec": 60}

    async with Conversation(scenario(20, credits=0, billing="postpaid", limits={"tokens_per_month": 12})) as t:
        await create(t, job("audio", transcription=most))
        await create(t, job(source=FAILS))
        await create(t)
        await refused(t, 402)
        await t.advance(60)
        # 2.1 of the 12 tokens are spent.
        for _ in range(9):
            await create(t)
        await refused(t, 402)


async def test_a_job_that_ends_in_the_next_month_gives_nothing_back_to_it():
    """A month is over when it is over: what was counted in it is not taken from the one after it."""

    most = {"segments": 30, "segment_sec": 60}

    async with Conversation(
        {
            **scenario(20, credits=0, billing="postpaid", limits={"tokens_per_month": 10}),
            "clock": {"mode": "manual", "start": "2025-06-30T23:59:59Z"},
            "plans": {"default": {"steps": [{"status": "queued", "for": "1500ms"}, {"status": "succeeded"}]}},
        }
    ) as t:
        await create(t, job("audio", transcription=most))
        await t.advance(1)
        await create(t)
        await t.advance(1)
        for _ in range(9):
            await create(t)
        await refused(t, 402)


async def test_sandbox_and_demo_jobs_cost_nothing():
    """FACTS section 4: sandbox, costs nothing; the demo is as free."""

    async with Conversation(scenario(credits=0)) as t:
        for path, key, body in ((SANDBOX, KEY, job("audio")), (DEMO, DEMO_KEY, job("audio", frames=10))):
            made = await ended(t, body, path, key)
            assert set(made["billing"].values()) == {0.0}
            assert made["meta"]["transcription"]["seconds"] > 0
            assert await ledger(t) == [("opening", 0.0)]


async def test_a_video_has_a_length_of_its_own_where_nobody_says_one():
    """A job that samples half an hour tells the whole video: the same for the same URL, and from 15 s to 10 min."""
    most = {"segments": 30, "segment_sec": 60}

    async with Conversation() as t:
        found = []
        for name in ("a", "b", "a", "c"):
            source = {"type": "direct_url", "url": f"https://example.com/{name}.mp4"}
            body = await ended(t, job("audio", source=source, transcription=most))
            found.append(body["meta"]["transcription"]["seconds"])
        assert found[0] == found[2]
        assert len(set(found)) == 3
        assert all(15 <= seconds <= 600 for seconds in found)


async def test_brokers_are_no_secret_way_to_free_jobs():
    """A job from a Source Provider is paid for like any other, and costs nothing when its source fails."""
    source = {"type": "source_provider", "provider": {"url": BROKER}}

    async with Conversation(scenario(credits=10)) as t:
        await create(t, job(source=source))
        assert await tokens(t) == (9.0, 1.0)
        await t.advance(HOUR)
        assert await tokens(t) == (10.0, 0.0)
