"""Recognizes the container format of a video by its first bytes."""

from typing import Literal

Container = Literal["mp4", "mov", "webm", "avi", "flv", "mpeg", "wmv", "3gpp"]

# The number of bytes that `sniff` uses.
HEAD = 64

_EBML = b"\x1a\x45\xdf\xa3"
_STARTS: tuple[tuple[bytes, Container], ...] = (
    (b"FLV\x01", "flv"),
    # A pack header of a program stream, or a sequence header of bare video (ISO 11172-1, 13818-1, 13818-2).
    (b"\0\0\1\xba", "mpeg"),
    (b"\0\0\1\xb3", "mpeg"),
    # The GUID of an ASF header object, which WMV files start with.
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wmv"),
)
# Older QuickTime files have no `ftyp` box and start with one of these.
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def sniff(head: bytes) -> Container | None:
    """Return the container format of a file that starts with `head`; None if it is not one of the eight.

    Only the first `HEAD` bytes are used. Matroska files that are not WebM are not recognized.
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
    # ISO 14496-12, section 4.3: the major brand names the specification that fits the file best.
    if kind == b"ftyp" and len(brand) == 4:
        if brand == b"qt  ":
            return "mov"
        return "3gpp" if brand.startswith(b"3g") else "mp4"
    return "mov" if kind in _OLD_QUICKTIME else None
