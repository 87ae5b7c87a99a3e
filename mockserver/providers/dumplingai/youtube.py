"""Facts about a YouTube video: POST /api/v1/youtube/video."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.videos import YouTubeUrl, listed_video, youtube_video
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_CREDITS, _NEXT = 10, 5
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class GetYouTubeVideo(Sourced):
    """A video of YouTube."""

    url: YouTubeUrl
    get_transcript: bool = Field(default=False, description="true: the reply has the transcript")


async def get_youtube_video(exchange: Exchange, body: GetYouTubeVideo) -> Task:
    """Return the facts about a video, with its transcript if the request asks for it."""
    video = await listed_video(exchange, body.url)
    likes, comments = video.views // 23, video.views // 410
    facts = {
        **_shown(exchange, video, 1280, 720),
        "description": video.description,
        "commentCountText": _short(comments),
        "commentCountInt": comments,
        "likeCountText": _short(likes),
        "likeCountInt": likes,
        "durationMs": video.duration,
        "durationFormatted": _length(video.duration),
        "watchNextVideos": [_next(exchange, video, number) for number in range(_NEXT)],
        "keywords": video.tags,
    }
    return Task(_CREDITS, facts | (_transcript(video) if body.get_transcript else {}))


def _shown(exchange: Exchange, video: Any, width: int, height: int) -> dict[str, Any]:
    """Return what is also said about a video that is suggested after another one."""
    at = datetime.fromtimestamp(video.published, UTC)
    return {
        "id": video.id,
        "thumbnail": files.picture(exchange, width, height, "youtube", video.id),
        "type": "video",
        "title": video.title,
        "viewCountText": _short(video.views),
        "viewCountInt": video.views,
        "publishDateText": f"{at:%b} {at.day}, {at.year}",
        "publishDate": f"{at:%Y-%m-%d}T00:00:00.000Z",
        "channel": _channel(video),
    }


def _channel(video: Any) -> dict[str, str]:
    handle = "".join(c for c in video.channel.lower() if c.isalnum())
    identifier = f"UC{video.seeded.token(22, 'channel')}"
    return {"id": identifier, "url": f"https://www.youtube.com/@{handle}", "handle": handle, "title": video.channel}


def _next(exchange: Exchange, video: Any, number: int) -> dict[str, Any]:
    letters = "".join(video.seeded.choice(_ALPHABET, "next", number, place) for place in range(11))
    other = youtube_video(exchange, f"https://www.youtube.com/watch?v={letters}")
    return {**_shown(exchange, other, 336, 188), "url": other.url, "lengthText": _length(other.duration)}


def _transcript(video: Any) -> dict[str, Any]:
    from mockserver.content.timing import clock
    from mockserver.content.web.transcripts import transcript

    cues = transcript(video.seeded, video.url, video.duration, "en")
    segments = [
        {"text": cue.text, "startMs": str(cue.start), "endMs": str(cue.end), "startTimeText": clock(cue.start / 1000)}
        for cue in cues
    ]
    return {"transcript": segments, "transcript_only_text": " ".join(cue.text for cue in cues)}


def _length(ms: int) -> str:
    """Return a length as a player shows it: `3:32`, or `1:03:32`."""
    minutes, seconds = divmod(ms // 1_000, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"


def _short(count: int) -> str:
    """Return a number as pages show it: `493K`, `1.2M`."""
    for unit, name in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= unit:
            return f"{count / unit:.1f}".removesuffix(".0") + name
    return str(count)


OPERATIONS = (v1("get_youtube_video", get_youtube_video, GetYouTubeVideo),)
