"""The files of PromptToVideo's videos: links that work. Names in brackets are rows of FACTS section 2."""

from pathlib import Path

import pytest

from mockserver.core.scenario import ClockSpec
from mockserver.media.reader import probe
from mockserver.providers.prompttovideo import models
from tests.conversation import Conversation
from tests.prompttovideo_client import API, HOUR, SUNSET, account, by, completed, generate, held_to, status
from tests.test_media_maker import CLOSE, ffprobe, inspect, measured

__all__ = ["ffprobe"]  # a fixture is found by its name here


@pytest.mark.parametrize("quality", ["free", "premium"])
async def test_a_player_plays_the_video_for_its_stated_duration(ffprobe: str, tmp_path: Path, quality: str):
    """FACTS section 2: assets, duration."""

    async with Conversation() as t:
        video = await completed(t, quality)
        reply = await t.get(video["video_url"], headers={"Authorization": ""})
        assert (reply.status_code, reply.headers["content-type"]) == (200, "video/mp4")
        file = tmp_path / "served.mp4"
        file.write_bytes(reply.content)
        assert float(inspect(ffprobe, file)["format"]["duration"]) == video["duration"]


@pytest.mark.parametrize(
    ("quality", "size"),
    [("free", (640, 360)), ("360p", (640, 360)), ("premium", (1920, 1080)), ("1080p", (1920, 1080))],
)
async def test_a_file_has_the_resolution_of_its_quality(
    ffprobe: str, tmp_path: Path, quality: str, size: tuple[int, int]
):
    """FACTS section 2: assets. More than one picture a second, and a thumbnail that is one of them."""

    async with Conversation() as t:
        made = await completed(t, quality)
        video, thumbnail = tmp_path / "served.mp4", tmp_path / "served.png"
        video.write_bytes((await t.get(made["video_url"])).content[:])
        thumbnail.write_bytes((await t.get(made["thumbnail_url"])).content)
        [stream] = inspect(ffprobe, video)["streams"]
        assert (stream["width"], stream["height"], stream["avg_frame_rate"]) == (*size, "10/1")
        [still] = measured(ffprobe, thumbnail)
        pictures = measured(ffprobe, video)
        assert min(max(abs(a - b) for a, b in zip(still, picture, strict=True)) for picture in pictures) < CLOSE


async def test_the_thumbnail_is_a_picture():
    """FACTS section 2: assets."""

    async with Conversation() as t:
        video = await completed(t)
        reply = await t.get(video["thumbnail_url"], headers={"Authorization": ""})
        assert (reply.status_code, reply.headers["content-type"]) == (200, "image/png")
        assert reply.content.startswith(b"\x89PNG\r\n\x1a\n")
        assert reply.content.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("name", ["video_url", "thumbnail_url"])
async def test_files_can_be_had_in_parts_and_again(name: str):
    """FACTS section 2: assets (RFC 9110 sections 13 and 14)."""

    async with Conversation() as t:
        url = (await completed(t))[name]
        whole = await t.get(url)
        etag, size = whole.headers["etag"], len(whole.content)
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["content-length"] == str(size)
        assert "max-age" in whole.headers["cache-control"]

        part = await t.get(url, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{size}"
        assert part.headers["content-length"] == "10"
        rest = await t.get(url, headers={"Range": "bytes=20-", "If-Range": etag})
        assert (rest.status_code, rest.content) == (206, whole.content[20:])
        tail = await t.get(url, headers={"Range": "bytes=-5"})
        assert tail.content == whole.content[-5:]
        changed = await t.get(url, headers={"Range": "bytes=20-", "If-Range": '"another"'})
        assert (changed.status_code, changed.content) == (200, whole.content)
        beyond = await t.get(url, headers={"Range": f"bytes={size}-"})
        assert (beyond.status_code, beyond.content) == (416, b"")
        assert beyond.headers["content-range"] == f"bytes */{size}"

        known = await t.get(url, headers={"If-None-Match": etag})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
        assert "content-length" not in known.headers
        head = await t.client.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert {k: head.headers[k] for k in whole.headers} == dict(whole.headers)


async def test_nothing_is_counted_or_charged_for_a_file():
    async with Conversation() as t:
        video = await completed(t, key="free-1")
        before = (await account(t, "free-1"))["rate_limit_info"]["used"]
        for _ in range(20):
            assert (await t.get(video["video_url"], headers=by("free-1"))).status_code == 200
        assert (await account(t, "free-1"))["rate_limit_info"]["used"] == before + 1


async def test_a_video_has_no_files_before_its_end():
    """FACTS section 2: assets. The link is known beforehand from a server with the same seed."""

    async with Conversation() as t:
        url = (await completed(t))["video_url"]
        await t.sandbox.reset("all")
        made = await generate(t)
        assert str(made["video_id"]) in url
        for seconds, status_code in ((0, 404), (3, 404), (HOUR, 200)):
            await t.advance(seconds)
            assert (await t.get(url)).status_code == status_code
        await t.sandbox.reset("jobs")
        assert (await t.get(url)).status_code == 404


@pytest.mark.parametrize("ending", ["mock-fail", "mock-never-starts", "mock-stuck"])
async def test_a_video_without_success_never_has_files(ending: str):
    async with Conversation() as t:
        made = await generate(t, ending)
        await t.advance(HOUR)
        [job] = await t.sandbox.store.find_jobs(str(made["video_id"]))
        reply = await t.get(f"/prompttovideo/storage/videos/{job.facts['token']}.mp4")
        assert held_to(models.Error, reply, 404) == {"error": "Video not found"}


async def test_only_whole_names_are_found():
    async with Conversation() as t:
        video = await completed(t)
        root, name = video["video_url"].rsplit("/", 1)
        token = name.removesuffix(".mp4")
        wrong = [
            token, f"{token}.png", f"{token}_mp4", f"{token}.mp4.mp4", f"{token}x.mp4", f"{token[:-1]}.mp4",
            f"{token.upper()}.mp4", f"{video['video_id']}.mp4", f"{video['video_id']}-.mp4", "-.mp4", ".mp4", "1.mp4",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd.mp4", "%00.mp4", "%FF.mp4", "9" * 4000 + ".mp4",
        ]  # fmt: skip
        for each in wrong:
            reply = await t.get(f"{root}/{each}")
            assert held_to(models.Error, reply, 404) == {"error": "Video not found"}, each
        assert (await t.get(video["thumbnail_url"].replace("thumbnails", "videos"))).status_code == 404
        assert (await t.client.post(video["video_url"])).status_code == 405


async def test_links_tell_nothing_of_the_account():
    async with Conversation() as t:
        video = await completed(t, key="pro-secret-key")
        assert "secret" not in video["video_url"] + video["thumbnail_url"]
        other = await completed(t, key="pro-2")
        assert (await t.get(other["video_url"])).content != (await t.get(video["video_url"])).content


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("http://mock.test/prompttovideo", "http://mock.test/prompttovideo"),
        ("http://mock.test", "http://mock.test"),
        ("http://127.0.0.1:8080/prompttovideo", "http://127.0.0.1:8080/prompttovideo"),
        ("https://prompttovideo.com", "https://prompttovideo.com"),
        ("http://mock.test/~alice/prompttovideo", "http://mock.test/~alice/prompttovideo"),
    ],
)
async def test_links_lead_to_where_the_client_reached_the_server(root: str, expected: str):
    """FACTS section 2: assets (they must resolve)."""

    async with Conversation() as t:
        alice = t.app.sandboxes.create("alice", t.sandbox.program, clock=ClockSpec(mode="manual"))
        made = (await t.post(f"{root}/api/v1/generate", {"prompt": SUNSET})).json()
        for sandbox in (t.sandbox, alice):
            await sandbox.advance(60_000)
        video = (await t.get(f"{root}/api/v1/video/{made['video_id']}/status")).json()
        for name in ("video_url", "thumbnail_url"):
            assert video[name].startswith(f"{expected}/storage/")
            assert (await t.get(video[name], headers={"Authorization": ""})).status_code == 200


async def test_a_key_that_names_a_sandbox_gets_links_into_it():
    async with Conversation() as t:
        alice = t.app.sandboxes.create("alice", t.sandbox.program, clock=ClockSpec(mode="manual"))
        made = await generate(t, key="sbx-alice")
        await alice.advance(60_000)
        video = await status(t, made["video_id"], "sbx-alice")
        assert video["video_url"].startswith("http://mock.test/~alice/prompttovideo/storage/")
        assert (await t.get(video["video_url"], headers={"Authorization": ""})).status_code == 200


async def test_links_go_on_working_under_another_scenario():
    async with Conversation() as t:
        video = await completed(t)
        before = await t.get(video["video_url"])
        told = "scenario: other\nextends: prompttovideo-observed\nseed: 99\n"
        reply = await t.client.put("/_mock/scenario", content=told, headers={"Content-Type": "application/yaml"})
        assert (reply.status_code, t.sandbox.seed) == (200, 99), reply.text
        assert (await t.get(video["video_url"])).content == before.content
        assert await status(t, video["video_id"]) == video
        assert (await t.get(f"{API}/videos")).json()["videos"][0]["video_url"] == video["video_url"]
        assert probe(before.content).duration_ms == 30_000
