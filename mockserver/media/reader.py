"""Facts about an uploaded video, read while it passes by."""

from typing import NamedTuple

from mockserver.media.containers import HEAD, Container, sniff
from mockserver.media.walker import BoxWalker

_LIKE_MP4 = ("mp4", "mov", "3gpp")


class VideoFacts(NamedTuple):
    """What is known of a video: `size` in bytes, `container`, `duration_ms` in milliseconds, and `complete`.

    `container` is None when the first bytes are not those of a known one. `duration_ms` is None unless the container
    is like MP4 and its header states a duration; it may be known of an incomplete file. `complete` is False when the
    input is empty or not recognised, and for the likes of MP4 when a box is cut off or does not fit in the one around
    it, or when there is no movie header or no media data. Other containers are not looked into: they are complete once
    recognised.
    """

    size: int
    container: Container | None
    duration_ms: int | None
    complete: bool


class VideoProbe:
    """Reads a video that is fed in pieces of any size, in constant memory (a few KiB) and little time.

    Feed the pieces in order, then call `finish`. Nothing raises, whatever the bytes are.
    """

    __slots__ = ("_head", "_size", "_walker")

    def __init__(self) -> None:
        self._size = 0
        self._head = b""
        self._walker = BoxWalker()

    def feed(self, chunk: bytes) -> None:
        """Count and look at `chunk`, the bytes after those fed before; no more than 64 bytes are kept."""
        self._size += len(chunk)
        if len(self._head) < HEAD:
            self._head += bytes(chunk[: HEAD - len(self._head)])
        # Other containers need no gate: read as boxes, they are one of an absurd size, which costs nothing to pass.
        self._walker.feed(chunk)

    def finish(self) -> VideoFacts:
        """The facts, given that the input ends here; may be called at any time and again."""
        container = sniff(self._head)
        if container not in _LIKE_MP4:
            return VideoFacts(self._size, container, None, container is not None)
        movie = self._walker.movie
        complete = self._walker.whole and movie.has_header and movie.has_media
        return VideoFacts(self._size, container, movie.duration_ms, complete)


def probe(data: bytes) -> VideoFacts:
    """The facts about a video that is at hand as a whole."""
    video = VideoProbe()
    video.feed(data)
    return video.finish()
