"""Suggestions for an unknown word."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.source.model_errors import did_you_mean


@pytest.mark.parametrize(
    ("word", "options", "suggestion"),
    [
        ("operaton", ["name", "operation"], "; did you mean 'operation'?"),
        ("retry-after", ["retry_after"], "; did you mean 'retry_after'?"),
        ("RateLimited", ["rate_limited"], "; did you mean 'rate_limited'?"),
        ("nht", ["nth", "when"], "; did you mean 'nth'?"),
        ("zebra", ["a", "b"], "; one of: a, b"),
        ("zebra", [], ""),
        ("x", map(str, range(20)), "; one of: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 and 5 more"),
        ("z" * 1_000_000, ["zz"], "; one of: zz"),
        ("zz", ["a" * 1_000_000], "; one of: " + "a" * 57 + "..."),
    ],
    ids=lambda value: str(value)[:12],
)
def test_an_unknown_word_gets_the_most_similar_known_one(word: str, options: Iterable[str], suggestion: str) -> None:
    assert did_you_mean(word, options) == suggestion


@given(st.text(max_size=30), st.lists(st.text(max_size=30)))
def test_a_suggestion_is_at_most_one_short_line(word: str, options: list[str]) -> None:
    suggestion = did_you_mean(word, options)
    assert len(suggestion.splitlines()) <= 1
    assert len(suggestion) < 1000
