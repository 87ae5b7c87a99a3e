"""Base64 decoded in pieces equals Base64 decoded at once."""

import base64

import pytest

from mockserver.core.seeded import Seeded
from mockserver.media.encoded import PIECE, decoded

LARGE = b"".join(Seeded("large").digest(number, size=64) for number in range(PIECE * 2 // 64))


def whole(text: str, start: int = 0) -> bytes:
    return b"".join(decoded(text, start))


@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, 4, 5, PIECE * 3 // 4 - 1, PIECE * 3 // 4, PIECE * 3 // 4 + 1, PIECE, PIECE * 2]
)
def test_encoded_bytes_are_decoded(size: int) -> None:
    data = LARGE[:size]
    text = base64.b64encode(data).decode()
    assert whole(text) == whole(text.rstrip("=")) == data
    assert whole("data:," + text, 6) == data


@pytest.mark.parametrize("every", [1, 3, 5, 76, PIECE - 1, PIECE + 1])
def test_white_space_is_allowed_anywhere(every: int) -> None:
    data = LARGE if every > 5 else LARGE[:2_000]
    text = base64.b64encode(data).decode()
    assert whole("\r\n".join(text[at : at + every] for at in range(0, len(text), every)) + " \t\n") == data


def test_pieces_are_small() -> None:
    assert max(len(piece) for piece in decoded(base64.b64encode(LARGE).decode())) <= PIECE * 3 // 4


@pytest.mark.parametrize("at", [0, 1, PIECE - 1, PIECE, PIECE + 1, PIECE * 2])
@pytest.mark.parametrize("wrong", ["=", "-", "_", "é", "\x00", "=="])
def test_other_characters_are_refused_at_any_position(at: int, wrong: str) -> None:
    text = base64.b64encode(LARGE).decode()
    with pytest.raises(ValueError):
        whole(text[:at] + wrong + text[at:])


@pytest.mark.parametrize(
    "text", ["A", "AA=A", "====", "AAAA=", "AAAA==", "AAAA====", "QQ=", "QQ==QQ==", "QQ==" + " " * PIECE + "QQ=="]
)
def test_padding_elsewhere_or_of_the_wrong_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        whole(text)
