"""PromptToVideo's daily quota of calls. Names in brackets are rows of FACTS section 2."""

import pytest

from mockserver.providers.prompttovideo import models
from tests.conversation import Conversation
from tests.prompttovideo_client import API, HOUR, account, by, generate, held_to, status

MIDNIGHT = "2025-06-02T00:00:00Z"
LIMITS = {"free": 10, "basic": 100, "pro": 1_000}


@pytest.mark.parametrize("tier", LIMITS)
async def test_each_tier_has_its_calls_a_day(tier: str):
    """FACTS section 2: quota (every call, status polls too; reset at midnight UTC), 429."""

    async with Conversation() as t:
        limit = LIMITS[tier]
        made = await generate(t, key=f"{tier}-1")
        for _ in range(limit - 2):
            await t.get(f"{API}/video/{made['video_id']}/status", headers=by(f"{tier}-1"))
        said = (await account(t, f"{tier}-1"))["rate_limit_info"]
        info = {"tier": tier, "limit": limit, "used": limit, "remaining": 0, "reset_time": MIDNIGHT}
        assert said == info
        for path in ("/account", "/videos", "/queue/status", f"/video/{made['video_id']}/status"):
            reply = await t.get(API + path, headers=by(f"{tier}-1"))
            assert held_to(models.OverQuota, reply, 429) == {"error": "Rate limit exceeded", "rate_limit_info": info}
        assert (await account(t, f"{tier}-2"))["rate_limit_info"]["used"] == 1
        await t.advance(12 * HOUR - 1)
        assert (await t.get(f"{API}/account", headers=by(f"{tier}-1"))).status_code == 429
        await t.advance(1)
        said = (await account(t, f"{tier}-1"))["rate_limit_info"]
        assert (said["used"], said["remaining"], said["reset_time"]) == (1, limit - 1, "2025-06-03T00:00:00Z")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"prompt": ""}', b"x" * 2_000_000])
async def test_the_quota_is_looked_at_before_the_body(body: bytes):
    """FACTS section 2: 429 (checked before the body is validated)."""

    async with Conversation() as t:
        for _ in range(10):
            await t.client.post(f"{API}/generate", content=b"{", headers=by("free-1"))
        reply = await t.client.post(f"{API}/generate", content=body, headers=by("free-1"))
        assert held_to(models.OverQuota, reply, 429)["rate_limit_info"]["used"] == 10


async def test_calls_that_are_refused_count_and_calls_of_nobody_do_not():
    """FACTS section 2: quota (every API call counts)."""

    async with Conversation() as t:
        await t.client.post(f"{API}/generate", content=b"nonsense")
        await t.get(f"{API}/video/1/status")
        await t.post(f"{API}/generate", {"prompt": "mock-no-credits"})
        await t.get(f"{API}/account", headers=by("an-invalid-one"))
        await t.get(f"{API}/no/such/path")
        assert (await account(t))["rate_limit_info"]["used"] == 4


async def test_an_enterprise_has_no_end():
    """FACTS section 2: unlimited."""

    async with Conversation() as t:
        made = await generate(t, key="enterprise-1")
        for _ in range(1_100):
            await t.get(f"{API}/video/{made['video_id']}/status", headers=by("enterprise-1"))
        said = (await account(t, "enterprise-1"))["rate_limit_info"]
        assert said == {"tier": "enterprise", "limit": -1, "used": 1_102, "remaining": -1, "reset_time": MIDNIGHT}


async def test_an_account_may_have_a_figure_of_its_own():
    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "limits": {"calls_per_day": 2}}]}) as t:
        made = await generate(t)
        await status(t, made["video_id"])
        reply = await t.get(f"{API}/account")
        info = held_to(models.OverQuota, reply, 429)["rate_limit_info"]
        assert (info["tier"], info["limit"], info["used"], info["remaining"]) == ("pro", 2, 2, 0)


async def test_no_limit_headers_are_documented_and_none_are_sent():
    async with Conversation() as t:
        for _ in range(11):
            reply = await t.get(f"{API}/account", headers=by("free-1"))
            assert not [name for name in reply.headers if "limit" in name or "retry" in name]
