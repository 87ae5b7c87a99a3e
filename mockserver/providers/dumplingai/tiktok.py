"""Videos and profiles of TikTok: /api/v1/get-tiktok-video, -profile, -profile-videos, and search-tiktok-users."""

from typing import Annotated, Any

from pydantic import Field

from mockserver.core.instants import rfc3339
from mockserver.providers.dumplingai import files
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.inputs import Short
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.videos import Handle, TikTokUrl, tiktok_profile, tiktok_video
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_CREDITS, _PER_PAGE, _RECENT = 10, 10, 6
_WIDTH, _HEIGHT = files.VIDEO_SIZE
# Settings of an account that are the same for all profiles here.
_SETTINGS: dict[str, Any] = {
    "shortId": "", "ftc": False, "relation": 0, "openFavorite": False, "commentSetting": 0,
    "commerceUserInfo": {"commerceUser": False}, "duetSetting": 0, "stitchSetting": 0,
}  # fmt: skip
_INSTANT = r"^([0-9]{1,16})?$"
Cursor = Annotated[
    str | None, Field(pattern=_INSTANT, description="`max_cursor` of the page before; empty for the first page")
]


class GetTikTokVideo(Sourced):
    """A video of TikTok; short links work too."""

    url: TikTokUrl


class GetTikTokProfile(Sourced):
    """A profile of TikTok."""

    handle: Handle


class GetTikTokProfileVideos(Sourced):
    """A profile of TikTok, and the place in the list of its videos."""

    handle: Handle
    cursor: Cursor = Field(default=None, alias="maxCursor")
    trim: bool = Field(default=False, description="true: the videos have fewer fields")


class SearchTikTokUsers(Sourced):
    """A search for profiles."""

    query: Short
    cursor: int = Field(default=0, ge=0, le=10_000, description="`cursor` of the page before")
    count: int = Field(default=10, ge=1, le=30)


async def get_tiktok_video(exchange: Exchange, body: GetTikTokVideo) -> Task:
    """Return the facts about a video."""
    clip = tiktok_video(exchange, body.url)
    file = files.recording(exchange, "mp4", clip.seconds, "clip", clip.id)
    video = {
        "id": clip.id, "height": _HEIGHT, "width": _WIDTH, "duration": clip.seconds, "ratio": "720p",
        "cover": files.picture(exchange, _WIDTH, _HEIGHT, "clip", clip.id), "downloadAddr": file, "playAddr": file,
        "format": "mp4", "bitrate": clip.seeded.integer(400_000, 1_900_000, "bitrate"),
    }  # fmt: skip
    return Task(
        _CREDITS,
        {
            "id": clip.id,
            "desc": clip.text,
            "createTime": clip.created,
            "createTimeISO": rfc3339(clip.created * 1000),
            "video": video,
            "author": _user(exchange, clip.author),
            "stats": _clip_stats(clip),
            "music": {
                "id": _number(clip, "music"),
                "title": clip.sound,
                "playUrl": files.recording(exchange, "mp3", clip.seconds, "music", clip.sound),
                "authorName": clip.author.nickname,
                "original": clip.sound == "original sound",
                "duration": clip.seconds,
            },
            "challenges": [
                {
                    "id": _number(clip, tag),
                    "title": tag,
                    "desc": "",
                    "coverThumb": files.picture(exchange, 100, 100, "tag", tag),
                }
                for tag in clip.tags
            ],
            "textExtra": [_place(clip, tag) for tag in clip.tags],
            "duetEnabled": True,
            "stitchEnabled": True,
        },
    )


def _number(clip: Any, name: str) -> str:
    return str(clip.seeded.bits("tag", name))[:19]


def _place(clip: Any, tag: str) -> dict[str, Any]:
    """Return where a hashtag is in the caption, from its sign on."""
    start = clip.text.index(f"#{tag}")
    return {"hashtagName": tag, "hashtagId": _number(clip, tag), "start": start, "end": start + len(tag) + 1}


async def get_tiktok_profile(exchange: Exchange, body: GetTikTokProfile) -> Task:
    """Return a profile with its newest videos."""
    profile = tiktok_profile(exchange, body.handle)
    recent = [clip for _, clip in zip(range(_RECENT), profile.videos(), strict=False)]
    items = [
        {"id": clip.id, "desc": clip.text, "createTime": clip.created, "stats": _clip_stats(clip)} for clip in recent
    ]
    return Task(_CREDITS, {"user": _user(exchange, profile), "stats": _stats(profile), "itemList": items})


async def get_tiktok_profile_videos(exchange: Exchange, body: GetTikTokProfileVideos) -> Task:
    """Return the videos of a profile, newest first, from the cursor on."""
    profile = tiktok_profile(exchange, body.handle)
    before = int(body.cursor or 0) or None
    older = [clip for clip in profile.videos() if before is None or clip.created * 1000 < before]
    page = older[:_PER_PAGE]
    listed = [_aweme(exchange, clip, trim=body.trim) for clip in page]
    newest, oldest = (page[0].created, page[-1].created) if page else (0, 0)
    reply = {
        "aweme_list": listed, "max_cursor": str(oldest * 1000), "min_cursor": str(newest * 1000),
        "has_more": int(len(older) > _PER_PAGE), "extra": {"now": exchange.now},
    }  # fmt: skip
    return Task(_CREDITS, reply)


async def search_tiktok_users(exchange: Exchange, body: SearchTikTokUsers) -> Task:
    """Return the profiles that fit a query, from the cursor on."""
    from mockserver.content.web.social import users

    profiles = users(exchange.seeded.child("dumplingai"), body.query)
    page = profiles[body.cursor : body.cursor + body.count]
    end = body.cursor + len(page)
    listed = [
        {"user": _user(exchange, each) | {"search_user_name": each.handle}, "stats": _stats(each)} for each in page
    ]
    return Task(_CREDITS, {"userList": listed, "cursor": end, "hasMore": end < len(profiles)})


def _user(exchange: Exchange, profile: Any) -> dict[str, Any]:
    sizes = (("avatarLarger", 1080), ("avatarMedium", 720), ("avatarThumb", 100))
    return {
        "id": profile.id,
        **_SETTINGS,
        "uniqueId": profile.handle,
        "nickname": profile.nickname,
        **{name: files.picture(exchange, size, size, "profile", profile.handle) for name, size in sizes},
        "signature": profile.signature,
        "createTime": profile.created,
        "verified": profile.verified,
        "secUid": f"MS4wLjABAAAA{profile.seeded.token(43, 'secUid')}",
        "bioLink": {"link": f"https://www.{profile.handle.replace('_', '-').strip('.')}.example", "risk": 0},
        "privateAccount": False,
    }


def _stats(profile: Any) -> dict[str, int]:
    return {
        "followerCount": profile.followers,
        "followingCount": profile.following,
        "heart": profile.hearts,
        "heartCount": profile.hearts,
        "videoCount": profile.video_count,
        "diggCount": profile.seeded.integer(0, 4_000, "diggs"),
    }


def _clip_stats(clip: Any) -> dict[str, int]:
    return {
        "playCount": clip.plays, "diggCount": clip.part(8, "diggs"), "commentCount": clip.part(0.3, "comments"),
        "shareCount": clip.part(0.6, "shares"), "collectCount": clip.part(0.9, "collects"),
    }  # fmt: skip


def _aweme(exchange: Exchange, clip: Any, *, trim: bool) -> dict[str, Any]:
    stats = _clip_stats(clip)
    cover = files.picture(exchange, _WIDTH, _HEIGHT, "clip", clip.id)
    fields = {
        "aweme_id": clip.id, "desc": clip.text, "create_time": clip.created,
        "statistics": {
            "comment_count": stats["commentCount"],
            "digg_count": stats["diggCount"],
            "download_count": clip.part(0.2, "downloads"),
            "play_count": stats["playCount"],
            "share_count": stats["shareCount"],
        },
        "video": {"duration": clip.seconds, "cover": {"url_list": [cover]}},
        "author": {"unique_id": clip.author.handle, "nickname": clip.author.nickname},
    }  # fmt: skip
    return fields if trim else fields | {"share_url": clip.url, "region": "US", "desc_language": "en"}


OPERATIONS = (
    v1("get_tiktok_video", get_tiktok_video, GetTikTokVideo),
    v1("get_tiktok_profile", get_tiktok_profile, GetTikTokProfile),
    v1("get_tiktok_profile_videos", get_tiktok_profile_videos, GetTikTokProfileVideos),
    v1("search_tiktok_users", search_tiktok_users, SearchTikTokUsers),
)
