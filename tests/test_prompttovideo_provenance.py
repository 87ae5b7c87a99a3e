"""On whose word PromptToVideo's replies stand, and what is left of it where nothing may be assumed."""

from typing import Any

import httpx2
import pytest

from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.prompttovideo_client import API, HOUR, REQUESTS, account, by, completed, generate, listed, queue, status

ASSUMES_NOTHING = Settings(no_assumed=True)
NAMED = Settings(rule_header=True)
OWN = "prompttovideo"


def row(reply: httpx2.Response) -> str:
    """The assumption for which a request was refused."""
    assert reply.status_code == 501, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert "rests on an assumption" in body["detail"]
    return str(body["rule"]).removeprefix(f"{OWN}.")


def named(reply: httpx2.Response) -> dict[str, str]:
    """The rows that a reply names, with their classes."""
    tokens = (token.partition(";class=") for token in reply.headers["x-mock-rule"].split(", "))
    return {name.removeprefix(f"{OWN}."): known for name, _, known in tokens}


async def test_what_the_page_shows_is_served_where_nothing_may_be_assumed():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        made = await generate(t)
        assert (await status(t, made["video_id"]))["status"] == "pending"
        assert len((await queue(t))["user_videos"]) == 1
        await t.advance(HOUR)
        assert (await status(t, made["video_id"]))["status"] == "completed"
        assert (await listed(t, "?status=completed"))["pagination"]["total"] == 1
        assert (await account(t))["credits"] == 999_999


async def test_what_was_observed_is_served_too():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        assert (await completed(t, "1080p"))["duration"] == 30
        assert (await t.post(f"{API}/generate", {"prompt": "A cat"})).status_code == 200
        assert (await t.post(f"{API}/generate", {"prompt": ""})).status_code == 400
        assert (await t.get(f"{API}/account", headers=by("invalid"))).status_code == 401
        assert (await t.get(f"{API}/video/1/status")).status_code == 404
        assert (await t.post(f"{API}/generate", {"prompt": "A cat"}, headers=by("broke-1"))).status_code == 402


@pytest.mark.parametrize("name", ["no_such_path", "method_not_allowed", "too_large", "blank_prompt", "prompt_no_text"])
async def test_an_error_that_is_assumed_is_none(name: str):
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        reply = await t.client.request(**REQUESTS[f"{OWN}.error.{name}"])
        assert row(reply) == f"error.{name}"


@pytest.mark.parametrize("name", ["forbidden", "server-error", "overloaded"])
async def test_a_scenario_cannot_ask_for_an_assumed_error(name: str):
    async with Conversation({"extends": f"{OWN}-{name}"}, ASSUMES_NOTHING) as t:
        assert row(await t.post(f"{API}/generate", {"prompt": "A cat"})) == f"error.{name.replace('-', '_')}"


async def test_files_are_assumed_and_the_links_to_them_are_not():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        video = await completed(t)
        assert row(await t.get(video["video_url"])) == "operation.video_file"
        assert row(await t.get(video["thumbnail_url"])) == "operation.thumbnail_file"


async def test_a_premium_video_is_served_and_its_place_in_a_list_is_assumed():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        made = await generate(t, quality="premium")
        assert row(await t.get(f"{API}/videos")) == row(await t.get(f"{API}/queue/status")) == "rule.listed_premium"
        await t.advance(HOUR)
        assert (await status(t, made["video_id"]))["quality"] == "premium"
    async with Conversation({"extends": f"{OWN}-observed"}, ASSUMES_NOTHING) as t:
        await generate(t, quality="premium")
        assert [video["quality"] for video in (await listed(t))["videos"]] == ["premium"]


async def test_nothing_is_made_or_taken_where_credits_have_no_end():
    async with Conversation({"extends": f"{OWN}-endless-credits"}, ASSUMES_NOTHING) as t:
        assert row(await t.post(f"{API}/generate", {"prompt": "A cat"})) == "rule.endless_credits"
        assert row(await t.get(f"{API}/account")) == "rule.endless_credits"
        assert (await listed(t))["videos"] == []


async def test_a_cancelled_video_has_no_documented_status():
    async with Conversation({"extends": f"{OWN}-cancelled"}, ASSUMES_NOTHING) as t:
        made = await generate(t)
        await t.advance(HOUR)
        assert row(await t.get(f"{API}/video/{made['video_id']}/status")) == "rule.cancelled_video"
        assert row(await t.get(f"{API}/videos")) == "rule.cancelled_video"


@pytest.mark.parametrize("query", ["page=0", "page=-1", "per_page=0", "per_page=-20"])
async def test_numbers_below_one_are_assumed_and_words_are_observed(query: str):
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        assert row(await t.get(f"{API}/videos?{query}")) == "rule.below_one"
        assert (await listed(t, "?page=first&per_page=many"))["pagination"]["per_page"] == 20


async def test_head_and_retry_after_are_assumed():
    async with Conversation({"extends": f"{OWN}-throttled-once"}, ASSUMES_NOTHING) as t:
        assert (await t.client.head(f"{API}/account")).status_code == 501
        assert row(await t.post(f"{API}/generate", {"prompt": "A cat"})) == "rule.retry_after"


async def test_a_refused_request_costs_no_credits_and_makes_no_job():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        for prompt in (" ", 5, "mock-forbidden", "mock-server-error"):
            reply = await t.post(f"{API}/generate", {"prompt": prompt})
            assert reply.status_code == 501
        assert (await account(t))["credits"] == 1_000_000
        assert (await t.get("/_mock/jobs")).json()["jobs"] == []


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"prompt": "A cat", "quality": "free"}, {"rule.cost", "rule.queue", "rule.wait"}),
        ({"prompt": "A cat"}, {"rule.cost", "rule.queue", "rule.wait", "rule.default_quality"}),
        ({"prompt": "A cat", "quality": "360p"}, {"rule.cost", "rule.queue", "rule.wait", "rule.other_qualities"}),
    ],
)
async def test_a_reply_names_what_it_rests_on(body: dict[str, Any], rows: set[str]):
    async with Conversation(settings=NAMED) as t:
        told = named(await t.post(f"{API}/generate", body))
        assert told == {
            "operation.generate": "documented", "state.pending": "documented", **dict.fromkeys(rows, "observed")
        }  # fmt: skip


async def test_a_video_names_what_its_end_rests_on():
    async with Conversation(settings=NAMED) as t:
        videos = {end: (await generate(t, f"mock-{end}"))["video_id"] for end in ("fast", "fail")}
        await t.advance(HOUR)
        told = {end: named(await t.get(f"{API}/video/{videos[end]}/status")) for end in videos}
        assert told["fast"].items() >= {("state.completed", "documented"), ("rule.duration", "documented")}
        assert told["fail"].items() >= {("state.failed", "documented"), ("rule.failed_video", "observed")}
        page = named(await t.get(f"{API}/videos"))
        assert page.keys() >= {"state.completed", "state.failed", "rule.listed_quality", "rule.failed_video"}


async def test_a_video_that_is_not_there_yet_names_what_it_leaves_out():
    async with Conversation(settings=NAMED) as t:
        made = await generate(t)
        for wait in (0, 3):
            await t.advance(wait)
            for path in (f"/video/{made['video_id']}/status", "/videos"):
                assert named(await t.get(API + path))["rule.late_fields"] == "observed"
        await t.advance(HOUR)
        assert "rule.late_fields" not in named(await t.get(f"{API}/videos"))


async def test_a_429_names_the_figure_that_was_used_up():
    async with Conversation({"extends": f"{OWN}-quota-free"}, NAMED) as t:
        replies = [await t.get(f"{API}/account") for _ in range(11)]
        assert named(replies[-1]) == {
            "operation.get_account": "documented",
            "error.rate_limited": "observed",
            "limit.calls_per_day": "documented",
        }


async def test_the_journal_tells_it_without_any_flag():
    async with Conversation() as t:
        await t.post(f"{API}/generate", {"prompt": " "})
        [entry] = (await t.get("/_mock/journal?provider=prompttovideo")).json()["entries"]
        assert entry["rests_on"] == [
            {"rule": "prompttovideo.operation.generate", "class": "documented"},
            {"rule": "prompttovideo.error.blank_prompt", "class": "assumed"},
        ]
