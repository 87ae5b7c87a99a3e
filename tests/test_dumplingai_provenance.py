"""On whose word DumplingAI's replies stand, and what is left of it where nothing may be assumed."""

import base64
from typing import Any

import httpx2
import pytest

from mockserver.providers.dumplingai import extraction, models
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.dumplingai_client import ASKED, PATH, REQUESTS, balance, by, extracted, held_to, latest, mp4, sent

ASSUMES_NOTHING = Settings(no_assumed=True)
NAMED = Settings(rule_header=True)
OWN = "dumplingai"
# The beginning of a file that does not say how long it is.
AVI = b"RIFF\0\0\0\0AVI LIST"
RICH = {"extends": "default", "accounts": [{"key": "*invalid*", "refused": True}, {"key": "*", "credits": 9_000}]}


def row(reply: httpx2.Response) -> str:
    """The assumption for which a request was refused. The headers of the limit are there all the same."""
    assert reply.status_code == 501, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert "x-ratelimit-remaining" in reply.headers
    return str(reply.json()["rule"]).removeprefix(f"{OWN}.")


def named(reply: httpx2.Response) -> dict[str, str]:
    """The rows that a reply names, with their classes."""
    tokens = (token.partition(";class=") for token in reply.headers["x-mock-rule"].split(", "))
    return {name.removeprefix(f"{OWN}."): known for name, _, known in tokens}


async def test_what_the_page_shows_is_served_where_nothing_may_be_assumed():
    """Its price needs no rounding, which is assumed: what stands for the length of a video is whole seconds then."""

    async with Conversation(settings=ASSUMES_NOTHING) as t:
        for number in range(20):
            reply = await extracted(t, video=f"https://example.com/{number}.mp4", jsonMode=True, requestSource="API")
            assert reply["videoDuration"] % 1 == 0
            assert 5 <= reply["videoDuration"] <= 600
            assert reply["creditUsage"] == 100 + 10 * reply["videoDuration"]
        whole = held_to(models.Extracted, await t.post(PATH, sent(mp4(7_000))))
        assert (whole["videoDuration"], whole["creditUsage"]) == (7, 170)


async def test_the_documented_refusals_are_served_too():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        assert (await t.post(PATH, ASKED, headers=by("invalid"))).status_code == 401
        for wrong in ({"prompt": None}, {"language": "en"}, {"inputMethod": "file"}):
            assert (await t.post(PATH, {**ASKED, **wrong})).status_code == 400
        assert (await t.post(PATH, {**ASKED, "prompt": "mock-server-error"})).status_code == 500


@pytest.mark.parametrize("name", ["no_such_path", "method_not_allowed", "unsupported_media_type", "body_too_large"])
async def test_an_error_that_is_assumed_is_none(name: str):
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        assert row(await t.client.request(**REQUESTS[f"{OWN}.error.{name}"])) == f"error.{name}"


@pytest.mark.parametrize("name", ["forbidden", "not_found", "outage"])
async def test_a_scenario_cannot_ask_for_an_assumed_error(name: str):
    async with Conversation({"extends": f"{OWN}-{name.replace('_', '-')}"}, ASSUMES_NOTHING) as t:
        told = "overloaded" if name == "outage" else name
        assert row(await t.post(PATH, ASKED)) == f"error.{told}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({**ASKED, "prompt": ""}, "rule.empty_prompt"),
        ({**ASKED, "video": "no URL"}, "rule.video_url"),
        ({**ASKED, "video": "https://example.com/a.3GP"}, "rule.ending_3gp"),
        ({**ASKED, "video": "https://example.com/a.mkv"}, "error.unsupported_format"),
        (sent(b"%PDF-1.7"), "error.unsupported_format"),
        ({**ASKED, "inputMethod": "base64", "video": "?"}, "rule.base64"),
        ({**ASKED, "inputMethod": "base64", "video": f"{base64.b64encode(mp4(7_000)).decode()}\n"}, "rule.base64"),
        (sent(mp4(7_000)[:500]), "rule.damaged_file"),
        (sent(mp4(7_250)), "rule.rounding"),
    ],
    ids=[
        "empty prompt",
        "no URL",
        "3gp",
        "mkv",
        "a document",
        "no base64",
        "line breaks",
        "damaged",
        "a quarter of a second",
    ],
)
async def test_what_would_rest_on_an_assumption_is_not_done(body: dict[str, Any], told: str):
    async with Conversation(RICH, ASSUMES_NOTHING) as t:
        assert row(await t.post(PATH, body)) == told
        assert await balance(t) == (9_000, 0)
        assert (await latest(t))["note"] == f"refused: the reply rests on an assumption: {OWN}.{told}"


async def test_the_list_of_formats_is_assumed():
    async with Conversation(settings=ASSUMES_NOTHING) as t:
        assert row(await t.get(PATH)) == "rule.formats_reply"


async def test_whoever_has_a_balance_is_served_until_it_is_used_up():
    async with Conversation({"extends": f"{OWN}-out-of-credits"}, ASSUMES_NOTHING) as t:
        assert [(await extracted(t))["creditUsage"] for _ in range(2)] == [700, 700]
        assert row(await t.post(PATH, ASKED)) == "error.insufficient_credits"
        assert await balance(t) == (100, 0)


async def test_the_sixty_requests_of_a_minute_are_assumed():
    async with Conversation({"extends": f"{OWN}-sixty-a-minute"}, ASSUMES_NOTHING) as t:
        replies = [await t.post(PATH, ASKED) for _ in range(61)]
        assert [reply.status_code for reply in replies[:60]] == [200] * 60
        assert row(replies[-1]) == "limit.requests_per_minute"


async def test_a_video_without_a_length_of_its_own_has_a_made_up_one():
    """FACTS section 5: duration (url: seeded, 5 to 600 s; a scenario can set it). So has a file that states none."""

    async with Conversation() as t:
        given = [{"video": f"https://example.com/{n}.mp4"} for n in range(9)] + [
            sent(AVI + bytes([n])) for n in range(9)
        ]
        lengths = [(await extracted(t, **each))["videoDuration"] for each in given]
        assert all(5 <= length <= 600 for length in lengths)
        assert len(set(lengths)) > 14
        assert [(await extracted(t, **each))["videoDuration"] for each in given] == lengths
    async with Conversation({"extends": "default", "providers": {"dumplingai": {"video_seconds": 42.5}}}) as t:
        for each in ({}, sent(AVI), sent(mp4(7_000))):
            assert (await extracted(t, **each))["videoDuration"] == 42.5


async def test_its_host_needs_no_prefix():
    async with Conversation() as t:
        for host in ("app.dumplingai.com", "app.dumplingai.com:443"):
            reply = await t.post(f"https://{host}/api/v1/extract-video", ASKED)
            assert held_to(models.Extracted, reply)["prompt"] == ASKED["prompt"]


async def test_by_default_nothing_is_whole_seconds():
    async with Conversation(settings=NAMED) as t:
        lengths = [(await extracted(t, video=f"https://e.com/{i}.mp4"))["videoDuration"] for i in range(20)]
        assert any(length % 1 for length in lengths)
        assert extraction.cost(round(1000 * lengths[0])) >= 100 + 10 * lengths[0]


async def test_a_reply_names_what_it_rests_on():
    async with Conversation(settings=NAMED) as t:
        assert named(await t.post(PATH, sent(mp4(7_000)))) == {"operation.extract_video": "documented"}
        told = named(await t.post(PATH, {**sent(mp4(7_250)), "requestSource": "MINE"}))
        assert told == {
            "operation.extract_video": "documented",
            "rule.other_sources": "observed",
            "rule.rounding": "assumed",
        }
        listed = named(await t.get(PATH))
        assert listed == {"operation.list_formats": "documented", "rule.formats_reply": "assumed"}
        assert named(await t.client.head(PATH)) == {**listed, "rule.head": "assumed"}
        refused = named(await t.post(PATH, {**ASKED, "video": "https://example.com/a.mkv"}))
        assert refused == {"operation.extract_video": "documented", "error.unsupported_format": "assumed"}


async def test_the_journal_tells_it_without_any_flag():
    async with Conversation() as t:
        await t.post(PATH, {**ASKED, "prompt": ""})
        assert (await latest(t))["rests_on"] == [
            {"rule": "dumplingai.operation.extract_video", "class": "documented"},
            {"rule": "dumplingai.error.invalid_request", "class": "documented"},
            {"rule": "dumplingai.rule.empty_prompt", "class": "assumed"},
        ]
