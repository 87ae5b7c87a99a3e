"""VideoToPrompt in conversation: what nobody documents of keys, limits and analyses, and has to be decided."""

import json
from collections.abc import Callable
from typing import Any

from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.providers.videotoprompt.models import FALSE, TRUE
from tests.conversation import Conversation
from tests.videotoprompt_client import ROOT

SUBMIT = f"{ROOT}/url"
URL = {"url": "https://example.com/a.mp4", "platform": "midjourney"}


def account(**more: Any) -> dict[str, Any]:
    return {"extends": "default", "accounts": [{"key": "*", "plan": "pro", **more}]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# Limits and the order of checks.


async def test_checks_come_in_one_order() -> None:
    """Key, minute, scope, body, plan, day: what is wrong in several ways is refused for the first of them."""

    limits = {"requests_per_minute": 3, "analyses_per_day": 0}
    keys = [{"key": "*invalid*", "refused": True}, {"key": "reads", "plan": "pro", "scopes": ["analyze:read"]}]
    async with Conversation({"accounts": [*keys, {"key": "*", "plan": "free", "limits": limits}]}) as c:
        stretch = {"timestamp_start": 0, "timestamp_end": 3600}
        told = [
            await c.post(SUBMIT, {"url": 5}, headers=bearer("invalid-key")),
            await c.post(SUBMIT, {"url": 5}, headers=bearer("reads")),
            await c.post(SUBMIT, {"url": 5, **stretch}),
            await c.post(SUBMIT, {**URL, **stretch}),
            await c.post(SUBMIT, URL),
            await c.post(SUBMIT, {"url": 5}),
        ]
        assert [reply.status_code for reply in told] == [401, 403, 400, 403, 429, 429]
        assert [reply.headers["x-ratelimit-limit"] for reply in told[4:]] == ["0", "3"], (
            "first the day, then the minute"
        )


async def test_every_request_with_a_valid_key_counts_whatever_comes_of_it() -> None:
    async with Conversation(account()) as c:
        left = [
            (await c.get(f"{ROOT}/ana_x")).headers["x-ratelimit-remaining"],
            (await c.post(SUBMIT, {"url": 5})).headers["x-ratelimit-remaining"],
            (await c.post(SUBMIT, {"url": "https://example.com/mock-overloaded"})).headers["x-ratelimit-remaining"],
        ]
        assert left == ["59", "58", "57"]
        await c.get(f"{ROOT}/ana_x", headers=bearer("invalid-key"))
        await c.get("/videotoprompt/v1/nowhere")
        await c.client.delete(SUBMIT)
        assert (await c.get(f"{ROOT}/ana_x")).headers["x-ratelimit-remaining"] == "56"


async def test_without_an_account_the_headers_tell_of_an_unused_minute_of_the_free_plan() -> None:
    async with Conversation() as c:
        for _ in range(2):
            reply = await c.get(f"{ROOT}/ana_x", headers=bearer("invalid-key"))
            assert (reply.status_code, reply.headers["x-ratelimit-limit"]) == (401, "5")
            assert reply.headers["x-ratelimit-remaining"] == "5"


async def test_the_enterprise_plan_has_figures_too() -> None:
    async with Conversation() as c:
        reply = await c.get(f"{ROOT}/ana_x", headers=bearer("enterprise-1"))
        assert reply.headers["x-ratelimit-limit"] == "600"
        whole_day = {**URL, "timestamp_start": 0, "timestamp_end": 86_400}
        assert (await c.post(SUBMIT, whole_day, headers=bearer("enterprise-1"))).status_code == 202
        tier = c.app.provider("videotoprompt").tiers["enterprise"]
        assert (tier["analyses_per_day"], tier["video_seconds"], tier["file_bytes"]) == (100_000, None, None)


# Analyses.


async def test_head_is_get_without_its_body() -> None:
    """RFC 9110 section 9.3.2."""

    async with Conversation() as c:
        analysis = (await c.post(SUBMIT, URL)).json()["id"]
        got = await c.get(f"{ROOT}/{analysis}")
        asked = await c.client.head(f"{ROOT}/{analysis}")
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["content-length"] == got.headers["content-length"]
        assert (await c.client.head(f"{ROOT}/ana_x")).status_code == 404


async def test_what_is_left_out_has_its_documented_default() -> None:
    """What is asked for in so many words comes out as what is left out."""
    whole = {"platform": "generic", "style_depth": "standard", "include_negative": False, "language": "en"}
    told = []

    def story_of(**more: Any) -> Callable[[Conversation], Any]:
        async def story(c: Conversation) -> None:
            reply = await c.post(SUBMIT, {"url": URL["url"], **more})
            assert reply.json()["platform"] == "generic"
            job = (await c.sandbox.store.page_jobs("videotoprompt", None, None, 0, 1)).jobs[0]
            told.append({name: job.request[name] for name in whole})

        return story

    async with Conversation() as t:
        await story_of()(t)
    async with Conversation() as t:
        await story_of(timestamp_start=0, **whole)(t)
    assert told == [whole, whole]


async def test_the_same_submission_twice_makes_two_analyses() -> None:
    async with Conversation(account(limits={"analyses_per_day": 2})) as c:
        first, second = [(await c.post(SUBMIT, URL)).json()["id"] for _ in range(2)]
        assert first != second
        assert (await c.get("/_mock/jobs")).json()["total"] == 2
        assert (await c.post(SUBMIT, URL)).status_code == 429


async def test_an_analysis_takes_its_seconds_and_its_result_stays() -> None:
    async with Conversation() as c:
        begun = [(await c.post(SUBMIT, {"url": f"https://example.com/{i}.mp4"})).json()["id"] for i in range(20)]
        await c.advance(4.999)
        early = [(await c.get(f"{ROOT}/{each}")).json() for each in begun]
        assert {told["status"] for told in early} == {"processing"}
        await c.advance(2.001)
        done = [(await c.get(f"{ROOT}/{each}")).content for each in begun]
        assert all(json.loads(body)["status"] == "completed" for body in done)
        await c.advance(86_400)
        assert [(await c.get(f"{ROOT}/{each}")).content for each in begun] == done


async def test_a_form_spells_booleans_in_the_usual_ways() -> None:
    async with Conversation() as c:
        data = video(5_000, Seeded(1)).data
        for word, status in [(w, 202) for w in (*TRUE, *FALSE)] + [("2", 400), ("y", 400), ("", 400)]:
            fields = {"platform": "midjourney", "include_negative": word}
            reply = await c.client.post(f"{ROOT}/upload", files={"video": ("a.mp4", data)}, data=fields)
            assert reply.status_code == status, word
            if status == 202:
                await c.advance(60)
                prompt = (await c.get(f"{ROOT}/{reply.json()['id']}")).json()["prompt"]
                assert (prompt["negative"] is not None) == (word in TRUE)


async def test_a_path_names_the_methods_that_it_has() -> None:
    async with Conversation() as c:
        refused = [await c.client.delete(SUBMIT), await c.client.put(f"{ROOT}/ana_x")]
        assert [(r.status_code, r.headers["allow"]) for r in refused] == [(405, "POST"), (405, "GET, HEAD")]
        assert {r.json()["error"]["type"] for r in refused} == {"bad_request"}


async def test_an_analysis_that_was_cancelled_looks_failed() -> None:
    async with Conversation() as c:
        analysis = (await c.post(SUBMIT, URL)).json()["id"]
        assert (await c.post(f"/_mock/jobs/{analysis}", {"status": "cancelled"})).status_code == 200
        told = (await c.get(f"{ROOT}/{analysis}")).json()
        assert (told["status"], told["error"]) == ("failed", "The analysis was cancelled")


async def test_there_are_no_credits_and_a_lack_of_them_is_a_matter_of_the_plan() -> None:
    async with Conversation() as c:
        refused = await c.post(SUBMIT, {"url": "https://example.com/mock-no-credits.mp4"})
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "forbidden")
        assert (await c.post(SUBMIT, URL, headers=bearer("broke-1"))).status_code == 202
