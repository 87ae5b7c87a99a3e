"""Regular expressions of scenarios: what they match, and how their size and their work are bounded."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core import patterns
from mockserver.core.costs import Cost, costs_of, total_steps
from mockserver.core.match import SUBJECT_MAX, CompiledCondition, Rule, View, compile_check
from mockserver.core.patterns import PATTERN_BYTES, SCENARIO_BYTES, STEPS, SUBJECT_BYTES, Pattern, PatternSizes, Work
from mockserver.core.scenario import Condition
from tests.conversation import Conversation

# The first has 1,353 instructions, about as many as fit.
LARGE = r"(\w+\s*){150}$"
WIDE = r"\w{120}x%d"
PROMPT = "a" * 60_000
JOB = {"prompt": PROMPT}
SUBMIT = "/v1/analyze/url"


def found(pattern: str, text: str) -> bool:
    return Pattern(pattern).matches(text)


def rules(*regexes: str, path: str = "body.prompt", **more: Any) -> dict[str, Any]:
    listed = [{"name": str(n), "operation": "*", "when": {path: {"regex": each}}} for n, each in enumerate(regexes)]
    return {"scenario": "patterns", "accounts": [{"key": "*", "plan": "pro"}], "rules": listed, **more}


# --- what they match ---


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("mock", "https://e.com/mock-1.mp4", True),
        ("^mock", "https://e.com/mock-1.mp4", False),
        (r"mock-\w+\.mp4$", "https://e.com/mock-1.mp4", True),
        (r"(?i)\b(cat|dog)\b", "A DOG on the beach", True),
        (r"^.{200,}$", "é" * 200, True),
        (r"^.{200,}$", "é" * 199, False),
        (r"^(?s:.{200,})$", "\n" * 200, True),
        (r"\p{Greek}", "γάτα", True),
        (r"\pL+", "日本", True),
        (r"\w", "日本", False),
        (r"\d", "٣", False),
        (r"\x{20ac}", "5 €", True),
        (r"(?i)straße", "STRAßE", True),
        (r"(?m)^b$", "a\nb\nc", True),
        ("^b$", "a\nb\nc", False),
        ("", "", True),
        ("\0", "a\0b", True),
    ],
)
def test_a_pattern_matches_somewhere_in_a_text(pattern: str, text: str, matches: bool) -> None:
    assert found(pattern, text) is matches


@pytest.mark.parametrize("value", [None, 5, True, ["mock"], {"mock": 1}])
def test_a_pattern_matches_texts_only(value: Any) -> None:
    assert Pattern("").matches(value) is False
    assert Pattern("").steps(value) == 0


def test_a_pattern_searches_the_first_16_kib_of_a_text() -> None:
    assert found("b", "a" * (SUBJECT_BYTES - 1) + "bc")
    assert not found("c", "a" * (SUBJECT_BYTES - 1) + "bc")
    assert found("é", "a" * (SUBJECT_BYTES - 2) + "é")
    # A character of which a part would be left is left out, so that it is not taken for another one.
    assert not found("[^a]", "a" * (SUBJECT_BYTES - 1) + "é")
    assert found("a$", "a" * (SUBJECT_BYTES - 1) + "日")
    assert found(r"x\?", "x\ud800")


@given(st.text(max_size=50), st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
def test_a_pattern_agrees_with_string_methods(text: str, part: str) -> None:
    import re2

    assert found(re2.escape(part), text) is (part in text)
    assert found("[a-z]+", text) is any("a" <= c <= "z" for c in text)


@pytest.mark.parametrize(
    "pattern",
    [r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"(.*a){12}$", r"^(\w+\s?)*$", r"(x+x+)+y", r"(a*)*b"],
)
def test_patterns_with_catastrophic_backtracking_fail_to_match_in_linear_time(pattern: str) -> None:
    # With Python's own engine each of these would run for years.
    view = View("x.y", {}, body={"prompt": "a" * (SUBJECT_BYTES - 1) + "!"})
    check = compile_check("body.prompt", Condition(regex=pattern))
    assert check.failure(view) == f"body.prompt regex {pattern!r}"
    assert check.texts == (f"body.prompt regex {pattern!r}",)


# --- what is refused ---


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        (r"(a)\1", "references to groups are not supported"),
        ("(?=a)", "look-around, atomic groups, references, comments and the flag x are not supported"),
        ("(?!a)", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(?>a)", "look-around"),
        ("(?x) a", "the flag x"),
        ("a(?#b)", "comments"),
        (r"\u20ac", r"write the character itself, or its code as \x{20ac}"),
        (r"a\Z", r"the end of the text is $ or \z"),
        ("a{1001}", "a part can be repeated at most 1000 times"),
        ("a{1000}{1000}", "a part can be repeated at most 1000 times"),
        ("(", "missing )"),
        ("[", "missing ]"),
        ("*", "no argument for repetition operator: *"),
    ],
)
def test_an_unsupported_or_invalid_pattern_is_refused_with_a_reason(pattern: str, hint: str) -> None:
    with pytest.raises(ValueError, match="is invalid or not supported by the linear-time engine: ") as caught:
        compile_check("body.prompt", Condition(regex=pattern))
    assert hint in str(caught.value)
    assert ": b'" not in str(caught.value)


@pytest.mark.parametrize("pattern", [r"\pL{50}", "^.{1000}$", r"(?i)(?:\pL|\pN|\pS){40}", "((a{30}){30}){30}"])
def test_a_pattern_that_is_too_large_is_refused_before_it_is_compiled(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"has more than 65536 bytes when compiled|repeated at most 1000 times"):
        Pattern(pattern)
    assert time.process_time() - began < 0.05


async def test_the_patterns_of_a_scenario_have_a_limited_size() -> None:
    async with Conversation() as c:
        fits = rules(*[WIDE % n for n in range(200)])
        assert (await c.client.put("/_mock/scenario", json=fits)).status_code == 200
        began = time.process_time()
        for regexes in ([LARGE] * 1_000, [WIDE % n for n in range(1_000)], [r"\pL{50}"] * 1_000):
            refused = await c.client.put("/_mock/scenario", json=rules(*regexes))
            assert refused.status_code == 422
            errors = refused.json()["errors"]
            assert errors[-2].endswith(
                f"the patterns of the scenario have more than {SCENARIO_BYTES} bytes when compiled"
            )
        assert time.process_time() - began < 3


async def test_the_patterns_of_an_extended_scenario_count_too(tmp_path: Any) -> None:
    sizes = PatternSizes(SCENARIO_BYTES - PATTERN_BYTES)
    sizes.compile("small")
    with pytest.raises(ValueError, match="the patterns of the scenario have more than"):
        sizes.compile(LARGE)


# --- what matching costs ---


async def test_a_request_that_matches_large_patterns_does_not_hold_up_others() -> None:
    async with Conversation(rules(*[WIDE % n for n in range(200)])) as c:
        reply = await c.post(SUBMIT, {"url": "https://e.com/a.mp4", **JOB})
        assert reply.status_code == 202
        missed = (await c.get("/_mock/journal?limit=1")).json()["entries"][0]["missed"]
        assert len(missed) == 200
        tried = [each for each in missed if "was not tried" not in each["failed"]]
        assert 1 <= len(tried) <= STEPS // (Pattern(WIDE % 0).size * SUBJECT_BYTES)
        assert missed[-1]["failed"] == (
            f"body.prompt regex {WIDE % 199!r} was not tried: the request has no steps left for patterns"
        )


async def test_which_patterns_are_tried_depends_on_the_request_alone() -> None:
    async def misses() -> Any:
        async with Conversation(rules(*[LARGE + str(n) for n in range(40)])) as c:
            await c.post(SUBMIT, {"url": "https://e.com/a.mp4", "prompt": "a b " * 1_000})
            return (await c.get("/_mock/journal?limit=1")).json()["entries"][0]["missed"]

    first = await misses()
    assert 0 < sum("was not tried" in each["failed"] for each in first) < 40
    assert await misses() == first


async def test_ordinary_patterns_are_all_tried() -> None:
    ordinary = ["forbidden", r"(?i)\b(cat|dog|bird)\b", r"^.{300,}$", r"mock-\w+\.mp4", r"\d{4}-\d\d-\d\d"] * 10
    async with Conversation(rules(*ordinary, "sea$")) as c:
        await c.post(SUBMIT, {"url": "https://e.com/a.mp4", "prompt": "a calm " * 40 + "sea"})
        entry = (await c.get("/_mock/journal?limit=1")).json()["entries"][0]
        assert entry["rule"] == "50"
        assert not any("was not tried" in each["failed"] for each in entry["missed"])


async def test_a_rule_that_is_found_in_a_thread_is_counted_and_used_like_any_other() -> None:
    nth = rules(LARGE + "!", "a$", path="body.prompt")
    nth["rules"][1].update({"nth": 2, "fault": {"kind": "forbidden"}})
    async with Conversation(nth) as c:
        body = {"url": "https://e.com/a.mp4", "prompt": "a" * 4_000}
        statuses = [(await c.post(SUBMIT, body)).status_code for _ in range(3)]
        assert statuses == [202, 403, 202]


async def test_the_items_of_a_batch_share_the_work_of_their_request() -> None:
    long = "https://e.com/" + "a" * 1_900
    async with Conversation(rules(LARGE + "!", path="input")) as c:
        began = time.process_time()
        reply = await c.post("/v1/analyze/batch", {"urls": [long] * 10})
        assert reply.status_code < 500
        assert time.process_time() - began < 3


def test_a_condition_is_tried_in_order_and_the_pattern_last() -> None:
    work = Work()
    check = compile_check("body.prompt", Condition(prefix="b", regex=LARGE))
    view = View("x.y", {}, body={"prompt": PROMPT}, work=work)
    assert check.failure(view) == "body.prompt prefix 'b'"
    assert work.left == STEPS
    assert check.texts == ("body.prompt prefix 'b'", f"body.prompt regex {LARGE!r}")


# --- the bound is an upper bound ---


def test_costs_add_up_by_value_and_small_ones_are_left_out() -> None:
    def rule(path: str, **condition: Any) -> Rule:
        return Rule("r", ("*",), (compile_check(path, Condition(**condition)),))

    assert costs_of([rule("input", contains="x")] * 20) == ()
    assert costs_of([rule("input", equals="x")] * 2_000) == ()
    many = costs_of([rule("input", contains="x")] * 1_000)
    assert many == (Cost("input", (), 0, 1_000),)
    size = Pattern("mock").size
    mixed = costs_of([rule("input", regex="mock"), rule("input", contains="x"), rule("body.a", regex="mock")])
    assert mixed == (Cost("input", (), size, 1), Cost("body", ("a",), size, 0))
    view = View("x.y", {}, body={"a": "é" * 10}, input="x" * 100)
    assert total_steps(mixed, view) == size * 100 + 50 + size * 40
    assert total_steps(mixed, View("x.y", {}, body={"a": ["x"]})) == 0
    longest = View("x.y", {}, input="x" * 10 * SUBJECT_MAX)
    assert total_steps(mixed, longest) == mixed[0].most


@given(st.text(max_size=40), st.sampled_from(["a", r"\w{3}", "x|y|z"]))
def test_the_steps_of_a_text_are_at_least_its_bytes(text: str, pattern: str) -> None:
    compiled = Pattern(pattern)
    assert compiled.steps(text) >= compiled.size * len(patterns._subject(text))


def test_only_so_many_used_patterns_are_kept() -> None:
    for n in range(300):
        Pattern(f"kept {n}").matches("kept")
    assert patterns._compiled.cache_info().currsize <= 256


def test_the_check_of_a_condition_without_a_pattern_has_none() -> None:
    assert isinstance(compile_check("input", Condition(contains="x")), CompiledCondition)
    assert compile_check("input", Condition(contains="x")).pattern is None
