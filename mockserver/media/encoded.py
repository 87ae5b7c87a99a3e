"""Files written as Base64 text, turned back into bytes piece by piece."""

import binascii
from collections.abc import Iterator

# Characters at once, a multiple of four: a fraction of a millisecond, however long the text is.
PIECE = 262_144
_SPACE = b" \t\r\n"


def decoded(text: str, start: int = 0) -> Iterator[bytes]:
    """The bytes that `text` stands for from the index `start` on, in pieces; some may be empty.

    Base64 of RFC 4648, section 4. Line breaks (RFC 2045) and missing padding are accepted. Raises ValueError, when it
    comes to it, for anything else.
    """
    carry, ended = b"", False
    for at in range(start, len(text), PIECE):
        part = carry + text[at : at + PIECE].encode("ascii").translate(None, _SPACE)
        if ended and part:
            raise ValueError("the text goes on after its padding")
        cut = len(part) if at + PIECE >= len(text) else len(part) - len(part) % 4
        part, carry = part[:cut], part[cut:]
        ended = ended or part.endswith(b"=")
        yield _bytes(part)


def _bytes(part: bytes) -> bytes:
    given, missing = len(part) - len(part.rstrip(b"=")), -len(part) % 4
    if given > 2 or (given and missing):
        raise ValueError("the padding does not fit")
    return binascii.a2b_base64(part + b"=" * missing, strict_mode=True)
