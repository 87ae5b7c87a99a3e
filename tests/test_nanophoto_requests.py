"""Requests that NanoPhoto cannot serve. Names in brackets are rows of FACTS section 3."""

import asyncio
import base64
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.content import videos
from mockserver.core.faults import Refusal
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.providers.nanophoto import links
from mockserver.providers.nanophoto.codes import CODES
from mockserver.providers.nanophoto.provider import NanoPhoto
from mockserver.providers.nanophoto.upload import LARGEST, inspect
from tests.conversation import Conversation
from tests.listener import Listener
from tests.nanophoto_client import API, AUTO, FILE, MP4, URL, YOUTUBE, answered, refused, ruled

JSON = {"Content-Type": "application/json"}


def test_there_are_30_codes_each_with_its_status():
    """FACTS section 3: errors (13 documented codes and statuses), and 17 of the other operations."""
    assert len(CODES) == 30
    assert NanoPhoto().codes == tuple(CODES)


@pytest.mark.parametrize("code", CODES)
async def test_every_code_can_be_asked_for_by_a_scenario(code):
    """FACTS section 3: errors; VIDEO_DOWNLOAD_FAILED and its four neighbours (reachable by scenario)."""

    async with Conversation(ruled(fault={"kind": f"nanophoto: {code}"})) as t:
        assert refused(await t.post(API, URL), code) == CODES[code].message


async def test_a_scenario_may_choose_the_words():
    """FACTS section 3: errors."""

    async with Conversation(ruled(fault={"kind": "nanophoto: AI_SERVICE_ERROR", "message": "Come back at noon"})) as t:
        assert refused(await t.post(API, URL), "AI_SERVICE_ERROR") == "Come back at noon"


@pytest.mark.parametrize(
    ("magic", "code"),
    [
        ("mock-download-failed", "VIDEO_DOWNLOAD_FAILED"),
        ("mock-processing-failed", "VIDEO_PROCESSING_FAILED"),
        ("mock-fail", "VIDEO_PROCESSING_FAILED"),
        ("mock-never-starts", "VIDEO_PROCESSING_FAILED"),
        ("mock-ai-error", "AI_SERVICE_ERROR"),
        ("mock-overloaded", "SERVICE_UNAVAILABLE"),
        ("mock-server-error", "INTERNAL_ERROR"),
        ("mock-invalid", "INVALID_INPUT"),
        ("mock-unauthorized", "LOGIN_REQUIRED"),
        ("mock-forbidden", "LOGIN_REQUIRED"),
        ("mock-no-credits", "INSUFFICIENT_CREDITS"),
        ("mock-rate-limited", "API_KEY_RATE_LIMIT_EXCEEDED"),
    ],
)
@pytest.mark.parametrize("where", ["https://example.com/{}.mp4", "https://youtu.be/{}"])
async def test_every_code_can_be_asked_for_by_a_magic_input(magic, code, where):
    """FACTS section 3: VIDEO_DOWNLOAD_FAILED and its four neighbours (by magic input)."""

    async with Conversation(AUTO) as t:
        asked = {"videoSource": "url" if where.endswith(".mp4") else "youtube", "videoUrl": where.format(magic)}
        refused(await t.post(API, asked), code)


@pytest.mark.parametrize("header", [(b"retry-after", "20")])
async def test_a_throttled_request_may_say_when_to_come_back(header):
    """FACTS section 3: limit."""

    async with Conversation(AUTO) as t:
        reply = await t.post(API, {**URL, "videoUrl": "https://example.com/mock-rate-limited.mp4"})
        assert reply.headers["retry-after"] == header[1]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", API, 405), ("DELETE", API, 405), ("POST", API + "/more", 404)]
)
async def test_other_places_answer_in_the_same_envelope(method, path, status):
    """FACTS section 3: errors; the statuses are assumed."""

    async with Conversation(AUTO) as t:
        reply = await t.client.request(method, path)
        refused(reply, "INVALID_INPUT", status)
        assert reply.headers.get("allow") == ("POST" if status == 405 else None)


# Bodies.


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"file"', b"5", b'{"videoSource": NaN}', b'{"videoSource": "\\ud800"}',
        b"[" * 9_999, b"[" + b"0," * 900_000 + b"0]",
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_what_is_no_json_object(body):
    """FACTS section 3: videoSource (400 INVALID_INPUT)."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, content=body, headers=JSON), "INVALID_INPUT")


async def test_a_form_is_not_json():
    """FACTS section 3: videoSource (400 INVALID_INPUT)."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, data={"videoSource": "url"}), "INVALID_INPUT")
        refused(await t.post(API, content=json.dumps(URL).encode()), "INVALID_INPUT")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "videoSource is required"),
        ({"videoSource": "vimeo", "videoUrl": URL["videoUrl"]}, "videoSource"),
        ({"videoSource": None}, "videoSource"),
        ({"videoSource": 5}, "videoSource"),
        ({"video_source": "url", "videoUrl": URL["videoUrl"]}, "videoSource is required"),
        ({"videoSource": "youtube"}, "videoUrl is required when videoSource is youtube"),
        ({"videoSource": "url"}, "videoUrl is required when videoSource is url"),
        ({"videoSource": "file"}, "videoFile is required when videoSource is file"),
        ({"videoSource": "url", "videoUrl": None}, "videoUrl is required"),
        ({"videoSource": "url", "videoUrl": ""}, "videoUrl is required"),
        ({"videoSource": "file", "videoFile": ""}, "videoFile is required"),
        ({"videoSource": "url", "videoFile": FILE["videoFile"]}, "videoUrl is required"),
        ({"videoSource": "file", "videoUrl": URL["videoUrl"]}, "videoFile is required"),
        ({"videoSource": "url", "videoUrl": 5}, "videoUrl"),
        ({"videoSource": "url", "videoUrl": [URL["videoUrl"]]}, "videoUrl"),
        ({"videoSource": "url", "videoUrl": "https://example.com/" + "a" * 2_100 + ".mp4"}, "videoUrl"),
        ({**FILE, "videoFileName": 5}, "videoFileName"),
    ],
)
async def test_a_missing_or_unknown_field(asked, told):
    """FACTS section 3: videoSource (missing, unknown, or its conditional field missing)."""

    async with Conversation(AUTO) as t:
        assert told in refused(await t.post(API, asked), "INVALID_INPUT")


async def test_unknown_fields_are_ignored():
    """FACTS section 3: videoSource."""

    async with Conversation(AUTO) as t:
        without = answered(await t.post(API, URL))
    async with Conversation(AUTO) as t:
        assert answered(await t.post(API, {**URL, "model": "best", "videoFile": None})) == without


# Links.


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=W-15-UmGP5s",
        "http://youtube.com/watch?v=W-15-UmGP5s",
        "https://m.youtube.com/watch?v=W-15-UmGP5s&t=42s",
        "https://music.youtube.com/watch?list=x&v=W-15-UmGP5s",
        "https://WWW.YouTube.com/watch?v=W-15-UmGP5s#top",
        "https://youtu.be/W-15-UmGP5s",
        "https://youtu.be/W-15-UmGP5s?si=share",
        "https://www.youtube.com/shorts/W-15-UmGP5s",
        "https://m.youtube.com/shorts/W-15-UmGP5s/",
    ],
)
async def test_links_to_youtube(url):
    """FACTS section 3: youtube (youtube.com/watch, youtu.be, /shorts, m., www.)."""
    assert videos.youtube_id(url) == "W-15-UmGP5s"

    async with Conversation(AUTO) as t:
        answered(await t.post(API, {"videoSource": "youtube", "videoUrl": url}))


@pytest.mark.parametrize(
    "url",
    [
        "W-15-UmGP5s",
        "youtube.com/watch?v=W-15-UmGP5s",
        "ftp://youtube.com/watch?v=W-15-UmGP5s",
        "https://youtube.com/watch",
        "https://youtube.com/watch?v=",
        "https://youtube.com/watch?v=a b",
        "https://youtube.com/watch?v=a%20b",
        "https://youtube.com/watch/W-15-UmGP5s",
        "https://youtube.com/@channel",
        "https://youtube.com/playlist?list=x",
        "https://youtube.com/shorts/",
        "https://youtube.com/shorts/a/b",
        "https://youtu.be/",
        "https://youtu.be/a/b",
        "https://notyoutube.com/watch?v=W-15-UmGP5s",
        "https://youtube.com.evil.example/watch?v=W-15-UmGP5s",
        "https://youtube.com@evil.example/watch?v=W-15-UmGP5s",
        "https://vimeo.com/76979871",
        "https://[youtube.com/watch?v=W-15-UmGP5s",
        "https://youtube.com:x/watch?v=W-15-UmGP5s",
        "https://example.com/cat.mp4",
    ],
)
async def test_links_to_elsewhere_are_not_to_youtube(url):
    """FACTS section 3: youtube (else INVALID_YOUTUBE_URL)."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, {"videoSource": "youtube", "videoUrl": url}), "INVALID_YOUTUBE_URL")


@pytest.mark.parametrize(
    "url",
    ["https://example.com/cat.mp4", "http://localhost:9000/a/b.MP4?token=x#t", "https://user:pw@example.com/.mp4"],
)
async def test_links_to_mp4_files(url):
    """FACTS section 3: url (http(s) whose path ends in .mp4)."""

    async with Conversation(AUTO) as t:
        answered(await t.post(API, {"videoSource": "url", "videoUrl": url}))


@pytest.mark.parametrize(
    "url",
    [
        "cat.mp4",
        "/cat.mp4",
        "ftp://example.com/cat.mp4",
        "file:///cat.mp4",
        "https:///cat.mp4",
        "https://example.com/cat.mov",
        "https://example.com/cat",
        "https://example.com/?file=cat.mp4",
        "https://example.com/#cat.mp4",
        "https://example.mp4",
        "https://example.com/a cat.mp4",
        "https://example.com/cat.mp4\n",
        YOUTUBE["videoUrl"],
    ],
)
async def test_links_to_something_else(url):
    """FACTS section 3: url (else INVALID_VIDEO_URL)."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, {"videoSource": "url", "videoUrl": url}), "INVALID_VIDEO_URL")


@given(st.text(max_size=60) | st.text(":/?#@[]%.&=youtbecmwahvsr0", max_size=60).map("https://{}".format))
def test_no_link_is_too_strange_to_be_judged(url):
    assert videos.youtube_id(url) is None or isinstance(videos.youtube_id(url), str)
    assert isinstance(links.is_video_url(url), bool)


# Files.

PLAIN = FILE["videoFile"]


@pytest.mark.parametrize(
    "sent",
    [
        PLAIN,
        "data:video/mp4;base64," + PLAIN,
        "DATA:video/mp4;codecs=avc1;BASE64," + PLAIN,
        PLAIN.rstrip("="),
        base64.encodebytes(MP4).decode(),
        "\r\n".join(PLAIN[at : at + 76] for at in range(0, len(PLAIN), 76)),
        f"  {PLAIN}\n",
    ],
    ids=["plain", "data URL", "data URL with parameters", "no padding", "line breaks", "CR LF", "white space around"],
)
async def test_files_as_people_encode_them(sent):
    """FACTS section 3: file (plain base64 or data URL)."""

    async with Conversation(AUTO) as t:
        assert answered(await t.post(API, {**FILE, "videoFile": sent})) == answered(await t.post(API, FILE))


@pytest.mark.parametrize("padding", range(4))
async def test_a_file_of_any_length_is_accepted(padding):
    """FACTS section 3: file."""

    async with Conversation(AUTO) as t:
        sent = base64.b64encode(MP4 + bytes([0, 0, 0, 8 + padding]) + b"free" + bytes(padding)).decode()
        assert "| Shot |" in answered(await t.post(API, {**FILE, "videoFile": sent}))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


NO_MP4 = {
    "words": "not base64!",
    "a wrong character": PLAIN[:100] + "?" + PLAIN[101:],
    "a letter of another alphabet": PLAIN[:100] + "é" + PLAIN[101:],
    "padding in the middle": PLAIN[:100] + "=" + PLAIN[101:],
    "something after the padding": PLAIN + "=AAAA",
    "a character too many": b64(MP4[:300]) + "A",
    "a data URL without Base64": "data:video/mp4," + PLAIN,
    "a data URL without data": "data:video/mp4;base64",
    "a data URL of nothing": "data:video/mp4;base64,",
    "a data URL that goes on": "data:" + "x" * 500 + ";base64," + PLAIN,
    "padding": "====",
    "white space": "    ",
    "AVI": b64(b"RIFF....AVI LIST"),
    "WebM": b64(b"\x1a\x45\xdf\xa3 webm" + bytes(100)),
    "old QuickTime": b64(b"\x00\x00\x00\x10moov" + bytes(100)),
    "text": b64(b"hello"),
    "too short": b64(b"ftyp"),
}


@pytest.mark.parametrize("sent", NO_MP4.values(), ids=NO_MP4)
async def test_files_that_are_no_mp4(sent):
    """FACTS section 3: file (not MP4, or not base64: INVALID_FORMAT)."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, {**FILE, "videoFile": sent}), "INVALID_FORMAT")


def sized(size: int) -> bytes:
    left = size - len(MP4)
    return MP4 + left.to_bytes(4, "big") + b"free" + bytes(left - 8)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes], ids=["plain", "line breaks"])
async def test_a_file_of_exactly_30_megabytes(encode):
    """FACTS section 3: file (over 30 MB decoded: FILE_TOO_LARGE)."""

    async with Conversation(ruled(stream={"text": "seen"})) as t:
        answered(await t.post(API, {**FILE, "videoFile": encode(sized(LARGEST)).decode()}))
        larger = {**FILE, "videoFile": encode(sized(LARGEST + 1)).decode()}
        refused(await t.post(API, larger), "FILE_TOO_LARGE")


async def test_a_body_beyond_all_bounds():
    """FACTS section 3: file (FILE_TOO_LARGE)."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, content=b" " * 45_000_001, headers=JSON), "FILE_TOO_LARGE")


async def test_a_large_file_is_forgotten_while_its_analysis_is_streamed():
    async with Conversation(
        {**ruled(stream={"text": "${request.body.videoFileName}"}), "clock": {"mode": "manual"}}
    ) as t:
        body = json.dumps({**FILE, "videoFile": b64(sized(3_000_000))}).encode()
        tracemalloc.start()
        try:
            listener = Listener(t, API, body)
            del body
            while not listener.status:
                await listener.settled()
            assert tracemalloc.get_traced_memory()[0] < 1_000_000
        finally:
            tracemalloc.stop()
        await t.advance(60)
        await listener.end()
        assert listener.text == "kitchen.mp4"
        request = next(e for e in await t.sandbox.journal() if e.kind == "request")
        assert len(request.request) == 4_096


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 200), st.sampled_from(["", "\n", " \r\n"]))
def test_no_file_is_too_strange_to_be_judged(junk, at, space):
    data = MP4[:at] + junk
    text = b64(data)
    text = text[:at] + space + text[at:]
    if data[4:8] == b"ftyp":
        assert asyncio.run(inspect(text)).size == len(data)
    else:
        with pytest.raises(Refusal, match="nanophoto:INVALID_FORMAT"):
            asyncio.run(inspect(text))


async def test_another_file_is_another_video():
    """FACTS section 3: file, stream."""

    async with Conversation(AUTO) as t:
        other = base64.b64encode(video(12_300, Seeded(2)).data).decode()
        assert answered(await t.post(API, {**FILE, "videoFile": other})) != answered(await t.post(API, FILE))
