"""Stretches of rules that look for words: quick to pass over, and otherwise just like the rules by themselves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.match import Miss, Rule, View, candidates, compile_check
from mockserver.core.scenario import Condition
from mockserver.core.word_runs import Stretch, arrange


def rule(name: str, path: str = "input", **condition: Any) -> Rule:
    return Rule(name, ("*",), (compile_check(path, Condition(**condition)),))


def told(parts: Any, text: str | None, most: int) -> tuple[list[str], list[Miss]]:
    misses: list[Miss] = []
    found = []
    for taken in candidates(parts, View("a.b", {}, input=text, body={"prompt": text}), misses):
        found.append(taken.name)
        if len(found) == most:
            break
    return found, misses


def test_neighbours_that_look_for_words_in_one_place_become_a_stretch() -> None:
    rules = [rule("a", contains="a"), rule("b", contains="b"), Rule("all", ("*",)), rule("c", contains="c")]
    parts = arrange(rules)
    assert [type(part) for part in parts] == [Stretch, Rule, Rule]


def test_words_in_another_place_or_other_conditions_are_no_part_of_it() -> None:
    rules = [rule("a", contains="a"), rule("b", "body.prompt", contains="b"), rule("c", prefix="c")]
    assert arrange(rules) == tuple(rules)


def test_rules_behind_the_winner_are_not_said_to_have_missed() -> None:
    parts = arrange([rule("a", contains="a"), rule("b", contains="b")])
    assert told(parts, "xax", 1) == (["a"], [])


WORDS = st.sampled_from(["a", "b", "ab", "ba", "c"])


PLACES = st.sampled_from(["input", "body.prompt"])


@given(st.lists(st.tuples(WORDS, PLACES), max_size=8), st.one_of(st.none(), st.text("abc")),
       st.integers(1, 3))  # fmt: skip
def test_arranged_rules_take_and_miss_just_as_they_would_by_themselves(
    asked: list[tuple[str, str]], text: str | None, most: int
) -> None:
    rules = [rule(f"r{i}", path, contains=word) for i, (word, path) in enumerate(asked)]
    assert told(arrange(rules), text, most) == told(rules, text, most)
