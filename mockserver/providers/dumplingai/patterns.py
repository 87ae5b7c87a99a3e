"""Patterns for `video` in the documents: URLs and Base64 texts of files in a supported format.

They are for programs that generate requests from a document. The server checks the video itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from mockserver.providers.dumplingai.formats import ENDINGS

LONGEST_URL = 2_048

_SIXTY_FOUR = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ANY = "[A-Za-z0-9+/]"
# The first bytes by which the server recognises a format. None is any byte.
_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def _heads() -> Iterable[Sequence[int | None]]:
    yield [*[None] * 4, *b"ftyp", *[None] * 4]
    yield from ([*[None] * 4, *kind, None] for kind in _BOXES)
    yield from ([*start, None, None] for start in (b"FLV\x01", b"\0\0\1\xba", b"\0\0\1\xb3"))
    yield [*b"RIFF", *[None] * 4, *b"AVI "]
    yield [*_ASF, None, None]


def _encoded(head: Sequence[int | None]) -> str:
    """Return the pattern of the Base64 of `head`, whose length is a multiple of three (RFC 4648 section 4)."""
    bits = [None if byte is None else byte >> (7 - i) & 1 for byte in head for i in range(8)]
    classes = groupby(_class(bits[at : at + 6]) for at in range(0, len(bits), 6))
    return "".join(_repeated(each, len(list(run))) for each, run in classes)


def _repeated(each: str, times: int) -> str:
    return each * times if len(each) == 1 else f"{each}{{{times}}}" if times > 1 else each


def _class(bits: Sequence[int | None]) -> str:
    """Return the characters that match six bits. A bit that is None can have any value."""
    fitting = [
        char
        for value, char in enumerate(_SIXTY_FOUR)
        if all(bit in (None, value >> (5 - i) & 1) for i, bit in enumerate(bits))
    ]
    return _ANY if len(fitting) == 64 else fitting[0] if len(fitting) == 1 else f"[{''.join(fitting)}]"


def _file() -> str:
    webm = "|".join(_encoded([*[None] * lead, *b"webm", *[None] * (2 - lead)]) for lead in range(3))
    matroska = _encoded([0x1A, 0x45, 0xDF, 0xA3, None, None]) + f"({_ANY}{{4}}){{0,17}}({webm})"
    starts = "|".join((*map(_encoded, _heads()), matroska))
    return f"^({starts})({_ANY}{{4}})*({_ANY}{{2}}==|{_ANY}{{3}}=)?$"


def url_of(extensions: Iterable[str]) -> str:
    """Return the pattern of URLs whose extension is a listed one, missing, or not 1 to 8 letters and digits."""
    word, mark = "A-Za-z0-9", "_~%!$&'()*+,;=:@-"
    name = f"[{word}{mark}]"
    endings = "|".join("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in each) for each in extensions)
    host = r"[A-Za-z0-9.-]*[A-Za-z0-9](:[0-9]{1,4})?"
    last = f"/({name}|\\.)*\\.({endings}|[{word}]{{9,}}|{name}*[{mark}]{name}*)?|/{name}*"
    return f"^https?://{host}((/({name}|\\.)*)*({last}))?([?#][!-~]*)?$"


VIDEO: Mapping[str, Mapping[str, Any]] = {
    "url": {"pattern": url_of(ENDINGS), "maxLength": LONGEST_URL},
    "base64": {"pattern": _file(), "contentEncoding": "base64"},
}
