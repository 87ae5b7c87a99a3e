"""Matching: which values conditions test, when they hold, and the reason reported for a rule that does not match."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.match import (
    SUBJECT_MAX,
    Miss,
    Rule,
    View,
    candidates,
    compile_check,
    compile_window,
    key_matches,
)
from mockserver.core.scenario import Condition, WindowSpec

VIEW = View(
    operation="videotoprompt.analyze_url",
    account={"key": "key-1", "plan": "pro", "billing": "prepaid"},
    body={
        "url": "https://example.com/mock-fail.mp4",
        "count": 5,
        "ratio": 1.0,
        "flag": True,
        "off": False,
        "nothing": None,
        "tags": ["calm", "sea", 7],
        "source": {"type": "direct_url", "items": [{"id": "a"}, {"id": "b"}]},
    },
    query={"page": "5", "draft": "true"},
    header={"user-agent": "curl/8", "x-team": "blue"},
    path={"id": "ana_1"},
    input="https://example.com/mock-fail.mp4",
)


def failure(path: str, view: View = VIEW, **condition: Any) -> str | None:
    return compile_check(path, Condition(**condition)).failure(view)


def holds(path: str, view: View = VIEW, **condition: Any) -> bool:
    return failure(path, view, **condition) is None


# --- which value a condition tests ---


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("body.url", "https://example.com/mock-fail.mp4"),
        ("body.source.type", "direct_url"),
        ("body.source.items.1.id", "b"),
        ("body.tags.2", 7),
        ("body.nothing", None),
        ("query.page", "5"),
        ("header.user-agent", "curl/8"),
        ("header.X-Team", "blue"),
        ("path.id", "ana_1"),
        ("account.plan", "pro"),
        ("input", "https://example.com/mock-fail.mp4"),
    ],
)
def test_a_path_selects_a_value(path: str, value: object) -> None:
    assert holds(path, equals=value)
    assert holds(path, exists=True)
    assert not holds(path, exists=False)


@pytest.mark.parametrize(
    "path",
    [
        "body.missing",
        "body.url.length",
        "body.nothing.more",
        "body.tags.3",
        "body.tags.-1",
        "body.tags.first",
        "body.tags.²",
        "body.tags.٢",
        pytest.param("body.tags." + "9" * 5_000, id="a long number"),
        "body.source.items.9.id",
        "query.missing",
        "account.secret",
    ],
)
def test_a_path_can_select_nothing(path: str) -> None:
    assert holds(path, exists=False)
    assert not holds(path, exists=True)
    for condition in (
        {"equals": None},
        {"contains": ""},
        {"prefix": ""},
        {"suffix": ""},
        {"regex": ""},
        {"in": [None]},
    ):
        assert not holds(path, **condition)


def test_a_request_without_a_body_has_nothing_in_it() -> None:
    bare = View("videotoprompt.account", {})
    for path in ("body.url", "query.page", "header.user-agent", "path.id", "input"):
        assert holds(path, bare, exists=False)


@pytest.mark.parametrize(
    "path", ["", "body", "bodies.url", "body.", "body..url", "body. url", "input.url", "url", "Body.url"]
)
def test_a_path_that_names_no_value_of_a_request_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"does not name a value of a request; use body\.NAME, query\.NAME"):
        compile_check(path, Condition(equals=1))


# --- when it holds ---


@pytest.mark.parametrize(
    ("path", "condition", "held"),
    [
        ("body.count", {"equals": 5}, True),
        ("body.count", {"equals": 5.0}, True),
        ("body.count", {"equals": "5"}, False),
        ("body.flag", {"equals": True}, True),
        ("body.flag", {"equals": 1}, False),
        ("body.ratio", {"equals": True}, False),
        ("body.off", {"equals": 0}, False),
        ("body.off", {"equals": None}, False),
        ("body.nothing", {"equals": None}, True),
        ("query.page", {"equals": 5}, True),
        ("query.page", {"equals": 5.0}, False),
        ("query.draft", {"equals": True}, True),
        ("query.draft", {"equals": False}, False),
        ("body.tags", {"equals": ["calm", "sea", 7]}, True),
        ("body.tags", {"equals": ["calm", "sea"]}, False),
        ("body.source.items", {"equals": [{"id": "a"}, {"id": "b"}]}, True),
        ("body.source.items", {"equals": [{"id": "a"}, {"id": "b", "x": 1}]}, False),
        ("body.count", {"in": [4, 5]}, True),
        ("body.flag", {"in": [1, "true"]}, False),
        ("body.nothing", {"in": [None]}, True),
        ("body.count", {"in": []}, False),
        ("body.url", {"prefix": "https://"}, True),
        ("body.url", {"prefix": "http://"}, False),
        ("body.url", {"suffix": ".mp4"}, True),
        ("body.url", {"suffix": ".mov"}, False),
        ("body.url", {"contains": "mock-fail"}, True),
        ("body.url", {"contains": "MOCK-FAIL"}, False),
        ("body.tags", {"contains": "sea"}, True),
        ("body.tags", {"contains": "se"}, False),
        ("body.source", {"contains": "type"}, False),
        ("body.count", {"contains": "5"}, False),
        ("body.count", {"prefix": "5"}, False),
        ("body.url", {"regex": r"^https://[a-z.]+/mock-\w+\.mp4$"}, True),
        ("body.url", {"regex": "mock"}, True),
        ("body.url", {"regex": "^mock"}, False),
        ("body.count", {"regex": "5"}, False),
        ("body.url", {"prefix": "https", "suffix": ".mp4", "contains": "mock"}, True),
        ("body.url", {"prefix": "https", "suffix": ".mov"}, False),
    ],
)
def test_all_tests_of_a_condition_must_hold(path: str, condition: dict[str, Any], held: bool) -> None:
    assert holds(path, **condition) is held


@pytest.mark.parametrize(("value", "expected"), [([True], [1]), ({"a": False}, {"a": 0}), ({"a": [1]}, {"a": [True]})])
def test_true_does_not_equal_one_in_nested_values(value: object, expected: object) -> None:
    view = View("x.y", {}, body={"v": value})
    assert not holds("body.v", view, equals=expected)
    assert holds("body.v", view, equals=value)


def test_suffix_and_equals_test_all_of_a_very_long_text() -> None:
    long = View("x.y", {}, body={"prompt": "a" * SUBJECT_MAX + "b"})
    assert holds("body.prompt", long, suffix="ab")
    assert holds("body.prompt", long, equals="a" * SUBJECT_MAX + "b")
    assert not holds("body.prompt", long, equals="a" * SUBJECT_MAX)


def test_contains_searches_only_the_beginning_of_a_very_long_text() -> None:
    long = View("x.y", {}, body={"prompt": "a" * (SUBJECT_MAX - 1) + "bc"})
    assert holds("body.prompt", long, contains="ab")
    assert not holds("body.prompt", long, contains="bc")


@given(st.text(st.characters(), max_size=50), st.text(st.characters(), max_size=3))
def test_conditions_agree_with_string_methods(subject: str, part: str) -> None:
    view = View("x.y", {}, body={"v": subject})
    assert holds("body.v", view, contains=part) is (part in subject)
    assert holds("body.v", view, prefix=part) is subject.startswith(part)
    assert holds("body.v", view, suffix=part) is subject.endswith(part)
    assert holds("body.v", view, regex=r"[a-z]+") is any("a" <= c <= "z" for c in subject)


# --- windows of time ---


@pytest.mark.parametrize(
    ("window", "now", "age", "failed"),
    [
        ({"from": "30s", "until": "1m"}, 0, 29_999, "during: from 30s"),
        ({"from": "30s", "until": "1m"}, 0, 30_000, None),
        ({"from": "30s", "until": "1m"}, 0, 59_999, None),
        ({"from": "30s", "until": "1m"}, 0, 60_000, "during: until 1m"),
        ({"from": "1970-01-01T00:01:00Z"}, 59_999, 10**9, "during: from 1970-01-01T00:01:00Z"),
        ({"from": "1970-01-01T00:01:00Z"}, 60_000, 0, None),
        ({"until": "1970-01-01T00:01:00.500Z"}, 60_499, 10**9, None),
        ({"until": "1970-01-01T00:01:00.500Z"}, 60_500, 0, "during: until 1970-01-01T00:01:00.500Z"),
        ({"from": "5s", "until": "1970-01-01T00:01:00Z"}, 0, 4_999, "during: from 5s"),
    ],
)
def test_a_window_includes_its_first_instant_and_excludes_its_last(
    window: dict[str, Any], now: int, age: int, failed: str | None
) -> None:
    view = View("x.y", {}, now=now, age=age)
    checks = compile_window(WindowSpec.model_validate(window))
    assert next((c.failure(view) for c in checks if c.failure(view)), None) == failed


# --- patterns of keys and operations ---


@pytest.mark.parametrize(
    ("pattern", "key", "covered"),
    [
        ("*", "", True),
        ("*", "anything", True),
        ("key-1", "key-1", True),
        ("key-1", "key-12", False),
        ("free-*", "free-", True),
        ("free-*", "freed", False),
        ("*invalid*", "key-invalid-1", True),
        ("*invalid*", "invalid", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("ab*ba", "aba", False),
        ("a*b*c", "axxbxxc", True),
        ("a*b*c", "acb", False),
        ("a**b", "ab", True),
        ("*.analyze_*", "videotoprompt.analyze_url", True),
        ("", "", True),
        ("", "x", False),
        ("a.c", "abc", False),
        ("[a]*", "a", False),
    ],
)
def test_a_star_stands_for_any_characters(pattern: str, key: str, covered: bool) -> None:
    assert key_matches(pattern, key) is covered


def naive(pattern: str, key: str) -> bool:
    """Match a pattern one character at a time."""
    if not pattern:
        return not key
    if pattern[0] == "*":
        return naive(pattern[1:], key) or (bool(key) and naive(pattern, key[1:]))
    return bool(key) and key[0] == pattern[0] and naive(pattern[1:], key[1:])


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_match_as_in_a_naive_implementation(pattern: str, key: str) -> None:
    assert key_matches(pattern, key) is naive(pattern, key)


def test_many_stars_are_matched_in_linear_time() -> None:
    # As above: trying every way to place a hundred parts would take years.
    assert not key_matches("*a" * 100 + "*b*", "a" * 100_000)


# --- rules ---


def rule(name: str, **when: Condition) -> Rule:
    checks = tuple(compile_check(path.replace("_", "."), condition) for path, condition in when.items())
    return Rule(name, ("*",), checks)


def test_rules_are_tried_in_order_and_report_the_first_failed_condition() -> None:
    rules = (
        rule("other plan", account_plan=Condition(equals="free")),
        rule("two reasons", body_url=Condition(prefix="https"), body_count=Condition(equals=6)),
        rule("fails", input=Condition(contains="mock-fail")),
        rule("slow", input=Condition(contains="mock-slow")),
        rule("everything else"),
    )
    misses: list[Miss] = []
    assert [r.name for r in candidates(rules, VIEW, misses)] == ["fails", "everything else"]
    assert misses == [
        Miss("other plan", "account.plan equals 'free'"),
        Miss("two reasons", "body.count equals 6"),
        Miss("slow", "input contains 'mock-slow'"),
    ]


def test_rules_after_the_first_match_are_not_tested() -> None:
    misses: list[Miss] = []
    assert next(candidates((rule("all"), rule("none", body_x=Condition(exists=True))), VIEW, misses)).name == "all"
    assert misses == []


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"equals": None}, "body.url equals None"),
        ({"in": [1, "a"]}, "body.url in [1, 'a']"),
        ({"prefix": "a"}, "body.url prefix 'a'"),
        ({"suffix": "a"}, "body.url suffix 'a'"),
        ({"contains": "none"}, "body.url contains 'none'"),
        ({"regex": "^a$"}, "body.url regex '^a$'"),
        ({"exists": False}, "body.url exists: false"),
        ({"exists": True, "prefix": "https", "suffix": "x", "contains": "y"}, "body.url suffix 'x'"),
    ],
)
def test_the_first_test_that_fails_is_named(condition: dict[str, Any], words: str) -> None:
    assert failure("body.url", **condition) == words


# --- counted rules ---


@pytest.mark.parametrize(
    ("counted", "taken"),
    [
        (Rule("r", ("*",), nth=frozenset({3})), [3]),
        (Rule("r", ("*",), nth=frozenset({1, 4})), [1, 4]),
        (Rule("r", ("*",), times=2), [1, 2]),
        (Rule("r", ("*",), nth=frozenset({1, 4}), times=3), [1]),
        (Rule("r", ("*",), probability=1.0), [1, 2, 3, 4, 5]),
        (Rule("r", ("*",), probability=0.0), []),
        (Rule("r", ("*",)), [1, 2, 3, 4, 5]),
    ],
)
def test_a_counted_rule_takes_only_some_matches(counted: Rule, taken: list[int]) -> None:
    assert [n for n in range(1, 6) if counted.count_failure(n, 0.0 if counted.probability else 0.999) is None] == taken
    assert counted.counted is (
        counted.nth != frozenset() or counted.times is not None or counted.probability is not None
    )


def test_a_match_that_is_not_taken_reports_the_reason() -> None:
    assert Rule("r", ("*",), nth=frozenset({5, 3})).count_failure(2, 0.0) == "nth: this is match 2, not 3 or 5"
    assert Rule("r", ("*",), times=2).count_failure(3, 0.0) == "times: this is match 3 of at most 2"
    assert (
        Rule("r", ("*",), probability=0.0).count_failure(1, 0.0)
        == "probability: match 1 drew 0.00, which is not below 0"
    )
    drawn = Rule("r", ("*",), probability=0.25).count_failure(7, 0.3)
    assert drawn == "probability: match 7 drew 0.30, which is not below 0.25"
