"""VideoToPrompt in conversation: every row of FACTS section 1, in its order."""

import json
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

from mockserver.core.seeded import Seeded
from mockserver.core.signing import hmac_sha256
from mockserver.media.maker import video
from mockserver.outgoing.call import CallResult
from tests.conversation import Conversation

URL = {"url": "https://www.youtube.com/watch?v=EXAMPLE", "platform": "stable-diffusion"}
HOOK = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}
SUBMIT = "/videotoprompt/v1/analyze/url"


def accounts(**more: Any) -> dict[str, Any]:
    return {"accounts": [{"key": "*", "plan": "pro", **more}]}


async def submit(c: Conversation, **more: Any) -> str:
    reply = await c.post(SUBMIT, {**URL, **more})
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


async def result(c: Conversation, analysis: str) -> dict[str, Any]:
    reply = await c.get(f"/videotoprompt/v1/analyze/{analysis}")
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


async def test_auth_missing_and_wrong_keys_get_401() -> None:
    """FACTS section 1: auth."""

    async with Conversation() as c:
        for headers in (
            {"Authorization": ""},
            {"Authorization": "Basic a2V5"},
            {"Authorization": "Bearer invalid-key"},
        ):
            reply = await c.post(SUBMIT, URL, headers=headers)
            assert reply.status_code == 401
            assert reply.json()["error"]["type"] == "unauthorized"
        assert (await c.post(SUBMIT, URL)).status_code == 202


async def test_plans_have_the_documented_figures() -> None:
    """FACTS section 1: plans."""

    async with Conversation() as c:
        figures = {
            "free": (5, 20, 120, 100_000_000),
            "starter": (20, 200, 600, 500_000_000),
            "pro": (60, 2_000, 1_800, 2_000_000_000),
        }
        provider = c.app.provider("videotoprompt")
        for plan, (minute, day, seconds, size) in figures.items():
            tier = provider.tiers[plan]
            told = (tier["requests_per_minute"], tier["analyses_per_day"], tier["video_seconds"], tier["file_bytes"])
            assert told == (minute, day, seconds, size)


async def test_limit_headers_come_with_every_response() -> None:
    """FACTS section 1: headers."""

    async with Conversation({}) as c:
        first = await c.post(SUBMIT, URL)
        assert first.headers["x-ratelimit-limit"] == "60"
        assert first.headers["x-ratelimit-remaining"] == "59"
        assert first.headers["x-ratelimit-reset"] == "1748779260"
        others = [
            await c.post(SUBMIT, URL, headers={"Authorization": ""}),
            await c.post(SUBMIT, {"url": "nonsense"}),
            await c.get("/videotoprompt/v1/analyze/ana_unknown"),
            await c.get("/videotoprompt/v1/nowhere"),
            await c.client.delete(SUBMIT),
        ]
        assert [r.status_code for r in others] == [401, 400, 404, 404, 405]
        for reply in others:
            assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(reply.headers)


async def test_the_minute_window_ends_in_429_until_its_reset() -> None:
    """FACTS section 1: 429, by the minute."""

    async with Conversation(accounts(plan="free")) as c:
        for left in (4, 3, 2, 1, 0):
            reply = await c.get("/videotoprompt/v1/analyze/ana_x")
            assert reply.headers["x-ratelimit-remaining"] == str(left)
        refused = await c.post(SUBMIT, URL)
        assert refused.status_code == 429
        assert refused.json()["error"]["type"] == "rate_limit_exceeded"
        await c.advance(int(refused.headers["x-ratelimit-reset"]) - c.sandbox.clock.now() / 1000)
        assert (await c.post(SUBMIT, URL)).status_code == 202


async def test_the_daily_analyses_end_in_429_until_midnight_utc() -> None:
    """FACTS section 1: 429, by the day. Reading goes on, and a batch needs room for all its analyses."""

    async with Conversation(accounts(limits={"analyses_per_day": 2})) as c:
        first = await submit(c)
        batch = await c.post("/videotoprompt/v1/analyze/batch", {"analyses": [URL, URL]})
        assert batch.status_code == 429
        await submit(c)
        refused = await c.post(SUBMIT, URL)
        assert refused.status_code == 429
        assert refused.headers["x-ratelimit-limit"] == "2"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert refused.headers["x-ratelimit-reset"] == "1748822400"
        assert (await result(c, first))["status"] == "pending"
        await c.advance(12 * 3600)
        await submit(c)


async def test_a_request_that_is_wrong_uses_no_daily_analysis() -> None:
    """FACTS section 1: 429. Only accepted analyses count."""

    async with Conversation(accounts(limits={"analyses_per_day": 1})) as c:
        assert (await c.post(SUBMIT, {"url": "nonsense"})).status_code == 400
        await submit(c)


async def test_what_goes_beyond_the_plan_is_forbidden() -> None:
    """FACTS section 1: over-plan. A stretch without an end is limited by the plan, which is no error."""

    async with Conversation(accounts(plan="free", limits={"requests_per_minute": 60})) as c:
        await submit(c, timestamp_start=30)
        await submit(c, timestamp_start=30, timestamp_end=150)
        over = await c.post(SUBMIT, {**URL, "timestamp_start": 30, "timestamp_end": 151})
        assert over.status_code == 403
        assert over.json()["error"] == {
            "type": "forbidden",
            "message": "The requested part is longer than the 2m that your plan allows",
        }
        exact, long = video(120_000, Seeded(1)).data, video(120_001, Seeded(1)).data
        assert (await upload(c, exact)).status_code == 202
        refused = await upload(c, long)
        assert refused.status_code == 403
        assert "2m" in refused.json()["error"]["message"]


async def test_a_file_one_byte_over_the_plan_is_forbidden() -> None:
    """FACTS section 1: over-plan, by size."""

    async with Conversation(accounts(limits={"file_bytes": 1})) as c:
        data = video(5_000, Seeded(1)).data
        c.sandbox.program.accounts[0].limits["file_bytes"] = len(data)
        assert (await upload(c, data)).status_code == 202
        refused = await upload(c, data + b"\0")
        assert refused.status_code == 403
        assert refused.json()["error"]["type"] == "forbidden"


async def upload(c: Conversation, data: bytes, **fields: str) -> Any:
    files = {"video": ("clip.mp4", data, "video/mp4")}
    return await c.client.post("/videotoprompt/v1/analyze/upload", files=files, data=fields)


async def test_upload_takes_a_form_and_says_what_is_wrong() -> None:
    """FACTS section 1: upload."""

    async with Conversation() as c:
        data = video(8_000, Seeded(1)).data
        asked = {"platform": "midjourney", "style_depth": "basic", "include_negative": "true", "language": "de"}
        reply = await upload(c, data, **asked)
        assert reply.status_code == 202
        await c.advance(60)
        done = await result(c, reply.json()["id"])
        assert done["platform"] == "midjourney"
        assert done["prompt"]["negative"]
        wrong = [
            await c.client.post("/videotoprompt/v1/analyze/upload", files={"other": ("a.mp4", data)}),
            await upload(c, data, platform="betamax"),
            await upload(c, data, include_negative="perhaps"),
            await upload(c, b""),
            await upload(c, data[:-20]),
            await upload(c, data[:200]),
            await upload(c, b"GIF89a, or so it says"),
        ]
        for refused in wrong:
            assert refused.status_code == 400, refused.text
            assert refused.json()["error"]["type"] == "bad_request"
        plain = await c.post("/videotoprompt/v1/analyze/upload", {"video": "no form"})
        assert plain.status_code == 415
        assert (await upload(c, data)).status_code == 202, "and the server goes on"


async def test_url_takes_what_the_page_and_its_samples_send() -> None:
    """FACTS section 1: url."""

    async with Conversation() as c:
        await submit(
            c, style_depth="detailed", include_negative=True, language="en", timestamp_start=30, timestamp_end=90
        )
        await submit(c, unknown_field="is let through")
        wrong: list[dict[str, Any]] = [
            {"url": None},
            {"url": 5},
            {"url": "ftp://example.com/a.mp4"},
            {"url": "https://"},
            {"platform": "betamax"},
            {"style_depth": "profound"},
            {"include_negative": "yes"},
            {"language": "English"},
            {"timestamp_start": -1},
            {"timestamp_start": 90, "timestamp_end": 30},
            {"timestamp_end": "end"},
        ]
        for change in wrong:
            reply = await c.post(SUBMIT, {**URL, **change})
            assert reply.status_code == 400, change
            error = reply.json()["error"]
            assert error["type"] == "bad_request"
            assert next(iter(change)).removesuffix("_start") in error["message"]
        missing = await c.post(SUBMIT, {"platform": "sora"})
        assert missing.json()["error"]["message"] == "url is required"


async def test_the_submit_reply_has_an_id_and_is_pending() -> None:
    """FACTS section 1: submit reply."""

    async with Conversation() as c:
        reply = await c.post(SUBMIT, URL)
        body = reply.json()
        assert reply.status_code == 202
        assert body["id"].startswith("ana_")
        assert {**body, "id": ""} == {
            "id": "",
            "status": "pending",
            "created_at": "2025-06-01T12:00:00Z",
            "platform": "stable-diffusion",
        }


async def test_the_result_grows_from_pending_to_completed() -> None:
    """FACTS section 1: result."""

    async with Conversation() as c:
        analysis = await submit(c, include_negative=True)
        waiting = await result(c, analysis)
        assert waiting["status"] == "pending"
        assert "prompt" not in waiting
        assert "completed_at" not in waiting
        await c.advance(3)
        assert (await result(c, analysis))["status"] == "processing"
        await c.advance(5)
        done = await result(c, analysis)
        assert done["status"] == "completed"
        assert done["completed_at"] > done["created_at"]
        prompt = done["prompt"]
        assert prompt["negative"]
        assert len(prompt["style_analysis"]["dominant_colors"]) == 3
        assert set(prompt["style_analysis"]) == {"dominant_colors", "lighting", "mood", "camera"}
        assert await result(c, analysis) == done


async def test_negative_comes_only_when_asked_for_and_known_to_the_platform() -> None:
    """FACTS section 1: result, nullness of negative."""

    async with Conversation() as c:
        told = {}
        for platform in ("midjourney", "stable-diffusion", "dalle3", "sora", "runway", "generic"):
            for wanted in (True, False):
                analysis = await submit(c, platform=platform, include_negative=wanted)
                await c.advance(60)
                told[platform, wanted] = (await result(c, analysis))["prompt"]["negative"] is not None
        assert {k for k, v in told.items() if v} == {("midjourney", True), ("stable-diffusion", True)}


async def test_parameters_are_of_the_platform_and_full_joins_them() -> None:
    """FACTS section 1: `parameters`."""

    async with Conversation() as c:
        parameters = {}
        for platform in ("midjourney", "stable-diffusion", "dalle3", "sora", "runway", "generic"):
            analysis = await submit(c, platform=platform)
            await c.advance(60)
            prompt = (await result(c, analysis))["prompt"]
            assert prompt["full"] == f"{prompt['text']} {prompt['parameters']}"
            parameters[platform] = prompt["parameters"]
        assert parameters["midjourney"] == "--ar 16:9 --v 6 --style raw"
        assert "steps" in parameters["stable-diffusion"].lower()
        assert len(set(parameters.values())) == 6


async def test_a_failed_analysis_says_why_in_a_plain_string() -> None:
    """FACTS section 1: failed job."""

    async with Conversation() as c:
        analysis = await submit(c, url="https://example.com/mock-fail.mp4")
        await c.advance(60)
        failed = await result(c, analysis)
        assert failed["status"] == "failed"
        assert isinstance(failed["error"], str)
        assert "prompt" not in failed


async def test_errors_have_one_envelope_whatever_goes_wrong() -> None:
    """FACTS section 1: errors."""

    async with Conversation() as c:
        expected = {
            "mock-invalid": (400, "bad_request"),
            "mock-unauthorized": (401, "unauthorized"),
            "mock-forbidden": (403, "forbidden"),
            "mock-not-found": (404, "not_found"),
            "mock-rate-limited": (429, "rate_limit_exceeded"),
            "mock-server-error": (500, "server_error"),
            "mock-overloaded": (503, "service_unavailable"),
        }
        for magic, (status, kind) in expected.items():
            reply = await c.post(SUBMIT, {"url": f"https://example.com/{magic}.mp4"})
            assert reply.status_code == status
            assert set(reply.json()) == {"error"}
            assert set(reply.json()["error"]) == {"type", "message"}
            assert reply.json()["error"]["type"] == kind
        raw = {"Content-Type": "application/json"}
        edge = [
            (await c.client.post(SUBMIT, content=b"{", headers=raw), 400),
            (await c.client.post(SUBMIT, content=b"a=b", headers={"Content-Type": "text/plain"}), 415),
            (await c.client.post(SUBMIT, content=b" " * 1_048_577, headers=raw), 413),
            (await c.client.put(SUBMIT, json=URL), 405),
            (await c.get("/videotoprompt/v1/none"), 404),
        ]
        for reply, status in edge:
            assert reply.status_code == status
            assert set(reply.json()["error"]) == {"type", "message"}


async def test_bad_json_of_every_kind_is_a_bad_request() -> None:
    """FACTS section 1: errors. What breaks other servers' parsers gets the documented error, and the server goes on."""

    async with Conversation() as c:
        bodies = [
            b"",
            b"null",
            b"[]",
            b'"text"',
            b'{"url": NaN}',
            b'{"url": "https://example.com/a.mp4", "timestamp_start": NaN}',
            b'{"url": "https://example.com/a.mp4", "timestamp_end": Infinity}',
            b'{"url": "https://example.com/\\ud800"}',
            b"[" * 100_000 + b"]" * 100_000,
            b'{"url":' * 100_000,
            b"\xff\xfe{}",
            b'{"url": "https://example.com/a.mp4"',
        ]
        for body in bodies:
            reply = await c.client.post(SUBMIT, content=body, headers={"Content-Type": "application/json"})
            assert reply.status_code == 400, body[:40]
            assert reply.json()["error"]["type"] == "bad_request"
        await submit(c)


def verified(c: Conversation, number: int, secret: str = "whsec_1") -> dict[str, Any]:
    call = c.receivers.calls[number]
    headers = {k.lower(): v for k, v in call.headers}
    assert headers["x-v2p-signature"] == f"sha256={hmac_sha256(secret, call.body)}"
    assert headers["content-type"] == "application/json"
    body: dict[str, Any] = json.loads(call.body)
    return body


async def test_webhooks_are_posted_signed_to_the_accounts_receiver() -> None:
    """FACTS section 1: webhook, webhook body."""

    async with Conversation({"extends": "default", **accounts(webhook=HOOK)}) as c:
        good = await submit(c)
        bad = await submit(c, url="https://example.com/mock-fail.mp4")
        await c.advance(60)
        assert [call.url for call in c.receivers.calls] == ["http://127.0.0.1:9000/hook"] * 2
        told = {body["data"]["id"]: body for body in (verified(c, 0), verified(c, 1))}
        done = await result(c, good)
        assert told[good] == {
            "event": "analysis.completed",
            "timestamp": done["completed_at"],
            "data": {"id": good, "prompt": done["prompt"]},
        }
        assert told[bad]["event"] == "analysis.failed"
        assert told[bad]["data"] == {"id": bad, "error": (await result(c, bad))["error"]}


async def test_webhooks_come_only_for_the_events_asked_for() -> None:
    """FACTS section 1: webhook, events."""

    async with Conversation({"extends": "default", **accounts(webhook={**HOOK, "events": ["analysis.failed"]})}) as c:
        await submit(c)
        await submit(c, url="https://example.com/mock-fail.mp4")
        await c.advance(60)
        assert [json.loads(call.body)["event"] for call in c.receivers.calls] == ["analysis.failed"]


async def test_a_webhook_is_retried_four_times_and_given_up() -> None:
    """FACTS section 1: retries."""

    async with Conversation({"extends": "default", **accounts(webhook=HOOK)}) as c:
        c.receivers.answers = [CallResult("response", 500)] * 5
        await submit(c)
        await c.advance(3600)
        assert len(c.receivers.calls) == 5
        delivery = (await c.get("/_mock/deliveries")).json()["deliveries"][0]
        assert delivery["outcome"] == "given_up"
        starts = [datetime.fromisoformat(attempt["at"]) for attempt in reversed(delivery["attempts"])]
        starts.sort()
        waits = [(after - before).total_seconds() for before, after in pairwise(starts)]
        assert waits == [5, 30, 300, 1_800]
        assert len({call.body for call in c.receivers.calls}) == 1


async def test_a_batch_goes_on_where_single_items_fail() -> None:
    """FACTS section 1: batch."""

    async with Conversation() as c:
        items = [URL, {"url": "nonsense"}, {"url": "https://example.com/mock-fail.mp4"}, 5, {**URL, "platform": "sora"}]
        reply = await c.post("/videotoprompt/v1/analyze/batch", {"analyses": items})
        assert reply.status_code == 202
        body = reply.json()
        assert body["id"].startswith("bat_")
        assert [i["status"] for i in body["analyses"]] == ["pending", "failed", "pending", "failed", "pending"]
        assert "http" in body["analyses"][1]["error"]
        ids = [i["id"] for i in body["analyses"]]
        assert len(set(ids)) == 5
        assert (await result(c, ids[1]))["status"] == "failed"
        for wrong in ([], [URL] * 101, "none", None):
            assert (await c.post("/videotoprompt/v1/analyze/batch", {"analyses": wrong})).status_code == 400
        await c.advance(60)
        done = (await c.get(f"/videotoprompt/v1/analyze/batch/{body['id']}")).json()
        assert done["status"] == "completed"
        assert [a["status"] for a in done["analyses"]] == ["completed", "failed", "failed", "failed", "completed"]
        assert done["analyses"][0]["prompt"] == (await result(c, ids[0]))["prompt"]


async def test_a_batch_posts_once_when_all_its_analyses_have_ended() -> None:
    """FACTS section 1: batch result."""

    async with Conversation() as c:
        slow = {"url": "https://example.com/mock-slow.mp4"}
        asked = {"analyses": [URL, slow, {"url": "no"}], "webhook_url": "http://127.0.0.1:9000/batch"}
        batch = (await c.post("/videotoprompt/v1/analyze/batch", asked)).json()["id"]
        path = f"/videotoprompt/v1/analyze/batch/{batch}"
        assert (await c.get(path)).json()["status"] == "processing", "one item has failed already"
        await c.advance(60)
        assert (await c.get(path)).json()["status"] == "processing"
        assert c.receivers.calls == []
        await c.advance(3600)
        assert [call.url for call in c.receivers.calls] == ["http://127.0.0.1:9000/batch"]
        told = verified(c, 0, "whsec_mockserver")
        assert told["event"] == "batch.completed"
        assert told["data"] == (await c.get(path)).json()


async def test_a_batch_of_bad_items_alone_ends_at_once() -> None:
    """FACTS section 1: batch result, when nothing was accepted."""

    async with Conversation() as c:
        asked = {"analyses": [{"url": "no"}, {}], "webhook_url": "http://127.0.0.1:9000/batch"}
        reply = (await c.post("/videotoprompt/v1/analyze/batch", asked)).json()
        assert reply["status"] == "completed"
        await c.advance(0)
        assert [json.loads(call.body)["event"] for call in c.receivers.calls] == ["batch.completed"]


async def test_unknown_and_foreign_ids_are_not_found() -> None:
    """FACTS section 1: 404."""

    async with Conversation() as c:
        analysis = await submit(c)
        batch = (await c.post("/videotoprompt/v1/analyze/batch", {"analyses": [URL]})).json()["id"]
        other = {"Authorization": "Bearer somebody-else"}
        for path in ("ana_none", "batch/bat_none", batch, f"batch/{analysis}", "%00", "a" * 5000):
            assert (await c.get(f"/videotoprompt/v1/analyze/{path}")).status_code == 404
        for path in (analysis, f"batch/{batch}"):
            reply = await c.get(f"/videotoprompt/v1/analyze/{path}", headers=other)
            assert reply.status_code == 404
            assert reply.json()["error"]["type"] == "not_found"


async def test_the_same_requests_in_another_order_get_the_same_bytes() -> None:
    """Determinism: a job's id and content hang on what was asked, not on what ran beside it."""
    told: list[dict[str, bytes]] = []

    def story_of(order: list[str]) -> Callable[[Conversation], Any]:
        async def story(c: Conversation) -> None:
            urls = {name: f"https://example.com/{name}.mp4" for name in order}
            ids = {name: await submit(c, url=urls[name]) for name in order}
            await c.advance(60)
            told.append({n: (await c.get(f"/videotoprompt/v1/analyze/{ids[n]}")).content for n in sorted(order)})

        return story

    async with Conversation() as t:
        await story_of(["beach", "alps", "kitchen"])(t)
    async with Conversation() as t:
        await story_of(["kitchen", "beach", "alps"])(t)
    assert told[0] == told[1]
    assert len(set(told[0].values())) == 3
