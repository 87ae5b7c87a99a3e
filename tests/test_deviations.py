"""What a client sends that no contract has is served and told of, and refused by a strict server. Every form of it."""

import json
from typing import Any

import httpx2
import pytest

from mockserver.kit.models import Body
from mockserver.settings import Settings
from mockserver.wire.checks import MOST_DEVIATIONS
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


# A request of each form, and how what is told of it begins.
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
        {"method": "GET", "url": f"{PROMPTTOVIDEO}/account", "headers": by("bearer key-1")},
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


async def told(t: Conversation) -> list[str]:
    """What the journal tells of the newest request."""
    [entry, *_] = (await t.get("/_mock/journal?kind=request")).json()["entries"]
    deviations: list[str] = entry.get("deviations", [])
    return deviations


def is_refused(reply: httpx2.Response) -> bool:
    """With the provider's own 400."""
    error = reply.json().get("error", reply.json().get("detail"))
    return reply.status_code == 400 and bool(error)


@every_form
async def test_it_is_served_and_told(form: str):
    request, text = FORMS[form]

    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        assert (await t.client.request(**request)).status_code < 300
        [said] = await told(t)
        assert said.startswith(text)


@every_form
async def test_a_strict_server_refuses_it(form: str):
    request, text = FORMS[form]

    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}, STRICT) as t:
        reply = await t.client.request(**request)
        assert is_refused(reply)
        assert text.partition(":")[0] in reply.text
        [said] = await told(t)
        assert said.startswith(text)
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
async def test_what_the_contract_has_is_none(request_: dict[str, Any]):
    """Names of headers are the same in any case (RFC 9110 section 5.1), and so are media types (section 8.3.1)."""

    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}, STRICT) as t:
        assert (await t.client.request(**request_)).status_code < 300
        assert await told(t) == []


async def test_an_item_of_a_batch_deviates_alone():
    batch = {"analyses": [{**URL, "style": "noir"}, URL], "webhook_url": "http://127.0.0.1:9/batch"}

    async with Conversation() as t:
        items = (await t.post(f"{VIDEOTOPROMPT}/batch", batch)).json()["analyses"]
        assert [item["status"] for item in items] == ["pending", "pending"]
        assert await told(t) == [f"analyses[].style: unknown field; known fields: {FIELDS}"]
    async with Conversation(settings=STRICT) as t:
        items = (await t.post(f"{VIDEOTOPROMPT}/batch", batch)).json()["analyses"]
        assert [item["status"] for item in items] == ["failed", "pending"]
        assert items[0]["error"] == f"analyses[].style: unknown field; known fields: {FIELDS}"


async def test_oauth_lets_any_parameter_through():
    """RFC 6749, sections 3.1 and 3.2."""

    async with Conversation(settings=STRICT) as t:
        asked = {"response_type": "code", "client_id": "app", "redirect_uri": "https://app.example/", "prompt": "login"}
        reply = await t.get("/videotoprompt/oauth/authorize", params=asked)
        assert (reply.status_code, await told(t)) == (302, [])
        form = {"grant_type": "authorization_code", "code": "unknown", "client_id": "app", "audience": "all"}
        reply = await t.client.post("/videotoprompt/oauth/token", data=form)
        assert (reply.json()["error"], await told(t)) == ("invalid_grant", [])


async def test_what_a_provider_refuses_itself_is_no_deviation():
    async with Conversation() as t:
        assert await dumplingai.refused(t, {**dumplingai.ASKED, "language": "en"}) == "Unknown property: language"
        assert await told(t) == []


async def test_links_to_files_take_any_parameter():
    """They are this server's own, as signed links are the storage's own."""

    async with Conversation(settings=STRICT) as t:
        await generate(t, "mock-fast")
        [video] = (await listed(t))["videos"]
        assert (await t.get(f"{video['video_url']}?X-Goog-Signature=abc")).status_code == 200
        assert await told(t) == []


async def test_few_of_many_are_told_and_long_names_are_cut():
    async with Conversation() as t:
        await t.post(f"{PROMPTTOVIDEO}/generate", {"prompt": "A cat", **{f"{n}" + "x" * 9_999: n for n in range(99)}})
        said = await told(t)
        assert len(said) == MOST_DEVIATIONS
        assert all(len(text) < 150 and text.endswith("known fields: prompt, quality") for text in said)


async def test_a_key_is_told_nowhere():
    async with Conversation() as t:
        await t.get(f"{PROMPTTOVIDEO}/account", headers=by("bearer   a-secret-key"))
        assert "a-secret-key" not in (await t.get("/_mock/journal")).text


async def test_several_are_told_in_the_order_of_the_checks():
    async with Conversation() as t:
        body = {"prompt": "A cat", "quality": "360p", "seed": 7}
        await t.post(f"{PROMPTTOVIDEO}/generate?trace=1", body, headers=by("bearer key-1"))
        assert [text.partition(":")[0] for text in await told(t)] == ["Authorization", "trace", "seed", "quality"]


async def test_a_strict_server_takes_and_makes_nothing():
    async with Conversation(settings=STRICT) as t:
        for body in ({"prompt": "A cat", "seed": 7}, {"prompt": "A cat", "quality": "360p"}):
            assert (await t.post(f"{PROMPTTOVIDEO}/generate", body)).status_code == 400
        assert (await listed(t))["videos"] == []
        assert (await account(t))["credits"] == 1_000_000


async def test_the_journal_tells_what_the_page_shows():
    page = ROOT / "docs" / "control.md"
    [shown] = [json.loads(b.code) for b in blocks(page) if b.language == "json" and b.code.startswith('{"deviations"')]
    asked, looked = [words for words in commands(page, "curl") if any("prompttovideo" in word for word in words)]

    async with Conversation() as t:
        assert (await called(t, asked)).status_code == 200
        [entry] = (await called(t, looked)).json()["entries"]
        assert entry["deviations"] == shown["deviations"]


def test_what_a_model_says_of_other_names_is_believed() -> None:
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
