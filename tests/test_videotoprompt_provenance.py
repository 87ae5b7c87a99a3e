"""What is left of VideoToPrompt where nothing is assumed: the rest is refused, and leaves no trace."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mockserver.core.jobs import Job
from mockserver.core.plans import Plan, Step
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.videotoprompt_client import ASK, AUTHORIZE, REQUESTS, ROOT, TOKEN

Talk = Callable[..., None]

STRICT = Settings(no_assumed=True)
NAMED = Settings(rule_header=True)
SUBMIT = f"{ROOT}/url"
URL = {"url": "https://example.com/a.mp4", "platform": "midjourney"}
JSON = {"Content-Type": "application/json"}
ASKED = {"style_depth": "standard", "include_negative": True, "language": "en", "video": "https://example.com/a.mp4"}
HOOK = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}
DAY = {"accounts": [{"key": "*", "plan": "pro", "limits": {"analyses_per_day": 1}}]}


def refused(reply: httpx2.Response) -> str:
    """The row that a request was refused for."""
    assert reply.status_code == 501, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    return str(reply.json()["rule"]).removeprefix("videotoprompt.")


def named(reply: httpx2.Response) -> set[str]:
    """The rows that a reply names."""
    tokens = reply.headers["x-mock-rule"].split(", ")
    return {token.partition(";")[0].removeprefix("videotoprompt.") for token in tokens}


async def planted(c: Conversation, status: Any, **asked: Any) -> str:
    """An analysis that is there though no submission made it, in a status that stays."""
    request = {"platform": "midjourney", **ASKED, **asked}
    plan = Plan("planted", (Step(status, error="The video could not be decoded" if status == "failed" else None),))
    now = c.sandbox.clock.now()
    account = await c.sandbox.account("videotoprompt", "key-1", now)
    assert account is not None
    job_id = f"ana_{status}{len(asked)}"
    job = Job(job_id, "videotoprompt", "analyze_url", account.id, now, plan, request, effects="end")
    return (await c.sandbox.store.add_job(job)).id


@pytest.mark.parametrize(
    ("path", "body", "row"),
    [
        ("url", URL, "rule.submit_reply"),
        ("url", {**URL, "unknown": 1}, "rule.unknown_fields"),
        ("url", {**URL, "timestamp_end": 3600}, "rule.over_plan"),
        ("url", {**URL, "platform": "betamax"}, "rule.error_envelope"),
        ("url", {**URL, "timestamp_start": -1}, "rule.checks"),
        ("batch", {"analyses": [URL]}, "rule.batch_counts"),
        ("batch", {"analyses": [{**URL, "timestamp_end": 3600}]}, "rule.over_plan"),
    ],
)
async def test_a_submission_is_refused_and_leaves_no_trace(path: str, body: dict[str, Any], row: str) -> None:
    """FACTS section 1: submit reply. Its id alone is documented."""

    async with Conversation(DAY, STRICT) as c:
        for _ in range(2):
            assert refused(await c.post(f"{ROOT}/{path}", body)) == row
        assert (await c.get("/_mock/jobs")).json()["total"] == 0
        await c.advance(3600)
        assert c.receivers.calls == []


async def test_an_upload_is_refused_for_what_is_assumed_of_it() -> None:
    clip = video(5_000, Seeded(1)).data

    async with Conversation(DAY, STRICT) as c:
        for data, fields, row in (
            (b"", {}, "rule.upload_unreadable"),
            (clip, {"include_negative": "true"}, "rule.upload_booleans"),
            (clip, {"more": "x"}, "rule.unknown_fields"),
            (clip, {}, "rule.submit_reply"),
        ):
            reply = await c.client.post(f"{ROOT}/upload", files={"video": ("a.mp4", data)}, data=fields)
            assert refused(reply) == row
        assert (await c.get("/_mock/jobs")).json()["total"] == 0


@pytest.mark.parametrize(
    ("status", "asked", "row"),
    [
        ("succeeded", {}, None),
        ("succeeded", {"include_negative": False}, "rule.no_negative"),
        ("succeeded", {"platform": "stable-diffusion"}, "rule.parameters"),
        ("failed", {}, None),
        ("cancelled", {}, "rule.cancelled"),
        ("queued", {}, "rule.result_before_end"),
        ("running", {}, "rule.result_before_end"),
    ],
)
async def test_a_result_is_given_where_it_is_documented(status: str, asked: dict[str, Any], row: str | None) -> None:
    """FACTS section 1: result, parameters, failed job."""
    async with Conversation(DAY, STRICT) as c:
        reply = await c.get(f"{ROOT}/{await planted(c, status, **asked)}")
        if row is not None:
            assert refused(reply) == row
        else:
            assert reply.status_code == 200
            assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(reply.headers)
            assert ("prompt" in reply.json()) == (status == "succeeded")


async def test_errors_are_refused_for_their_envelope() -> None:
    """FACTS section 1: errors. Their types are documented, and where these stand is not."""

    keys = [{"key": "*invalid*", "refused": True}, {"key": "reads", "plan": "pro", "scopes": ["analyze:read"]}]
    async with Conversation({"accounts": [*keys, {"key": "*", "plan": "pro"}]}, STRICT) as c:
        for key, row in (("invalid-key", "rule.error_envelope"), ("reads", "error.missing_scope")):
            assert refused(await c.post(SUBMIT, URL, headers={"Authorization": f"Bearer {key}"})) == row
        assert refused(await c.get(f"{ROOT}/ana_unknown")) == "rule.error_envelope"
        for row in ("error.no_such_path", "error.method_not_allowed", "error.too_large"):
            assert refused(await c.client.request(**REQUESTS[f"videotoprompt.{row}"])) == row


@pytest.mark.parametrize(
    ("path", "request_of", "row"),
    [
        (AUTHORIZE, {"params": ASK}, "rule.oauth_auto_approve"),
        (AUTHORIZE, {"params": {**ASK, "redirect_uri": "/relative"}}, "error.untrusted_client"),
        (AUTHORIZE, {"params": ASK, "data": {"decision": "approve"}}, "operation.oauth_consent"),
        (TOKEN, {"data": {"client_id": "app"}}, "error.invalid_request"),
        (TOKEN, {"data": {"client_id": "app", "grant_type": "password"}}, "error.unsupported_grant_type"),
        (TOKEN, {"data": {"client_id": "invalid-app", "grant_type": "password"}}, "error.invalid_client"),
        (TOKEN, {"data": {"client_id": "app", "grant_type": "authorization_code"}}, "rule.oauth_codes"),
        (TOKEN, {"data": {"client_id": "app", "grant_type": "refresh_token"}}, "rule.oauth_rotation"),
        (TOKEN, {"json": {}}, "error.invalid_request"),
    ],
)
async def test_oauth_is_refused_for_what_is_assumed_of_it(path: str, request_of: dict[str, Any], row: str) -> None:
    """FACTS section 1: OAuth 2. The endpoints and grants are documented, and next to nothing of what they say."""

    async with Conversation(DAY, STRICT) as c:
        method = "POST" if {"data", "json"} & request_of.keys() else "GET"
        reply = await c.client.request(method, path, **request_of)
        assert refused(reply) == row
        assert "location" not in reply.headers


async def test_neither_a_batch_nor_a_consent_page_is_shown() -> None:
    async with Conversation({"extends": "videotoprompt-oauth-consent"}, STRICT) as c:
        assert refused(await c.get(f"{ROOT}/batch/bat_x")) == "operation.get_batch"
        assert refused(await c.get(AUTHORIZE, params=ASK)) == "rule.oauth_consent_page"


async def test_the_webhook_of_a_failure_is_not_sent_and_that_of_a_prompt_is() -> None:
    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "webhook": HOOK}]}, STRICT) as c:
        for status in ("failed", "succeeded"):
            await planted(c, status)
        await c.advance(1)
        assert [b'"analysis.completed"' in call.body for call in c.receivers.calls] == [True]
        notes = [entry.note for entry in await c.sandbox.journal() if entry.kind == "delivery"]
        assert (
            "analysis.failed was not sent, because it is an assumed behaviour and assumed behaviours are disallowed"
            in notes
        )


# What else is told.


@pytest.mark.parametrize(
    ("row", "status", "kind"),
    [
        ("no_such_path", 404, "not_found"),
        ("method_not_allowed", 405, "bad_request"),
        ("too_large", 413, "bad_request"),
        ("unsupported_media_type", 415, "bad_request"),
    ],
)
async def test_what_the_page_has_no_error_for_borrows_a_type(row: str, status: int, kind: str) -> None:
    async with Conversation(settings=NAMED) as c:
        reply = await c.client.request(**REQUESTS[f"videotoprompt.error.{row}"])
        assert (reply.status_code, reply.json()["error"]["type"]) == (status, kind)
        assert f"error.{row}" in named(reply)


@pytest.mark.parametrize(
    ("path", "request_of", "row"),
    [
        (SUBMIT, {"content": b"{", "headers": JSON}, "rule.bad_json"),
        (SUBMIT, {"json": [URL]}, "rule.bad_json"),
        (SUBMIT, {"json": {**URL, "language": "English"}}, "rule.language_codes"),
        (f"{ROOT}/batch", {"json": {"analyses": []}}, "rule.batch_size"),
        (f"{ROOT}/batch", {"json": {"analyses": [URL] * 101}}, "rule.batch_size"),
        (SUBMIT, {"json": {"url": "https://example.com/mock-no-credits.mp4"}}, "rule.no_credits"),
        (SUBMIT, {"json": {"url": "https://example.com/mock-rate-limited.mp4"}}, "rule.retry_after"),
        (TOKEN, {"json": {}}, "rule.oauth_bad_forms"),
        (AUTHORIZE, {"params": ASK, "json": {}}, "rule.oauth_bad_forms"),
    ],
)
async def test_an_error_names_why(path: str, request_of: dict[str, Any], row: str) -> None:
    async with Conversation(settings=NAMED) as c:
        reply = await c.client.post(path, **request_of)
        assert 400 <= reply.status_code < 500
        assert row in named(reply)


async def test_a_429_names_the_limit_that_is_used_up() -> None:
    limits = {"requests_per_minute": 2, "analyses_per_day": 1}
    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "limits": limits}]}, NAMED) as c:
        await c.post(SUBMIT, URL)
        by_day, by_minute = [named(await c.post(SUBMIT, URL)) for _ in range(2)]
        assert by_day >= {"error.rate_limit_exceeded", "limit.analyses_per_day", "rule.over_day"}
        assert by_minute >= {"error.rate_limit_exceeded", "limit.requests_per_minute"}
        assert "rule.over_day" not in by_minute


async def test_a_stretch_without_a_start_begins_where_the_video_does() -> None:
    """The free plan has two minutes."""

    async with Conversation({"accounts": [{"key": "*", "plan": "free"}]}) as c:
        found = [(await c.post(SUBMIT, {**URL, "timestamp_end": end})).status_code for end in (120, 120.5)]
        assert found == [202, 403]


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("api.videotoprompt.org", "/v1/analyze/ana_unknown", 404),
        ("api.videotoprompt.org", "/oauth/token", 405),
        ("videotoprompt.org", "/oauth/authorize", 302),
    ],
)
async def test_its_hosts_need_no_prefix(host: str, path: str, status: int) -> None:
    async with Conversation() as c:
        reply = await c.get(f"https://{host}{path}", params=ASK)
        assert reply.status_code == status
        assert "x-ratelimit-reset" in reply.headers
