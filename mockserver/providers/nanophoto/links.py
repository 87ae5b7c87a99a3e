"""The links that NanoPhoto accepts (FACTS section 3, `youtube` and `url`)."""

from mockserver.content.videos import web


def is_shown(url: str) -> bool:
    """Return whether a YouTube link has the documented form `www.youtube.com/watch?v=...`."""
    parts = web(url)
    return parts is not None and (parts.hostname, parts.path) == ("www.youtube.com", "/watch")


def is_video_url(url: str) -> bool:
    """Return whether a text is an http or https URL whose path ends in `.mp4`, in upper or lower case."""
    parts = web(url)
    return parts is not None and parts.path.lower().endswith(".mp4")
