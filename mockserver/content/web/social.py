"""Profiles and videos of TikTok, and videos of YouTube, made up from their names and ids."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mockserver.content.locales import locale
from mockserver.content.people import person
from mockserver.content.scene import Scene
from mockserver.content.web import words
from mockserver.content.web.pages import capital
from mockserver.core.seeded import Seeded

# The newest video of a profile is from the week before this instant (2025-06-01), in seconds.
_NEWEST = 1_748_736_000
_WEEK = 604_800
_FEWEST, _MOST = 18, 90
_USERS = 30
_TIKTOK = re.compile(r"https?://(?:www\.|m\.)?tiktok\.com/@([A-Za-z0-9_.]{1,40})/(?:video|photo)/([0-9]{1,20})")
_SHORT = re.compile(r"https?://(?:(?:vm|vt|m|www)\.)?tiktok\.com/(?:t/)?([A-Za-z0-9]{1,20})")


@dataclass(frozen=True)
class Profile:
    """A profile of TikTok, from its handle."""

    handle: str
    seeded: Seeded

    @property
    def id(self) -> str:
        """The number of the user."""
        return str(6_700_000_000_000_000_000 + self.seeded.bits("id") % 10**17)

    @property
    def topic(self) -> str:
        """The subject that most of the videos are about."""
        return Scene.of(self.seeded, self.handle).theme

    @property
    def nickname(self) -> str:
        """The name that is shown."""
        spaced = " ".join(re.findall(r"[A-Za-z]+|\d+", self.handle)).title()
        return self.seeded.choice((spaced or self.handle, person(self.seeded)[0]), "nickname")

    @property
    def signature(self) -> str:
        """The text about the user."""
        form = str(self.seeded.choice(words("social")["signatures"], "signature"))
        return form.format(topic=self.topic, Topic=capital(self.topic))

    @property
    def video_count(self) -> int:
        """The number of videos, all of which `videos` returns."""
        return self.seeded.integer(_FEWEST, _MOST, "videos")

    @property
    def followers(self) -> int:
        """The number of followers: mostly some thousands, sometimes millions."""
        return int(10 ** (2.5 + 4 * self.seeded.unit("followers")))

    @property
    def following(self) -> int:
        """The number of users that this one follows."""
        return self.seeded.integer(3, 900, "following")

    @property
    def created(self) -> int:
        """The instant at which the profile was created, in seconds."""
        return _NEWEST - 8 * 52 * _WEEK + self.seeded.integer(0, 52 * _WEEK, "created")

    @property
    def verified(self) -> bool:
        """True for the largest profiles."""
        return self.followers > 300_000

    @property
    def hearts(self) -> int:
        """The number of likes of all videos."""
        return self.followers * self.seeded.integer(4, 30, "hearts")

    def videos(self) -> Iterator["Clip"]:
        """Yield the videos, newest first."""
        at = _NEWEST - self.seeded.integer(0, _WEEK, "newest")
        for number in range(self.video_count):
            # As at the provider, the upper half of an id is the instant at which the video was created.
            clip_id = at << 32 | self.seeded.bits("video", number) & 0xFFFFFFFF
            yield Clip(str(clip_id), self)
            at -= self.seeded.integer(_WEEK // 7, _WEEK, "pause", number)


@dataclass(frozen=True)
class Clip:
    """A video of TikTok, from its id and the profile of its author."""

    id: str
    author: Profile

    @cached_property
    def seeded(self) -> Seeded:
        """The source of what is in this video."""
        return self.author.seeded.child("clip", self.id)

    @property
    def created(self) -> int:
        """The instant at which the video was created, in seconds: the upper half of its id."""
        at = int(self.id) >> 32
        return at if 1_400_000_000 < at < 1_900_000_000 else _NEWEST - self.seeded.integer(0, 52 * _WEEK, "at")

    @property
    def url(self) -> str:
        """The address of the video."""
        return f"https://www.tiktok.com/@{self.author.handle}/video/{self.id}"

    @property
    def seconds(self) -> int:
        """The length of the video."""
        return self.seeded.integer(9, 90, "seconds")

    @cached_property
    def scene(self) -> Scene:
        """What the video shows."""
        return Scene.of(self.seeded, self.author.handle)

    @property
    def tags(self) -> list[str]:
        """The hashtags, without the sign."""
        return [tag.replace(" ", "") for tag in locale("en").stories[self.scene.story].tags.split(", ")][:4]

    @property
    def text(self) -> str:
        """The caption with its hashtags."""
        form = str(self.seeded.choice(words("social")["captions"], "caption"))
        tags = " ".join(f"#{tag}" for tag in self.tags)
        return form.format(
            title=locale("en").stories[self.scene.story].title, tags=tags, n=self.seeded.integer(2, 9, "n")
        )

    @property
    def sound(self) -> str:
        """The title of the music."""
        return str(self.seeded.choice(words("social")["sounds"], "sound"))

    @property
    def plays(self) -> int:
        """The number of plays. Likes, comments and shares are parts of it."""
        return int(self.author.followers * (0.2 + 3 * self.seeded.unit("plays"))) + 50

    def part(self, percent: float, name: str) -> int:
        """Return about so many percent of the plays."""
        return int(self.plays * percent / 100 * (0.5 + self.seeded.unit(name)))


@dataclass(frozen=True)
class Tube:
    """A video of YouTube, from its id. `duration` is in milliseconds.

    `listed` is the title and the text of the search that had the video among its results; None if none had it.
    """

    id: str
    duration: int
    seeded: Seeded
    listed: tuple[str, str] | None = None

    @property
    def url(self) -> str:
        """The address of the video."""
        return f"https://www.youtube.com/watch?v={self.id}"

    @cached_property
    def scene(self) -> Scene:
        """What the video shows: the same as in answers to prompts about it."""
        return Scene.of(self.seeded, self.url)

    @property
    def title(self) -> str:
        """The title."""
        return self.listed[0] if self.listed else locale("en").stories[self.scene.story].title

    @property
    def description(self) -> str:
        """The text below the video."""
        beats = " ".join(locale("en").stories[self.scene.story].beats)
        return f"{self.listed[1]}\n\n{beats}" if self.listed else beats

    @property
    def tags(self) -> list[str]:
        """The keywords."""
        return locale("en").stories[self.scene.story].tags.split(", ")

    @property
    def channel(self) -> str:
        """The name of the channel."""
        first, family = person(self.seeded.child("channel"))[0].split(maxsplit=1)
        return str(self.seeded.choice(words("social")["channels"], "channel")).format(first=first, family=family)

    @property
    def views(self) -> int:
        """The number of views. Likes and comments are parts of it."""
        return int(10 ** (3 + 3.5 * self.seeded.unit("views")))

    @property
    def published(self) -> int:
        """The instant of publication, in seconds."""
        return _NEWEST - self.seeded.integer(_WEEK, 150 * _WEEK, "published")


def profile(seeded: Seeded, handle: str) -> Profile:
    """Return the profile with a handle, with or without the @. Case does not matter."""
    name = handle.strip().removeprefix("@").lower()
    return Profile(name, seeded.child("tiktok", name))


def clip(seeded: Seeded, url: str) -> Clip | None:
    """Return the video of a link to TikTok, or None for another link. A short link leads to a made-up author."""
    long = _TIKTOK.match(url)
    if long:
        return Clip(long[2], profile(seeded, long[1]))
    short = _SHORT.match(url)
    if short is None:
        return None
    author = profile(seeded, _handle(seeded.child("short", short[1])))
    return next(author.videos())


def users(seeded: Seeded, query: str) -> list[Profile]:
    """Return the profiles that a search finds, best first."""
    base = re.sub(r"[^a-z0-9]+", "", query.lower())[:16] or "creator"
    seconds = seeded.sample(words("social")["second"], _USERS - 11, "users", base)
    handles = [base, *(f"{base}{n}" for n in ("official", "tv", "_hq", ".club", "daily", "_xo", "fan", "_", "1", "77"))]
    return [profile(seeded, handle) for handle in (*handles, *(f"{base}.{second}" for second in seconds))]


def _handle(seeded: Seeded) -> str:
    lists = words("social")
    form = str(seeded.choice(lists["handles"], "form"))
    return form.format(a=seeded.choice(lists["first"], "a"), b=seeded.choice(lists["second"], "b"))
