"""A file with mistakes of every kind is reported in one pass, in the order of the text."""

from pathlib import Path
from typing import Any

import pytest

from mockserver.cli.main import main
from tests.conversation import Conversation

ANY = {"name": "r", "operation": "*"}

Out = pytest.CaptureFixture[str]

BAD = """\
scenario: bad
extends: default
seed: -4
plans:
  p:
    steps:
      - {status: pending, for: 2s}
      - {status: succeeded}
rules:
  - name: a
    operaton: videotoprompt.analyze_ulr
    plan: nope
  - name: b
    operation: videotoprompt.analyze_ulr
    fault: rate_limited
    plan: p
  - operation: "*"
    fault: {kind: timeout}
    nth: {of: jb, is: 3}
  - name: a
    operation: "*"
    times: zero
    when: {body.x: 5, boddy.y: {exists: true}}
accounts:
  - {key: "*", plan: prp, credits: much}
providers: {descrideo: {fetcch: true}}
webhooks:
  - event: analysis.complted
    tampering: lose
"""

EXPECTED = [
    "3:7: 'seed' must be greater than or equal to 0, not -4",
    "7:18: 'status' cannot be 'pending'; did you mean 'queued'?",
    "11:5: unknown key 'operaton' in a rule; did you mean 'operation'?",
    "11:15: no operation matches 'videotoprompt.analyze_ulr'; did you mean 'videotoprompt.analyze_url'?",
    "12:11: unknown plan 'nope'",
    "14:16: no operation matches 'videotoprompt.analyze_ulr'; did you mean 'videotoprompt.analyze_url'?",
    "15:12: 'fault' must be a mapping, not 'rate_limited'; write {kind: rate_limited}",
    "17:5: missing key 'name' in a rule",
    "18:19: unknown fault 'timeout'; did you mean 'hang'?",
    "19:15: 'of' cannot be 'jb'; did you mean 'job'?",
    "20:11: rule 1 is also called 'a'; names must be unique",
    "22:12: 'times' must be a whole number, not 'zero'",
    "23:20: 'body.x' must be a mapping, not 5; write {equals: 5}",
    "23:23: 'boddy.y' does not name a value of a request",
    "25:22: no provider has a plan 'prp'; did you mean 'pro'?",
    "25:36: 'credits' must be a number, not 'much'",
    "26:33: unknown option 'fetcch'; did you mean 'fetch'?",
    "28:12: unknown event 'analysis.complted'; did you mean 'analysis.completed'?",
    "29:16: 'tampering' must be a mapping, not 'lose'",
]


def test_every_mistake_is_reported_at_once_and_in_order(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    assert main(["check", str(file)]) == 2
    lines = [line.removeprefix(f"{file}:") for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == len(EXPECTED)
    for line, expected in zip(lines, EXPECTED, strict=True):
        assert line.startswith(expected)


BAD_YAML = """\
scenario: bad
rules:
  - name: a
    name: b
    operation: "*"
  - name: &c c
    operatoin: videotoprompt.analyze_url
    fault: {kind: rate_limitd}
  - *c
  - name: !!str d
    operation: *star
    *c : 5
    12: 5
plans:
  p: {steps: [{status: succeeded}]}
  p: {steps: [{status: pending}, *c]}
clock: {mode: manul, mode: real}
"""

EXPECTED_IN_YAML = [
    "4:5: duplicate key 'name'; the first one is at 3:5",
    "6:11: '&c' is an anchor, and anchors are not supported; put it in quotes if it is a string",
    "7:5: unknown key 'operatoin' in a rule; did you mean 'operation'?",
    "8:19: unknown fault 'rate_limitd'; did you mean 'rate_limited'?",
    "9:5: '*c' is an alias, and aliases are not supported; put it in quotes if it is a string",
    "10:11: '!!str' is a tag, and tags are not supported; put it in quotes if it is a string",
    "11:16: '*star' is an alias, and aliases are not supported; put it in quotes if it is a string",
    "12:5: '*c' is an alias, and aliases are not supported; put it in quotes if it is a string",
    "13:5: a key must be a string, not 12; put it in quotes",
    "16:3: duplicate key 'p'; the first one is at 15:3",
    "16:34: '*c' is an alias, and aliases are not supported; put it in quotes if it is a string",
    "17:15: 'mode' cannot be 'manul'; did you mean 'manual'?",
    "17:22: duplicate key 'mode'; the first one is at 17:9",
]


def test_mistakes_in_the_yaml_do_not_hide_the_others(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD_YAML)
    assert main(["check", str(file)]) == 2
    assert [line.removeprefix(f"{file}:") for line in capsys.readouterr().err.splitlines()] == EXPECTED_IN_YAML


def test_mistakes_before_the_place_where_reading_ends_are_reported(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("scenario: a\nscenario: b\nrules:\n  - name: [x\n")
    assert main(["check", str(file)]) == 2
    lines = [line.removeprefix(f"{file}:") for line in capsys.readouterr().err.splitlines()]
    assert lines == ["2:1: duplicate key 'scenario'; the first one is at 1:1", "4:11: this bracket is not closed"]


async def test_a_check_over_http_reports_mistakes_and_warnings_with_their_places() -> None:
    yaml = {"content-type": "application/yaml"}
    useless = (
        "scenario: x\nrules:\n  - {name: a, operation: '*'}\n  - {name: b, operation: videotoprompt.analyze_url}\n"
    )
    async with Conversation() as t:
        wrong = (await t.client.post("/_mock/scenario/check", content=BAD_YAML, headers=yaml)).json()
        assert ["{line}:{column}: {message}".format(**each) for each in wrong["mistakes"]] == EXPECTED_IN_YAML
        warned = (await t.client.post("/_mock/scenario/check", content=useless, headers=yaml)).json()
        assert warned["valid"]
        [warning] = warned["warnings"]
        assert (warning["line"], warning["column"], warning["path"]) == (4, 5, "rules.1")
        assert warning["message"] == "this rule is never used: 'a' takes all its requests first"
        rules = [{**ANY, "times": "x"}, ANY]
        data = (await t.client.post("/_mock/scenario/check", json={"scenario": "x", "rules": rules})).json()
        assert [each["path"] for each in data["mistakes"]] == ["rules.0.times", "rules.1.name"]
        by_name = (await t.client.post("/_mock/scenario/check", json={"name": "default"})).json()
        assert (by_name["valid"], by_name["warnings"]) == (True, [])
        unknown = await t.client.post("/_mock/scenario/check", json={"name": "defalt"})
        assert (unknown.status_code, "did you mean 'default'" in unknown.text) == (404, True)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        # A wrong value does not make its neighbours wrong.
        ({"plans": {"p": {"steps": [{"status": "queued", "for": "x"}, {"status": "succeeded"}]}}}, 1),
        (
            {"plans": {"p": {"steps": [{"status": "quued"}]}}, "rules": [{"name": "r", "operation": "*", "plan": "p"}]},
            1,
        ),
        ({"rules": [5, {"name": "r", "operation": "*", "plan": "nope"}]}, 2),
        ({"rules": "all"}, 1),
        ({"rules": [{}], "accounts": [{}], "webhooks": [{}], "call_outs": [{}]}, 4),
        # An unknown parent does not make plans unknown that it may have.
        ({"extends": "nowhere", "rules": [{"name": "r", "operation": "*", "plan": "fast"}]}, 1),
        ({"seed": "x", "providers": {"nanophto": {}}}, 2),
        ({"rules": [{"name": "r", "operation": ["*", 5], "nth": [1, "x"]}]}, 2),
    ],
)
async def test_a_mistake_causes_no_other_errors(scenario: dict[str, Any], expected: int) -> None:
    async with Conversation() as t:
        refused = await t.client.put("/_mock/scenario", json={"scenario": "x", "extends": "default", **scenario})
        assert refused.status_code == 422
        assert len(refused.json()["errors"]) == expected, refused.json()["errors"]


async def test_errors_in_json_are_in_the_order_of_the_body() -> None:
    rules = [{"name": "r", "operation": "x.y"}, {**ANY, "name": "b", "times": "x"}, ANY]
    async with Conversation() as t:
        refused = await t.client.put("/_mock/scenario", json={"scenario": "x", "rules": rules, "seed": -1})
        paths = [error.split(":")[1].strip() for error in refused.json()["errors"]]
        assert paths == ["rules.0.operation", "rules.1.times", "rules.2.name", "seed"]


async def test_an_unknown_scenario_is_answered_with_where_the_names_are() -> None:
    async with Conversation() as t:
        refused = await t.client.put("/_mock/scenario", json={"name": "zzzzzz"})
        assert refused.status_code == 404
        assert "GET /_mock/scenarios" in refused.text
        assert len(refused.text) < 400


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ({"fault": "reset"}, "write {kind: reset}"),
        ({"fault": "nanophoto: X"}, "write {kind: 'nanophoto: X'}"),
        ({"when": {"body.x": True}}, "write {equals: true}"),
        ({"stream": "Some text"}, "write {text: Some text}"),
        ({"during": "30s"}, "write {until: '30s'}"),
    ],
)
async def test_a_plain_value_in_place_of_a_mapping_is_answered_with_the_mapping(
    value: dict[str, Any], hint: str
) -> None:
    async with Conversation() as t:
        body = {"scenario": "x", "rules": [{**ANY, **value}]}
        refused = await t.client.put("/_mock/scenario", json=body)
        assert hint in refused.json()["errors"][0]
