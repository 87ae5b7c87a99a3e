"""Addresses of videos: which URLs are for the same video, so that they get the same result."""

import re
from urllib.parse import SplitResult, parse_qs, urlsplit

_YOUTUBE = ("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com")
_YOUTUBE_SHORT = ("youtu.be", "www.youtu.be")
_EMBEDDED = ("embed", "live", "v")
# YouTube's ids have 11 characters. Other lengths are accepted, so that an id can be a magic word.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Parameters of a link that do not select the video: of campaigns, and the signatures of presigned URLs.
_IGNORED = re.compile(r"(?i)(?:utm_|x-amz-|x-goog-)")


def web(url: str) -> SplitResult | None:
    """Return the parts of an http or https URL; None for any other text."""
    if any(c <= " " or c == "\x7f" for c in url):
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for an invalid port
    except ValueError:
        return None
    return parts if parts.scheme in _DEFAULT_PORTS and parts.hostname else None


def youtube_id(url: str) -> str | None:
    """Return the id of the video that a link to YouTube's pages is for; None for another link."""
    parts = web(url)
    return None if parts is None else _youtube_id(parts)


def address(url: str) -> str:
    """Return the address of the video of a URL: the same text for URLs that only differ in form.

    All forms of a YouTube or Vimeo link are equal. For other URLs, the case of the host, the default port, the
    fragment, and parameters of campaigns and of signatures do not matter. Other texts are returned as they are.
    """
    parts = web(url)
    if parts is None:
        return url
    first, _, second = parts.path.strip("/").partition("/")
    host = parts.hostname or ""
    video = _youtube_id(parts)
    if video is None and host.removeprefix("www.") in ("youtube.com", "youtube-nocookie.com") and first in _EMBEDDED:
        video = second if _ID.match(second) else None
    if video is not None:
        return f"https://www.youtube.com/watch?v={video}"
    if host in ("player.vimeo.com", "www.vimeo.com", "vimeo.com"):
        video = second if host == "player.vimeo.com" else first
        return f"https://vimeo.com/{video}"
    return _plain(parts, host)


def _plain(parts: SplitResult, host: str) -> str:
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _IGNORED.match(pair))
    return f"{parts.scheme}://{host}{port}{parts.path or '/'}{'?' if query else ''}{query}"


def _query(parts: SplitResult) -> dict[str, list[str]]:
    try:
        return parse_qs(parts.query, max_num_fields=100)
    except ValueError:
        return {}


def _youtube_id(parts: SplitResult) -> str | None:
    first, _, second = parts.path.removeprefix("/").rstrip("/").partition("/")
    video = ""
    if parts.hostname in _YOUTUBE_SHORT:
        video = first if not second else ""
    elif parts.hostname in _YOUTUBE and first == "watch" and not second:
        video = _query(parts).get("v", [""])[0]
    elif parts.hostname in _YOUTUBE and first == "shorts":
        video = second
    return video if _ID.match(video) else None
