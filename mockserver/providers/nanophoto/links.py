"""The links that NanoPhoto accepts (FACTS section 3, `youtube` and `url`)."""

import re
from urllib.parse import SplitResult, parse_qs, urlsplit

_WATCHED_AT = ("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com")
_SHORT = ("youtu.be", "www.youtu.be")
# YouTube's ids have 11 characters. Other lengths are accepted, so that an id can be a magic word.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def youtube_id(url: str) -> str | None:
    """Return the id of the video that a YouTube link is for; None for another link."""
    parts = _web(url)
    if parts is None:
        return None
    first, _, second = parts.path.removeprefix("/").rstrip("/").partition("/")
    video = ""
    if parts.hostname in _SHORT:
        video = first if not second else ""
    elif parts.hostname in _WATCHED_AT and first == "watch" and not second:
        video = parse_qs(parts.query, max_num_fields=100).get("v", [""])[0]
    elif parts.hostname in _WATCHED_AT and first == "shorts":
        video = second
    return video if _ID.match(video) else None


def is_shown(url: str) -> bool:
    """Return whether a YouTube link has the documented form `www.youtube.com/watch?v=...`."""
    parts = _web(url)
    return parts is not None and (parts.hostname, parts.path) == ("www.youtube.com", "/watch")


def is_video_url(url: str) -> bool:
    """Return whether a text is an http or https URL whose path ends in `.mp4`, in upper or lower case."""
    parts = _web(url)
    return parts is not None and parts.path.lower().endswith(".mp4")


def _web(url: str) -> SplitResult | None:
    if any(c <= " " or c == "\x7f" for c in url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for an invalid port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None
