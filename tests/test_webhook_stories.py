"""Every bundled story of webhooks shows what it promises."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mockserver.core.signing import hmac_sha256
from mockserver.outgoing.call import OutgoingCall
from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation
from tests.test_deliveries import answer, deliveries

Story = Callable[[Conversation], Awaitable[None]]

ANALYZE = "/videotoprompt/v1/analyze/url"


async def submit(t: Conversation, number: int = 1) -> str:
    """The id of an analysis that is done at once."""
    reply = await t.post(ANALYZE, {"url": f"https://example.com/mock-fast-{number}.mp4"})
    return str(reply.json()["id"])


def valid(call: OutgoingCall) -> bool:
    return dict(call.headers).get("X-V2P-Signature") == f"sha256={hmac_sha256('whsec_test', call.body)}"


def told(t: Conversation) -> list[Any]:
    return [json.loads(call.body) for call in t.receivers.calls]


async def lost(t: Conversation) -> None:
    await submit(t)
    await t.advance(34)
    assert t.receivers.calls == []
    await t.advance(1)
    assert [valid(call) for call in t.receivers.calls] == [True]


async def lost_for_good(t: Conversation) -> None:
    first = await submit(t)
    second = await submit(t, 2)
    await t.advance(86_400)
    assert [body["data"]["id"] for body in told(t)] == [second]
    outcomes = {d["job"]: d["outcome"] for d in await deliveries(t)}
    assert outcomes == {first: "given_up", second: "delivered"}
    assert (await t.get(f"/videotoprompt/v1/analyze/{first}")).json()["status"] == "completed"


async def late(t: Conversation) -> None:
    await submit(t)
    await t.advance(599)
    assert t.receivers.calls == []
    await t.advance(1)
    assert told(t)[0]["timestamp"] == "2025-06-01T12:00:00Z"


async def duplicate(t: Conversation) -> None:
    await submit(t)
    await t.advance(1)
    assert len(t.receivers.calls) == 3
    assert len({call.body for call in t.receivers.calls}) == 1


async def reordered(t: Conversation) -> None:
    jobs = []
    for number in range(3):
        jobs.append(await submit(t, number))
        await t.advance(1)
    assert [body["data"]["id"] for body in told(t)] == [jobs[1], jobs[0], jobs[2]]


async def wrong_signature(t: Conversation) -> None:
    t.receivers.answers = [answer(401)]
    await submit(t)
    await t.advance(5)
    assert [valid(call) for call in t.receivers.calls] == [False, True]


async def wrong_key(t: Conversation) -> None:
    await submit(t)
    await t.advance(1)
    (call,) = t.receivers.calls
    assert len(dict(call.headers)["X-V2P-Signature"]) == len("sha256=") + 64
    assert not valid(call)


async def no_signature(t: Conversation) -> None:
    await submit(t)
    await t.advance(1)
    assert "X-V2P-Signature" not in dict(t.receivers.calls[0].headers)


async def stale_signature(t: Conversation) -> None:
    await submit(t)
    await t.advance(1)
    assert valid(t.receivers.calls[0])
    assert told(t)[0]["timestamp"] == "2025-06-01T11:00:00Z"


async def extra_fields(t: Conversation) -> None:
    await submit(t)
    await t.advance(1)
    assert valid(t.receivers.calls[0])
    assert set(told(t)[0]) == {"event", "timestamp", "data", "api_version", "beta", "next"}
    assert told(t)[0]["api_version"] == "2099-01-01"


async def huge_body(t: Conversation) -> None:
    await submit(t)
    await t.advance(1)
    assert valid(t.receivers.calls[0])
    assert len(t.receivers.calls[0].body) > 4_000_000


async def flaky(t: Conversation) -> None:
    for number in range(50):
        await submit(t, number)
        await t.advance(1.5)
    await t.advance(60)
    every = [d["attempts"] for d in await deliveries(t)]
    assert all(attempts[-1]["status"] == 200 for attempts in every)
    assert 20 <= sum(len(attempts) == 1 for attempts in every) < 50
    marks = {mark for attempts in every for attempt in attempts for mark in attempt.get("tampering", ())}
    assert marks == {"lost", "copy of 1"}


STORIES: dict[str, Story] = {
    "lost": lost,
    "lost-for-good": lost_for_good,
    "late": late,
    "duplicate": duplicate,
    "reordered": reordered,
    "wrong-signature": wrong_signature,
    "wrong-key": wrong_key,
    "no-signature": no_signature,
    "stale-signature": stale_signature,
    "extra-fields": extra_fields,
    "huge-body": huge_body,
    "flaky": flaky,
}


@pytest.mark.parametrize("name", STORIES)
async def test_the_story_shows_what_it_promises(name: str) -> None:
    async with Conversation({"extends": f"webhook-{name}"}) as t:
        await STORIES[name](t)


def test_every_story_of_webhooks_is_told_here() -> None:
    bundled = {path.stem.removeprefix("webhook-") for path in bundled_dir().glob("webhook-*.yaml")}
    assert bundled == set(STORIES)
