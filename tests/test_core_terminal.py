"""Texts that come from clients and files are printed without anything that a terminal would obey."""

import pytest

from mockserver.core.terminal import escaped


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain \u00fc \u4e24", "plain \u00fc \u4e24"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202eevil", r"\u202eevil"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, printed: str) -> None:
    assert escaped(text) == printed


def test_some_characters_can_be_kept() -> None:
    assert escaped("a\tb\x1b", keep="\t") == "a\tb\\x1b"
