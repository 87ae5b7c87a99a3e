"""Every bundled story of NanoPhoto, told: each shows what its description promises."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation
from tests.listener import Listener
from tests.nanophoto_client import API, FILE, URL, YOUTUBE, answered, credits, refused
from tests.test_nanophoto_family_stories import STORIES as FAMILY

Story = Callable[[Conversation], Coroutine[Any, Any, None]]
STORIES: dict[str, Story] = {}
# These are in tests/test_scenario_language.py, and those of the other operations in their own file.
ELSEWHERE = {
    "nanophoto-stream-cut-at-byte",
    "nanophoto-stream-cut-in-character",
    "nanophoto-stream-held",
    *FAMILY,
}
EVERY_SOURCE = (YOUTUBE, URL, FILE)
LONG = 3_600


def story(told: Story) -> Story:
    STORIES["nanophoto-" + told.__name__.replace("_", "-")] = told
    return told


@pytest.mark.parametrize("name", sorted({path.stem for path in bundled_dir().glob("nanophoto-*.yaml")} - ELSEWHERE))
async def test_a_bundled_story(name: str):
    """FACTS section 3: every code and every way a stream ends is a story too."""
    async with Conversation({"extends": name}) as t:
        await STORIES[name](t)


async def works(t: Conversation, asked: Any = URL) -> Listener:
    """An analysis that is streamed to its end."""
    listener = await heard(t, asked)
    assert (listener.status, listener.complete) == (200, True)
    return listener


async def heard(t: Conversation, asked: Any = URL, seconds: float = LONG) -> Listener:
    """An analysis, and what is heard of it in so many seconds."""
    listener = await Listener(t, API, asked).settled()
    while not listener.status and not listener.over and asked is FILE:
        await listener.settled()
    await t.advance(seconds)
    return listener


async def whole(t: Conversation) -> bytes:
    """The text that the provider itself would have sent."""
    await t.client.put("/_mock/scenario", json={"name": "default"})
    return (await works(t)).body


# Errors.


@story
async def login_required(t: Conversation) -> None:
    for key in ("key-1", "pro-1", "anything"):
        refused(await t.post(API, URL, headers={"Authorization": f"Bearer {key}"}), "LOGIN_REQUIRED")


@story
async def rate_limited(t: Conversation) -> None:
    for _ in range(3):
        await Listener(t, API, URL).settled()
    refused(await t.post(API, URL), "API_KEY_RATE_LIMIT_EXCEEDED")
    await t.advance(LONG)
    await works(t)


@story
async def hourly_limit(t: Conversation) -> None:
    for _ in range(100):
        refused(await t.post(API, {}), "INVALID_INPUT")
    refused(await t.post(API, URL), "API_KEY_RATE_LIMIT_EXCEEDED")


@story
async def throttled_once(t: Conversation) -> None:
    await works(t)
    reply = await t.post(API, URL)
    refused(reply, "API_KEY_RATE_LIMIT_EXCEEDED")
    assert reply.headers["retry-after"] == "30"
    await works(t)


@story
async def out_of_credits(t: Conversation) -> None:
    await works(t)
    await works(t)
    refused(await t.post(API, URL), "INSUFFICIENT_CREDITS")


@story
async def invalid_input(t: Conversation) -> None:
    refused(await t.post(API, URL), "INVALID_INPUT")
    await works(t)


@story
async def invalid_youtube_url(t: Conversation) -> None:
    refused(await t.post(API, YOUTUBE), "INVALID_YOUTUBE_URL")
    await works(t, URL)


@story
async def invalid_video_url(t: Conversation) -> None:
    refused(await t.post(API, URL), "INVALID_VIDEO_URL")
    await works(t, YOUTUBE)


@story
async def invalid_format(t: Conversation) -> None:
    refused(await t.post(API, FILE), "INVALID_FORMAT")
    await works(t, URL)


@story
async def file_too_large(t: Conversation) -> None:
    refused(await t.post(API, FILE), "FILE_TOO_LARGE")
    await works(t, URL)


@story
async def download_failed(t: Conversation) -> None:
    refused(await t.post(API, YOUTUBE), "VIDEO_DOWNLOAD_FAILED")
    refused(await t.post(API, URL), "VIDEO_DOWNLOAD_FAILED")
    await works(t, FILE)


@story
async def processing_failed(t: Conversation) -> None:
    listener = await heard(t, URL, 4.9)
    assert listener.status == 0
    assert (await credits(t))["reserved"] == 1
    await t.advance(0.1)
    assert (listener.status, "The video has no pictures" in listener.text) == (422, True)
    assert (await credits(t))["kinds"][-2:] == ["reserve", "release"]


@story
async def ai_service_error(t: Conversation) -> None:
    for _ in range(2):
        reply = await t.post(API, URL)
        refused(reply, "AI_SERVICE_ERROR")
        assert reply.headers["retry-after"] == "10"
    await works(t)


@story
async def service_unavailable(t: Conversation) -> None:
    for asked in EVERY_SOURCE:
        refused(await t.post(API, asked), "SERVICE_UNAVAILABLE")


@story
async def internal_error(t: Conversation) -> None:
    refused(await t.post(API, URL), "INTERNAL_ERROR")
    await works(t)
    refused(await t.post(API, URL), "INTERNAL_ERROR")
    await works(t)


@story
async def paid_but_failed(t: Conversation) -> None:
    refused(await t.post(API, URL), "AI_SERVICE_ERROR")
    assert (await credits(t))["kinds"] == ["opening", "reserve", "release"]
    await works(t)


@story
async def lost_reply(t: Conversation) -> None:
    listener = await heard(t)
    assert listener.broken
    assert listener.status == 0
    assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]
    await works(t)
    assert (await credits(t))["credits"] == 1_000_000 - 2


# Streams.


@story
async def stream_dictated(t: Conversation) -> None:
    listener = await works(t)
    assert listener.text.startswith("| # | Shot | Camera |")
    assert listener.text.endswith("a calm that grows.\n")
    assert listener.instants == [600 + 40 * n for n in range(len(listener.pieces))]


@story
async def stream_made_up(t: Conversation) -> None:
    told, again, german = [await works(t, {**URL, "locale": locale}) for locale in ("en", "en", "de")]
    assert told.text == again.text != german.text
    for listener in (told, german):
        assert [line[:2] for line in listener.text.splitlines() if line.startswith(("#", "-"))] == ["# ", "- ", "- "]
        assert "${" not in listener.text
        assert "@example." in listener.text
        assert listener.instants == [600 + 40 * n for n in range(len(listener.pieces))]


@story
async def stream_at_once(t: Conversation) -> None:
    reply = await t.post(API, URL)
    assert answered(reply).encode() == await whole(t)


@story
async def stream_by_line(t: Conversation) -> None:
    listener = await works(t)
    assert all(data.endswith(b"\n") for _, data in listener.pieces)
    assert listener.instants == [250 * (n + 1) for n in range(len(listener.pieces))]


@story
async def stream_late(t: Conversation) -> None:
    listener = await heard(t, URL, 69)
    assert (listener.status, listener.pieces) == (200, [])
    await t.advance(LONG)
    assert listener.complete


@story
async def stream_slow(t: Conversation) -> None:
    listener = await heard(t, URL, 30)
    assert 10 <= len(listener.pieces) <= 30
    await t.advance(LONG)
    assert listener.complete


@story
async def stream_drips(t: Conversation) -> None:
    listener = await works(t)
    dripped = [(at, data) for at, data in listener.pieces if len(data) == 10]
    span = dripped[-1][0] - dripped[0][0]
    assert abs(10 * (len(dripped) - 1) / span * 1000 - 100) < 5
    assert listener.body == await whole(t)


async def cut_off(t: Conversation) -> None:
    listener = await heard(t)
    assert listener.broken
    assert not listener.complete
    own = await whole(t)
    assert listener.body == own[: round(len(own) * 0.6)]
    assert (await credits(t))["kinds"] == ["opening", "reserve", "release", "reserve", "capture"]


@story
async def stream_truncated(t: Conversation) -> None:
    await cut_off(t)


@story
async def stream_reset(t: Conversation) -> None:
    await cut_off(t)


@story
async def stream_stalls(t: Conversation) -> None:
    listener = await heard(t, URL, 366 * 86_400)
    assert not listener.over
    own = await whole(t)
    assert listener.body == own[: round(len(own) * 0.6)]
    await listener.leave()


@story
async def stream_pauses(t: Conversation) -> None:
    listener = await works(t)
    gaps = [b - a for a, b in zip(listener.instants, listener.instants[1:], strict=False)]
    assert sorted(gaps)[-2] <= 50
    assert 45_000 <= max(gaps) <= 45_050
    assert listener.body == await whole(t)


@story
async def stream_garbled(t: Conversation) -> None:
    listener = await works(t)
    with pytest.raises(UnicodeDecodeError):
        listener.body.decode()
    own = await whole(t)
    assert sum(a != b for a, b in zip(listener.body, own, strict=True)) == 16


@story
async def stream_split_characters(t: Conversation) -> None:
    listener = await works(t)
    assert listener.text == "镜头一 夜景 · naïve café ☕ · 映像は静かに始まる 🎬"
    broken = [data for _, data in listener.pieces if "\ufffd" in data.decode("utf-8", "replace")]
    assert len(broken) > 5
