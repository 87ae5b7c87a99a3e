"""Facts about a YouTube video: POST /api/v1/youtube/video."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.videos import YouTubeUrl, youtube_video
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
    from mockserver.content.locales import locale

    video = youtube_video(exchange, body.url)
    story, at = locale("en").stories[video.scene.story], datetime.fromtimestamp(video.published, UTC)
    likes, comments = video.views // 23, video.views // 410
    facts = {
        "id": video.id, "thumbnail": files.picture(exchange, 1280, 720, "youtube", video.id), "type": "video",
        "title": video.title, "description": " ".join(story.beats),
        "commentCountText": f"{comments:,}", "commentCountInt": comments, "likeCountText": f"{likes:,}",
        "likeCountInt": likes, "viewCountText": f"{video.views:,} views", "viewCountInt": video.views,
        "publishDateText": f"{at:%b} {at.day}, {at.year}", "publishDate": at.isoformat().replace("+00:00", "Z"),
        "channel": _channel(video), "durationMs": video.duration, "durationFormatted": _length(video.duration),
        "watchNextVideos": [_next(exchange, video, n) for n in range(_NEXT)], "keywords": video.tags,
    }  # fmt: skip
    return Task(_CREDITS, facts | (_transcript(video) if body.get_transcript else {}))


def _channel(video: Any) -> dict[str, str]:
    handle = "".join(c for c in video.channel.lower() if c.isalnum())
    identifier = f"UC{video.seeded.token(22, 'channel')}"
    return {"id": identifier, "url": f"https://www.youtube.com/@{handle}", "handle": handle, "title": video.channel}


def _next(exchange: Exchange, video: Any, number: int) -> dict[str, Any]:
    letters = "".join(video.seeded.choice(_ALPHABET, "next", number, place) for place in range(11))
    other = youtube_video(exchange, f"https://www.youtube.com/watch?v={letters}")
    years = max(1, (video.published + 10**8 - other.published) // 31_536_000)
    return {
        "id": other.id, "title": other.title, "thumbnail": files.picture(exchange, 336, 188, "youtube", other.id),
        "channel": _channel(other), "publishedTimeText": f"{years} year{'s' if years > 1 else ''} ago",
        "viewCountText": f"{other.views:,} views", "viewCountInt": other.views, "lengthText": _length(other.duration),
        "videoUrl": other.url,
    }  # fmt: skip


def _transcript(video: Any) -> dict[str, Any]:
    from mockserver.content.timing import clock
    from mockserver.content.web.transcripts import transcript

    cues = transcript(video.seeded, video.url, video.duration, "en")
    segments = [
        {"text": cue.text, "startMs": cue.start, "endMs": cue.end, "startTimeText": clock(cue.start / 1000)}
        for cue in cues
    ]
    return {"transcript": segments, "transcript_only_text": " ".join(cue.text for cue in cues)}


def _length(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1_000 % 60:02}"


OPERATIONS = (v1("get_youtube_video", get_youtube_video, GetYouTubeVideo),)
