"""Reads facts about an uploaded video while it arrives."""

from typing import NamedTuple

from mockserver.media.containers import HEAD, Container, sniff
from mockserver.media.walker import BoxWalker

_MP4_FAMILY = ("mp4", "mov", "3gpp")


class VideoFacts(NamedTuple):
    """The facts about a video: `size` in bytes, `container`, `duration_ms` in milliseconds, and `complete`.

    `container` is None if the first bytes are not those of a known format. `duration_ms` is only set for MP4, MOV and
    3GPP files whose header states a duration, also if the file is incomplete. `complete` is False if the input is empty
    or not recognized. For MP4, MOV and 3GPP it is also False if a box is cut off or does not fit into the box around
    it, or if there is no movie header or no media data. Files of other formats are complete once they are recognized.
    """

    size: int
    container: Container | None
    duration_ms: int | None
    complete: bool


class VideoProbe:
    """Reads a video in pieces of any size, in constant memory (a few KiB).

    Feed the pieces in order, then call `finish`. No bytes cause an exception.
    """

    __slots__ = ("_head", "_size", "_walker")

    def __init__(self) -> None:
        self._size = 0
        self._head = b""
        self._walker = BoxWalker()

    def feed(self, chunk: bytes) -> None:
        """Process the next bytes. At most 64 bytes are kept."""
        self._size += len(chunk)
        if len(self._head) < HEAD:
            self._head += bytes(chunk[: HEAD - len(self._head)])
        # Files of other formats are fed, too: to the walker they are one box of an absurd size, which costs nothing.
        self._walker.feed(chunk)

    def finish(self) -> VideoFacts:
        """Return the facts, assuming that the input ends here. Can be called at any time, also repeatedly."""
        container = sniff(self._head)
        if container not in _MP4_FAMILY:
            return VideoFacts(self._size, container, None, container is not None)
        movie = self._walker.movie
        complete = self._walker.whole and movie.has_header and movie.has_media
        return VideoFacts(self._size, container, movie.duration_ms, complete)


def probe(data: bytes) -> VideoFacts:
    """Return the facts about a complete video."""
    video = VideoProbe()
    video.feed(data)
    return video.finish()
