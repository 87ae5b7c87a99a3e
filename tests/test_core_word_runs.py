"""Runs of rules that look for words: they match exactly like the single rules, but can be skipped at once."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.match import Miss, Rule, View, candidates, compile_check
from mockserver.core.scenario import Condition
from mockserver.core.word_runs import WordRun, arrange


def rule(name: str, path: str = "input", **condition: Any) -> Rule:
    return Rule(name, ("*",), (compile_check(path, Condition(**condition)),))


def matches(parts: Any, text: str | None, most: int) -> tuple[list[str], list[Miss]]:
    """Return the names of at most `most` rules that match `text`, and the misses before them."""
    misses: list[Miss] = []
    names = []
    for match in candidates(parts, View("a.b", {}, input=text, body={"prompt": text}), misses):
        names.append(match.name)
        if len(names) == most:
            break
    return names, misses


def test_neighbours_that_look_for_words_in_one_value_become_a_word_run() -> None:
    rules = [rule("a", contains="a"), rule("b", contains="b"), Rule("all", ("*",)), rule("c", contains="c")]
    parts = arrange(rules)
    assert [type(part) for part in parts] == [WordRun, Rule, Rule]


def test_words_in_another_value_and_other_conditions_stay_single_rules() -> None:
    rules = [rule("a", contains="a"), rule("b", "body.prompt", contains="b"), rule("c", prefix="c")]
    assert arrange(rules) == tuple(rules)


def test_rules_after_the_winner_are_not_reported_as_misses() -> None:
    parts = arrange([rule("a", contains="a"), rule("b", contains="b")])
    assert matches(parts, "xax", 1) == (["a"], [])


WORDS = st.sampled_from(["a", "b", "ab", "ba", "c"])


PLACES = st.sampled_from(["input", "body.prompt"])


@given(st.lists(st.tuples(WORDS, PLACES), max_size=8), st.one_of(st.none(), st.text("abc")),
       st.integers(1, 3))  # fmt: skip
def test_arranged_rules_match_and_miss_like_single_rules(
    words: list[tuple[str, str]], text: str | None, most: int
) -> None:
    rules = [rule(f"r{i}", path, contains=word) for i, (word, path) in enumerate(words)]
    assert matches(arrange(rules), text, most) == matches(rules, text, most)
