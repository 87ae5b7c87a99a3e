"""Descrideo's Source Provider: it is really asked for a presigned URL, and what it answers decides how the job ends."""

import json
from typing import Any

import pytest

from mockserver.core.masking import Masking
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.providers.descrideo import replies
from tests.conversation import Conversation
from tests.descrideo_client import (
    BROKER,
    HOOK,
    HOUR,
    KEY,
    LIVE,
    VIDEO,
    answer,
    brokered,
    by,
    create,
    ended,
    held_to,
    hooks,
    job,
    passed,
    secret,
    status,
    told,
    verified,
)  # fmt: skip

PRESIGNED = "http://127.0.0.1:9000/private/video.mp4?signature=abc"
GOOD = answer({"url": PRESIGNED})
FIRST = CallResult("response", 206, body=b"\0" * 1024)


class Receivers:
    """Stands in for an integrator's side: a Source Provider, the storage behind it, and a webhook."""

    def __init__(self, broker: CallResult = GOOD, storage: CallResult = FIRST) -> None:
        self.answers = {BROKER: broker, PRESIGNED: storage, VIDEO["url"]: storage}
        self.calls: list[OutgoingCall] = []

    async def send(self, call: OutgoingCall) -> CallResult:
        self.calls.append(call)
        return self.answers.get(call.url, CallResult("response", 200))


def among(t: Conversation, receivers: Receivers) -> Conversation:
    """The conversation, with these receivers for its network."""
    network: Any = t.receivers
    network.send, network.calls = receivers.send, receivers.calls
    return t


async def outcome(t: Conversation, body: dict[str, Any] | None = None) -> tuple[str, ...]:
    """How a job ends: its status, and for a failure its code and message."""
    made = await ended(t, body or brokered())
    error = made.get("error")
    return (made["status"], error["code"], error["message"]) if error else (made["status"],)


async def test_a_source_provider_is_asked_and_its_video_fetched():
    """FACTS section 4: source provider."""

    async with Conversation() as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        assert await passed(t, job_id) == [
            "queued", "resolving_source", "probing", "extracting_frames", "ai_request", "succeeded",
        ]  # fmt: skip
        asked, fetched, hook = t.receivers.calls
        assert (asked.method, asked.url, json.loads(asked.body)) == (
            "POST",
            BROKER,
            {"job_id": job_id, "reference": "video-42"},
        )
        assert dict(asked.headers)["Content-Type"] == "application/json"
        assert (fetched.method, fetched.url, fetched.body) == ("GET", PRESIGNED, b"")
        assert fetched.headers == (("Range", "bytes=0-1023"),), "a presigned URL is its own proof"
        assert (fetched.keep, asked.timeout, fetched.timeout) == (1024, 10.0, 10.0)
        assert told(hook)["status"] == "succeeded"


async def test_the_question_is_signed_like_a_webhook():
    """FACTS section 4: source provider, the same two headers."""

    async with Conversation() as t:
        among(t, Receivers())
        await ended(t, brokered())
        known, (asked, _, hook) = await secret(t), t.receivers.calls
        for call in (asked, hook):
            assert verified(call.body, dict(call.headers), known)
            assert not verified(call.body + b"x", dict(call.headers), known)


async def test_a_job_without_a_reference_says_so():
    async with Conversation() as t:
        among(t, Receivers())
        await ended(t, job(source={"type": "source_provider", "provider": {"url": BROKER}}))
        assert json.loads(t.receivers.calls[0].body)["reference"] is None


WRONG: dict[str, tuple[CallResult, str]] = {
    "500": (answer(b"", 500), "answered 500"),
    "404": (answer(b"", 404), "answered 404"),
    "201": (answer({"url": PRESIGNED}, 201), "answered 201"),
    "204": (answer(b"", 204), "answered 204"),
    "a refused signature": (answer(b"", 401), "refused the signature with 401"),
    "a forbidden signature": (answer(b"", 403), "refused the signature with 403"),
    "a redirect": (CallResult("response", 302, headers=(("Location", PRESIGNED),)), "redirect (302)"),
    "rubbish": (answer(b"<html>"), "not JSON"),
    "nothing": (answer(b""), "not JSON"),
    "rubbish in UTF-8": (answer(b"\xff\xfe"), "not JSON"),
    "endless nesting": (answer(b"[" * 10_000), "not JSON"),
    "a cut answer": (CallResult("response", 200, body=b'{"url": "http', truncated=True), "not JSON"),
    "a list": (answer([PRESIGNED]), "without a url"),
    "null": (answer(None), "without a url"),
    "no url": (answer({"link": PRESIGNED}), "without a url"),
    "an empty url": (answer({"url": ""}), "without a url"),
    "a url of a number": (answer({"url": 5}), "without a url"),
    "a file": (answer({"url": "file:///etc/passwd"}), "cannot be fetched"),
    "a bucket": (answer({"url": "s3://bucket/video.mp4"}), "cannot be fetched"),
    "a path": (answer({"url": "/video.mp4"}), "cannot be fetched"),
    "a url with a line break": (answer({"url": "http://x.test/\r\nHost: y"}), "cannot be fetched"),
    "a very long url": (answer({"url": "http://x.test/" + "a" * 9_000}), "cannot be fetched"),
    "a hang": (CallResult("timeout", error="no reply within 10 s"), "did not answer in time"),
    "nobody": (CallResult("connect_error", error="Connection refused"), "cannot be reached"),
    "no HTTP": (CallResult("protocol_error", error="no valid HTTP/1.1 exchange"), "a valid HTTP response"),
    "a place that is never called": (CallResult("refused", error="it is never called"), "may not be called"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_a_source_provider_that_fails_fails_the_job(name):
    """FACTS section 4: source provider; any other answer, a time-out, or a refused signature."""
    broker, says = WRONG[name]

    async with Conversation() as t:
        among(t, Receivers(broker))
        status, code, message = await outcome(t)
        assert (status, code) == ("failed", "source_resolution_failed")
        assert says in message
        assert message.startswith("The Source Provider")
        assert [call.url for call in t.receivers.calls] == [BROKER, HOOK], "asked once, and nothing is fetched"
        assert told(hooks(t)[0])["error"] == {"code": code, "message": message}


GONE: dict[str, tuple[CallResult, str]] = {
    "404": (answer(b"", 404), "answered 404"),
    "403": (answer(b"", 403), "answered 403"),
    "500": (answer(b"", 500), "answered 500"),
    "416": (answer(b"", 416), "answered 416"),
    "a redirect": (answer(b"", 307), "redirect (307)"),
    "a hang": (CallResult("timeout", error="no reply within 10 s"), "did not answer in time"),
    "nobody": (CallResult("connect_error", error="Connection refused"), "cannot be reached"),
    "a place that is never called": (CallResult("refused", error="it is never called"), "may not be called"),
}


@pytest.mark.parametrize("name", GONE)
async def test_a_presigned_url_that_leads_nowhere_fails_the_job(name):
    """FACTS section 4: source provider, source_unreachable."""
    storage, says = GONE[name]

    async with Conversation() as t:
        among(t, Receivers(storage=storage))
        status, code, message = await outcome(t)
        assert (status, code) == ("failed", "source_unreachable")
        assert says in message


@pytest.mark.parametrize("code", [200, 206])
async def test_a_storage_may_ignore_the_range(code):
    """RFC 9110 section 14.2: a server may answer a range with the whole."""

    async with Conversation() as t:
        among(t, Receivers(storage=answer(b"\0" * 1024, code)))
        assert await outcome(t) == ("succeeded",)


async def test_six_receivers_give_six_different_ends():
    """FACTS section 4: source provider."""
    hang = CallResult("timeout", error="no reply within 10 s")
    six = [
        Receivers(),
        Receivers(answer(b"", 500)),
        Receivers(answer(b"rubbish")),
        Receivers(hang),
        Receivers(answer(b"", 302)),
        Receivers(storage=answer(b"", 404)),
    ]
    ends: list[tuple[str, ...]] = []

    for _ in six:
        async with Conversation() as t:
            among(t, six[len(ends)])
            ends.append(await outcome(t))
    unresolved = ("failed", "source_resolution_failed")
    assert [end[:2] for end in ends] == [("succeeded",), *[unresolved] * 4, ("failed", "source_unreachable")]
    assert len(set(ends)) == 6


# --- time ---


async def test_a_job_does_not_pass_its_stage_before_the_answer():
    """The wait is held: with a clock that stands still, nothing but the answer ends it."""

    async with Conversation() as t:
        receivers = Receivers()
        among(t, receivers)
        seen: list[str] = []

        async def slow(call: OutgoingCall) -> CallResult:
            # What the job is while it is being asked for.
            job_id = json.loads(call.body)["job_id"] if call.url == BROKER else made
            seen.append((await status(t, job_id))["status"])
            return await receivers.send(call)

        network: Any = t.receivers
        network.send = slow
        made = await create(t, brokered())
        await t.advance(HOUR)
        assert seen == ["resolving_source", "probing", "succeeded"]


async def test_a_wait_counts_towards_the_length_of_its_stage():
    """An answer at once makes no stage shorter than the plan has it: the states stay visible to a poller."""
    steps = [{"status": "queued", "for": "1s"}, {"status": "running", "for": "8s"}, {"status": "succeeded"}]

    async with Conversation({"plans": {"default": {"steps": steps}}}) as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        seen = []
        for _ in range(10):
            seen.append((await status(t, job_id))["status"])
            await t.advance(1)
        stages = ["resolving_source", "probing", "extracting_frames", "ai_request"]
        assert seen == ["queued", *[s for s in stages for _ in (1, 2)], "succeeded"]
        entries = (await t.get(f"/_mock/journal?job={job_id}&kind=transition")).json()["entries"]
        assert [entry["note"] for entry in reversed(entries)] == [*stages, "succeeded"]


async def test_a_job_by_polls_waits_for_the_answer_and_then_for_its_polls():
    steps = [{"status": "queued", "polls": 1}, {"status": "running", "polls": 4}, {"status": "succeeded"}]

    async with Conversation({"plans": {"default": {"steps": steps}}}) as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        seen = []
        for _ in range(6):
            seen.append((await status(t, job_id))["status"])
            await t.advance(0)
        assert seen == ["queued", "resolving_source", "probing", "extracting_frames", "ai_request", "succeeded"]


async def test_a_job_that_is_forced_does_not_care_for_a_late_answer():
    async with Conversation() as t:
        receivers = Receivers()
        among(t, receivers)

        async def cancelling(call: OutgoingCall) -> CallResult:
            if call.url == BROKER:
                await t.post(f"/_mock/jobs/{json.loads(call.body)['job_id']}", {"status": "cancelled"})
            return await receivers.send(call)

        network: Any = t.receivers
        network.send = cancelling
        assert (await outcome(t))[:2] == ("failed", "cancelled")
        assert [call.url for call in receivers.calls] == [BROKER, HOOK]


async def test_a_job_that_is_let_go_by_hand_needs_no_answer():
    """The control API releases the wait; there is nothing to fetch then, and the late answer is not looked at."""

    async with Conversation() as t:
        receivers = Receivers(answer(b"", 500))
        among(t, receivers)

        async def releasing(call: OutgoingCall) -> CallResult:
            if call.url == BROKER:
                job_id = json.loads(call.body)["job_id"]
                assert (await t.post(f"/_mock/jobs/{job_id}", {"release": True})).status_code == 200
            return await receivers.send(call)

        network: Any = t.receivers
        network.send = releasing
        assert await outcome(t) == ("succeeded",)
        assert [call.url for call in receivers.calls] == [BROKER, HOOK]


async def test_a_job_that_is_forgotten_while_it_asks_is_no_trouble():
    async with Conversation() as t:
        receivers = Receivers()
        among(t, receivers)

        async def forgetting(call: OutgoingCall) -> CallResult:
            await t.post("/_mock/reset", {"what": "jobs"})
            return await receivers.send(call)

        network: Any = t.receivers
        network.send = forgetting
        job_id = await create(t, brokered())
        await t.advance(HOUR)
        held_to(replies.Error, await t.get(f"{LIVE}/{job_id}", headers=by()), 404)
        assert len(receivers.calls) == 1


async def test_advancing_until_the_end_of_a_job_asks_on_the_way():
    async with Conversation() as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        assert (await t.post("/_mock/clock", {"until": {"job": job_id}})).status_code == 200
        assert (await status(t, job_id))["status"] == "succeeded"


async def test_a_stage_that_a_scenario_holds_or_where_it_is_stuck_stays_its_own():
    """Explicit stages in a scenario win; the answer is waited for after the scenario lets go."""
    held = [
        {"status": "running", "stage": "resolving_source", "held": True},
        {"status": "running", "for": "4s"},
        {"status": "succeeded"},
    ]

    async with Conversation({"plans": {"default": {"steps": held}}}) as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        await t.advance(HOUR)
        assert ((await status(t, job_id))["status"], t.receivers.calls) == ("resolving_source", [])
        await t.post(f"/_mock/jobs/{job_id}", {"release": True})
        await t.advance(HOUR)
        assert (await status(t, job_id))["status"] == "succeeded"
        assert [call.url for call in t.receivers.calls] == [BROKER, PRESIGNED, HOOK]
    async with Conversation(
        {"plans": {"default": {"steps": [{"status": "running", "stage": "resolving_source"}]}}}
    ) as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        await t.advance(HOUR)
        assert ((await status(t, job_id))["status"], t.receivers.calls) == ("resolving_source", [])


async def test_a_plan_that_never_resolves_asks_nobody():
    """The magic input mock-fast skips every stage."""

    async with Conversation({"plans": {"default": {"steps": [{"status": "succeeded"}]}}}) as t:
        among(t, Receivers())
        assert await outcome(t) == ("succeeded",)
        assert [call.url for call in t.receivers.calls] == [HOOK]


# --- what is seen of it ---


async def test_call_outs_are_deliveries_linked_to_the_request_that_caused_them():
    async with Conversation() as t:
        among(t, Receivers())
        job_id = await create(t, brokered())
        await t.advance(HOUR)
        deliveries = (await t.get(f"/_mock/deliveries?job={job_id}")).json()["deliveries"]
        assert [d["event"] for d in reversed(deliveries)] == ["source.resolve", "source.fetch", "description.succeeded"]
        entries = (await t.get("/_mock/journal?limit=500")).json()["entries"]
        (request,) = [
            e for e in entries if e.get("operation") == "descrideo.create_description" and e["kind"] == "request"
        ]
        assert {d["cause"] for d in deliveries} == {request["number"]}
        sent = [(e["method"], e["path"]) for e in reversed(entries) if e["kind"] == "delivery"]
        assert sent == [("POST", BROKER), ("GET", Masking().text(PRESIGNED)), ("POST", HOOK)]


# --- direct_url ---


async def test_a_direct_url_is_not_fetched():
    """FACTS section 4: direct_url, offline by default."""

    async with Conversation() as t:
        among(t, Receivers(storage=answer(b"", 404)))
        assert await outcome(t, job()) == ("succeeded",)
        assert [call.url for call in t.receivers.calls] == [HOOK]


@pytest.mark.parametrize(("code", "end"), [(200, "succeeded"), (206, "succeeded"), (404, "failed")])
async def test_a_direct_url_is_fetched_when_the_scenario_says_so(code, end):
    """FACTS section 4: direct_url, fetch: true."""

    async with Conversation({"extends": "default", "providers": {"descrideo": {"fetch": True}}}) as t:
        among(t, Receivers(storage=answer(b"\0", code)))
        made = await outcome(t, job())
        assert made[0] == end
        fetched, hook = t.receivers.calls
        assert (fetched.method, fetched.url, hook.url) == ("GET", VIDEO["url"], HOOK)
        assert fetched.headers == (("Range", "bytes=0-1023"),)
        if end == "failed":
            assert made[1] == "source_unreachable"


async def test_other_accounts_do_not_see_what_a_broker_was_asked():
    async with Conversation() as t:
        among(t, Receivers())
        first, second = await create(t, brokered()), await create(t, brokered(), key="nxt_key-2")
        await t.advance(HOUR)
        asked = {json.loads(c.body)["job_id"]: c for c in t.receivers.calls if c.url == BROKER}
        for job_id, key in ((first, KEY), (second, "nxt_key-2")):
            assert verified(asked[job_id].body, dict(asked[job_id].headers), await secret(t, key))


async def test_the_reference_of_a_private_video_selects_its_description():
    """FACTS section 4: same video, same result; the presigned URL is another one each time."""

    async with among(Conversation(), Receivers()) as t:
        first, second = [(await ended(t, brokered()))["result"] for _ in range(2)]
        other = {"type": "source_provider", "provider": {"url": BROKER, "reference": "video-43"}}
        third = (await ended(t, job(source=other)))["result"]
        assert first == second != third
