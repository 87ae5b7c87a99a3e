"""Transcripts of videos: /api/v1/get-youtube-transcript as plain text, /api/v1/get-tiktok-transcript as WebVTT."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.videos import TikTokUrl, YouTubeUrl, tiktok_video, youtube_video
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.web.transcripts import Cue

_CREDITS = 20
Language = Annotated[str, Field(min_length=2, max_length=12, description="such as `en`")]


class GetYouTubeTranscript(Sourced):
    """A video of YouTube, and how its transcript is written."""

    video_url: YouTubeUrl = Field(alias="videoUrl")
    timestamps: bool = Field(default=True, alias="includeTimestamps", description="true: each line begins with a time")
    combined: int = Field(
        default=5, ge=1, le=1000, alias="timestampsToCombine", description="how many captions are put into one line"
    )
    language: Language = Field(default="en", alias="preferredLanguage")


class GetTikTokTranscript(Sourced):
    """A video of TikTok."""

    video_url: TikTokUrl = Field(alias="videoUrl")
    language: Language = Field(default="en", alias="preferredLanguage")


async def get_youtube_transcript(exchange: Exchange, body: GetYouTubeTranscript) -> Task:
    """Return what is spoken in a video, in the preferred language if it has captions in it."""
    from mockserver.content.web.transcripts import available, transcript

    _check_captions(exchange)
    video = youtube_video(exchange, body.video_url)
    language = _code(body.language)
    rows: tuple[str, ...] = ("rule.transcript_text",)
    if language not in available(video.seeded):
        language, rows = "en", (*rows, "rule.first_language")
    cues = transcript(video.seeded, video.url, video.duration, language)
    text = _lines(cues, body.combined) if body.timestamps else " ".join(cue.text for cue in cues)
    return Task(_CREDITS, {"transcript": text, "language": language}, rows)


async def get_tiktok_transcript(exchange: Exchange, body: GetTikTokTranscript) -> Task:
    """Return what is spoken in a video, with times."""
    from mockserver.content.web.transcripts import available, transcript, webvtt

    _check_captions(exchange)
    clip = tiktok_video(exchange, body.video_url)
    language = _code(body.language)
    if language not in available(clip.seeded):
        message = f"No subtitles in the language {body.language}"
        raise Refusal("not_found", message, row="no_captions")
    text = webvtt(transcript(clip.seeded, clip.author.handle, clip.seconds * 1000, language))
    reply = {"transcript": text, "language": language}
    provenance = exchange.policy.provenance
    if provenance is not None and provenance.no_assumed:
        return Task(_CREDITS, reply)
    more = {"id": clip.id, "originalUrl": body.video_url}
    return Task(_CREDITS, {**reply, **more}, ("rule.tiktok_transcript_fields",))


def _check_captions(exchange: Exchange) -> None:
    if not exchange.option("captions", True):
        raise Refusal("not_found", "No captions are available for this video", row="no_captions")


def _code(language: str) -> str:
    """Return the code of a language that captions can be in; another one as it is."""
    from mockserver.content.locales import code_for

    code = code_for(language)
    return code if code != "en" or language.lower().startswith("en") else language


def _lines(cues: "list[Cue]", combined: int) -> str:
    groups = [cues[at : at + combined] for at in range(0, len(cues), combined)]
    return "\n".join(f"[{_place(group[0].start)}] {' '.join(cue.text for cue in group)}" for group in groups)


def _place(ms: int) -> str:
    from mockserver.content.timing import clock

    return clock(ms / 1000)


_YOUTUBE, _TIKTOK = (
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "https://www.tiktok.com/@sunnytrails/video/7509876543210987654",
)

OPERATIONS = (
    v1("get_youtube_transcript", get_youtube_transcript, GetYouTubeTranscript),
    v1("get_tiktok_transcript", get_tiktok_transcript, GetTikTokTranscript),
)
