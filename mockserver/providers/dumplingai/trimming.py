"""Trim a video: POST /api/v1/trim-video, and the older path /api/v1/video-trim."""

from typing import Annotated

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.kit.models import WebUrl
from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_A_MINUTE, _PER_MINUTE = 60_000, 200
# About an hour of video has 200 MB, the most that is documented.
_LONGEST = 3_600_000
_PLACE = r"^[0-9]{2}:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,3})?$"
_TOO_LARGE = "The trimmed video would be larger than the maximum of 200MB"
Place = Annotated[str, Field(pattern=_PLACE, description="HH:MM:SS or HH:MM:SS.mmm")]


class TrimVideo(Sourced):
    """A video and two positions in it."""

    video: WebUrl = Field(alias="videoUrl", description="a public URL of an MP4 file")
    start: Place = Field(alias="startTimestamp")
    end: Place = Field(alias="endTimestamp")


async def trim(exchange: Exchange, body: TrimVideo) -> Task:
    """Return the link to a video of the requested length."""
    start, end = _millis(body.start), _millis(body.end)
    if end <= start:
        raise Refusal(
            "invalid_request", "endTimestamp must be later than startTimestamp", ledger_rows=("rule.trim_order",)
        )
    if end - start > _LONGEST:
        raise Refusal("invalid_request", _TOO_LARGE, row="output_too_large")
    credits = cost(end - start)
    url = await files.link(exchange, "mp4", {"milliseconds": end - start, "seed": f"{body.video} {start}"})
    rows = ("rule.trim_rounding",) if (end - start) % _A_MINUTE else ()
    return Task(credits, {"trimmedVideoUrl": url, "creditsUsed": credits}, rows)


def cost(duration: int) -> int:
    """Return the cost in credits of a trimmed video of `duration` milliseconds."""
    return -(-duration // _A_MINUTE) * _PER_MINUTE


def _millis(place: str) -> int:
    hours, minutes, seconds = place.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


OPERATIONS = (
    v1("trim_video", trim, TrimVideo),
    v1("video_trim", trim, TrimVideo),
)
