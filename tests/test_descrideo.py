"""Descrideo's live API: keys, jobs, what they must be asked with, and the states that they pass."""

import re

import pytest

from mockserver.core.seeded import ulid_time
from mockserver.providers.descrideo import replies
from tests.conversation import Conversation
from tests.descrideo_client import (
    DEMO,
    DEMO_KEY,
    KEY,
    LIVE,
    ROOT,
    SANDBOX,
    by,
    create,
    ended,
    held_to,
    job,
    passed,
    refused,
    secret,
    status,
)  # fmt: skip

STATES = {
    "vision": ["queued", "resolving_source", "probing", "extracting_frames", "ai_request", "succeeded"],
    "audio": [
        "queued", "resolving_source", "probing", "extracting_audio", "transcribing_audio", "ai_request", "succeeded",
    ],
    "vision_audio": [
        "queued", "resolving_source", "probing", "extracting_audio", "transcribing_audio", "extracting_frames",
        "ai_request", "succeeded",
    ],
}  # fmt: skip


# --- keys ---


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"X-API-Key": KEY, "Authorization": "Bearer rubbish"},
        {"X-API-Key": "", "Authorization": f"Bearer {KEY}"},
    ],
)
async def test_both_headers_carry_a_key(headers):
    """FACTS section 4: auth."""

    async with Conversation() as t:
        held_to(replies.Accepted, await t.post(LIVE, job(), headers=headers), 202)


async def test_a_key_is_the_same_account_in_either_header():
    """FACTS section 4: auth."""

    async with Conversation() as t:
        job_id = await create(t)
        reply = await t.get(f"{LIVE}/{job_id}", headers={"Authorization": f"Bearer {KEY}"})
        assert reply.json()["job_id"] == job_id


@pytest.mark.parametrize("key", ["", "key-1", "sk_nxt_1", "NXT_1", "demo-1", "nxt_invalid"])
async def test_other_keys_are_refused(key):
    """FACTS section 4: auth; live keys start with nxt_, demo keys with demo_."""

    async with Conversation() as t:
        for path in (LIVE, SANDBOX, DEMO):
            assert "API key" in await refused(t, 401, path=path, key=key)
        for path in (f"{LIVE}/x", f"{SANDBOX}/x", f"{DEMO}/x", f"{ROOT}/v1/webhook-secret"):
            held_to(replies.Error, await t.get(path, headers=by(key)), 401)


async def test_a_demo_key_does_nothing_on_the_live_api_nor_the_reverse():
    """FACTS section 4: auth, crossing."""

    async with Conversation() as t:
        for path in (LIVE, SANDBOX):
            assert "nxt_" in await refused(t, 401, path=path, key=DEMO_KEY)
        assert "demo_" in await refused(t, 401, path=DEMO, key=KEY)
        for path, key in ((f"{ROOT}/v1/webhook-secret", DEMO_KEY), (f"{ROOT}/api/demo/v1/webhook-secret", KEY)):
            held_to(replies.Error, await t.get(path, headers=by(key)), 401)
        # Wrong keys are looked at before the body.
        await refused(t, 401, {"rubbish": 1}, path=DEMO, key=KEY)


async def test_a_missing_key_is_asked_for():
    """FACTS section 4: auth and errors."""

    async with Conversation() as t:
        del t.client.headers["Authorization"]
        reply = await t.post(LIVE, job())
        assert "X-API-Key" in held_to(replies.Error, reply, 401)["detail"]


@pytest.mark.parametrize(
    ("host", "path", "key"),
    [
        ("api.descrideo.com", "/v1/video-descriptions", KEY),
        ("api.descrideo.com", "/v1/sandbox/video-descriptions", KEY),
        ("descrideo.com", "/api/demo/v1/video-descriptions", DEMO_KEY),
    ],
)
async def test_its_hosts_need_no_prefix_and_its_paths_neither(host, path, key):
    """FACTS section 4: hosts."""

    async with Conversation() as t:
        body = job(frames=10)
        assert (await t.post(path, body, headers={**by(key), "Host": host})).status_code == 202
        await t.sandbox.reset("counters")
        assert (await t.post(path, body, headers=by(key))).status_code == 202


async def test_a_key_alone_puts_a_request_into_its_sandbox():
    """Keys such as nxt_sbx-alice live in the sandbox of that name, and are told when it is made."""

    async with Conversation() as t:
        made = (await t.post("/_mock/sandboxes", {"name": "alice"})).json()
        key = made["keys"]["descrideo"]
        assert key == "nxt_sbx-alice"
        job_id = await create(t, key=key)
        assert (await t.get("/_mock/jobs")).json()["total"] == 0
        assert (await t.get("/~alice/_mock/jobs")).json()["jobs"][0]["id"] == job_id
        body = job(frames=10)
        assert (await t.post(DEMO, body, headers=by("demo_sbx-alice-x"))).status_code == 202
        assert (await t.post(DEMO, body, headers=by("demo_sbx-nobody"))).status_code == 404


# --- jobs ---


async def test_a_job_is_accepted_with_a_ulid():
    """FACTS section 4: create."""

    async with Conversation() as t:
        first, second = await create(t), await create(t)
        await t.advance(0.001)
        third = await create(t)
        assert len({first, second, third}) == 3
        for made in (first, second, third):
            assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", made)
        assert first[:10] == second[:10] == ulid_time(1_748_779_200_000)
        assert max(first, second) < third, "later ids sort after earlier ones"


async def test_the_same_requests_give_the_same_ids_and_results():
    """Everything is seeded: two servers give the same, also where another account is used on one of them."""
    async with Conversation() as t:
        first = await ended(t, job("vision_audio"))
    async with Conversation() as t:
        await create(t, key="nxt_somebody-else")
        assert await ended(t, job("vision_audio")) == first


@pytest.mark.parametrize("mode", STATES)
async def test_every_mode_passes_its_documented_states_in_order(mode):
    """FACTS section 4: stages."""

    async with Conversation() as t:
        assert await passed(t, await create(t, job(mode))) == STATES[mode]


async def test_the_stages_share_the_time_of_the_plan():
    """FACTS section 4: stages; the plan says 8 s of running, and four stages take two each."""
    plan = {"steps": [{"status": "queued", "for": "1s"}, {"status": "running", "for": "8s"}, {"status": "succeeded"}]}

    async with Conversation({"plans": {"default": plan}}) as t:
        job_id = await create(t, job())
        seen = []
        for _ in range(10):
            seen.append((await status(t, job_id))["status"])
            await t.advance(1)
        assert seen == ["queued", *[s for s in STATES["vision"][1:-1] for _ in (1, 2)], "succeeded"]


async def test_a_vision_job_that_asks_for_a_transcription_is_heard_too():
    """The page lets any job enable transcription: such a job passes the stages of vision_audio, and pays for it."""

    async with Conversation() as t:
        job_id = await create(t, job("vision", transcription={"enabled": True}))
        assert await passed(t, job_id) == STATES["vision_audio"]
        body = await status(t, job_id)
        assert body["meta"]["generation_mode"] == "vision"
        assert body["meta"]["transcription"]["enabled"] is True
        assert body["billing"]["transcription_cost"] > 0


async def test_a_job_by_polls_passes_the_stages_by_polls():
    """The neutral plan counts six polls of running, one for each stage of vision_audio."""

    steps = [{"status": "queued", "polls": 1}, {"status": "running", "polls": 6}, {"status": "succeeded"}]
    async with Conversation({"plans": {"default": {"steps": steps}}}) as t:
        job_id = await create(t, job("vision_audio"))
        assert [(await status(t, job_id))["status"] for _ in range(9)] == [*STATES["vision_audio"], "succeeded"]


async def test_the_status_reply_grows_with_the_end_of_the_job():
    """FACTS section 4: status reply."""

    async with Conversation() as t:
        job_id = await create(t)
        assert await status(t, job_id) == {
            "job_id": job_id,
            "status": "queued",
            "created_at": "2025-06-01T12:00:00Z",
            "updated_at": "2025-06-01T12:00:00Z",
        }
        await t.advance(2)
        running = await status(t, job_id)
        assert (running["status"], running["updated_at"]) == ("resolving_source", "2025-06-01T12:00:02Z")
        await t.advance(60)
        body = await status(t, job_id)
        assert set(body) == {"job_id", "status", "created_at", "updated_at", "result", "billing", "meta", "timing_ms"}
        assert body["created_at"] == "2025-06-01T12:00:00Z" < body["updated_at"] < "2025-06-01T12:00:08Z"


async def test_a_failed_job_says_why():
    """FACTS section 4: status reply, failed."""

    async with Conversation() as t:
        body = await ended(t, job(source={"type": "direct_url", "url": "https://example.com/mock-fail.mp4"}))
        assert set(body) == {"job_id", "status", "created_at", "updated_at", "error", "billing"}
        assert body["status"] == "failed"
        assert body["error"] == {"code": "processing_failed", "message": "The video could not be processed"}
        assert set(body["billing"].values()) == {0.0}


async def test_a_cancelled_job_has_failed():
    async with Conversation() as t:
        job_id = await create(t)
        await t.post(f"/_mock/jobs/{job_id}", {"status": "cancelled"})
        body = await status(t, job_id)
        assert (body["status"], body["error"]["code"]) == ("failed", "cancelled")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, ["title", "description", "tags"]),
        (["title", "description", "tags"], ["title", "description", "tags"]),
        (["tags", "title"], ["title", "tags"]),
        (["description"], ["description"]),
        (["tags", "tags"], ["tags"]),
    ],
)
async def test_only_the_fields_asked_for_are_in_the_result(asked, given):
    """FACTS section 4: output_fields."""

    async with Conversation() as t:
        body = await ended(t, job(client_context={"output_fields": asked}))
        assert list(body["result"]) == given
        assert all(body["result"].values())


async def test_the_result_is_in_the_language_and_the_style_asked_for():
    async with Conversation() as t:
        plain = (await ended(t))["result"]["description"]
        french = (await ended(t, job(client_context={"lang": "fr"})))["result"]["description"]
        wish = {"custom_instructions": "Mention our brand Acme in at most 25 words"}
        followed = await ended(t, job(client_context=wish))
        assert len({plain, french}) == 2
        assert "Acme" in followed["result"]["description"]
        assert len(followed["result"]["description"].split()) <= 25
        assert "mention" not in str(followed["result"]).lower()
        assert "Acme" not in followed["result"]["title"]


async def test_the_parts_of_a_job_take_no_longer_than_the_job():
    plans = {"quick": {"steps": [{"status": "running", "for": "1s"}, {"status": "succeeded"}]}}
    rules = [{"name": "a short job", "operation": "descrideo.*", "plan": "quick"}]
    async with Conversation({"extends": "default", "plans": plans, "rules": rules}) as t:
        for n in range(20):
            source = {"type": "direct_url", "url": f"https://example.com/{n}.mp4"}
            timing = (await ended(t, job("vision_audio", source=source)))["timing_ms"]
            assert 900 <= sum(timing.values()) <= 1000
            assert all(part > 0 for part in timing.values())


async def test_the_meta_data_tell_what_was_heard():
    """FACTS section 4: required, defaults; ten segments of five seconds."""

    async with Conversation({"extends": "default", "providers": {"descrideo": {"video_seconds": 600}}}) as t:
        silent, audio = await ended(t, job()), await ended(t, job("audio"))
        assert silent["meta"] == {
            "generation_mode": "vision",
            "transcription": {"enabled": False, "status": "disabled", "seconds": 0.0},
        }
        assert audio["meta"] == {
            "generation_mode": "audio",
            "transcription": {"enabled": True, "status": "completed", "seconds": 50.0},
        }
        assert (silent["timing_ms"]["audio"], audio["timing_ms"]["frames"]) == (0, 0)
        assert all(value > 0 for name, value in silent["timing_ms"].items() if name != "audio")


async def test_nobody_knows_a_job_but_its_account():
    """FACTS section 4: errors; unknown jobs, those of others, and those of another of the three APIs."""

    async with Conversation() as t:
        live, trial = await create(t), await create(t, path=SANDBOX)
        found = [(LIVE, live, KEY), (SANDBOX, trial, KEY)]
        lost = [
            (LIVE, live, "nxt_key-2"),
            (LIVE, trial, KEY),
            (SANDBOX, live, KEY),
            (LIVE, "01JWNNSVG0AFXEM1SJM0YYCQE2", KEY),
        ]
        for path, job_id, key in found:
            assert (await t.get(f"{path}/{job_id}", headers=by(key))).status_code == 200
        for path, job_id, key in lost:
            held_to(replies.Error, await t.get(f"{path}/{job_id}", headers=by(key)), 404)


async def test_secrets_are_an_account_s_own():
    """FACTS section 4: secret."""

    async with Conversation() as t:
        secrets = [await secret(t, key) for key in (KEY, KEY, "nxt_key-2", DEMO_KEY)]
        assert secrets[0] == secrets[1]
        assert len(set(secrets)) == 3
        # The journal does not repeat them.
        journal = (await t.get("/_mock/journal?limit=50")).text
        assert secrets[0] not in journal
