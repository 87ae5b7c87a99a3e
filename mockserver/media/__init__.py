"""Small real videos and thumbnails made at run time, and a reader of uploaded videos that keeps none of them."""

from mockserver.media.containers import Container
from mockserver.media.maker import LONGEST_MS, Mp4, video
from mockserver.media.picture import thumbnail
from mockserver.media.reader import VideoFacts, VideoProbe, probe

__all__ = ["LONGEST_MS", "Container", "Mp4", "VideoFacts", "VideoProbe", "probe", "thumbnail", "video"]
