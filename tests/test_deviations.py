"""Deviations: fields, parameters and values that the contract does not have. They are reported, and refused if strict.

Each form is tested, with a default and with a strict server.
"""

import json
from typing import Any

import httpx2
import pytest

from mockserver.kit.models import Body
from mockserver.settings import Settings
from mockserver.wire.checks import MAX_DEVIATIONS
from mockserver.wire.deviations import names_of
from tests import descrideo_client as descrideo
from tests import dumplingai_client as dumplingai
from tests import nanophoto_client as nanophoto
from tests.conversation import Conversation
from tests.documents import ROOT, blocks
from tests.pages import called, commands
from tests.prompttovideo_client import API as PROMPTTOVIDEO
from tests.prompttovideo_client import account, generate, listed

STRICT = Settings(strict=True)
VIDEOTOPROMPT = "/videotoprompt/v1/analyze"
URL = {"url": "https://example.com/a.mp4"}
FIELDS = "platform, style_depth, include_negative, language, url, timestamp_start, timestamp_end"
GENERATE = {"method": "POST", "url": f"{PROMPTTOVIDEO}/generate"}
EXTRACT = {"method": "POST", "url": dumplingai.PATH, "json": dumplingai.ASKED}
UPLOAD: dict[str, Any] = {
    "method": "POST",
    "url": f"{VIDEOTOPROMPT}/upload",
    "files": {"video": ("a.mp4", dumplingai.mp4(1_000))},
}
DESCRIBED = descrideo.job()
CREATE = {"method": "POST", "url": descrideo.LIVE, "headers": {"Authorization": f"Bearer {descrideo.KEY}"}}


def by(authorization: str) -> dict[str, str]:
    return {"Authorization": authorization}


# A request with a deviation of each form, and the start of the report.
FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "a field": (
        {"method": "POST", "url": f"{VIDEOTOPROMPT}/url", "json": {**URL, "platfrom": "sora"}},
        f"platfrom: unknown field; known fields: {FIELDS}",
    ),
    "a field within a field": (
        {**CREATE, "json": {**DESCRIBED, "webhook": {**DESCRIBED["webhook"], "secret": "s"}}},
        "webhook.secret: unknown field; known fields: url",
    ),
    "a field of another kind of source": (
        {**CREATE, "json": {**DESCRIBED, "source": {**DESCRIBED["source"], "provider": {"url": URL["url"]}}}},
        "source.provider: unknown field; known fields: type, url",
    ),
    "a field in Python's spelling": (
        {"method": "POST", "url": nanophoto.API, "json": {**nanophoto.YOUTUBE, "file_name": "a.mp4"}},
        "file_name: unknown field; known fields: videoSource, locale, videoUrl, videoFile, videoFileName",
    ),
    "a field of a form": (
        {**UPLOAD, "data": {"quality": "high"}},
        "quality: unknown field; known fields: platform, style_depth, include_negative, language, video",
    ),
    "a file of a form": (
        {**UPLOAD, "files": {**UPLOAD["files"], "poster": ("a.png", b"png")}},
        "poster: unknown field; known fields: platform, ",
    ),
    "a boolean of a form": (
        {**UPLOAD, "data": {"include_negative": "True"}},
        "include_negative: 'True' is not true or false",
    ),
    "a quality": (
        {**GENERATE, "json": {"prompt": "A cat", "quality": "1080p"}},
        "quality: '1080p' is not one of free, premium",
    ),
    "a source": ({**EXTRACT, "json": {**dumplingai.ASKED, "requestSource": "n8n"}}, "requestSource: 'n8n' is not one"),
    "a parameter": (
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/videos?limit=5"},
        "limit: unknown query parameter; known parameters: page, per_page, status",
    ),
    "a parameter where there is none": (
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/account?verbose"},
        "verbose: unknown query parameter; known parameters: none",
    ),
    "a status": (
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/videos?status=done"},
        "status: 'done' is not one of pending, processing, completed, failed",
    ),
    "a page": ({"method": "GET", "url": f"{PROMPTTOVIDEO}/videos?page=first"}, "page: 'first' is not a number from 1"),
    "a size": (
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/videos?per_page=101"},
        "per_page: '101' is not a number from 1 to 100",
    ),
    "a scheme in lower case": (
        {**EXTRACT, "headers": by("bearer key-1")},
        "Authorization: expected 'Bearer ' before the key, got 'bearer '",
    ),
    "a scheme in capitals": (
        {**EXTRACT, "headers": by("BEARER key-1")},
        "Authorization: expected 'Bearer ' before the key, got 'BEARER '",
    ),
    "two spaces": (
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/account", "headers": by("Bearer  key-1")},
        "Authorization: expected 'Bearer ' before the key, got 'Bearer  '",
    ),
}
every_form = pytest.mark.parametrize("form", FORMS)


async def reported(t: Conversation) -> list[str]:
    """Return the deviations that the journal has for the newest request."""
    [entry, *_] = (await t.get("/_mock/journal?kind=request")).json()["entries"]
    deviations: list[str] = entry.get("deviations", [])
    return deviations


def success_of(request: dict[str, Any]) -> int:
    """Return the status of a successful reply: jobs that run in the background are accepted with 202."""
    in_background = request["method"] == "POST" and request["url"].startswith((VIDEOTOPROMPT, descrideo.LIVE))
    return 202 if in_background else 200


def error_of(reply: httpx2.Response) -> str:
    """Return the text of a refusal in the provider's format."""
    assert reply.status_code == 400
    return str(reply.json().get("error") or reply.json()["detail"])


@every_form
async def test_a_request_with_a_deviation_is_served_and_the_deviation_reported(form: str):
    request, text = FORMS[form]
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        assert (await t.client.request(**request)).status_code == success_of(request)
        [deviation] = await reported(t)
        assert deviation.startswith(text)


@every_form
async def test_a_strict_server_refuses_a_request_with_a_deviation(form: str):
    request, text = FORMS[form]
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}, STRICT) as t:
        assert text.partition(":")[0] in error_of(await t.client.request(**request))
        [deviation] = await reported(t)
        assert deviation.startswith(text)
        assert (await t.get("/_mock/jobs")).json()["jobs"] == []


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "url": f"{VIDEOTOPROMPT}/url", "json": {**URL, "include_negative": True, "language": "de"}},
        {**UPLOAD, "data": {"include_negative": "true", "language": "en"}},
        {**CREATE, "json": descrideo.job("vision_audio", frames=10)},
        {**CREATE, "json": DESCRIBED, "headers": {"X-API-Key": descrideo.KEY}},
        {"method": "POST", "url": nanophoto.API, "json": nanophoto.URL},
        {
            **GENERATE,
            "json": {"prompt": "A cat", "quality": "premium"},
            "headers": {"CONTENT-TYPE": "Application/Json"},
        },
        {**EXTRACT, "json": {**dumplingai.ASKED, "jsonMode": True, "requestSource": "API"}},
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/videos?page=1&per_page=20&status=completed"},
    ],
    ids=["url", "upload", "describe", "X-API-Key", "reverse", "generate", "extract", "list"],
)
async def test_a_request_within_the_contract_has_no_deviations(request_: dict[str, Any]):
    """Header names and media types are case-insensitive (RFC 9110 sections 5.1 and 8.3.1)."""
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}, STRICT) as t:
        assert (await t.client.request(**request_)).status_code == success_of(request_)
        assert await reported(t) == []


async def test_a_strict_server_refuses_only_the_item_of_a_batch_that_has_a_deviation():
    batch = {"analyses": [{**URL, "style": "noir"}, URL], "webhook_url": "http://127.0.0.1:9/batch"}

    async with Conversation() as t:
        items = (await t.post(f"{VIDEOTOPROMPT}/batch", batch)).json()["analyses"]
        assert [item["status"] for item in items] == ["pending", "pending"]
        assert await reported(t) == [f"analyses[].style: unknown field; known fields: {FIELDS}"]
    async with Conversation(settings=STRICT) as t:
        items = (await t.post(f"{VIDEOTOPROMPT}/batch", batch)).json()["analyses"]
        assert [item["status"] for item in items] == ["failed", "pending"]
        assert items[0]["error"] == f"analyses[].style: unknown field; known fields: {FIELDS}"


async def test_oauth_ignores_unknown_parameters():
    """RFC 6749, sections 3.1 and 3.2."""
    async with Conversation(settings=STRICT) as t:
        query = {"response_type": "code", "client_id": "app", "redirect_uri": "https://app.example/", "prompt": "login"}
        reply = await t.get("/videotoprompt/oauth/authorize", params=query)
        assert (reply.status_code, await reported(t)) == (302, [])
        form = {"grant_type": "authorization_code", "code": "unknown", "client_id": "app", "audience": "all"}
        reply = await t.client.post("/videotoprompt/oauth/token", data=form)
        assert (reply.json()["error"], await reported(t)) == ("invalid_grant", [])


async def test_a_field_that_the_provider_refuses_is_not_a_deviation():
    async with Conversation() as t:
        assert await dumplingai.refused(t, {**dumplingai.ASKED, "language": "en"}) == "Unknown property: language"
        assert await reported(t) == []


async def test_links_to_files_accept_any_parameter():
    """They belong to this server and not to a provider's API, as signed links belong to a storage service."""
    async with Conversation(settings=STRICT) as t:
        await generate(t, "mock-fast")
        [video] = (await listed(t))["videos"]
        assert (await t.get(f"{video['video_url']}?X-Goog-Signature=abc")).status_code == 200
        assert await reported(t) == []


async def test_the_number_of_deviations_and_the_length_of_names_are_limited():
    async with Conversation() as t:
        await t.post(f"{PROMPTTOVIDEO}/generate", {"prompt": "A cat", **{f"{n}" + "x" * 9_999: n for n in range(99)}})
        deviations = await reported(t)
        assert len(deviations) == MAX_DEVIATIONS
        assert all(len(text) < 150 and text.endswith("known fields: prompt, quality") for text in deviations)


async def test_a_deviation_of_the_authorization_does_not_contain_the_key():
    async with Conversation() as t:
        await t.get(f"{PROMPTTOVIDEO}/account", headers=by("Bearer   a-secret-key"))
        assert await reported(t) == ["Authorization: expected 'Bearer ' before the key, got 'Bearer   '"]
        assert "a-secret-key" not in (await t.get("/_mock/journal")).text


async def test_several_deviations_are_reported_in_the_order_of_the_checks():
    async with Conversation() as t:
        body = {"prompt": "A cat", "quality": "360p", "seed": 7}
        await t.post(f"{PROMPTTOVIDEO}/generate?trace=1", body, headers=by("Bearer  key-1"))
        assert [text.partition(":")[0] for text in await reported(t)] == ["Authorization", "trace", "seed", "quality"]


async def test_a_refusal_by_a_strict_server_charges_no_credits_and_creates_no_video():
    async with Conversation(settings=STRICT) as t:
        for body in ({"prompt": "A cat", "seed": 7}, {"prompt": "A cat", "quality": "360p"}):
            assert (await t.post(f"{PROMPTTOVIDEO}/generate", body)).status_code == 400
        assert (await listed(t))["videos"] == []
        assert (await account(t))["credits"] == 1_000_000


async def test_the_example_of_the_page_about_the_control_api_is_true():
    page = ROOT / "docs" / "control.md"
    [example] = [
        json.loads(b.code) for b in blocks(page) if b.language == "json" and b.code.startswith('{"deviations"')
    ]
    generate_command, journal_command = [
        words for words in commands(page, "curl") if any("prompttovideo" in word for word in words)
    ]
    async with Conversation() as t:
        assert (await called(t, generate_command)).status_code == 200
        [entry] = (await called(t, journal_command)).json()["entries"]
        assert entry["deviations"] == example["deviations"]


def test_names_are_checked_for_models_without_a_setting_for_extra_fields() -> None:
    class Open(Body, extra="allow"):
        name: str = ""

    class Closed(Body, extra="forbid"):
        name: str = ""

    class Silent(Body):
        name: str = ""

    names = names_of(Silent)
    assert (names_of(Open), names_of(Closed), names_of(None)) == (None, None, None)
    assert names is not None
    assert set(names.known) == {"name"}
    assert not names.inner
