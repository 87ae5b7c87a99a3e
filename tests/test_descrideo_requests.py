"""What Descrideo's jobs must be asked with, and how it refuses the others."""

from typing import Any

import httpx2
import pytest

from mockserver.providers.descrideo import replies
from tests import contract
from tests.conversation import Conversation
from tests.descrideo_client import (
    DEMO,
    DEMO_KEY,
    KEY,
    LIVE,
    ROOT,
    SANDBOX,
    VIDEO,
    by,
    create,
    ended,
    held_to,
    job,
    refused,
)


@pytest.mark.parametrize("frames", [10, 20, 30])
@pytest.mark.parametrize("mode", [None, "vision", "vision_audio"])
async def test_frames_are_ten_twenty_or_thirty(frames, mode):
    """FACTS section 4: required."""

    async with Conversation() as t:
        await create(t, job(mode, frames=frames))


@pytest.mark.parametrize("frames", [None, 0, 7, 11, -10, 40, 10.5, "20", True, [20], {"count": 20}])
async def test_other_frames_are_refused_unless_the_mode_is_audio(frames):
    """FACTS section 4: required; frames are not used in the audio mode."""

    async with Conversation() as t:
        for mode in (None, "vision", "vision_audio"):
            assert "frames" in await refused(t, 400, job(mode, frames=frames))
        await create(t, job("audio", frames=frames))
        await create(t, {**job("audio"), "frames": None})


@pytest.mark.parametrize(
    "given", [{"segments": 10}, {"segments": 20, "segment_sec": 5}, {"segments": 30, "segment_sec": 60},
              {"segment_sec": 7.5}, {"enabled": False}, {"segments": None, "segment_sec": None}, {}]
)  # fmt: skip
async def test_samples_that_fit(given):
    """FACTS section 4: required; a mode that needs the audio turns transcription on by itself."""

    async with Conversation() as t:
        for mode in ("audio", "vision_audio"):
            assert (await ended(t, job(mode, transcription=given)))["meta"]["transcription"]["enabled"] is True


@pytest.mark.parametrize(
    "given", [{"segments": 0}, {"segments": 15}, {"segments": "10"}, {"segments": True}, {"segment_sec": 4.9},
              {"segment_sec": 60.1}, {"segment_sec": "5"}, {"segment_sec": -5}, {"segment_sec": True}]
)  # fmt: skip
async def test_samples_that_do_not_fit_are_refused_where_they_are_used(given):
    """FACTS section 4: required, where transcription is on."""

    async with Conversation() as t:
        for mode in ("audio", "vision_audio"):
            assert "transcription" in await refused(t, 400, job(mode, transcription=given))
        assert "transcription" in await refused(t, 400, job(transcription={**given, "enabled": True}))
        await create(t, job(transcription=given))
        await create(t, job(transcription={**given, "enabled": False}))


BROKEN: dict[str, tuple[Any, str]] = {
    "no source": (job(source=None) | {"source": None}, "source"),
    "no source at all": ({k: v for k, v in job().items() if k != "source"}, "source is required"),
    "a source that is no object": (job(source="https://example.com/v.mp4"), "source"),
    "a source without a type": (job(source={"url": "https://example.com/v.mp4"}), "source.type is required"),
    "an unknown source": (job(source={**VIDEO, "type": "upload"}), "source.type must be"),
    "a direct_url without its URL": (job(source={"type": "direct_url"}), "source.url is required"),
    "a URL that is none": (job(source={"type": "direct_url", "url": "not a url"}), "source.url"),
    "a URL of a file": (job(source={"type": "direct_url", "url": "file:///etc/passwd"}), "source.url"),
    "a provider without a URL": (job(source={"type": "source_provider", "provider": {}}), "source.provider.url"),
    "no provider": (job(source={"type": "source_provider"}), "source.provider is required"),
    "a reference that is no text": (
        job(source={"type": "source_provider", "provider": {"url": "http://x.test", "reference": 5}}),
        "source.provider.reference",
    ),
    "no webhook": ({k: v for k, v in job().items() if k != "webhook"}, "webhook is required"),
    "a webhook without a URL": (job(webhook={}), "webhook.url is required"),
    "a webhook elsewhere": (job(webhook={"url": "ftp://example.com"}), "webhook.url"),
    "an unknown mode": (job("text"), "generation_mode"),
    "an unknown field": (job(client_context={"output_fields": ["summary"]}), "client_context.output_fields"),
    "no field": (job(client_context={"output_fields": []}), "client_context.output_fields"),
    "a field that is no list": (job(client_context={"output_fields": "title"}), "client_context.output_fields"),
    "a language of three letters": (job(client_context={"lang": "eng"}), "client_context.lang"),
    "a language of a number": (job(client_context={"lang": 5}), "client_context.lang"),
    "instructions that are no text": (job(client_context={"custom_instructions": 5}), "custom_instructions"),
    "enabled by a word": (job(transcription={"enabled": "yes"}), "transcription.enabled"),
    "a list": ([job()], "JSON object"),
    "a number": (5, "JSON object"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_a_body_that_is_wrong_gets_a_400_that_names_the_field(name):
    """FACTS section 4: required and errors."""
    body, says = BROKEN[name]

    async with Conversation() as t:
        assert says in await refused(t, 400, body)
        assert (await t.get("/_mock/jobs")).json()["total"] == 0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"frames": NaN}', "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 5000, "application/json"),
        (b"frames=20", "application/x-www-form-urlencoded"),
        (b"{}", "text/plain"),
    ],
)
async def test_what_is_no_json_gets_a_400(content, kind):
    """FACTS section 4: errors; the page documents no 415."""

    async with Conversation() as t:
        for path, key in ((LIVE, KEY), (SANDBOX, KEY), (DEMO, DEMO_KEY)):
            reply = await t.client.post(path, content=content, headers={**by(key), "Content-Type": kind})
            held_to(replies.Error, reply, 400)


async def test_what_may_be_left_out_may_be_null_and_what_is_unknown_is_let_through():
    async with Conversation() as t:
        await create(t, {**job(), "generation_mode": None, "transcription": None, "client_context": None, "more": 1})
        nothing = {"lang": None, "output_fields": None, "custom_instructions": None, "x": 1}
        await create(t, job(client_context=nothing, source={**VIDEO, "x": 1}, webhook={"url": "http://h.test", "x": 1}))


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("mock-invalid", 400),
        ("mock-unauthorized", 401),
        ("mock-forbidden", 401),
        ("mock-no-credits", 402),
        ("mock-not-found", 404),
        ("mock-rate-limited", 429),
        ("mock-server-error", 500),
        ("mock-overloaded", 503),
    ],
)
async def test_magic_inputs_are_spelled_in_its_words(word, code):
    """FACTS section 4: errors; in a URL, or in the instructions of a sandbox job."""

    async with Conversation() as t:
        url = {"type": "direct_url", "url": f"https://example.com/{word}.mp4"}
        assert await refused(t, code, job(source=url))
        assert await refused(t, code, job(client_context={"custom_instructions": word}), path=SANDBOX)
        if code != 402:
            assert await refused(t, code, job(source=url, frames=10), path=DEMO, key=DEMO_KEY)


async def test_unknown_paths_and_methods_speak_its_language():
    """FACTS section 4: errors."""

    async with Conversation() as t:
        held_to(replies.Error, await t.get(f"{ROOT}/v1/nothing", headers=by()), 404)
        reply: httpx2.Response = await t.get(LIVE, headers=by())
        held_to(replies.Error, reply, 405)
        assert reply.headers["allow"] == "POST"


async def test_a_body_beyond_a_megabyte_is_refused():
    async with Conversation() as t:
        held_to(replies.Error, await t.post(LIVE, {**job(), "more": "x" * 1_100_000}, headers=by()), 413)
        long = {"custom_instructions": "x" * 100_000}
        assert (await ended(t, job(client_context=long)))["status"] == "succeeded"


# --- the document ---

ADMITTED: list[Any] = [
    job(),
    job("audio", frames=None),
    job("audio", frames=7),
    job("audio", frames="many"),
    job("vision_audio", transcription={"segments": 30, "segment_sec": 60}),
    job(transcription={"segments": 7}),
    job(transcription={"enabled": False, "segment_sec": "x"}),
    job(client_context={"lang": None, "output_fields": ["tags"], "custom_instructions": ""}),
    {**job(), "generation_mode": None, "transcription": None, "client_context": None},
    job(source={"type": "source_provider", "provider": {"url": "http://x.test"}}),
]
REFUSED: list[Any] = [
    *(body for body, _ in BROKEN.values()),
    job(frames=None),
    job(frames=7),
    job("vision_audio", frames=None),
    job("audio", transcription={"segments": 7}),
    job("vision_audio", transcription={"segment_sec": 61}),
    job(transcription={"enabled": True, "segments": 7}),
]


async def test_the_document_admits_what_the_server_admits():
    """FACTS section 4: required; a client made of the OpenAPI document meets no surprise."""
    found = contract.operation("descrideo", "POST", "/v1/video-descriptions")
    assert found is not None
    schema = found[1]["requestBody"]["content"]["application/json"]["schema"]
    document = contract.validator("descrideo", schema)

    async with Conversation() as t:
        for body in ADMITTED:
            assert document.is_valid(body), body
            await create(t, body)
        for body in REFUSED:
            assert not document.is_valid(body), body
            await refused(t, 400, body)
