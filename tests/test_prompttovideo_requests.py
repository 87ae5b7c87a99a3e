"""Requests that PromptToVideo cannot serve, each with its own words. Names in brackets are rows of FACTS section 2."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.providers.prompttovideo import models
from tests.conversation import Conversation
from tests.prompttovideo_client import API, SUNSET, generate, held_to, listed, status

JSON = {"Content-Type": "application/json"}
LIMIT = 1_048_576
NO_JSON = "JSON data required"
NO_PROMPT = "Prompt is required"
BAD_QUALITY = "Invalid quality. Must be one of: free, premium, 360p, 1080p"

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=8
)
NEARLY = st.fixed_dictionaries({}, optional={"prompt": ANYTHING, "quality": st.sampled_from(["free", "4k"]) | ANYTHING})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"{'prompt': 'a cat'}",
        b'{"prompt": "a cat",}',
        b'{"prompt": "a cat"} more',
        b'{"prompt": NaN}',
        b'{"prompt": "a cat", "seed": Infinity}',
        b'{"prompt": "a cat", "seed": -Infinity}',
        b'{"prompt": "a cat", "seed": 1e400}',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "a \\udfff cat"}',
        b'{"prompt": "\xff"}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"null",
        b"[]",
        b'["prompt"]',
        b'"prompt"',
        b"5",
        b"true",
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_what_is_no_json_object(body: bytes):
    """FACTS section 2: prompt (no JSON body)."""

    async with Conversation() as t:
        reply = await t.client.post(f"{API}/generate", content=body, headers=JSON)
        assert held_to(models.Error, reply, 400) == {"error": NO_JSON}


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp"],
)
async def test_what_does_not_say_that_it_is_json(kind: str):
    """FACTS section 2: prompt (no JSON body)."""

    async with Conversation() as t:
        body = json.dumps({"prompt": SUNSET})
        reply = await t.client.post(f"{API}/generate", content=body, headers={"Content-Type": kind})
        assert held_to(models.Error, reply, 400) == {"error": NO_JSON}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, NO_PROMPT),
        ({"quality": "free"}, NO_PROMPT),
        ({"prompt": ""}, NO_PROMPT),
        ({"prompt": "   "}, NO_PROMPT),
        ({"prompt": "\n\t\u3000"}, NO_PROMPT),
        ({"prompt": None}, NO_PROMPT),
        ({"prompt": 0}, NO_PROMPT),
        ({"prompt": []}, NO_PROMPT),
        ({"prompt": 5}, "Prompt must be a string"),
        ({"prompt": True}, "Prompt must be a string"),
        ({"prompt": ["a cat"]}, "Prompt must be a string"),
        ({"prompt": {"text": "a cat"}}, "Prompt must be a string"),
        ({"prompt": "", "quality": "4k"}, NO_PROMPT),
        ({"Prompt": "a cat"}, NO_PROMPT),
        ({"prompt": "a cat", "quality": "4k"}, BAD_QUALITY),
        ({"prompt": "a cat", "quality": "FREE"}, BAD_QUALITY),
        ({"prompt": "a cat", "quality": " free"}, BAD_QUALITY),
        ({"prompt": "a cat", "quality": ""}, BAD_QUALITY),
        ({"prompt": "a cat", "quality": None}, BAD_QUALITY),
        ({"prompt": "a cat", "quality": 360}, BAD_QUALITY),
        ({"prompt": "a cat", "quality": ["free"]}, BAD_QUALITY),
    ],
    ids=str,
)
async def test_prompt_and_quality_have_their_own_words(body: dict, message: str):
    """FACTS section 2: prompt, quality. The prompt is looked at first; nothing is charged or made."""

    async with Conversation() as t:
        reply = await t.post(f"{API}/generate", body)
        assert held_to(models.Error, reply, 400) == {"error": message}
        assert (await listed(t))["pagination"]["total"] == 0
        assert (await generate(t))["credits_remaining"] == 999_999


@pytest.mark.parametrize("more", [0, 1])
async def test_the_largest_body(more: int):
    async with Conversation() as t:
        around = len(json.dumps({"prompt": ""}))
        prompt = "x" * (LIMIT - around + more)
        reply = await t.client.post(f"{API}/generate", content=json.dumps({"prompt": prompt}), headers=JSON)
        if more:
            assert held_to(models.Error, reply, 413) == {"error": "Request body too large"}
        else:
            made = held_to(models.Generated, reply)
            kept = (await status(t, made["video_id"]))["prompt"]
            assert kept.startswith("x" * 16_000)
            assert f"({len(prompt)} characters, blake2b " in kept[16_000:16_384]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
async def test_unknown_fields_and_any_script_are_let_through(kind: str):
    async with Conversation() as t:
        prompt = "夕日 🌅 \u0000 <b>&amp;</b> \\ \" ' ${request.body.x} %s {prompt}"
        body = json.dumps({"prompt": prompt, "style": {"a": [1, None]}, "quality": "premium"})
        reply = await t.client.post(f"{API}/generate", content=body, headers={"Content-Type": kind})
        made = held_to(models.Generated, reply)
        assert (await status(t, made["video_id"]))["prompt"] == prompt


@pytest.mark.parametrize(
    "video_id",
    [
        "1", "0", "-1", "abc", "1e3", "1.0", "+1", "%201", "0x10", "1_0", "null", "NaN", "١٢٣", "%00", "%FF", "..%2f1",
        "%F0%9F%8C%85", "9007199254740993", "1" + "0" * 400,
    ],
)  # fmt: skip
async def test_ids_that_no_video_has(video_id: str):
    """FACTS section 2: 404 (unknown id)."""

    async with Conversation() as t:
        await generate(t)
        reply = await t.get(f"{API}/video/{video_id}/status")
        assert held_to(models.Error, reply, 404) == {"error": "Video not found"}


@pytest.mark.parametrize("spelled", ["0{}", "{}.0", "+{}", "%20{}", "{}%20", "-{}"])
async def test_an_id_has_one_spelling(spelled: str):
    async with Conversation() as t:
        made = await generate(t)
        reply = await t.get(f"{API}/video/{spelled.format(made['video_id'])}/status")
        assert held_to(models.Error, reply, 404) == {"error": "Video not found"}


@settings(max_examples=15, deadline=None)
@given(bodies=st.lists(ANYTHING | NEARLY, min_size=10, max_size=20))
async def test_whatever_comes_the_reply_is_a_documented_one(bodies: list):
    async with Conversation() as t:
        for body in bodies:
            reply = await t.client.post(f"{API}/generate", content=json.dumps(body), headers=JSON)
            if reply.status_code == 200:
                made = held_to(models.Generated, reply)
                assert (await status(t, made["video_id"]))["prompt"] == body["prompt"]
            else:
                held_to(models.Error, reply, 400)
