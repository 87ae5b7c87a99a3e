"""Tampering with webhooks: each kind, for exactly the events and attempts that the scenario selects."""

import json
from typing import Any

import pytest

from mockserver.core import tampering
from mockserver.core.scenario import TamperingSpec
from mockserver.core.signing import hmac_sha256
from mockserver.outgoing.call import CallResult, OutgoingCall
from tests.conversation import Conversation
from tests.test_deliveries import SECRET, answer, only, replay, scenario, submit


def tampered(event: str = "analysis.completed", rule: dict[str, Any] | None = None, **tampering: Any) -> dict[str, Any]:
    return scenario({"event": event, **(rule or {}), "tampering": tampering})


def valid(call: OutgoingCall, secret: str = SECRET) -> bool:
    return dict(call.headers).get("X-V2P-Signature") == f"sha256={hmac_sha256(secret, call.body)}"


def arrived(t: Conversation) -> list[str]:
    """Return the jobs of the events that arrived, in order."""
    return [json.loads(call.body)["data"]["id"] for call in t.receivers.calls]


async def test_a_lost_attempt_is_never_sent_and_the_schedule_continues() -> None:
    async with Conversation(tampered(lose=2)) as t:
        await submit(t)
        await t.advance(34.999)
        assert t.receivers.calls == []
        await t.advance(0.001)
        assert len(t.receivers.calls) == 1
        delivery = await only(t)
        assert [a["outcome"] for a in delivery["attempts"]] == ["lost", "lost", "response"]
        assert delivery["attempts"][0]["tampering"] == ["lost"]
        assert delivery["outcome"] == "delivered"


async def test_an_event_whose_attempts_are_all_lost_can_be_replayed() -> None:
    async with Conversation(tampered(lose=100)) as t:
        await submit(t)
        await t.advance(86_400)
        assert t.receivers.calls == []
        assert (await only(t))["outcome"] == "given_up"
        await replay(t, await only(t))
        assert (await only(t))["outcome"] == "delivered"


async def test_a_delayed_event_keeps_its_timestamp() -> None:
    async with Conversation(tampered(delay="10m")) as t:
        await submit(t)
        await t.advance(599.999)
        assert t.receivers.calls == []
        await t.advance(0.001)
        assert json.loads(t.receivers.calls[0].body)["timestamp"] == "2025-06-01T12:00:00Z"
        assert valid(t.receivers.calls[0])


async def test_a_duplicate_has_the_same_bytes() -> None:
    async with Conversation(tampered(duplicate=2)) as t:
        t.receivers.answers = [answer(500)]
        await submit(t)
        await t.advance(60)
        assert len(t.receivers.calls) == 4
        assert len({call.body for call in t.receivers.calls}) == 1
        assert all(map(valid, t.receivers.calls))
        attempts = (await only(t))["attempts"]
        assert [a["number"] for a in attempts] == [1, 2, 3, 4]
        assert [a.get("tampering") for a in attempts] == [None, None, ["copy of 2"], ["copy of 2"]]
        entries = (await t.get("/_mock/journal")).json()["entries"]
        assert sum(e["kind"] == "delivery" for e in entries) == 4


async def test_a_copy_that_is_refused_does_not_undo_the_delivery() -> None:
    async with Conversation(tampered(duplicate=1)) as t:
        t.receivers.answers = [answer(200), answer(409)]
        await submit(t)
        await t.advance(86_400)
        assert ((await only(t))["outcome"], len(t.receivers.calls)) == ("delivered", 2)


async def test_a_reordered_event_arrives_after_the_next_one_of_its_account() -> None:
    async with Conversation(tampered(rule={"nth": 1, "account": "key-1"}, reorder=True)) as t:
        first = await submit(t)
        await t.advance(5)
        await submit(t, key="key-2")
        await t.advance(5)
        second = await submit(t, url="https://example.com/mock-fast-2.mp4")
        await t.advance(0)
        assert arrived(t)[1:] == [second, first]


async def test_a_reordered_event_without_a_later_one_is_a_minute_late() -> None:
    async with Conversation(tampered(rule={"nth": 1}, reorder=True)) as t:
        job = await submit(t)
        await t.advance(59.999)
        assert t.receivers.calls == []
        await t.advance(0.001)
        assert arrived(t) == [job]
        await submit(t, url="https://example.com/mock-fast-2.mp4")
        await t.advance(100)
        assert len(t.receivers.calls) == 2


@pytest.mark.parametrize("kind", ["wrong", "wrong_key", "missing"])
async def test_an_invalid_signature_is_the_only_change(kind: str) -> None:
    async with Conversation(tampered(signature=kind)) as t:
        await submit(t)
        await t.advance(1)
        (call,) = t.receivers.calls
        assert not valid(call)
        delivery = await only(t)
        assert call.body.decode() == delivery["body"]
        signature = dict(call.headers).get("X-V2P-Signature")
        assert (signature is None) == (kind == "missing")
        assert signature is None or len(signature) == len("sha256=") + 64
        assert delivery["attempts"][0]["tampering"] == [f"signature {kind.replace('_', ' ')}"]


async def test_tampering_can_be_limited_to_the_first_attempt() -> None:
    async with Conversation(tampered(signature="wrong", attempts=1)) as t:
        t.receivers.answers = [answer(401)]
        await submit(t)
        await t.advance(60)
        assert [valid(call) for call in t.receivers.calls] == [False, True]


async def test_a_stale_event_has_an_old_timestamp_and_a_valid_signature() -> None:
    """VideoToPrompt signs only the body, so the timestamp in the body is old."""

    async with Conversation(tampered(signature="stale", age="15m")) as t:
        await submit(t)
        await t.advance(1)
        (call,) = t.receivers.calls
        assert valid(call)
        assert json.loads(call.body)["timestamp"] == "2025-06-01T11:45:00Z"


async def test_a_stale_signature_has_an_old_signed_time() -> None:
    """Descrideo signs the time of the attempt, and the body has no timestamp."""
    key = {"X-API-Key": "nxt_key-1"}

    rule = {"event": "*", "tampering": {"signature": "stale"}}
    async with Conversation({"extends": "default", "signature_time": "sandbox", "webhooks": [rule]}) as t:
        source = {"type": "direct_url", "url": "https://example.com/mock-fast.mp4"}
        hook = {"url": "http://127.0.0.1:9000/hook"}
        body = {"source": source, "frames": 10, "webhook": hook}
        await t.post("/descrideo/v1/video-descriptions", body, headers=key)
        await t.advance(1)
        secret = (await t.get("/descrideo/v1/webhook-secret", headers=key)).json()["secret"]
        (call,) = t.receivers.calls
        headers = dict(call.headers)
        assert int(headers["X-Nxt-Timestamp"]) == t.sandbox.clock.now() // 1000 - 1 - 3600
        signature = hmac_sha256(secret, call.body, headers["X-Nxt-Timestamp"].encode())
        assert headers["X-Nxt-Signature"] == f"sha256={signature}"


async def test_extra_fields_are_signed_and_replace_nothing() -> None:
    async with Conversation(tampered(extra_fields={"api_version": "2099-01-01", "event": "never"})) as t:
        await submit(t)
        await t.advance(1)
        (call,) = t.receivers.calls
        body = json.loads(call.body)
        assert valid(call)
        assert body["api_version"] == "2099-01-01"
        assert body["event"] == "analysis.completed"
        delivery = await only(t)
        assert "api_version" not in delivery["body"]
        assert delivery["attempts"][0]["body"] == call.body.decode()


async def test_a_huge_body_is_sent_whole_and_listed_in_part() -> None:
    async with Conversation(tampered(pad=5_000_000)) as t:
        await submit(t)
        await t.advance(1)
        (call,) = t.receivers.calls
        assert valid(call)
        assert len(json.loads(call.body)["padding"]) == 5_000_000
        (attempt,) = (await only(t))["attempts"]
        assert attempt["body_bytes"] == len(call.body)
        assert attempt["headers"]["Content-Length"] == str(len(call.body))
        assert len(attempt["body"]) == 65_536


async def test_events_are_counted_by_rule_and_account() -> None:
    async with Conversation(tampered(rule={"nth": 2}, signature="wrong")) as t:
        for n in range(3):
            for key in ("key-1", "key-2"):
                await submit(t, key=key, url=f"https://example.com/mock-fast-{n}.mp4")
                await t.advance(1)
        assert [valid(call) for call in t.receivers.calls] == [True, True, False, False, True, True]


async def test_the_first_rule_that_matches_an_event_decides() -> None:
    rules: list[dict[str, Any]] = [
        {"event": "analysis.failed", "tampering": {"lose": 9}},
        {"event": "analysis.*", "times": 1, "tampering": {"signature": "wrong"}},
        {"event": "*", "account": "other", "tampering": {"lose": 9}},
        {"event": "*", "tampering": {"signature": "missing"}},
    ]

    async with Conversation(scenario(*rules)) as t:
        for n in range(2):
            await submit(t, url=f"https://example.com/mock-fast-{n}.mp4")
            await t.advance(1)
        signed = ["X-V2P-Signature" in dict(call.headers) for call in t.receivers.calls]
        assert signed == [True, False]


async def test_the_probability_of_a_rule_is_seeded() -> None:
    runs: list[list[bool]] = []

    for _ in range(2):
        async with Conversation(tampered(rule={"probability": "50%"}, signature="wrong")) as t:
            for n in range(40):
                await submit(t, url=f"https://example.com/mock-fast-{n}.mp4")
                await t.advance(1)
            runs.append([valid(call) for call in t.receivers.calls])
    assert runs[0] == runs[1]
    assert 10 <= runs[0].count(False) <= 30


async def test_call_outs_are_not_tampered_with() -> None:
    """A call-out for a source is never lost, even if every webhook is."""

    async with Conversation(scenario({"event": "*", "tampering": {"lose": 100}})) as t:
        source = {"type": "source_provider", "provider": {"url": "http://127.0.0.1:9000/broker", "reference": "v"}}
        body = {"source": source, "frames": 10, "webhook": {"url": "http://127.0.0.1:9000/hook"}}
        t.receivers.answers = [
            CallResult("response", 200, body=b'{"url": "http://127.0.0.1:9000/video"}'),
            CallResult("response", 206, body=b"x"),
        ]
        await t.post("/descrideo/v1/video-descriptions", body, headers={"X-API-Key": "nxt_key-1"})
        await t.advance(3600)
        assert [call.url.rpartition("/")[2] for call in t.receivers.calls] == ["broker", "video"]


def test_a_body_that_is_not_a_json_object_is_not_changed() -> None:
    spec = TamperingSpec(extra_fields={"a": 1}, pad=3)
    assert tampering.body(spec, b"", None) == b""
    assert tampering.body(spec, b"[1]", None) == b"[1]"
    assert tampering.body(spec, b'{"b":2}', None) == b'{"b":2,"a":1,"padding":"xxx"}'


@pytest.mark.parametrize(("value", "changed"), [("ab0", "ab1"), ("abf", "ab0"), ("abz", "aba"), ("zza", "zz0")])
def test_a_wrong_signature_differs_in_its_last_character(value: str, changed: str) -> None:
    spec = TamperingSpec(signature="wrong")
    assert tampering.signature(spec, (("X-Signature", value), ("X-Time", "7"))) == (
        ("X-Signature", changed),
        ("X-Time", "7"),
    )
