"""Descrideo's webhooks: what they say, how they are signed, when they come again, and how they are replayed."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

import pytest

from mockserver.clock import let_others_run, wall_ms
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.providers.descrideo import replies
from tests.conversation import Conversation
from tests.descrideo_client import (
    DEMO,
    DEMO_KEY,
    HOOK,
    HOUR,
    KEY,
    LIVE,
    SANDBOX,
    answer,
    by,
    create,
    ended,
    held_to,
    hmac_by_hand,
    hooks,
    job,
    path_of,
    secret,
    status,
    told,
    verified,
)  # fmt: skip

FAILS = {"type": "direct_url", "url": "https://example.com/mock-fail.mp4"}
APIS = [(LIVE, KEY), (SANDBOX, KEY), (DEMO, DEMO_KEY)]
NOBODY = CallResult("connect_error", error="refused")


async def test_a_job_that_succeeds_posts_the_documented_payload():
    """FACTS section 4: webhook."""

    async with Conversation() as t:
        job_id = await create(t, job("vision_audio"))
        await t.advance(HOUR)
        (call,) = hooks(t)
        assert (call.method, call.url, dict(call.headers)["Content-Type"]) == ("POST", HOOK, "application/json")
        body = told(call)
        assert list(body) == ["job_id", "status", "result", "billing", "meta", "timing_ms"]
        assert (body["job_id"], body["status"]) == (job_id, "succeeded")
        assert list(body["billing"]) == ["token_cost", "base_cost", "transcription_cost", "franchise_cost"]
        assert list(body["timing_ms"]) == ["probe", "audio", "frames", "ai", "webhook"]
        shown = await status(t, job_id)
        assert {name: shown[name] for name in body} == body, "FACTS section 4: status reply, as in the webhook"


async def test_a_job_that_fails_posts_its_error_at_no_cost():
    """FACTS section 4: webhook, failed."""

    async with Conversation() as t:
        job_id = await create(t, job(source=FAILS))
        await t.advance(HOUR)
        assert told(hooks(t)[0]) == {
            "job_id": job_id,
            "status": "failed",
            "error": {"code": "processing_failed", "message": "The video could not be processed"},
            "billing": {"token_cost": 0.0, "base_cost": 0.0, "transcription_cost": 0.0, "franchise_cost": 0.0},
        }


@pytest.mark.parametrize(("path", "key"), APIS)
@pytest.mark.parametrize("source", [None, FAILS])
async def test_every_delivery_is_signed_and_a_tampered_one_is_found_out(path, key, source):
    """FACTS section 4: webhook and secret; checked as the page tells, and by HMAC from its definition."""

    async with Conversation() as t:
        instructions = {"custom_instructions": "mock-fail"} if source else {}
        body = job(frames=10, client_context=instructions, **({"source": source} if source else {}))
        await create(t, body, path, key)
        t.receivers.answers = [answer(b"", 500)] * 2
        await t.advance(HOUR)
        known = await secret(t, key)
        assert len(hooks(t)) == 3
        for call in hooks(t):
            headers = dict(call.headers)
            assert verified(call.body, headers, known)
            assert not verified(call.body + b" ", headers, known)
            assert not verified(
                call.body.replace(b"succeeded", b"succeedeD").replace(b"failed", b"faileD"), headers, known
            )
            assert not verified(call.body, {**headers, "X-Nxt-Timestamp": "1707400000"}, known)
            assert not verified(call.body, headers, known + "x")
            assert not verified(call.body, {**headers, "X-Nxt-Signature": headers["X-Nxt-Signature"][7:]}, known)
            assert abs(int(headers["X-Nxt-Timestamp"]) - wall_ms() // 1000) < 60, "wall time, for tolerance checks"


@pytest.mark.parametrize("key", ["k", "whsec_test", "x" * 64, "ü" * 100])
def test_our_own_hmac_agrees_with_the_library_s(key):
    """The check above rests on this."""
    made = hmac.new(key.encode(), b"message", hashlib.sha256).hexdigest()
    assert hmac_by_hand(key, b"message") == made


async def test_the_signature_covers_the_raw_body_followed_by_the_timestamp():
    """FACTS section 4: webhook; with the sandbox's time and a known secret the whole header is known."""

    webhook = {"url": "http://127.0.0.1:1/unused", "secret": "whsec_test"}
    accounts = [{"key": "*", "plan": "pro", "webhook": webhook}]
    async with Conversation({"accounts": accounts, "signature_time": "sandbox"}) as t:
        assert await secret(t) == "whsec_test"
        await create(t)
        await t.advance(HOUR)
        (call,) = hooks(t)
        timestamp = str(1_748_779_200 + 15)
        made = hmac.new(b"whsec_test", call.body + timestamp.encode(), hashlib.sha256).hexdigest()
        assert dict(call.headers) == {
            "Content-Type": "application/json",
            "X-Nxt-Timestamp": timestamp,
            "X-Nxt-Signature": f"sha256={made}",
        }


async def test_a_delivery_that_fails_comes_again_four_times():
    """FACTS section 4: retries after 5 s, 30 s, 5 min and 30 min, with the same bytes and a new signature."""

    async with Conversation({"signature_time": "sandbox"}) as t:
        t.receivers.answers = [answer(b"", 500), answer(b"", 302), CallResult("timeout", error="10 s"), NOBODY, NOBODY]
        await create(t)
        await t.advance(2 * HOUR)
        delivery = (await t.get("/_mock/deliveries")).json()["deliveries"][0]
        assert delivery["outcome"] == "given_up"
        at = ["12:00:15Z", "12:00:20Z", "12:00:50Z", "12:05:50Z", "12:35:50Z"]
        assert [attempt["at"] for attempt in delivery["attempts"]] == [f"2025-06-01T{moment}" for moment in at]
        assert len({call.body for call in hooks(t)}) == 1
        assert len({dict(call.headers)["X-Nxt-Timestamp"] for call in hooks(t)}) == 5
        await t.advance(48 * HOUR)
        assert len(hooks(t)) == 5


async def test_a_delivery_that_arrives_does_not_come_again():
    async with Conversation() as t:
        t.receivers.answers = [NOBODY, answer(b"", 204)]
        await create(t)
        await t.advance(48 * HOUR)
        assert len(hooks(t)) == 2
        found = (await t.get("/_mock/deliveries?event=description.succeeded")).json()["deliveries"]
        assert [d["outcome"] for d in found] == ["delivered"]


# --- replays ---


async def replayed(t: Conversation, job_id: str, path: str, key: str, code: int = 202) -> dict[str, Any]:
    reply = await t.post(f"{path}/{job_id}/replay-webhook", headers=by(key))
    return held_to(replies.Replayed if code == 202 else replies.Error, reply, code)


@pytest.mark.parametrize(("path", "key"), APIS[1:])
@pytest.mark.parametrize("instructions", ["", "mock-never-starts"])
async def test_a_replay_is_the_same_event_as_a_new_attempt(path, key, instructions):
    """FACTS section 4: sandbox and demo, replay-webhook."""

    async with Conversation() as t:
        body = job(frames=10, client_context={"custom_instructions": instructions})
        job_id = await create(t, body, path, key)
        await t.advance(HOUR)
        assert await replayed(t, job_id, path, key) == {"job_id": job_id, "replayed": True}
        await t.advance(0)
        await replayed(t, job_id, path, key)
        await t.advance(1)
        assert len(hooks(t)) == 3
        assert len({call.body for call in hooks(t)}) == 1
        (delivery,) = (await t.get("/_mock/deliveries")).json()["deliveries"]
        assert [a["number"] for a in delivery["attempts"]] == [1, 2, 3]
        assert delivery["outcome"] == "delivered"


@pytest.mark.parametrize("first", [answer(200), NOBODY], ids=["taken", "not taken"])
async def test_a_replay_during_an_attempt_follows_it(first):
    """Nothing is sent twice at once, and no attempt is missing from the record."""

    async with Conversation() as t:
        asked, go = asyncio.Event(), asyncio.Event()

        async def slow(call: OutgoingCall) -> CallResult:
            t.receivers.calls.append(call)
            asked.set()
            await go.wait()
            return first if call is t.receivers.calls[0] else answer(200)

        t.receivers.send = slow  # type: ignore[method-assign]
        job_id = await create(t, path=SANDBOX)
        t.sandbox.clock.jump(t.sandbox.clock.now() + HOUR * 1000)
        await status(t, job_id, SANDBOX)
        await asked.wait()
        assert await replayed(t, job_id, SANDBOX, KEY) == {"job_id": job_id, "replayed": True}
        await t.sandbox.courier.catch_up()
        await let_others_run()
        assert len(t.receivers.calls) == 1
        go.set()
        await t.advance(0)
        assert len(t.receivers.calls) == 2
        (delivery,) = (await t.get("/_mock/deliveries")).json()["deliveries"]
        assert [(a["number"], a["outcome"]) for a in delivery["attempts"]] == [(1, first.kind), (2, "response")]
        assert (delivery["outcome"], delivery["next_attempt_at"]) == ("delivered", None)


async def test_a_replay_after_it_was_given_up_reaches_a_receiver_that_is_back():
    async with Conversation() as t:
        t.receivers.answers = [NOBODY] * 5
        job_id = await create(t, path=SANDBOX)
        await t.advance(48 * HOUR)
        await replayed(t, job_id, SANDBOX, KEY)
        await t.advance(0)
        (delivery,) = (await t.get("/_mock/deliveries")).json()["deliveries"]
        assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", 6)


@pytest.mark.parametrize(("path", "key"), APIS[1:])
async def test_there_is_nothing_to_replay_before_the_end_nor_of_a_job_that_nobody_knows(path, key):
    """FACTS section 4: errors; 400 while the job runs, 404 for an unknown one or another account's."""

    async with Conversation() as t:
        job_id = await create(t, job(frames=10), path, key)
        assert "not ended" in (await replayed(t, job_id, path, key, 400))["detail"]
        await t.advance(3)
        await replayed(t, job_id, path, key, 400)
        await replayed(t, "01JWNNSVG0AFXEM1SJM0YYCQE2", path, key, 404)
        await t.advance(HOUR)
        await replayed(t, job_id, path, key + "-other", 404)
        assert len(hooks(t)) == 1


async def test_live_jobs_have_no_replay_of_their_own():
    """FACTS section 4: sandbox and demo have one; the live API has none, and the others do not know its jobs."""

    async with Conversation() as t:
        made = await ended(t)
        held_to(replies.Error, await t.post(f"{LIVE}/{made['job_id']}/replay-webhook", headers=by()), 404)
        await replayed(t, made["job_id"], SANDBOX, KEY, 404)
        await replayed(t, made["job_id"], DEMO, DEMO_KEY, 404)


async def test_a_webhook_that_is_no_longer_kept_cannot_be_replayed():
    async with Conversation() as t:
        made = await ended(t, path=SANDBOX)
        store: Any = t.sandbox.store
        store._deliveries.drop()
        assert "no longer" in (await replayed(t, made["job_id"], SANDBOX, KEY, 404))["detail"]


async def test_events_of_several_keys_are_signed_with_their_own_secrets():
    """FACTS section 4: secret."""

    async with Conversation() as t:
        for key in (KEY, "nxt_key-2", DEMO_KEY):
            await create(t, job(frames=10), path_of(key), key)
        await t.advance(HOUR)
        secrets = [await secret(t, key) for key in (KEY, "nxt_key-2", DEMO_KEY)]
        for call in hooks(t):
            assert sum(verified(call.body, dict(call.headers), one) for one in secrets) == 1
        assert len({json.loads(call.body)["job_id"] for call in hooks(t)}) == 3
