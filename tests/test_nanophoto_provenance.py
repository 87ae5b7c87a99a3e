"""On whose word NanoPhoto's replies stand: what the journal says of them, and what is left without assumptions."""

import base64
from typing import Any

import httpx2
import pytest

from mockserver.providers.nanophoto.codes import CODES
from mockserver.providers.nanophoto.upload import inspect
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.listener import Listener
from tests.live import live
from tests.nanophoto_client import API, AUTO, FILE, MP4, URL, YOUTUBE, answered, credits, refused, ruled

SURE = Settings(no_assumed=True)
MANUAL = {"clock": {"mode": "manual"}}
KEY = {"Authorization": "Bearer key-1"}
JSON = {"Content-Type": "application/json"}
# The least that is more than 30 MB by the decimal reading, and the most that is not by the binary one.
TOO_LARGE_IN_DECIMAL = 30_000_001


async def rests_on(t: Conversation) -> list[str]:
    """What the last request rested on, without the provider's name."""
    entry = next(e for e in await t.sandbox.journal() if e.kind == "request" and e.provider == "nanophoto")
    return [row.removeprefix("nanophoto.") for row in entry.rests_on]


async def unsaid(t: Conversation, reply: httpx2.Response, row: str) -> None:
    """The request was refused for that row, and nothing came of it."""
    assert (reply.status_code, reply.json()["rule"]) == (501, f"nanophoto.{row}"), reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert (await t.get("/_mock/jobs")).json()["total"] == 0
    assert (await credits(t))["kinds"] == ["opening"]


def link(url: str, source: str = "url") -> dict[str, Any]:
    return {"videoSource": source, "videoUrl": url}


# What is left without assumptions.


@pytest.mark.parametrize(
    "asked",
    [
        YOUTUBE,
        URL,
        FILE,
        {**FILE, "videoFile": "data:video/mp4;base64," + FILE["videoFile"]},
        {**URL, "locale": "zh-TW"},
        {"videoSource": "file", "videoFile": FILE["videoFile"]},
    ],
)
async def test_what_the_page_shows_rests_on_the_page(asked):
    async with Conversation(AUTO, SURE) as t:
        answered(await t.post(API, asked))
        assert await rests_on(t) == ["operation.reverse_prompt", "ending.complete"]


@pytest.mark.parametrize("code", CODES)
async def test_every_documented_code_rests_on_the_page(code):
    async with Conversation(ruled(fault={"kind": f"nanophoto: {code}"}), SURE) as t:
        refused(await t.post(API, URL), code)
        assert await rests_on(t) == ["operation.reverse_prompt", f"error.{code}"]


async def test_a_used_up_hour_rests_on_the_page():
    async with Conversation({"accounts": [{"key": "*", "plan": "pro"}]}, SURE) as t:
        for _ in range(100):
            refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        assert await rests_on(t) == [
            "operation.reverse_prompt", "error.API_KEY_RATE_LIMIT_EXCEEDED", "limit.requests_per_hour",
        ]  # fmt: skip


PLAIN = FILE["videoFile"]
ASSUMED: dict[str, tuple[dict[str, Any], str]] = {
    "youtu.be": ({"json": link("https://youtu.be/W-15-UmGP5s", "youtube")}, "rule.youtube_forms"),
    "shorts": ({"json": link("https://www.youtube.com/shorts/W-15-UmGP5s", "youtube")}, "rule.youtube_forms"),
    "m.": ({"json": link("https://m.youtube.com/watch?v=W-15-UmGP5s", "youtube")}, "rule.youtube_forms"),
    "an unknown field": ({"json": {**URL, "model": "best"}}, "rule.unknown_fields"),
    "an unknown locale": ({"json": {**URL, "locale": "xx"}}, "rule.unknown_locale"),
    "a locale of a number": ({"json": {**URL, "locale": 5}}, "rule.unknown_locale"),
    "an unknown source": ({"json": {**URL, "videoSource": "vimeo"}}, "rule.checks"),
    "a URL that is a number": ({"json": {**URL, "videoUrl": 5}}, "rule.checks"),
    "no Base64": ({"json": {**FILE, "videoFile": "not base64!"}}, "rule.no_base64"),
    "a data URL without Base64": ({"json": {**FILE, "videoFile": f"data:video/mp4,{PLAIN}"}}, "rule.no_base64"),
    "a long URL": ({"json": link(f"https://example.com/{'a' * 2_100}.mp4")}, "rule.longest_texts"),
    "a long name": ({"json": {**FILE, "videoFileName": "n" * 1_001}}, "rule.longest_texts"),
    "no JSON": ({"content": b"{", "headers": JSON}, "rule.malformed_body"),
    "no object": ({"json": []}, "rule.malformed_body"),
    "a form": ({"data": {"videoSource": "url"}}, "error.unsupported_media_type"),
    "a body beyond all bounds": ({"content": b" " * 45_000_001, "headers": JSON}, "error.too_large"),
    "line breaks": ({"json": {**FILE, "videoFile": base64.encodebytes(MP4).decode()}}, "rule.forgiving_base64"),
    "no padding": (
        {"json": {**FILE, "videoFile": base64.b64encode(MP4 + b"\0\0\0\x09free\0").decode().rstrip("=")}},
        "rule.forgiving_base64",
    ),
    "another data URL": (
        {"json": {**FILE, "videoFile": "data:video/mp4;codecs=avc1;base64," + PLAIN}},
        "rule.forgiving_base64",
    ),
    "Retry-After": ({"json": link("https://example.com/mock-rate-limited.mp4")}, "rule.retry_after"),
}


@pytest.mark.parametrize("name", ASSUMED)
async def test_what_the_page_does_not_show_rests_on_a_row_that_says_so(name):
    sent, row = ASSUMED[name]

    async with Conversation(AUTO) as t:
        assert (await t.client.post(API, **sent)).status_code < 500
        assert row in await rests_on(t)
    async with Conversation(AUTO, SURE) as t:
        await unsaid(t, await t.client.post(API, **sent), row)
        assert await rests_on(t) == []


@pytest.mark.parametrize(
    ("method", "path", "row"),
    [("POST", f"{API}/more", "error.no_such_path"), ("GET", API, "error.method_not_allowed")],
)
async def test_other_places_rest_on_an_assumption(method, path, row):
    async with Conversation(AUTO, SURE) as t:
        await unsaid(t, await t.client.request(method, path), row)


async def test_a_neutral_404_is_spelled_as_a_missing_path_is():
    """The page knows nothing that could be missing: what a scenario asks for has a status, and the nearest code."""
    asked = link("https://example.com/mock-not-found.mp4")

    async with Conversation(AUTO) as t:
        refused(await t.post(API, asked), "INVALID_INPUT", 404)
        assert await rests_on(t) == ["operation.reverse_prompt", "error.not_found"]
    async with Conversation(AUTO, SURE) as t:
        await unsaid(t, await t.post(API, asked), "error.not_found")


async def test_a_file_between_the_two_readings_of_30_megabytes():
    """FACTS section 3: file; a megabyte of 1,048,576 bytes is the reading that refuses nothing that is allowed."""
    left = TOO_LARGE_IN_DECIMAL - len(MP4)
    data = MP4 + left.to_bytes(4, "big") + b"free" + bytes(left - 8)
    larger, largest = base64.b64encode(data).decode(), base64.b64encode(data[:-1]).decode()
    assert (await inspect(larger)).ledger_rows == ("rule.binary_megabytes",)
    assert (await inspect(largest)).ledger_rows == ()

    async with Conversation(AUTO, SURE) as t:
        await unsaid(t, await t.post(API, {**FILE, "videoFile": larger}), "rule.binary_megabytes")


# How a stream ends.

ENDINGS = {"truncate": "truncated", "reset": "reset", "stall": "stalled"}


@pytest.mark.parametrize("kind", ENDINGS)
async def test_a_stream_that_is_to_break_off_does_not_begin_without_assumptions(kind):
    async with Conversation(ruled(stream={"fault": {"kind": kind, "at": "60%"}}), SURE) as t:
        await unsaid(t, await t.post(API, URL), f"ending.{ENDINGS[kind]}")


@pytest.mark.parametrize("kind", ENDINGS)
async def test_a_stream_that_breaks_off_says_so_in_the_journal(kind):
    """Though a stall has an end only when the client leaves."""

    async with Conversation({**ruled(stream={"fault": {"kind": kind, "at": "60%"}}), **MANUAL}) as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(120)
        await listener.leave()
        assert await rests_on(t) == ["operation.reverse_prompt", f"ending.{ENDINGS[kind]}"]


@pytest.mark.parametrize("kind", ["garble", "slow_drip"])
async def test_a_stream_that_is_spoilt_and_whole_is_complete(kind):
    async with Conversation({**ruled(stream={"fault": {"kind": kind}}), **MANUAL}, SURE) as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(3600)
        assert listener.complete
        assert await rests_on(t) == ["operation.reverse_prompt", "ending.complete"]


@pytest.mark.parametrize("rule", [{}, *({"stream": {"fault": {"kind": kind, "at": "60%"}}} for kind in ENDINGS)])
async def test_a_client_that_leaves_has_seen_no_other_ending(rule):
    async with Conversation({**ruled(**rule), **MANUAL}) as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(1)
        await listener.leave()
        assert await rests_on(t) == ["operation.reverse_prompt", "ending.client_left"]


async def test_a_client_that_leaves_before_the_first_byte_has_left_too():
    async with Conversation() as t:
        listener = await Listener(t, API, link("https://example.com/mock-stuck.mp4")).settled()
        await t.advance(1)
        await listener.leave()
        assert await rests_on(t) == ["operation.reverse_prompt", "ending.client_left"]


def test_endings_over_real_sockets():
    """The first analysis breaks off, and the second is left by its client."""
    rule = {"name": "cut", "operation": "nanophoto.reverse_prompt", "nth": 1}
    cut = {**rule, "stream": {"text": "one two", "fault": {"kind": "truncate", "at": "60%"}}}
    with live({"clock": {"mode": "auto"}, "rules": [cut]}) as server:
        with pytest.raises(httpx2.RemoteProtocolError):
            server.client.post(API, json=URL, headers=KEY)
        server.client.post("/_mock/clock", json={"mode": "manual"}).raise_for_status()
        with server.client.stream("POST", API, json=URL, headers=KEY) as left:
            assert left.status_code == 200
        # The server learns of it when it next looks at its sockets, which it does before it answers.
        for _ in range(100):
            requests = [e for e in server.journal() if e["kind"] == "request" and e.get("provider") == "nanophoto"]
            if len(requests) == 2:
                break
        else:
            pytest.fail("the server never noticed")
        last = [entry["rests_on"][-1] for entry in requests]
        assert last == [
            {"rule": "nanophoto.ending.client_left", "class": "assumed"},
            {"rule": "nanophoto.ending.truncated", "class": "assumed"},
        ]


async def test_an_analysis_has_no_states_that_a_client_could_see():
    async with Conversation(AUTO) as t:
        answered(await t.post(API, URL))
        entries = [e for e in await t.sandbox.journal() if e.kind == "transition"]
        assert [e.note for e in entries] == ["succeeded"]
        assert [e.rests_on for e in entries] == [()]


async def test_a_reply_may_name_its_rows():
    async with Conversation(AUTO, Settings(rule_header=True)) as t:
        whole = await t.post(API, YOUTUBE)
        assert whole.headers["x-mock-rule"] == "nanophoto.operation.reverse_prompt;class=documented"
        short = await t.post(API, {**YOUTUBE, "videoUrl": "https://youtu.be/x"})
        assert short.headers["x-mock-rule"].endswith("nanophoto.rule.youtube_forms;class=assumed")
        wrong = await t.post(API, {})
        assert wrong.headers["x-mock-rule"].endswith("nanophoto.error.INVALID_INPUT;class=documented")


async def test_the_head_of_a_stream_tells_that_it_will_break_off():
    scenario = {**ruled(stream={"fault": {"kind": "truncate", "at": "60%"}}), **MANUAL}
    async with Conversation(scenario, Settings(rule_header=True)) as t:
        listener = await Listener(t, API, URL).settled()
        assert listener.headers["x-mock-rule"].endswith("nanophoto.ending.truncated;class=assumed")


# What else is assumed.


async def test_the_key_the_limit_the_parameters_and_the_credits_are_looked_at_in_this_order():
    async with Conversation({"accounts": [{"key": "*", "credits": 0, "limits": {"requests_per_hour": 2}}]}) as t:
        refused(await t.post(API, {}, headers={"Authorization": ""}), "LOGIN_REQUIRED")
        refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, URL), "INSUFFICIENT_CREDITS")
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        refused(await t.post(API, {}, headers={"Authorization": ""}), "LOGIN_REQUIRED")


async def test_the_hour_of_the_limit_is_one_of_the_clock():
    clock = {"mode": "manual", "start": "2025-06-01T12:50:00Z"}
    async with Conversation({"clock": clock, "accounts": [{"key": "*", "limits": {"requests_per_hour": 1}}]}) as t:
        refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        await t.advance(600)
        refused(await t.post(API, {}), "INVALID_INPUT")


async def test_no_link_is_followed():
    async with Conversation(AUTO) as t:
        for asked in (YOUTUBE, URL, link("https://nobody.invalid/there.mp4")):
            answered(await t.post(API, asked))
        assert t.receivers.calls == []
