"""Videos of YouTube and TikTok, by the links in requests."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.providers.dumplingai.work import Save
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.web.social import Clip, Profile, Tube

# The kind of the values that titles and texts in results of searches are kept as, by the id of the video.
_LISTED = "dumplingai.listed"
_SHORTEST, _LONGEST = 5_000, 600_000
_ANY = "[!-~]*"
YOUTUBE = rf"^https?://((www|m|music)\.)?(youtube\.com/(watch\?([!-%'-~]*&)*v=|shorts/|live/|embed/)|youtu\.be/)[A-Za-z0-9_-]{{1,64}}([&?/#]{_ANY})?$"
TIKTOK = (
    r"^https?://((www|m)\.)?tiktok\.com/@[A-Za-z0-9_.]{1,40}/(video|photo)/[0-9]{1,19}([?/#][!-~]*)?$"
    r"|^https?://((vm|vt)\.tiktok\.com/|((m|www)\.)?tiktok\.com/t/)[A-Za-z0-9]{1,20}/?([?#][!-~]*)?$"
)
YouTubeUrl = Annotated[str, Field(pattern=YOUTUBE, max_length=2048, description="a link to a video of YouTube")]
TikTokUrl = Annotated[str, Field(pattern=TIKTOK, max_length=2048, description="a link to a video of TikTok")]
# Magic words have hyphens, which the handles of TikTok do not have.
Handle = Annotated[str, Field(pattern=r"^@?[A-Za-z0-9_.-]{1,40}$", description="the name of the profile")]


def youtube_video(exchange: Exchange, url: str) -> "Tube":
    """Return the video of a link. Its length is that of `extract_video` for the same video."""
    from mockserver.content.videos import address
    from mockserver.content.web.social import Tube

    canonical = address(url)
    seconds: float | None = exchange.option("video_seconds")
    seeded = exchange.seeded.integer(_SHORTEST, _LONGEST, "dumplingai", "duration", canonical)
    duration = round(seconds * 1000) if seconds is not None else seeded
    identifier = canonical.rpartition("=")[2] if "=" in canonical else canonical.rpartition("/")[2]
    return Tube(identifier[:64], duration, exchange.seeded.child("dumplingai", "video", canonical))


async def listed_video(exchange: Exchange, url: str) -> "Tube":
    """Return the video of a link, with the title that the results of searches had."""
    video = youtube_video(exchange, url)
    kept = await exchange.sandbox.store.get_value(_LISTED, video.id, exchange.now)
    return video if kept is None else replace(video, listed=(kept[0], kept[1]))


def keep_titles(exchange: Exchange, rows: Iterable[Mapping[str, Any]]) -> Save:
    """Return what keeps the titles and texts of the videos in a result."""

    async def keep() -> None:
        for row in rows:
            video = youtube_video(exchange, row["link"])
            await exchange.sandbox.store.put_value(_LISTED, video.id, [row["title"], row["snippet"]])

    return keep


def tiktok_video(exchange: Exchange, url: str) -> "Clip":
    """Return the video of a link. Raises Refusal `invalid_request` if it is none."""
    from mockserver.content.web.social import clip

    video = clip(exchange.seeded.child("dumplingai"), url)
    if video is None:
        raise Refusal("invalid_request", "The URL is not that of a TikTok video")
    return video


def tiktok_profile(exchange: Exchange, handle: str) -> "Profile":
    """Return the profile with a handle."""
    from mockserver.content.web.social import profile

    return profile(exchange.seeded.child("dumplingai"), handle)
