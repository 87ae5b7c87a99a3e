"""The results of NanoPhoto: files that play, of the requested kind, on hosts that lead to the sandbox."""

import struct
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver.core.seeded import Seeded
from mockserver.media.jpeg import jpeg
from mockserver.media.reader import probe
from mockserver.media.storyboard import storyboard
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.nanophoto_family import (
    BANANA_2,
    CLEAN,
    CLEAN_BODY,
    IMAGE_BODY,
    PRO,
    SEEDANCE,
    SEEDANCE_BODY,
    SORA,
    SORA_BODY,
    TVC,
    TVC_BODY,
    VEO,
    film,
    shot,
    start,
    state,
)

VIDEOS: list[tuple[str, dict[str, Any], int, tuple[int, int]]] = [
    (SORA, SORA_BODY, 10, (720, 1280)),
    (SORA, {**SORA_BODY, "aspectRatio": "landscape", "videoDuration": "15"}, 15, (1280, 720)),
    (SORA, {**SORA_BODY, "modelTier": "sora2-pro-standard"}, 10, (720, 1280)),
    (SORA, {**SORA_BODY, "modelTier": "sora2-pro-high"}, 10, (1080, 1920)),
    (SORA, {**SORA_BODY, "modelTier": "sora2-pro-high", "aspectRatio": "landscape"}, 10, (1920, 1080)),
    (TVC, TVC_BODY, 15, (1280, 720)),
    (TVC, {"adTheme": "Tea"}, 10, (720, 1280)),
    *((SEEDANCE, {**SEEDANCE_BODY, "resolution": size, "duration": seconds, "aspectRatio": aspect}, int(seconds),
       pixels)
      for size, seconds, aspect, pixels in (
          ("480p", "4", "landscape", (854, 480)), ("480p", "8", "portrait", (480, 854)),
          ("720p", "12", "landscape", (1280, 720)), ("1080p", "4", "portrait", (1080, 1920)))),
    *((VEO, film(1, resolution=size), 8, pixels)
      for size, pixels in (("720p", (1280, 720)), ("1080p", (1920, 1080)), ("4k", (3840, 2160)))),
    (VEO, {"shots": [shot(1, aspectRatio="9:16")], "resolution": "4k"}, 8, (2160, 3840)),
]  # fmt: skip
PICTURES = [
    (path, quality, aspect, (width * times, height * times))
    for path in (PRO, BANANA_2)
    for quality, times in (("1K", 1), ("2K", 2), ("4K", 4))
    for aspect, (width, height) in (
        ("16:9", (1376, 768)), ("9:16", (768, 1376)), ("4:3", (1200, 896)), ("3:4", (896, 1200)),
    )
]  # fmt: skip


def size_of_video(data: bytes) -> tuple[int, int]:
    """Return the size of an MP4 in pixels, from its sample entry (ISO 14496-12, section 12.1.3)."""
    at = data.index(b"avc1", data.index(b"stsd")) + 4 + 24
    width, height = struct.unpack_from(">HH", data, at)
    return width, height


def size_of_image(data: bytes) -> tuple[int, int]:
    """Return the size of a JPEG in pixels, from its frame header (ITU-T T.81, section B.2.2)."""
    assert (data[:2], data[-2:]) == (b"\xff\xd8", b"\xff\xd9")
    height, width = struct.unpack_from(">HH", data, data.index(b"\xff\xc0") + 5)
    return width, height


async def test_a_link_leads_to_a_file_of_the_requested_kind() -> None:
    async with Conversation() as t:
        for path, body, seconds, size in VIDEOS:
            job = await start(t, path, body)
            await t.advance(300)
            done = await state(t, path, job)
            reply = await t.get(done["shots"][0]["videoUrl"] if path == VEO else done["videoUrl"])
            facts = probe(reply.content)
            assert (reply.headers["content-type"], facts.complete) == ("video/mp4", True)
            assert (facts.duration_ms, size_of_video(reply.content)) == (seconds * 1000, size), body
        for path, quality, aspect, size in PICTURES:
            job = await start(t, path, {**IMAGE_BODY, "imageQuality": quality, "aspectRatio": aspect})
            await t.advance(60)
            reply = await t.get((await state(t, path, job))["imageUrl"])
            assert (reply.headers["content-type"], size_of_image(reply.content)) == ("image/jpeg", size)


async def test_a_video_has_sound_if_the_request_asks_for_it() -> None:
    async with Conversation() as t:
        sounds = {}
        for path, body in (
            (SEEDANCE, SEEDANCE_BODY),
            (SEEDANCE, {**SEEDANCE_BODY, "generateAudio": True}),
            (SORA, None),
        ):
            job = await start(t, path, body)
            await t.advance(200)
            data = (await t.get((await state(t, path, job))["videoUrl"])).content
            sounds[job["taskId"]] = b"soun" in data
            assert probe(data).complete
        assert list(sounds.values()) == [False, True, True]


async def test_a_file_is_there_when_its_job_has_succeeded() -> None:
    async with Conversation() as t:
        commercial, image = await start(t, TVC), await start(t, PRO)
        board = f"/nanophoto/generations/{commercial['taskId']}-storyboard.jpg"
        picture = f"/nanophoto/generations/{image['generationId']}.jpg"
        video = f"/nanophoto/sora/{commercial['taskId']}.mp4"
        for path in (board, picture, video):
            assert (await t.get(path)).status_code == 404
        await t.advance(200)
        assert (await state(t, TVC, commercial))["storyboardImageUrl"].endswith(board)
        assert size_of_image((await t.get(board)).content) == (1376, 768)
        assert (await t.get(picture)).status_code == 200
        assert (await t.get(video)).status_code == 404
        await t.advance(40)
        whole = await t.get(video)
        part = await t.get(video, headers={"Range": "bytes=0-99"})
        assert (part.status_code, part.content) == (206, whole.content[:100])


@pytest.mark.parametrize(
    "path",
    ["sora/x.mp4", "sora/x", "seedance/x.mp4", "veo/x.mp4", "generations/x.jpg", "generations/x-storyboard.jpg",
     "sora/watermark-remover/x.mp4"],
)  # fmt: skip
async def test_a_file_that_nobody_made_is_not_there(path: str) -> None:
    async with Conversation() as t:
        job = await start(t, SORA)
        await t.advance(200)
        assert (await t.get(f"/nanophoto/{path}")).status_code == 404
        # Nor is a file of a job in another folder.
        assert (await t.get(f"/nanophoto/{path.replace('x', job['taskId'])}")).status_code in (200, 404)
        assert (await t.get(f"/nanophoto/seedance/{job['taskId']}.mp4")).status_code == 404


async def test_links_are_on_the_hosts_of_results() -> None:
    api = {"Host": "nanophoto.ai"}
    async with Conversation() as t:
        video = (await t.post("/api/sora-2/generate", SORA_BODY, headers=api)).json()
        image = (await t.post("/api/nano-banana-2/generate", IMAGE_BODY, headers=api)).json()
        await t.advance(200)
        done = (await t.post("/api/sora-2/check-status", {"taskId": video["taskId"]}, headers=api)).json()
        drawn = {"generationId": image["generationId"]}
        picture = (await t.post("/api/nano-banana-2/check-status", drawn, headers=api)).json()
        clean = (await t.post("/api/sora/remove-watermark", CLEAN_BODY, headers={"Host": "nanophoto.ai:8080"})).json()
        assert done["videoUrl"] == f"http://video.nanophoto.ai/sora/{video['taskId']}.mp4"
        assert picture["imageUrl"] == f"http://static.nanophoto.ai/generations/{image['generationId']}.jpg"
        assert clean["url"].startswith("http://video.nanophoto.ai:8080/sora/watermark-remover/")
        for link in (done["videoUrl"], picture["imageUrl"], clean["url"]):
            parts = urlsplit(link)
            assert (await t.get(parts.path, headers={"Host": parts.netloc})).status_code == 200


async def test_links_lead_to_the_sandbox_of_the_job() -> None:
    async with Conversation() as t:
        await t.post("/_mock/sandboxes", {"name": "alice", "clock": {"mode": "auto"}})
        by_key = {"Authorization": "Bearer sbx-alice"}
        body = (await t.post(CLEAN, CLEAN_BODY, headers=by_key)).json()
        assert "/~alice/nanophoto/" in body["url"]
        assert (await t.get(body["url"])).status_code == 200
        hosted = (
            await t.post("/api/sora/remove-watermark", CLEAN_BODY, headers={**by_key, "Host": "nanophoto.ai"})
        ).json()
        assert hosted["url"].startswith("http://video.nanophoto.ai/~alice/sora/watermark-remover/")
        parts = urlsplit(hosted["url"])
        assert (await t.get(parts.path, headers={"Host": parts.netloc})).status_code == 200
    async with Conversation({"extends": "default"}, Settings(public_url="https://mock.example")) as t:
        url = (await t.post("/api/sora/remove-watermark", CLEAN_BODY, headers={"Host": "nanophoto.ai"})).json()["url"]
        assert url.startswith("https://mock.example/nanophoto/sora/watermark-remover/")


@pytest.mark.parametrize(("width", "height"), [(1376, 768), (768, 1376), (400, 290)])
def test_a_storyboard_has_nine_panels(width: int, height: int) -> None:
    board = storyboard(Seeded("board"), width, height)
    assert sum(count for count, _ in board.rows) == height
    assert {sum(wide for wide, _ in row) for _, row in board.rows} == {width}
    assert all(red == green == blue for red, green, blue in board.colors)
    shown = {number for _, row in board.rows for _, number in row}
    assert shown == set(range(12))
    assert size_of_image(jpeg(board)) == (width, height)
