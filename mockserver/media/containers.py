"""Which kind of video file some bytes begin."""

from typing import Literal

Container = Literal["mp4", "mov", "webm", "avi", "flv", "mpeg", "wmv", "3gpp"]

# `sniff` never looks further than this many bytes.
HEAD = 64

_EBML = b"\x1a\x45\xdf\xa3"
_STARTS: tuple[tuple[bytes, Container], ...] = (
    (b"FLV\x01", "flv"),
    # A pack header of a program stream, or a sequence header of bare video (ISO 11172-1, 13818-1, 13818-2).
    (b"\0\0\1\xba", "mpeg"),
    (b"\0\0\1\xb3", "mpeg"),
    # The identity of an ASF header object, which WMV files start with.
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wmv"),
)
# QuickTime files older than the `ftyp` box start with any of these.
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def sniff(head: bytes) -> Container | None:
    """The container whose file starts with `head`; None when it is not one of the eight.

    Only the first `HEAD` bytes count. Matroska that does not call itself WebM is not one of the eight.
    """
    head = head[:HEAD]
    for start, container in _STARTS:
        if head.startswith(start):
            return container
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(_EBML):
        return "webm" if b"webm" in head else None
    return _iso(head[4:8], head[8:12])


def _iso(kind: bytes, brand: bytes) -> Container | None:
    # ISO 14496-12, section 4.3: the major brand is the specification that describes the file best.
    if kind == b"ftyp" and len(brand) == 4:
        if brand == b"qt  ":
            return "mov"
        return "3gpp" if brand.startswith(b"3g") else "mp4"
    return "mov" if kind in _OLD_QUICKTIME else None
