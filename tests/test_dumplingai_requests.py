"""Requests that DumplingAI cannot serve: each gets a 400 in the one envelope, and nothing is charged or made."""

import asyncio
import base64
import json
from collections.abc import Awaitable
from typing import Any

import httpx2
import pytest

from mockserver.media.encoded import PIECE
from mockserver.providers.dumplingai import models
from mockserver.providers.dumplingai.inputs import MAX_BODY
from tests.conversation import Conversation
from tests.dumplingai_client import (
    ASKED,
    JSON,
    PATH,
    URL,
    extracted,
    held_to,
    latest,
    mp4,
    refused,
    sent,
)  # fmt: skip

NO_URL = "video must be a public http or https URL when inputMethod is url"
NO_BASE64 = "video must be base64-encoded when inputMethod is base64"
DEEP = 100_000


def around(video: bytes) -> bytes:
    """A request as bytes, with a JSON text in the place of its video."""
    return b'{"inputMethod": "url", "prompt": "x", "video": ' + video + b"}"


NOT_JSON = {
    "nothing": b"",
    "spaces": b"   ",
    "half": b"{",
    "single quotes": b"{'prompt': 'x'}",
    "comma": around(b'"https://e.com",'),
    "more": around(b'"https://e.com"') + b"{}",
    "NaN": around(b"NaN"),
    "Infinity": around(b"-Infinity"),
    "out of range": around(b"1e999"),
    "high surrogate": around(b'"\\ud800"'),
    "low surrogate": around(b'"https://e.com/\\udfff"'),
    "no UTF-8": around(b'"\xff"'),
    "bare control": around(b'"\x00"'),
    "UTF-16": b"\xff\xfe{\x00}\x00",
    "deep and open": b"[" * DEEP,
    "deep list": around(b"[" * DEEP + b"]" * DEEP),
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
}
NO_OBJECTS = (b"null", b"[]", b'["video"]', b'"video"', b"5", b"true")


@pytest.mark.parametrize("name", NOT_JSON)
async def test_what_is_no_json(name: str):
    """FACTS section 5: request."""

    async with Conversation() as t:
        reply = await t.client.post(PATH, content=NOT_JSON[name], headers=JSON)
        assert held_to(models.Error, reply, 400) == {"error": "The request body is not valid JSON"}


async def test_a_prompt_has_at_most_a_mebibyte_of_characters():
    async with Conversation() as t:
        longest = "word " * (models.LONGEST_PROMPT // 5)
        reply = await t.client.post(PATH, json={**ASKED, "prompt": longest + "more than that"})
        message = "prompt: String should have at most 1048576 characters"
        assert held_to(models.Error, reply, 400) == {"error": message}
        assert await refused(t, {**ASKED, "prompt": " " * (models.LONGEST_PROMPT + 1)}) == message


async def test_the_journal_says_which_limit_a_large_body_exceeds():
    async with Conversation() as t:
        reply = await t.client.post(PATH, content=b"[" + b"0," * 40_000 + b"0]", headers=JSON)
        assert held_to(models.Error, reply, 400) == {"error": "The request body is not valid JSON"}
        assert (await latest(t))["note"] == (
            "invalid_request: The request body is not valid JSON: "
            "a large body can have at most 20,000 values, in 1,048,576 bytes"
        )


@pytest.mark.parametrize("body", NO_OBJECTS)
async def test_what_is_no_object(body: bytes):
    """FACTS section 5: request."""

    async with Conversation() as t:
        reply = await t.client.post(PATH, content=body, headers=JSON)
        assert held_to(models.Error, reply, 400) == {"error": "The request body must be a JSON object"}


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp"],
)
async def test_what_does_not_say_that_it_is_json(kind: str):
    """The page documents 400, and no 415."""

    async with Conversation() as t:
        reply = await t.client.post(PATH, content=json.dumps(ASKED), headers={"Content-Type": kind})
        assert held_to(models.Error, reply, 400) == {"error": "Content-Type must be application/json"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"video": None}, "video: Input should be a valid string"),
        ({"video": 5}, "video: Input should be a valid string"),
        ({"video": {"url": URL}}, "video: Input should be a valid string"),
        ({"prompt": None}, "prompt: Input should be a valid string"),
        ({"prompt": ["x"]}, "prompt: Input should be a valid string"),
        ({"prompt": ""}, "prompt is required"),
        ({"inputMethod": None}, "inputMethod: Input should be 'url' or 'base64'"),
        ({"inputMethod": "URL"}, "inputMethod: Input should be 'url' or 'base64'"),
        ({"inputMethod": "file"}, "inputMethod: Input should be 'url' or 'base64'"),
        ({"inputMethod": 1}, "inputMethod: Input should be 'url' or 'base64'"),
        ({"jsonMode": None}, "jsonMode: Input should be a valid boolean"),
        ({"jsonMode": "true"}, "jsonMode: Input should be a valid boolean"),
        ({"jsonMode": 1}, "jsonMode: Input should be a valid boolean"),
        ({"requestSource": None}, "requestSource: Input should be a valid string"),
        ({"requestSource": 7}, "requestSource: Input should be a valid string"),
        ({"video": 5, "more": 1}, "video: Input should be a valid string"),
        ({"": 1}, "Unknown property: "),
        ({"x" * 100_000: 1}, "Unknown property: " + "x" * 60),
        ({"__proto__": {}}, "Unknown property: __proto__"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_types_enums_and_names(change: dict[str, Any], told: str):
    """FACTS section 5: request (as the OpenAPI says)."""

    async with Conversation() as t:
        assert await refused(t, {**ASKED, **change}) == told


@pytest.mark.parametrize("name", ["video", "prompt", "inputMethod"])
async def test_what_is_missing(name: str):
    """FACTS section 5: request (required)."""

    async with Conversation() as t:
        assert await refused(t, {k: v for k, v in ASKED.items() if k != name}) == f"{name} is required"
        assert await refused(t, {}) == "inputMethod is required"


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "video.mp4", "/video.mp4", "//example.com/video.mp4", "ftp://example.com/video.mp4", "https://",
        "https:///video.mp4", "https://exa mple.com/video.mp4", "https://example.com/a b.mp4", "http://[::1/video.mp4",
        "https://example.com/video.mp4\n", "file:///etc/passwd", "data:video/mp4;base64,AAAA", "javascript:1",
        "https://example.com/" + "x" * 2_048,
    ],
    ids=lambda url: repr(url[:40]),
)  # fmt: skip
async def test_what_is_no_url(url: str):
    async with Conversation() as t:
        assert await refused(t, {**ASKED, "video": url}) == NO_URL


FILE = base64.b64encode(mp4(5_000)).decode()


NOT_BASE64 = {
    "padding alone": "====",
    "one character": "A",
    "one too many": "AAAAA",
    "padding inside": "AA=A",
    "padding in front of more": "AAAA=AAA",
    "too much padding": FILE + "=",
    "more after padding": FILE.rstrip("=") + "==AAAA",
    "of URLs": FILE[:4_000] + "-_" + FILE[4_000:],
    "padding in the middle": FILE[:100] + "=" + FILE[100:],
    "another script": "夕日" * 100,
    "a URL": URL,
    "a null byte": f"{FILE}\x00",
    "Cyrillic A": FILE.replace("A", "\u0410"),
}


@pytest.mark.parametrize("name", NOT_BASE64)
async def test_what_is_no_base64(name: str):
    async with Conversation() as t:
        assert await refused(t, {**ASKED, "inputMethod": "base64", "video": NOT_BASE64[name]}) == NO_BASE64


async def test_a_data_url_is_no_base64():
    async with Conversation() as t:
        told = await refused(t, {**ASKED, "inputMethod": "base64", "video": f"data:video/mp4;base64,{FILE}"})
        assert told == "video must be plain base64, without the data: prefix, when inputMethod is base64"


@pytest.mark.parametrize("text", ["", " \n"])
async def test_a_file_of_no_bytes(text: str):
    async with Conversation() as t:
        assert (await refused(t, {**ASKED, "inputMethod": "base64", "video": text})).startswith("The video is empty")


async def test_line_breaks_and_missing_padding_are_let_through():
    async with Conversation() as t:
        plain = held_to(models.Extracted, await t.post(PATH, sent(mp4(5_000))))
        lines = "\r\n".join(FILE[at : at + 76] for at in range(0, len(FILE), 76))
        for text in (lines, FILE.rstrip("=")):
            reply = await t.post(PATH, {**ASKED, "inputMethod": "base64", "video": text})
            assert held_to(models.Extracted, reply) == plain


@pytest.mark.parametrize("size", [12, 13, 31, 40, 100, 500, 1_000, 2_000])
async def test_a_file_that_is_cut_off_is_served_and_noted(size: int):
    """FACTS section 5: duration. It is read where the file still states it, else seeded."""

    async with Conversation() as t:
        reply = held_to(models.Extracted, await t.post(PATH, sent(mp4(7_250)[:size])))
        assert reply["videoDuration"] == 7.25 or 5 <= reply["videoDuration"] <= 600
        assert (await latest(t))["note"] == "the video is cut off or damaged; it is served all the same"


async def test_random_bytes_behind_a_known_start():
    async with Conversation() as t:
        for at in range(12, 400, 7):
            data = bytearray(mp4(7_250))
            data[at] ^= 0xFF
            reply = await t.post(PATH, sent(bytes(data)))
            assert reply.status_code in (200, 400), at


@pytest.mark.parametrize("more", [0, 1])
async def test_the_largest_body(more: int):
    """A bound of this server, with the status that the provider has for videos that are too large."""

    async with Conversation() as t:
        head, tail = b'{"inputMethod": "base64", "prompt": "x", "video": "', b'"}'
        room = MAX_BODY - len(head) - len(tail)
        video = base64.b64encode(mp4(8_000))
        body = head + video + b" " * (room - len(video) + more) + tail
        reply = await t.client.post(PATH, content=body, headers=JSON)
        if more:
            told = held_to(models.Error, reply, 400)["error"]
            assert told == "The request body is larger than 64 MiB: give a larger file by URL"
        else:
            assert held_to(models.Extracted, reply)["videoDuration"] == 8
        assert len((await latest(t))["request"]["body"]) <= 4_096


async def test_others_are_served_while_a_large_file_is_looked_at():
    """Between two pieces of a large file everybody else has a turn."""

    async with Conversation() as t:
        order: list[str] = []

        async def noted(name: str, request: Awaitable[httpx2.Response]) -> None:
            assert (await request).status_code == 200
            order.append(name)

        large = sent(mp4(3_000) + bytes(PIECE * 30))
        await asyncio.gather(noted("large", t.post(PATH, large)), *(noted("small", t.get(PATH)) for _ in range(3)))
        assert order == ["small", "small", "small", "large"]


async def test_any_script_is_let_through():
    async with Conversation() as t:
        prompt = "夕日 🌅 \u0000 <b>&amp;</b> \\ \" ' ${request.body.x} %s {prompt} ${seed.1}"
        assert (await extracted(t, prompt=prompt))["prompt"] == prompt
        assert (await extracted(t, prompt=prompt, video="https://example.com/夕日.mp4"))["prompt"] == prompt
