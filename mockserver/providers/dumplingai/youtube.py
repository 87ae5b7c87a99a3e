"""Facts about a YouTube video: POST /api/v1/youtube/video."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from mockserver.kit.models import Shape
from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import Price, v1
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


class Channel(Shape):
    """The channel of a video."""

    id: str
    url: str
    handle: str
    title: str


class NextVideo(Shape):
    """A video that is suggested after another one."""

    id: str
    title: str
    thumbnail: str
    channel: Channel
    published: str = Field(alias="publishedTimeText")
    views: str = Field(alias="viewCountText")
    views_int: int = Field(alias="viewCountInt")
    length: str = Field(alias="lengthText")
    url: str = Field(alias="videoUrl")


class Segment(Shape):
    """A caption. Times are in milliseconds."""

    text: str
    start: int = Field(alias="startMs")
    end: int = Field(alias="endMs")
    start_text: str = Field(alias="startTimeText")


class YouTubeVideo(Shape):
    """The facts about a video."""

    id: str
    thumbnail: str
    type: str
    title: str
    description: str
    comments: str = Field(alias="commentCountText")
    comments_int: int = Field(alias="commentCountInt")
    likes: str = Field(alias="likeCountText")
    likes_int: int = Field(alias="likeCountInt")
    views: str = Field(alias="viewCountText")
    views_int: int = Field(alias="viewCountInt")
    published: str = Field(alias="publishDateText")
    published_date: str = Field(alias="publishDate")
    channel: Channel
    duration: int = Field(alias="durationMs")
    duration_text: str = Field(alias="durationFormatted")
    next_videos: list[NextVideo] = Field(alias="watchNextVideos")
    keywords: list[str]
    transcript: list[Segment] | None = None
    transcript_text: str | None = Field(default=None, alias="transcript_only_text")


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


OPERATIONS = (
    v1(
        "get_youtube_video",
        "Get the facts about a YouTube video",
        get_youtube_video,
        GetYouTubeVideo,
        YouTubeVideo,
        tag="YouTube",
        price=Price("The facts about a video of YouTube cost 10 credits"),
        path="youtube/video",
        page="get-youtube-video",
    ),
)
