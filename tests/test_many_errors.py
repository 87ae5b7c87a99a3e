"""A scenario with tens of thousands of mistakes is refused with the first ones, and with how many more there are."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.check import first_suggestions, quoted, suggest
from mockserver.source.document import SourceError, SourceErrors
from tests.conversation import Conversation

MANY = 10_000


def rules(**keys: Any) -> dict[str, Any]:
    return {"rules": [{"name": "r", "operation": "*", **keys}]}


MISTAKES = {
    "placeholders": rules(reply={"x": "${request.bdy.x}" * MANY}),
    "placeholders apart": rules(reply={"x": [f"${{request.bdy.{n}}}" for n in range(MANY)]}),
    "providers": {"providers": {f"videotopromt{n}": {} for n in range(MANY)}},
    "options": {"providers": {"descrideo": {f"fetcch{n}": 1 for n in range(MANY)}}},
    "keys": {f"rulez{n}": 1 for n in range(MANY)},
    "keys of a rule": rules(**{f"plann{n}": "x" for n in range(MANY)}),
    "plans": {"rules": [{"name": str(n), "operation": "*", "plan": f"fasst{n}"} for n in range(1_000)]},
    "operations": {"rules": [{"name": "r", "operation": [f"nanophoto.reverse_promt{n}" for n in range(1_000)]}]},
    "limits": {"accounts": [{"key": "*", "limits": {f"analysis_per_day{n}": 1 for n in range(1_000)}}]},
    "events": {"webhooks": [{"event": f"analysis.complted{n}", "tampering": {}} for n in range(200)]},
}


@pytest.mark.parametrize("mistakes", MISTAKES.values(), ids=MISTAKES)
async def test_the_first_hundred_errors_are_reported_and_the_others_counted(mistakes: dict[str, Any]) -> None:
    async with Conversation() as c:
        for path, body in (
            ("PUT /_mock/scenario", {"scenario": "wrong", "extends": "default", **mistakes}),
            ("POST /_mock/sandboxes", {"scenario": {"scenario": "wrong", "extends": "default", **mistakes}}),
        ):
            method, target = path.split()
            refused = await c.client.request(method, target, json=body)
            assert refused.status_code == 422
            errors = refused.json()["errors"]
            assert len(errors) == 101
            assert re.fullmatch(r"and [0-9]{3,5} more", errors[100])
            assert 1 <= sum("did you mean" in error or "one of:" in error for error in errors) <= 20
            assert len(refused.content) < 30_000


LONG = {
    "a provider": {"providers": {"v" * 500_000: {}}},
    "an option": {"providers": {"descrideo": {"f" * 500_000: 1}}},
    "a key": {"r" * 500_000: 1},
    "a plan": rules(plan="p" * 500_000),
    "a path": rules(when={"b" * 500_000: {"exists": True}}),
    "a tier": {"accounts": [{"key": "*", "plan": "p" * 500_000}]},
    "a limit": {"accounts": [{"key": "*", "limits": {"l" * 500_000: 1}}]},
    "a duration": {"plans": {"p": {"steps": [{"status": "queued", "for": "1" * 500_000}]}}},
    "a share": rules(probability="1" * 500_000),
    "a moment": rules(during={"from": "T" * 500_000}),
    "progress": {"plans": {"p": {"steps": [{"status": "queued", "progress": "1" * 500_000}]}}},
    "a clock": {"clock": {"mode": "manual", "start": "2" * 500_000}},
    "plans to compare": {
        "plans": {f"{n:0>5000}": {"steps": [{"status": "succeeded"}]} for n in range(100)},
        "rules": [{"name": "r", "operation": "*", "plan": "0" * 4_999 + "x"}],
    },
    "a rule": {"rules": [{"name": "n" * 200, "operation": "*"}] * 2},
}


@pytest.mark.parametrize("mistakes", LONG.values(), ids=LONG)
async def test_an_error_about_a_very_long_word_is_short(mistakes: dict[str, Any]) -> None:
    async with Conversation() as c:
        refused = await c.client.put("/_mock/scenario", json={"scenario": "wrong", **mistakes})
        assert refused.status_code == 422
        assert len(refused.content) < 5_000


async def test_the_other_bodies_of_the_control_api_are_refused_as_briefly() -> None:
    async with Conversation() as c:
        for method, path, body in (
            ("POST", "/_mock/sandboxes", {f"scenaro{n}": 1 for n in range(MANY)}),
            ("PATCH", "/_mock/accounts/key-1", {"limits": {"l" * 500_000: 1}}),
            ("PATCH", "/_mock/accounts/key-1", {"plan": "p" * 500_000}),
            ("POST", "/_mock/faults", {"fault": {"kind": "k" * 500_000}}),
            ("POST", "/_mock/clock", {"advance": "1" * 500_000}),
            ("PUT", "/_mock/scenario", {"name": "n" * 500_000}),
            ("POST", "/_mock/sandboxes", {"scenario": "n" * 500_000}),
        ):
            refused = await c.client.request(method, path, json=body)
            assert refused.status_code in (404, 422), (path, refused.text[:200])
            assert len(refused.content) < 20_000, path


def test_errors_say_how_many_are_left_out() -> None:
    errors = SourceErrors([SourceError("f", None, str(n)) for n in range(150)], 7)
    assert len(errors.errors) == 100
    assert errors.lines() == [*(f"f: {n}" for n in range(100)), "and 57 more"]
    assert str(errors).splitlines()[19:] == ["f: 19", "and 137 more"]
    assert SourceErrors(errors.errors).lines()[-1] == "f: 99"


def test_only_the_first_twenty_words_get_suggestions() -> None:
    suggest_first = first_suggestions()
    suggestions = [suggest_first("faild", ["failed", "fast"]) for _ in range(30)]
    assert suggestions == ["; did you mean 'failed'?"] * 20 + [""] * 10


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=30))
def test_a_suggestion_is_short_and_compares_no_long_words(word: str, options: list[str]) -> None:
    assert len(suggest(word, options)) <= 24 * 82 + 10
    assert len(quoted("x" * 80 + word)) < 90


def test_a_long_word_is_not_compared() -> None:
    assert suggest("x" * 81, ["x" * 80]) == "; one of: " + "x" * 80
    assert suggest("x" * 80, ["x" * 81]) == ""
