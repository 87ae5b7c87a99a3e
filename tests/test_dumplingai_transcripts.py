"""Transcripts of YouTube and TikTok: as long as the video, in its languages, and consistent with other operations."""

import json
import re

import pytest

from tests.conversation import Conversation
from tests.dumplingai_client import extracted
from tests.dumplingai_family import error, ok

VIDEO = "https://www.youtube.com/watch?v=jNQXAC9IVRw"
SHORT = "https://youtu.be/jNQXAC9IVRw?t=3"


def seconds(place: str) -> int:
    """Return a place in a video, such as `01:05`, in seconds."""
    total = 0
    for part in place.split(":"):
        total = total * 60 + int(part)
    return total


async def test_a_transcript_has_the_length_of_the_video() -> None:
    async with Conversation() as t:
        facts = await ok(t, "get_youtube_video", url=VIDEO, get_transcript=True)
        length = facts["durationMs"] / 1000
        assert (await extracted(t, video=VIDEO))["videoDuration"] == length
        lines = (await ok(t, "get_youtube_transcript", videoUrl=VIDEO, timestampsToCombine=1))[
            "transcript"
        ].splitlines()
        places = [seconds(line[1 : line.index("]")]) for line in lines]
        assert places[0] == 0
        assert places == sorted(places)
        assert length - 15 < places[-1] < length
        assert [line.partition("] ")[2] for line in lines] == [each["text"] for each in facts["transcript"]]
        assert facts["transcript"][-1]["endMs"] == str(facts["durationMs"])


async def test_what_a_prompt_quotes_is_in_the_transcript() -> None:
    async with Conversation() as t:
        text = (await ok(t, "get_youtube_transcript", videoUrl=VIDEO, includeTimestamps=False))["transcript"]
        reply = await extracted(t, video=VIDEO, prompt='Return {"quotes": [{"quote": ""}]}', jsonMode=True)
        said = [each["quote"] for each in json.loads(reply["results"])["quotes"]]
        assert said
        assert all(quote in text for quote in said)


async def test_all_links_to_a_video_are_about_the_same_video() -> None:
    async with Conversation() as t:
        first, second = [await ok(t, "get_youtube_transcript", videoUrl=url) for url in (VIDEO, SHORT)]
        assert first == second
        assert (await ok(t, "get_youtube_video", url=SHORT))["id"] == "jNQXAC9IVRw"


async def test_captions_are_put_together() -> None:
    async with Conversation() as t:
        counts = [
            len(
                (await ok(t, "get_youtube_transcript", videoUrl=VIDEO, timestampsToCombine=n))[
                    "transcript"
                ].splitlines()
            )
            for n in (1, 5, 1000)
        ]
        assert counts[0] > counts[1] > counts[2] == 1
        assert counts[1] == -(-counts[0] // 5)


async def test_a_language_that_a_video_does_not_have() -> None:
    async with Conversation() as t:
        assert (await ok(t, "get_youtube_transcript", preferredLanguage="tlh"))["language"] == "en"
        english = await ok(t, "get_youtube_transcript", preferredLanguage="en-GB")
        assert english["language"] == "en"
        found = {
            code: await ok(t, "get_youtube_transcript", preferredLanguage=code)
            for code in ("de", "fr", "ja", "es", "zh")
        }
        others = {each["language"] for each in found.values()} - {"en"}
        assert others
        assert all(found[code]["transcript"] != english["transcript"] for code in others)


@pytest.mark.parametrize("name", ["get_youtube_transcript", "get_tiktok_transcript"])
async def test_videos_without_captions(name: str) -> None:
    async with Conversation({"extends": "dumplingai-no-captions"}) as t:
        assert await error(t, name, 404) == "No captions are available for this video"


async def test_a_transcript_of_tiktok_is_webvtt() -> None:
    async with Conversation() as t:
        facts = await ok(t, "get_tiktok_video")
        reply = await ok(t, "get_tiktok_transcript")
        assert reply["transcript"].startswith("WEBVTT\n\n00:00:00.000 --> ")
        assert (reply["id"], reply["language"]) == (facts["id"], "en")
        ends = re.findall(r"--> 00:(\d\d):(\d\d)\.000\n", reply["transcript"])
        minutes, rest = map(int, ends[-1])
        assert minutes * 60 + rest == facts["video"]["duration"]
        assert (
            await error(t, "get_tiktok_transcript", 404, preferredLanguage="tlh") == "No subtitles in the language tlh"
        )


@pytest.mark.parametrize(
    ("name", "field", "url"),
    [
        ("get_youtube_transcript", "videoUrl", "https://vimeo.com/1"),
        ("get_youtube_transcript", "videoUrl", "dQw4w9WgXcQ"),
        ("get_tiktok_transcript", "videoUrl", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ("get_tiktok_video", "url", "https://www.tiktok.com/@sunny"),
    ],
)
async def test_links_to_something_else(name: str, field: str, url: str) -> None:
    async with Conversation() as t:
        assert (await error(t, name, 400, **{field: url})).startswith(f"{field}: ")
