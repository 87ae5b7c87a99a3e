"""Deliveries: retried by the provider's schedule, recorded with every attempt, replayed, and awaited."""

import asyncio
import json
from typing import Any

import pytest

from mockserver.clock import monotonic
from mockserver.core.deliveries import KEPT_ATTEMPTS
from mockserver.core.signing import hmac_sha256
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.retry_after import retry_after
from tests.conversation import Conversation

ANALYZE = "/videotoprompt/v1/analyze/url"
HOOK = "http://127.0.0.1:9000/hook"
SECRET = "whsec_1"
FAST = {"url": "https://example.com/mock-fast.mp4"}
WAITS = [5, 30, 300, 1800]


def scenario(*webhooks: dict[str, Any], **more: Any) -> dict[str, Any]:
    account = {"key": "*", "plan": "enterprise", "webhook": {"url": HOOK, "secret": SECRET}}
    return {"extends": "default", "accounts": [account], "webhooks": list(webhooks), **more}


async def submit(t: Conversation, key: str = "key-1", **more: str) -> str:
    reply = await t.post(ANALYZE, {**FAST, **more}, headers={"Authorization": f"Bearer {key}"})
    return str(reply.json()["id"])


async def deliveries(t: Conversation, query: str = "") -> list[Any]:
    listed: list[Any] = (await t.get(f"/_mock/deliveries{query}")).json()["deliveries"]
    return listed


async def only(t: Conversation) -> Any:
    (delivery,) = await deliveries(t)
    return delivery


def answer(status: int, **headers: str) -> CallResult:
    return CallResult("response", status, tuple((n.replace("_", "-"), v) for n, v in headers.items()))


# --- The schedule ---


@pytest.mark.parametrize(
    "failure",
    [
        answer(500),
        answer(302, Location="http://127.0.0.1:9000/elsewhere"),
        answer(404),
        CallResult("timeout", error="no reply within 10 s"),
        CallResult("connect_error", error="Connection refused"),
        CallResult("protocol_error", 200, error="the connection broke"),
    ],
    ids=["500", "redirect", "404", "timeout", "no connection", "broken reply"],
)
async def test_every_failure_is_retried_by_the_providers_schedule(failure: CallResult) -> None:
    """FACTS section 1: retries. A redirect is a failure, and is never followed."""

    async with Conversation(scenario()) as t:
        t.receivers.answers = [failure] * 5
        start = t.sandbox.clock.now()
        await submit(t)
        for count, wait in enumerate(WAITS, 1):
            await t.advance(wait - 0.001)
            assert len(t.receivers.calls) == count
            await t.advance(0.001)
            assert len(t.receivers.calls) == count + 1
        await t.advance(86_400)
        assert {call.url for call in t.receivers.calls} == {HOOK}
        assert t.sandbox.clock.now() - start == sum(WAITS) * 1000 + 86_400_000
        delivery = await only(t)
        assert (delivery["outcome"], delivery["next_attempt_at"], len(delivery["attempts"])) == ("given_up", None, 5)


@pytest.mark.parametrize("failures", range(5))
async def test_a_success_ends_the_attempts(failures: int) -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(503)] * failures + [answer(204)]
        await submit(t)
        await t.advance(86_400)
        delivery = await only(t)
        assert delivery["outcome"] == "delivered"
        assert [a["status"] for a in delivery["attempts"]] == [503] * failures + [204]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "60"}, 60),
        ({"Retry_After": "2"}, 5),
        ({"Retry_After": "Fri, 13 Mar 2026 10:01:30 GMT", "Date": "Fri, 13 Mar 2026 10:00:00 GMT"}, 90),
        ({"Retry_After": "Fri, 13 Mar 2026 09:00:00 GMT", "Date": "Fri, 13 Mar 2026 10:00:00 GMT"}, 5),
        ({"Retry_After": "soon"}, 5),
        ({"Retry_After": "999999999"}, 86_400),
    ],
    ids=["seconds", "sooner than the schedule", "a date", "a date gone by", "nonsense", "more than a day"],
)
async def test_a_retry_waits_at_least_as_long_as_retry_after_asks(headers: dict[str, str], seconds: int) -> None:
    """RFC 9110 section 10.2.3. The wait is never shorter than the schedule's."""

    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(429, **headers), answer(200)]
        await submit(t)
        await t.advance(seconds - 0.001)
        assert len(t.receivers.calls) == 1
        await t.advance(0.001)
        assert len(t.receivers.calls) == 2


def test_retry_after_as_a_date_is_relative_to_the_date_header_or_to_now() -> None:
    """Each form of RFC 9110 section 5.6.7."""
    ten = 1_773_396_000_000
    for date in ("Fri, 13 Mar 2026 10:01:00 GMT", "Friday, 13-Mar-26 10:01:00 GMT", "Fri Mar 13 10:01:00 2026"):
        assert retry_after((("retry-after", date),), ten) == 60_000
    assert retry_after((("Retry-After", "0"),), ten) == 0
    assert retry_after((), ten) == 0


async def test_a_call_that_the_egress_guard_refuses_is_given_up_at_once() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [CallResult("refused", error="169.254.169.254 is never called")]
        await submit(t)
        await t.advance(86_400)
        delivery = await only(t)
        assert (delivery["outcome"], len(delivery["attempts"])) == ("given_up", 1)
        assert delivery["attempts"][0]["error"] == "169.254.169.254 is never called"


# --- What is recorded ---


async def test_every_attempt_is_recorded_completely() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [
            CallResult("response", 500, (("X-Trace", "7"),), b"oops", elapsed_ms=12.4, address="127.0.0.1"),
            answer(200),
        ]
        job = await submit(t)
        await t.advance(5)
        delivery = await only(t)
        first, second = delivery["attempts"]
        call = t.receivers.calls[0]
        assert (delivery["job"], delivery["method"], delivery["url"]) == (job, "POST", HOOK)
        assert delivery["body"].encode() == call.body
        assert first["headers"] == {
            "Host": "127.0.0.1:9000",
            "Content-Type": "application/json",
            "X-V2P-Signature": f"sha256={hmac_sha256(SECRET, call.body)}",
            "Content-Length": str(len(call.body)),
        }
        assert (first["number"], first["at"], first["elapsed_ms"]) == (1, "2025-06-01T12:00:00Z", 12)
        assert (first["status"], first["reply_headers"], first["reply"]) == (500, {"X-Trace": "7"}, "oops")
        assert (second["number"], second["at"], second["status"]) == (2, "2025-06-01T12:00:05Z", 200)


async def test_attempts_name_the_request_that_caused_them() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(500), answer(200)]
        await submit(t)
        await t.advance(60)
        entries = (await t.get("/_mock/journal")).json()["entries"]
        request = next(e for e in entries if e["kind"] == "request")
        sent = [e for e in entries if e["kind"] == "delivery"]
        delivery = await only(t)
        assert {e["cause"] for e in sent} == {request["number"]} == {delivery["cause"]}
        assert {e["delivery"] for e in sent} == {delivery["id"]}
        assert [e["status"] for e in sent] == [200, 500]


async def test_every_attempt_has_the_same_bytes_and_its_own_time() -> None:
    """Descrideo signs the body followed by the instant of the attempt (FACTS section 4: webhook)."""

    async with Conversation({"extends": "default", "signature_time": "sandbox"}) as t:
        t.receivers.answers = [answer(500), answer(500), answer(200)]
        body = {"source": {"type": "direct_url", "url": FAST["url"]}, "frames": 10, "webhook": {"url": HOOK}}
        reply = await t.post("/descrideo/v1/video-descriptions", body, headers={"X-API-Key": "nxt_key-1"})
        assert reply.status_code == 202
        await t.advance(60)
        secret = (await t.get("/descrideo/v1/webhook-secret", headers={"X-API-Key": "nxt_key-1"})).json()["secret"]
        stamps = []
        for call in t.receivers.calls:
            headers = dict(call.headers)
            stamps.append(int(headers["X-Nxt-Timestamp"]))
            signature = hmac_sha256(secret, call.body, headers["X-Nxt-Timestamp"].encode())
            assert headers["X-Nxt-Signature"] == f"sha256={signature}"
        assert len({call.body for call in t.receivers.calls}) == 1
        assert [later - stamps[0] for later in stamps] == [0, 5, 35]


# --- Replays ---


async def replay(t: Conversation, delivery: Any, code: int = 202, **body: Any) -> Any:
    reply = await t.post(f"/_mock/deliveries/{delivery['id']}/replay", body or None)
    assert reply.status_code == code, reply.text
    await t.advance(0)
    return reply.json()


async def test_a_replay_sends_the_same_event_in_a_new_attempt() -> None:
    async with Conversation(scenario()) as t:
        await submit(t)
        await t.advance(100)
        before = await only(t)
        assert await replay(t, before) == {"id": before["id"], "outcome": "pending"}
        after = await only(t)
        assert (after["id"], after["outcome"], len(after["attempts"])) == (before["id"], "delivered", 2)
        assert after["attempts"][1]["at"] == "2025-06-01T12:01:40Z"
        assert t.receivers.calls[0].body == t.receivers.calls[1].body


async def test_a_replay_can_go_to_another_receiver() -> None:
    async with Conversation(scenario()) as t:
        await submit(t)
        await t.advance(1)
        await replay(t, await only(t), url="http://127.0.0.1:9999/other")
        await replay(t, await only(t))
        assert [call.url for call in t.receivers.calls] == [HOOK, "http://127.0.0.1:9999/other", HOOK]
        attempts = (await only(t))["attempts"]
        assert [a["url"] for a in attempts] == [call.url for call in t.receivers.calls]
        assert attempts[1]["headers"]["Host"] == "127.0.0.1:9999"


async def test_a_failed_replay_changes_neither_outcome_nor_schedule() -> None:
    """A delivered event stays delivered, and a pending one keeps its next attempt."""

    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(500), answer(500), answer(200), answer(500)]
        await submit(t)
        await t.advance(1)
        before = await only(t)
        await replay(t, before)
        after = await only(t)
        assert (after["outcome"], after["next_attempt_at"]) == ("pending", before["next_attempt_at"])
        await t.advance(4)
        assert (await only(t))["outcome"] == "delivered"
        await replay(t, after)
        delivery = await only(t)
        assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", 4)


async def test_a_replay_to_another_receiver_does_not_deliver_a_pending_event() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(500), answer(200), answer(200)]
        await submit(t)
        await t.advance(1)
        await replay(t, await only(t), url="http://127.0.0.1:9999/other")
        assert (await only(t))["outcome"] == "pending"
        await t.advance(4)
        assert (await only(t))["outcome"] == "delivered"
        assert [call.url for call in t.receivers.calls][2] == HOOK


async def test_a_delivery_that_was_given_up_can_be_replayed_successfully() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(500)] * 5
        await submit(t)
        await t.advance(86_400)
        assert (await only(t))["outcome"] == "given_up"
        await replay(t, await only(t))
        assert (await only(t))["outcome"] == "delivered"


async def test_invalid_replays_are_refused() -> None:
    async with Conversation(scenario()) as t:
        await submit(t)
        await t.advance(1)
        assert "no delivery" in (await replay(t, {"id": "dlv_none"}, 404))["detail"]
        assert "password" in (await replay(t, await only(t), 422, url="http://a:b@127.0.0.1/"))["detail"]
        await replay(t, await only(t), 422, addresses=["http://127.0.0.1/"])


async def test_the_number_of_kept_attempts_is_bounded() -> None:
    async with Conversation(scenario()) as t:
        await submit(t)
        await t.advance(1)
        delivery = await only(t)
        for _ in range(KEPT_ATTEMPTS + 5):
            await replay(t, delivery)
        attempts = (await only(t))["attempts"]
        assert (len(attempts), attempts[-1]["number"]) == (KEPT_ATTEMPTS, KEPT_ATTEMPTS + 6)


# --- Waiting for deliveries, and slow receivers ---


class Slow:
    """A receiver that answers when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.called = asyncio.Event()

    async def send(self, call: OutgoingCall) -> CallResult:
        self.called.set()
        await self.go.wait()
        return CallResult("response", 200)


@pytest.mark.parametrize("mode", ["real", "scaled", "manual", "auto"])
async def test_a_client_can_wait_for_a_delivery_in_every_clock_mode(mode: str) -> None:
    async with Conversation(scenario(clock={"mode": mode})) as t:
        waiting = asyncio.create_task(t.get("/_mock/deliveries?wait=10s&event=analysis.completed"))
        await asyncio.sleep(0)  # noqa: TID251 - a turn for the request, not a wait
        began = monotonic()
        job = await submit(t)
        reply = (await waiting).json()
        assert monotonic() - began < 5
        assert reply["ended"] == 1
        assert [(d["job"], d["outcome"]) for d in reply["deliveries"]] == [(job, "delivered")]


async def test_waiting_ends_when_its_time_is_up() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(500)]
        await submit(t)
        reply = (await t.get("/_mock/deliveries?wait=50ms")).json()
        assert (reply["ended"], [d["outcome"] for d in reply["deliveries"]]) == (0, ["pending"])
        assert (await t.get("/_mock/deliveries?wait=50ms&event=batch.completed")).json()["deliveries"] == []


async def test_a_client_can_wait_for_several_deliveries() -> None:
    async with Conversation(scenario()) as t:
        waiting = asyncio.create_task(t.get("/_mock/deliveries?wait=10s&count=3"))
        for n in range(3):
            await submit(t, url=f"https://example.com/mock-fast-{n}.mp4")
        assert (await waiting).json()["ended"] == 3


@pytest.mark.parametrize("query", ["wait=never", "wait=61s", "count=0&wait=1s", "outcome=lost", "wait="])
async def test_an_invalid_wait_is_refused(query: str) -> None:
    async with Conversation(scenario()) as t:
        assert (await t.get(f"/_mock/deliveries?{query}")).status_code == 400


async def test_deliveries_can_be_filtered() -> None:
    async with Conversation(scenario()) as t:
        first = await submit(t)
        await submit(t, url="https://example.com/mock-never-starts.mp4")
        await t.advance(10)
        assert len(await deliveries(t)) == 2
        assert [d["job"] for d in await deliveries(t, "?event=analysis.completed")] == [first]
        assert [d["job"] for d in await deliveries(t, f"?job={first}")] == [first]
        assert await deliveries(t, "?outcome=given_up") == []
        assert await deliveries(t, "?provider=descrideo") == []
        assert len(await deliveries(t, f"?url={HOOK}")) == 2
        assert len(await deliveries(t, "?limit=1")) == 1


async def test_a_slow_receiver_delays_no_reply() -> None:
    slow = Slow()

    async with Conversation(scenario()) as t:
        t.receivers.send = slow.send  # type: ignore[method-assign]
        for n in range(200):
            await submit(t, url=f"https://example.com/mock-fast-{n}.mp4")
        await slow.called.wait()
        job = await submit(t)
        assert (await t.get(f"/videotoprompt/v1/analyze/{job}")).json()["status"] == "completed"
        assert len(await deliveries(t, "?outcome=pending&limit=1000")) == 201
        slow.go.set()
        await t.advance(0)
        assert len(await deliveries(t, "?outcome=delivered&limit=1000")) == 201


async def test_a_delivery_with_an_attempt_in_progress_cannot_be_replayed() -> None:
    slow = Slow()

    async with Conversation(scenario()) as t:
        t.receivers.send = slow.send  # type: ignore[method-assign]
        await submit(t)
        await slow.called.wait()
        delivery = await only(t)
        reply = await t.post(f"/_mock/deliveries/{delivery['id']}/replay", {})
        assert reply.status_code == 409
        slow.go.set()
        await t.advance(0)
        delivery = await only(t)
        assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", 1)


async def test_a_reordered_event_that_is_due_when_the_later_one_arrives_is_sent_once() -> None:
    """It waits for a later event, which arrives at the instant at which the first one is due anyway."""

    async with Conversation(scenario({"event": "*", "times": 1, "tampering": {"reorder": True}})) as t:
        store = t.sandbox.store
        await submit(t)
        await t.advance(2)
        [delivery] = await store.deliveries()
        assert delivery.due_at is not None
        held = await store.claim_due(delivery.due_at)
        assert held is not None
        await submit(t, url="https://example.com/mock-fast-2.mp4")
        await t.advance(2)
        outcomes = {each["id"]: each["outcome"] for each in await deliveries(t)}
        assert (len(outcomes), outcomes.pop(held.id), *outcomes.values()) == (2, "pending", "delivered")
        assert len(t.receivers.calls) == 1


async def test_advancing_returns_after_everything_due_is_sent() -> None:
    """Even if the receiver is slow and the background task has begun to send."""
    slow = Slow()

    async with Conversation(scenario()) as t:
        t.receivers.send = slow.send  # type: ignore[method-assign]
        await submit(t)
        await slow.called.wait()
        advancing = asyncio.create_task(t.advance(1))
        for _ in range(10):
            await asyncio.sleep(0)  # noqa: TID251 - turns, not a wait
        assert not advancing.done()
        slow.go.set()
        await advancing
        assert (await only(t))["outcome"] == "delivered"


async def test_deliveries_are_sent_in_order_of_their_due_times() -> None:
    async with Conversation(scenario()) as t:
        t.receivers.answers = [answer(500), answer(500)]
        jobs = [await submit(t)]
        await t.advance(2)
        jobs.append(await submit(t, url="https://example.com/mock-fast-2.mp4"))
        await t.advance(60)
        ids = [json.loads(call.body)["data"]["id"] for call in t.receivers.calls]
        assert ids == [*jobs, *jobs]


async def test_an_attempt_that_raises_an_exception_is_a_failed_attempt(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def send(self, call: OutgoingCall) -> CallResult:
            raise RuntimeError("a bug")

    async with Conversation(scenario({"event": "*", "tampering": {}})) as t:
        t.receivers.send = Broken().send  # type: ignore[method-assign]
        await submit(t)
        await t.advance(1)
        delivery = await only(t)
        assert (delivery["outcome"], delivery["attempts"][0]["outcome"]) == ("pending", "internal_error")
    assert "a bug" in caplog.text
