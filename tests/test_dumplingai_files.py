"""The files that replies of DumplingAI link to: they open, and have the requested length, size and pages."""

import io
import json
import zlib
from struct import unpack
from typing import Any

import httpx2
import pytest

from mockserver.media.reader import probe
from mockserver.providers.dumplingai import trimming
from tests.conversation import Conversation
from tests.dumplingai_family import call, error, ok


async def download(t: Conversation, url: str) -> httpx2.Response:
    """Return a file, without a key."""
    reply = await t.client.get(url.removeprefix("http://mock.test"), headers={"Authorization": ""})
    assert reply.status_code == 200, reply.text
    return reply


def size_of(data: bytes) -> tuple[str, int, int]:
    """Return the format, the width and the height of a picture, from its header."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ("png", *unpack(">II", data[16:24]))
    if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8L":
        bits = int.from_bytes(data[21:25], "little")
        return "webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    assert data.startswith(b"\xff\xd8\xff")
    at = data.index(b"\xff\xc0")
    height, width = unpack(">HH", data[at + 5 : at + 9])
    return "jpg", width, height


@pytest.mark.parametrize("name", ["trim_video", "video_trim"])
async def test_a_trimmed_video_has_the_requested_length(name: str) -> None:
    async with Conversation() as t:
        reply = await ok(t, name, startTimestamp="00:01:10", endTimestamp="00:01:17.250")
        file = await download(t, reply["trimmedVideoUrl"])
        assert file.headers["content-type"] == "video/mp4"
        facts = probe(file.content)
        assert (facts.container, facts.duration_ms, facts.complete) == ("mp4", 7_250, True)
        part = await t.client.get(
            reply["trimmedVideoUrl"].removeprefix("http://mock.test"), headers={"Range": "bytes=0-99"}
        )
        assert (part.status_code, part.content) == (206, file.content[:100])


async def test_the_price_of_a_trimmed_video() -> None:
    assert [trimming.cost(ms) for ms in (1, 20_000, 60_000, 60_001, 3_600_000)] == [200, 200, 200, 400, 12_000]
    async with Conversation() as t:
        assert (await ok(t, "trim_video", endTimestamp="00:02:00"))["creditsUsed"] == 400


async def test_what_cannot_be_trimmed() -> None:
    async with Conversation() as t:
        assert "later than" in await error(t, "trim_video", 400, endTimestamp="00:00:20")
        assert "200MB" in await error(t, "trim_video", 400, endTimestamp="01:00:20.001")
        assert "startTimestamp" in await error(t, "trim_video", 400, startTimestamp="20")


async def test_files_need_no_key() -> None:
    async with Conversation() as t:
        await download(t, (await ok(t, "screenshot"))["screenshotUrl"])


async def test_files_are_gone_after_a_day() -> None:
    async with Conversation() as t:
        url = (await ok(t, "screenshot"))["screenshotUrl"].removeprefix("http://mock.test")
        await t.advance(86_399)
        assert (await t.get(url)).status_code == 200
        await t.advance(1)
        assert (await t.get(url)).status_code == 404


@pytest.mark.parametrize(
    ("more", "size"),
    [
        ({}, (1280, 720)),
        ({"viewport": {}}, (1024, 1024)),
        ({"viewport": {"width": 375, "height": 667}}, (375, 667)),
        ({"viewport": {"width": 800, "height": 600}, "fullPage": True}, (800, 1440)),
        ({"clipRectangle": {"left": 5, "top": 5, "width": 33, "height": 21}}, (33, 21)),
    ],
)
async def test_a_screenshot_has_the_size_of_the_window(more: dict[str, Any], size: tuple[int, int]) -> None:
    async with Conversation() as t:
        data = (await download(t, (await ok(t, "screenshot", **more))["screenshotUrl"])).content
        assert size_of(data) == ("png", *size)
        start = data.index(b"IDAT")
        pixels = zlib.decompress(data[start + 4 : start + 4 + int.from_bytes(data[start - 4 : start], "big")])
        assert len(pixels) == size[1] * (1 + -(-size[0] // 2))


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        ("FLUX.1-schnell", {}, ("webp", 1024, 1024)),
        ("FLUX.1-schnell", {"aspect_ratio": "16:9", "output_format": "jpg"}, ("jpg", 1344, 768)),
        ("FLUX.1-dev", {"aspect_ratio": "9:21", "output_format": "png", "megapixels": "0.25"}, ("png", 320, 768)),
        ("FLUX.1.1-pro", {"guidance": 4}, ("webp", 1024, 1024)),
        ("FLUX.1-kontext-pro", {"aspect_ratio": "2:1"}, ("png", 1408, 704)),
        ("recraft-v3", {"size": "1365x1024"}, ("webp", 1365, 1024)),
    ],
)
async def test_pictures_have_the_requested_size(model: str, settings: Any, expected: tuple[str, int, int]) -> None:
    async with Conversation() as t:
        body = {"model": model, "input": {"prompt": "A lighthouse", **settings}}
        (image,) = (await ok(t, "generate_ai_image", body))["images"]
        file = await download(t, image["url"])
        assert size_of(file.content) == expected


async def test_several_pictures_differ_and_a_seed_gives_the_same_ones() -> None:
    async with Conversation() as t:
        body = {"model": "FLUX.1-schnell", "input": {"prompt": "A lighthouse", "num_outputs": 4, "seed": 7}}
        first, again = await ok(t, "generate_ai_image", body), await ok(t, "generate_ai_image", body)
        files = [(await download(t, each["url"])).content for each in first["images"]]
        assert first == again
        assert (len(set(files)), first["creditUsage"]) == (4, 120)
        assert "num_outputs" in await error(
            t, "generate_ai_image", 400, {**body, "input": {"prompt": "x", "num_outputs": 5}}
        )
        assert await error(t, "generate_ai_image", 400, {**body, "input": {}}) == "input.prompt is required"


async def test_pictures_of_profiles() -> None:
    async with Conversation() as t:
        user = (await ok(t, "get_tiktok_profile"))["user"]
        assert size_of((await download(t, user["avatarThumb"])).content) == ("png", 100, 100)
        for wrong in ("9999x1-a.png", "0x1-a.png", "10x10-a.mp4", "3s-a.png", "0s-a.mp4", "a.png", "x"):
            assert (await t.get(f"/dumplingai/storage/media/{wrong}")).status_code == 404


async def test_the_files_of_a_video_of_tiktok_have_its_length_and_size() -> None:
    async with Conversation() as t:
        reply = await ok(t, "get_tiktok_video")
        seconds = reply["video"]["duration"]
        video = (await download(t, reply["video"]["playAddr"])).content
        assert probe(video).duration_ms == seconds * 1000
        # Width and height are in the sample entry (ISO/IEC 14496-12, section 12.1.3).
        at = video.index(b"avc1", video.index(b"stsd")) + 28
        assert unpack(">HH", video[at : at + 4]) == (reply["video"]["width"], reply["video"]["height"])
        sound = await download(t, reply["music"]["playUrl"])
        assert sound.headers["content-type"] == "audio/mpeg"
        assert len(sound.content) == 96 * seconds * 1000 // 24 or len(sound.content) == 96 * (seconds * 1000 // 24 + 1)
        tag = reply["textExtra"][0]
        assert reply["desc"][tag["start"] : tag["end"]] == f"#{tag['hashtagName']}"


async def test_a_zip_file_has_the_documents() -> None:
    from zipfile import ZipFile

    async with Conversation() as t:
        names = ["https://example.com/a.pdf", "https://example.com/b.pdf"]
        reply = await ok(t, "write_pdf_metadata", files=names, metadata={"Title": "Both"})
        file = await download(t, reply["url"])
        assert file.headers["content-type"] == "application/zip"
        with ZipFile(io.BytesIO(file.content)) as archive:
            assert archive.namelist() == ["1-a.pdf", "2-b.pdf"]
            assert archive.read("1-a.pdf").startswith(b"%PDF-1.7")


async def test_links_are_where_the_client_reaches_the_server() -> None:
    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "ci"})
        body = json.dumps({"url": "https://example.com/"})
        headers = {"Content-Type": "application/json"}
        reply = await t.client.post("/~ci/dumplingai/api/v1/screenshot", content=body, headers=headers)
        assert reply.json()["screenshotUrl"].startswith("http://mock.test/~ci/dumplingai/storage/files/")
        host = await t.client.post(
            "/api/v1/screenshot", content=body, headers={**headers, "Host": "app.dumplingai.com"}
        )
        assert host.json()["screenshotUrl"].startswith("http://app.dumplingai.com/storage/files/")
        assert (await call(t, "screenshot")).status_code == 200
