"""`check` warns of what is allowed and has no effect."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.cli.main import main
from mockserver.scenario.library import bundled_dir

Out = pytest.CaptureFixture[str]


def rule(**keys: Any) -> dict[str, Any]:
    return {"rules": [{"name": "r", "operation": "videotoprompt.analyze_url", **keys}]}


def fault(**keys: Any) -> dict[str, Any]:
    return rule(fault=keys)


ALL = {"name": "all", "operation": "*", "plan": "fast"}
WARNINGS: dict[str, tuple[dict[str, Any], str]] = {
    "after one that takes everything": (
        {"rules": [ALL, {"name": "late", "operation": "nanophoto.*", "fault": {"kind": "reset"}}]},
        "this rule is never used: 'all' takes all its requests first",
    ),
    "another provider's code": (
        fault(kind="nanophoto: AI_SERVICE_ERROR"),
        "nanophoto: AI_SERVICE_ERROR is an error of nanophoto, and this rule is only for videotoprompt",
    ),
    "for where nothing lasts": (fault(kind="rate_limited", **{"for": "3s"}), "for has no effect on rate_limited"),
    "a place before the body": (fault(kind="reset", at="50%"), "at has no effect on reset without `phase: mid_body`"),
    "a rate": (fault(kind="truncate", rate=5), "rate has no effect on truncate"),
    "retry_after on the wire": (fault(kind="hang", retry_after="3s"), "retry_after has no effect on hang"),
    "a plan on a GET": (
        rule(operation="videotoprompt.get_*", plan="fast"),
        "plan has no effect: no operation of this rule creates a job",
    ),
    "a stream of JSON": (
        rule(stream={"text": "x"}),
        "stream has no effect: no operation of this rule streams its reply",
    ),
    "a reply of a stream": (rule(operation="nanophoto.reverse_prompt", reply={"a": 1}), "reply has no effect"),
    "an item without a batch": (rule(item=2, plan="fast"), "no operation of this rule is a batch"),
    "a count of jobs": (
        rule(nth={"of": "job", "is": 3}, plan="fast"),
        "this rule never matches: no operation of it names a job in its path or body",
    ),
    "nth after times": (rule(nth=5, times=2, plan="fast"), "match 5 is after the last of `times`"),
    "no probability": (rule(probability=0, plan="fast"), "its probability is 0"),
    "a wildcard account first": (
        {"accounts": [{"key": "*"}, {"key": "free-*", "plan": "free"}]},
        "this entry is never used: the entry for '*' comes first",
    ),
    "a field that nothing has": (
        rule(when={"body.ulr": {"exists": True}}, plan="fast"),
        "no operation of this rule has a field 'ulr' in its body; did you mean 'url'?",
    ),
    "a body of a GET": (
        rule(operation="videotoprompt.get_*", when={"body.url": {"exists": True}}, reply={"a": 1}),
        "no operation of this rule has a body that rules can test, so this rule never matches",
    ),
    "the fields of an upload": (
        rule(operation="videotoprompt.analyze_upload", when={"body.platform": {"exists": True}}, plan="fast"),
        "no operation of this rule has a body that rules can test",
    ),
    "a parameter in the path": (
        rule(operation="videotoprompt.get_analysis", when={"path.id": {"exists": True}}, reply={"a": 1}),
        "no operation of this rule has 'id' in its path, so this rule never matches",
    ),
    "a field of an account": (
        rule(when={"account.paln": {"equals": "pro"}}, plan="fast"),
        "an account has no field 'paln', so this rule never matches; did you mean 'plan'?",
    ),
    "an input": (
        rule(operation="videotoprompt.get_*", when={"input": {"contains": "x"}}, reply={"a": 1}),
        "no operation of this rule has an input",
    ),
    "an empty list": (rule(when={"body.url": {"in": []}}, plan="fast"), "nothing is in an empty list"),
    "an event rule": (
        {
            "webhooks": [
                {"event": "*", "tampering": {"lose": 1}},
                {"event": "analysis.failed", "tampering": {"lose": 2}},
            ]
        },
        "rule 1 of webhooks takes all its events first",
    ),
    "a speed": ({"clock": {"mode": "manual", "speed": 5}}, "speed has no effect on a manual clock"),
    "an age": (
        {"webhooks": [{"event": "*", "tampering": {"age": "2h"}}]},
        "age has no effect without `signature: stale`",
    ),
}


def check(tmp_path: Path, capsys: Out, scenario: dict[str, Any], *options: str) -> tuple[int, list[str], str]:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"scenario": "mine", "extends": "default", **scenario}, sort_keys=False))
    code = main(["check", str(file), *options])
    output = capsys.readouterr()
    return code, output.err.splitlines(), output.out


@pytest.mark.parametrize("case", WARNINGS)
def test_what_has_no_effect_is_a_warning(tmp_path: Path, capsys: Out, case: str) -> None:
    scenario, message = WARNINGS[case]
    code, [warning], out = check(tmp_path, capsys, scenario)
    assert code == 0
    assert ": warning: " in warning
    assert message in warning
    assert "mine.yaml:" in warning
    assert out.endswith("1 warning\n")


def test_a_scenario_on_standard_input_gets_the_same_warnings(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    text = b"scenario: x\nrules:\n  - {name: a, operation: '*'}\n  - {name: b, operation: '*'}\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["check", "-", "--fail-on-warning"]) == 2
    assert capsys.readouterr().err == "stdin:4:5: warning: this rule is never used: 'a' takes all its requests first\n"


USEFUL: dict[str, dict[str, Any]] = {
    "narrow first": {"accounts": [{"key": "free-*", "plan": "free"}, {"key": "*"}]},
    "exists false": rule(when={"body.colour": {"exists": False}}, plan="fast"),
    "the third poll": rule(operation="videotoprompt.get_*", nth={"of": "job", "is": 3}, fault={"kind": "overloaded"}),
    "items": rule(
        operation="videotoprompt.analyze_batch", item=2, when={"body.platform": {"equals": "sora"}}, plan="fast"
    ),
    "a stream fault": rule(operation="nanophoto.*", stream={"fault": {"kind": "reset", "at": "3 bytes"}}),
    "mid body": fault(kind="reset", phase="mid_body", at="50%"),
    "times before all": {"rules": [{**ALL, "times": 3}, {"name": "b", "operation": "*", "plan": "fails"}]},
}


@pytest.mark.parametrize("case", USEFUL)
def test_what_has_an_effect_is_not(tmp_path: Path, capsys: Out, case: str) -> None:
    code, warnings, _ = check(tmp_path, capsys, USEFUL[case])
    assert (code, warnings) == (0, [])


def test_a_warning_can_fail_a_build(tmp_path: Path, capsys: Out) -> None:
    assert check(tmp_path, capsys, fault(kind="truncate", rate=5), "--fail-on-warning")[0] == 2


def test_no_bundled_scenario_has_a_warning(capsys: Out) -> None:
    assert main(["check", str(bundled_dir()), "--fail-on-warning"]) == 0
    assert capsys.readouterr().err == ""


# The list.


def test_a_broken_file_is_listed_as_broken(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "mine.yaml").write_text("scenario: mine\nrules: 5\n")
    (tmp_path / "scenarios" / "noise.yaml").write_text("{")
    monkeypatch.chdir(tmp_path)
    assert main(["scenarios", "broken-or-mine", "--json"]) == 0
    capsys.readouterr()
    assert main(["scenarios"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "broken: " in lines["mine"]
    assert "'rules' must be a list, not 5" in lines["mine"]
    assert "broken: " in lines["noise"]
    assert "broken" not in lines["default"]
    assert main(["scenarios", "--json", "mine"]) == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["mine"]["errors"] == ["scenarios/mine.yaml:2:8: 'rules' must be a list, not 5"]


def test_words_select_scenarios(capsys: Out) -> None:
    assert main(["scenarios", "nanophoto", "STREAM"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "nanophoto-stream-held" in names
    assert all("nanophoto" in name for name in names)
    assert main(["scenarios", "zebra"]) == 2
    assert "no scenario has 'zebra'" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_the_list_fits_the_terminal(capsys: Out, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["scenarios", "nanophoto"]) == 0
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= max(columns, 35)
