"""The same video gets the same result, and different videos get different ones."""

from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.content.descriptions import describe
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from tests.conversation import Conversation
from tests.descrideo_client import DEMO, DEMO_KEY, LIVE, SANDBOX, by, job

V2P = "/videotoprompt/v1/analyze"
URL = "https://example.com/videos/7f3a.mp4"
ENTERPRISE = {"extends": "default", "accounts": [{"key": "*", "plan": "enterprise"}]}
FORMS = ["https://cdn.example.com/{}.mp4", "https://www.youtube.com/watch?v=vid-{:07}"]


async def analyzed(t: Conversation, **body: Any) -> dict[str, Any]:
    """Return the prompt of a new analysis."""
    return await prompt_of(t, (await t.post(f"{V2P}/url", {"url": URL, **body})).json()["id"])


async def uploaded(t: Conversation, content: bytes, name: str, **fields: str) -> dict[str, Any]:
    """Return the prompt for an uploaded file."""
    reply = await t.client.post(f"{V2P}/upload", files={"video": (name, content, "video/mp4")}, data=fields)
    return await prompt_of(t, reply.json()["id"])


async def prompt_of(t: Conversation, analysis: str) -> dict[str, Any]:
    await t.advance(60)
    prompt: dict[str, Any] = (await t.get(f"{V2P}/{analysis}")).json()["prompt"]
    return prompt


async def test_the_same_url_gets_the_same_prompt():
    """FACTS section 1: same video, same result; submitted again, by another account, within a batch."""

    async with Conversation(ENTERPRISE) as t:
        first = await analyzed(t)
        assert await analyzed(t) == first
        assert (await analyzed(t, url="https://example.com/videos/7f3b.mp4"))["text"] != first["text"]
        assert await analyzed(t, timestamp_start=3, timestamp_end=9) == first
        batch = (await t.post(f"{V2P}/batch", {"analyses": [{"url": URL}, {"url": URL}]})).json()["id"]
        await t.advance(60)
        items = (await t.get(f"{V2P}/batch/{batch}")).json()["analyses"]
        assert [item["prompt"] for item in items] == [first, first]


async def test_other_options_change_only_the_words():
    async with Conversation(ENTERPRISE) as t:
        first = await analyzed(t, platform="midjourney", include_negative=True)
        for platform in ("stable-diffusion", "dalle3", "sora", "runway", "generic"):
            for depth in ("basic", "standard", "detailed", "comprehensive"):
                other = await analyzed(t, platform=platform, style_depth=depth, include_negative=True)
                assert other["style_analysis"] == first["style_analysis"]
                assert first["text"].split(", ", 1)[0].lower() in other["text"].lower()
        german = await analyzed(t, language="de")
        assert german["style_analysis"]["dominant_colors"] == first["style_analysis"]["dominant_colors"]


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ?t=30"),
        ("https://example.com/a.mp4", "https://EXAMPLE.com/a.mp4#t=5"),
    ],
)
async def test_links_to_the_same_video_get_the_same_prompt(one, same):
    async with Conversation(ENTERPRISE) as t:
        assert await analyzed(t, url=one) == await analyzed(t, url=same)


async def test_the_same_file_gets_the_same_prompt_under_any_name():
    """FACTS section 1: same video, same result; the bytes count."""

    async with Conversation(ENTERPRISE) as t:
        content, other = video(3_000, Seeded(1)).data, video(4_000, Seeded(1)).data
        first = await uploaded(t, content, "beach.mp4")
        assert await uploaded(t, content, "city-at-night.mp4") == first
        assert (await uploaded(t, other, "beach.mp4"))["text"] != first["text"]
        german = await uploaded(t, content, "beach.mp4", language="de")
        assert german["style_analysis"]["dominant_colors"] == first["style_analysis"]["dominant_colors"]


async def described(t: Conversation, body: Mapping[str, Any], path: str = LIVE, key: str = "nxt_key-1") -> Any:
    """Return the result of a new job."""
    created = (await t.post(path, body, headers=by(key))).json()["job_id"]
    for _ in range(3):
        await t.advance(60)
    return (await t.get(f"{path}/{created}", headers=by(key))).json()["result"]


async def test_the_same_source_gets_the_same_description():
    """FACTS section 4: same video, same result; on the live, the demo and the sandbox API."""

    async with Conversation() as t:
        first = await described(t, job())
        assert await described(t, job()) == first
        assert await described(t, job(frames=30), key="nxt_key-2") == first
        assert await described(t, job(frames=10), DEMO, DEMO_KEY) == first
        heard = await described(t, job("audio"))
        assert heard["description"] != first["description"], "the mode decides what is described"
        assert await described(t, job("audio", transcription={"segments": 30})) == heard
        other = job(source={"type": "direct_url", "url": "https://example.com/other.mp4"})
        assert await described(t, other) != first
        sandboxed = await described(t, job(frames=10, source=None), SANDBOX)
        wish = {"custom_instructions": "Focus on technical details"}
        technical = await described(t, job(frames=10, source=None, client_context=wish), SANDBOX)
        assert technical["title"] == sandboxed["title"]
        assert technical["tags"] == sandboxed["tags"]
        assert "technical details" not in str(technical).lower()


async def test_the_same_video_gets_the_same_shots():
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        urls = ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ")
        bodies = [{"videoSource": "youtube", "videoUrl": url} for url in urls]
        first, second = [(await t.post("/nanophoto/api/sora-2/reverse-prompt", body)).text for body in bodies]
        assert first == second


async def test_the_same_video_shows_the_same_scene_to_every_question():
    """DumplingAI: the prompt decides the form, the URL the scene."""

    async with Conversation() as t:
        body = {"inputMethod": "url", "video": "https://example.com/x1.mp4", "prompt": "What is the title?"}
        first, second = [(await t.post("/dumplingai/api/v1/extract-video", body)).json() for _ in range(2)]
        assert (first["results"], first["videoDuration"]) == (second["results"], second["videoDuration"])


@pytest.mark.parametrize("form", FORMS)
async def test_120_videos_have_about_100_different_titles(form):
    async with Conversation() as t:
        seeded = t.sandbox.seeded
        urls = [form.format(n) for n in range(120)]
        scenes = [Scene.of(seeded.child("video", url), url) for url in urls]
        assert len({(scene.story, scene.detail, scene.moment) for scene in scenes}) >= 95
        results = [described_as(seeded, url) for url in urls]
        assert len({result["title"] for result in results}) >= 90
        assert len({result["description"] for result in results}) >= 115
        assert len({tuple(result["tags"]) for result in results}) >= 90


def described_as(seeded: Seeded, url: str) -> Any:
    return describe(seeded.child("video", url), url)
