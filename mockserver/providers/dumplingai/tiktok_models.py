"""The models of replies about TikTok."""

from pydantic import Field

from mockserver.kit.models import Shape


class BioLink(Shape):
    """The link in a profile."""

    link: str
    risk: int


class User(Shape):
    """The user of a profile."""

    id: str
    unique_id: str = Field(alias="uniqueId")
    nickname: str
    avatar_larger: str = Field(alias="avatarLarger")
    avatar_medium: str = Field(alias="avatarMedium")
    avatar_thumb: str = Field(alias="avatarThumb")
    signature: str
    created: int = Field(alias="createTime")
    verified: bool
    sec_uid: str = Field(alias="secUid")
    bio_link: BioLink = Field(alias="bioLink")
    private: bool = Field(alias="privateAccount")
    search_user_name: str | None = None


class Stats(Shape):
    """The numbers of a profile."""

    followers: int = Field(alias="followerCount")
    following: int = Field(alias="followingCount")
    heart: int
    hearts: int = Field(alias="heartCount")
    videos: int = Field(alias="videoCount")
    diggs: int = Field(alias="diggCount")


class ClipStats(Shape):
    """The numbers of a video."""

    plays: int = Field(alias="playCount")
    diggs: int = Field(alias="diggCount")
    comments: int = Field(alias="commentCount")
    shares: int = Field(alias="shareCount")
    collects: int = Field(alias="collectCount")


class Picture(Shape):
    """The size, the length in seconds and the covers of a video."""

    id: str
    height: int
    width: int
    duration: int
    ratio: str
    cover: str
    format: str
    dynamic_cover: str = Field(alias="dynamicCover")


class Music(Shape):
    """The music of a video."""

    id: str
    title: str
    author: str = Field(alias="authorName")
    duration: int


class Challenge(Shape):
    """A hashtag."""

    id: str
    title: str


class TikTokVideo(Shape):
    """The facts about a video."""

    id: str
    desc: str
    created: int = Field(alias="createTime", description="seconds")
    created_iso: str = Field(alias="createTimeISO")
    video: Picture
    author: User
    stats: ClipStats
    music: Music
    challenges: list[Challenge]


class Item(Shape):
    """A video in a profile."""

    id: str
    desc: str
    created: int = Field(alias="createTime")
    stats: ClipStats


class Profile(Shape):
    """A profile with its newest videos."""

    user: User
    stats: Stats
    items: list[Item] = Field(alias="itemList")


class Statistics(Shape):
    """The numbers of a video, as in lists."""

    play_count: int
    digg_count: int
    comment_count: int
    share_count: int
    collect_count: int


class Cover(Shape):
    """The links to a cover."""

    url_list: list[str]


class ListedVideo(Shape):
    """The length in milliseconds and the cover of a video."""

    duration: int
    cover: Cover


class Author(Shape):
    """The author of a video."""

    unique_id: str
    nickname: str


class Aweme(Shape):
    """A video in a list."""

    aweme_id: str
    desc: str
    create_time: int
    statistics: Statistics
    video: ListedVideo
    author: Author
    share_url: str | None = None
    region: str | None = None
    desc_language: str | None = None


class Extra(Shape):
    """The time of the server, in milliseconds."""

    now: int


class ProfileVideos(Shape):
    """A page of the videos of a profile."""

    aweme_list: list[Aweme]
    max_cursor: str
    min_cursor: str
    has_more: int = Field(ge=0, le=1)
    extra: Extra


class Found(Shape):
    """A profile that a search has found."""

    user: User
    stats: Stats


class Users(Shape):
    """A page of profiles."""

    users: list[Found] = Field(alias="userList")
    cursor: int
    more: bool = Field(alias="hasMore")
