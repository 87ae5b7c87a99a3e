"""On whose word Descrideo's replies stand: what the journal says of them, and what is left without assumptions."""

from typing import Any

import httpx2
import pytest

from mockserver.providers.descrideo import replies
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.descrideo_client import (
    DEMO,
    DEMO_KEY,
    HOUR,
    KEY,
    LIVE,
    ROOT,
    SANDBOX,
    VIDEO,
    answer,
    brokered,
    by,
    create,
    hooks,
    job,
    refused,
    told,
    verified,
)  # fmt: skip

SURE = Settings(no_assumed=True)
ALL = {"output_fields": ["title", "description", "tags"], "lang": "en"}
DEFAULT = {"extends": "default"}
KNOWN = {"accounts": [{"key": "*", "webhook": {"url": "http://127.0.0.1:1/unused", "secret": "whsec_test"}}]}
# Jobs as the page shows them, by the path and the key that they are for.
SHOWN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "live": (LIVE, KEY, job("vision", client_context=ALL)),
    "live, without a mode": (LIVE, KEY, job(client_context=ALL)),
    "live, without transcription": (
        LIVE,
        KEY,
        job("vision", client_context=ALL, transcription={"enabled": False, "segments": 10, "segment_sec": 5}),
    ),
    "sandbox": (SANDBOX, KEY, job(source=None, frames=10, client_context=ALL)),
    "demo": (DEMO, DEMO_KEY, job(frames=10, client_context={**ALL, "custom_instructions": "More detail"})),
}


async def rests_on(t: Conversation, kind: str = "request") -> list[str]:
    """What the last request, or whatever else, rested on, without the provider's name."""
    entry = next(e for e in await t.sandbox.journal() if e.kind == kind and e.provider == "descrideo")
    return [row.removeprefix("descrideo.") for row in entry.rests_on]


async def unsaid(t: Conversation, reply: httpx2.Response, row: str) -> None:
    """The request was refused for that row, and nothing came of it."""
    assert (reply.status_code, reply.json()["rule"]) == (501, f"descrideo.{row}"), reply.text
    assert (await t.get("/_mock/jobs")).json()["total"] == 0
    accounts = (await t.get(f"/_mock/accounts/{KEY}?provider=descrideo")).json()["accounts"]
    assert all([entry["kind"] for entry in a["ledger"]] in ([], ["opening"]) for a in accounts)


# What is left without assumptions.


@pytest.mark.parametrize("name", SHOWN)
async def test_what_the_page_shows_rests_on_the_page(name):
    path, key, body = SHOWN[name]

    async with Conversation(KNOWN, SURE) as t:
        job_id = await create(t, body, path, key)
        operation = {LIVE: "description", SANDBOX: "sandbox_description", DEMO: "demo_description"}[path]
        assert await rests_on(t) == [f"operation.create_{operation}", "state.queued"]
        await t.advance(HOUR)
        (call,) = hooks(t)
        assert (told(call)["job_id"], told(call)["status"]) == (job_id, "succeeded")
        assert verified(call.body, dict(call.headers), "whsec_test")
        assert await rests_on(t, "delivery") == ["event.description.succeeded"]


HEARD = {"segments": 10, "segment_sec": 5}
ASSUMED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "no output_fields": (LIVE, KEY, job(client_context={"lang": "en"}), "rule.default_fields"),
    "no context": (SANDBOX, KEY, job(source=None, frames=10), "rule.default_fields"),
    "no samples": (LIVE, KEY, job("audio", client_context=ALL), "rule.default_sampling"),
    "no segments": (
        LIVE,
        KEY,
        job("audio", client_context=ALL, transcription={"segment_sec": 5}),
        "rule.default_sampling",
    ),
    "audio": (LIVE, KEY, job("audio", client_context=ALL, transcription=HEARD), "rule.transcription_price"),
    "transcription": (
        LIVE,
        KEY,
        job("vision", client_context=ALL, transcription={**HEARD, "enabled": True}),
        "rule.transcription_price",
    ),
    "a Source Provider": (LIVE, KEY, brokered(client_context=ALL), "rule.source_provider_fields"),
    "a sandbox job with a source": (SANDBOX, KEY, job(client_context=ALL), "rule.sandbox_source"),
    "a sandbox job with a mode": (SANDBOX, KEY, job("vision", source=None, client_context=ALL), "rule.free_modes"),
    "a demo job with a mode": (
        DEMO,
        DEMO_KEY,
        job("audio", frames=10, client_context=ALL, transcription=HEARD),
        "rule.free_modes",
    ),
    "an unknown field": (LIVE, KEY, job(client_context=ALL, more=1), "rule.unknown_fields"),
    "one within": (LIVE, KEY, job(client_context=ALL, source={**VIDEO, "more": 1}), "rule.unknown_fields"),
    "samples that do not fit": (
        LIVE,
        KEY,
        job("vision", client_context=ALL, transcription={"segments": 99}),
        "rule.unused_sampling",
    ),
    "null": (LIVE, KEY, {**job(client_context=ALL), "transcription": None}, "rule.nulls"),
    "null within": (LIVE, KEY, job(client_context={**ALL, "custom_instructions": None}), "rule.nulls"),
}


@pytest.mark.parametrize("name", ASSUMED)
async def test_what_the_page_does_not_show_rests_on_a_row_that_says_so(name):
    path, key, body, row = ASSUMED[name]

    async with Conversation() as t:
        await create(t, body, path, key)
        assert row in await rests_on(t)
    async with Conversation(DEFAULT, SURE) as t:
        await unsaid(t, await t.post(path, body, headers=by(key)), row)
        assert await rests_on(t) == []


async def test_a_scenario_that_has_videos_fetched_rests_on_how_they_are():
    fetching = {"extends": "descrideo-fetched"}

    async with Conversation(fetching) as t:
        await create(t, job(client_context=ALL))
        assert "event.source.fetch" in await rests_on(t)
    async with Conversation(fetching, SURE) as t:
        await unsaid(t, await t.post(LIVE, job(client_context=ALL), headers=by()), "event.source.fetch")
        # The sandbox has nothing to fetch.
        await create(t, SHOWN["sandbox"][2], SANDBOX)


REPLIES = [
    ("GET", f"{LIVE}/x", KEY, "rule.status_reply"),
    ("GET", f"{DEMO}/x", DEMO_KEY, "rule.status_reply"),
    ("GET", f"{SANDBOX}/x", KEY, "operation.get_sandbox_description"),
    ("POST", f"{SANDBOX}/x/replay-webhook", KEY, "operation.replay_sandbox_webhook"),
    ("POST", f"{DEMO}/x/replay-webhook", DEMO_KEY, "rule.replay_reply"),
    ("GET", f"{ROOT}/v1/webhook-secret", KEY, "rule.secret_reply"),
    ("GET", f"{ROOT}/api/demo/v1/webhook-secret", DEMO_KEY, "rule.secret_reply"),
    ("GET", f"{ROOT}/v1/nothing", KEY, "error.no_such_path"),
    ("GET", LIVE, KEY, "error.method_not_allowed"),
]


@pytest.mark.parametrize(("method", "path", "key", "row"), REPLIES)
async def test_replies_that_the_page_does_not_show_are_not_given(method, path, key, row):
    async with Conversation(DEFAULT, SURE) as t:
        await unsaid(t, await t.client.request(method, path, headers=by(key)), row)


ERRORS = [
    ("", LIVE, {}, ["error.unauthorized", "rule.error_envelope"]),
    (DEMO_KEY, LIVE, {}, ["error.unauthorized", "rule.error_envelope", "rule.crossed_keys"]),
    (KEY, LIVE, {}, ["error.invalid_request", "rule.error_envelope"]),
    (KEY, LIVE, job(frames=11), ["error.invalid_request", "rule.error_envelope"]),
    (
        KEY,
        LIVE,
        job(client_context={"output_fields": []}),
        ["error.invalid_request", "rule.checks", "rule.error_envelope"],
    ),
    (DEMO_KEY, DEMO, job(frames=20), ["error.unprocessable", "rule.demo_unprocessable", "rule.error_envelope"]),
    (
        DEMO_KEY,
        DEMO,
        job(frames=10, client_context={"lang": "fr"}),
        ["error.unprocessable", "rule.error_envelope"],
    ),
    (
        KEY,
        LIVE,
        job(source={"type": "direct_url", "url": "https://example.com/mock-overloaded.mp4"}),
        ["error.overloaded", "rule.error_envelope", "rule.retry_after"],
    ),
]


@pytest.mark.parametrize(("key", "path", "body", "rows"), ERRORS)
async def test_an_error_rests_on_its_status_and_on_how_it_is_laid_out(key, path, body, rows):
    """FACTS section 4: errors; the statuses are documented and the envelope is not."""

    async with Conversation() as t:
        held = await t.post(path, body, headers=by(key))
        replies.Error.model_validate(held.json())
        assert (await rests_on(t))[1:] == rows
    async with Conversation(DEFAULT, SURE) as t:
        found = (await t.post(path, body, headers=by(key))).json()["rule"]
        assert found in [f"descrideo.{row}" for row in rows]


async def test_a_quota_that_is_used_up_is_named():
    async with Conversation() as t:
        await create(t, SHOWN["demo"][2], DEMO, DEMO_KEY)
        await refused(t, 429, SHOWN["demo"][2], DEMO, DEMO_KEY)
        assert "limit.demo_jobs_per_day" in await rests_on(t)
    async with Conversation(
        {"accounts": [{"key": "*", "billing": "postpaid", "limits": {"tokens_per_month": 0}}]}
    ) as t:
        await refused(t, 402)
        assert {"limit.tokens_per_month", "rule.over_month"} <= set(await rests_on(t))


@pytest.mark.parametrize(
    ("wait", "row"), [(0, "rule.replay_too_early"), (HOUR, "rule.replay_forgotten"), (HOUR, "rule.apis_apart")]
)
async def test_a_replay_that_is_refused_names_why(wait, row):
    async with Conversation() as t:
        job_id = await create(t, path=LIVE if row == "rule.apis_apart" else SANDBOX)
        await t.advance(wait)
        if row == "rule.replay_forgotten":
            store: Any = t.sandbox.store
            store._deliveries.drop()
        await t.post(f"{SANDBOX}/{job_id}/replay-webhook", headers=by())
        assert row in await rests_on(t)


# What comes later.


async def test_a_job_that_fails_tells_nobody_without_assumptions():
    async with Conversation(DEFAULT, SURE) as t:
        fails = {"type": "direct_url", "url": "https://example.com/mock-fail.mp4"}
        await create(t, job(source=fails, client_context=ALL))
        await t.advance(HOUR)
        assert hooks(t) == []
        assert await rests_on(t, "delivery") == ["event.description.failed"]
        assert await rests_on(t, "transition") == ["state.failed"]


async def test_states_and_call_outs_are_in_the_journal_too():
    async with Conversation() as t:
        t.receivers.answers = [answer({"url": "http://127.0.0.1:9000/v.mp4"}), answer(b"", 206)]
        await create(t, brokered())
        await t.advance(HOUR)
        entries = [e for e in reversed(await t.sandbox.journal()) if e.provider == "descrideo"]
        assert [row for e in entries if e.kind == "transition" for row in e.rests_on] == [
            f"descrideo.state.{state}"
            for state in ("resolving_source", "probing", "extracting_frames", "ai_request", "succeeded")
        ]
        assert [row for e in entries if e.kind == "delivery" for row in e.rests_on] == [
            f"descrideo.event.{event}" for event in ("source.resolve", "source.fetch", "description.succeeded")
        ]


async def test_a_reply_may_name_its_rows():
    async with Conversation(DEFAULT, Settings(rule_header=True)) as t:
        reply = await t.post(LIVE, job("audio", client_context=ALL, transcription=HEARD), headers=by())
        assert reply.headers["x-mock-rule"] == ", ".join(
            (
                "descrideo.operation.create_description;class=documented",
                "descrideo.rule.transcription_price;class=assumed",
                "descrideo.state.queued;class=documented",
            )
        )
        got = await t.get(f"{LIVE}/{reply.json()['job_id']}", headers=by())
        assert "descrideo.rule.status_reply;class=assumed" in got.headers["x-mock-rule"]


# What else is assumed.


async def test_the_key_the_limit_the_body_and_the_tokens_are_looked_at_in_this_order():
    async with Conversation({"accounts": [{"key": "*", "credits": 0, "limits": {"requests_per_minute": 2}}]}) as t:
        await refused(t, 401, {"frames": 1}, key="rubbish")
        await refused(t, 400, {"frames": 1})
        await refused(t, 402)
        await refused(t, 429, {"frames": 1})
        await refused(t, 401, {"frames": 1}, key="rubbish")
