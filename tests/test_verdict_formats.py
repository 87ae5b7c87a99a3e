"""The formats of a verdict, the control API and the command `mockserver verdict`."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.core.masking import Masking
from mockserver.kit.ledger import ledger
from mockserver.providers.registry import all_providers
from mockserver.settings import Settings
from mockserver.verdict.data import data
from mockserver.verdict.formats import FORMATS, rendered
from mockserver.verdict.parts import Part
from tests.conversation import Conversation
from tests.live import live_server
from tests.report_schemas import SARIF, check_junit
from tests.verdict_story import Story

HOSTILE = "<script>alert('1')</script> | ]]> \x00 **bold**"


def part(story: Story, name: str = "sandbox default") -> Part:
    return Part(name, data(story.verdict(), ledger(all_providers()).rows, Masking()))


@pytest.fixture
def bad() -> Part:
    story = Story()
    story.submit(delivered="lost")
    story.submit()
    story.call("account", deviations=(HOSTILE,))
    return part(story)


@pytest.fixture
def clean() -> Part:
    story = Story()
    story.call("account")
    return part(story, "tests/test_a.py::test_a")


@pytest.fixture
def nothing() -> Part:
    return part(Story(), "nothing")


def test_sarif_has_a_result_for_each_finding(bad: Part, clean: Part, nothing: Part) -> None:
    for parts in ([bad, clean], [clean], [nothing], []):
        log = json.loads(rendered("sarif", parts, "warning"))
        Draft202012Validator(SARIF).validate(log)
        assert len(log["runs"][0]["results"]) == sum(len(each.findings) for each in parts)
    log = json.loads(rendered("sarif", [bad], "warning"))
    results, rules = log["runs"][0]["results"], log["runs"][0]["tool"]["driver"]["rules"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("duplicate_paid_job", "error"),
        ("contract_deviation", "note"),
    ]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in results)
    files = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert set(files) == {"sandbox%20default"}
    assert (
        json.loads(rendered("sarif", [nothing], "warning"))["runs"][0]["invocations"][0]["executionSuccessful"] is False
    )


def test_a_finding_is_in_the_file_of_its_test_and_keeps_its_fingerprint_in_the_next_run() -> None:
    def results(*more: str) -> list[Any]:
        story = Story()
        for text in (*more, "colour", "size"):
            story.call("account", deviations=(text,))
        log: Any = json.loads(rendered("sarif", [part(story, "tests/test_a b.py::test_c[1]")], "note"))
        found: list[Any] = log["runs"][0]["results"]
        return found

    first = results()
    assert first[0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "tests/test_a%20b.py"}, "region": {"startLine": 1},
    }  # fmt: skip
    marks = [each["partialFingerprints"]["primaryLocationLineHash"] for each in first]
    assert len(set(marks)) == 2
    assert marks == [each["partialFingerprints"]["primaryLocationLineHash"] for each in results("depth")[:2]]


def test_junit_has_a_case_for_each_rule(bad: Part, clean: Part, nothing: Part) -> None:
    root = check_junit(rendered("junit", [bad, clean, nothing], "warning"))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("76", "1", "1")
    failed = root.findall(".//testcase[failure]")
    assert [each.attrib["name"] for each in failed] == ["duplicate_paid_job"]
    root = check_junit(rendered("junit", [bad], "note"))
    assert root.attrib["failures"] == "2"


def test_text_names_the_requests_the_row_and_what_to_do(bad: Part) -> None:
    text = rendered("text", [bad], "warning")
    assert text.startswith("error duplicate_paid_job: #2 sent films.make of #1 again")
    assert "  jobs job-1, job-2; 2 credits\n  instead: After a submit without a readable reply" in text
    assert text.endswith("failed requests: 1 ambiguous (#1)\n1 error, 1 note in 3 requests, 2 jobs\n")


def test_several_parts_have_headings_and_clean_ones_are_left_out(bad: Part, clean: Part) -> None:
    text = rendered("text", [clean, bad], "warning")
    assert text.startswith("sandbox default\n\nerror")
    assert "test_a" not in text


def test_without_observations_every_format_says_so(nothing: Part) -> None:
    for form in FORMATS:
        assert "othing" in rendered(form, [nothing], "warning") or '"observed": false' in rendered(
            form, [nothing], "warning"
        )


def test_values_of_clients_are_escaped(bad: Part) -> None:
    assert "<script>" not in rendered("html", [bad], "warning")
    assert "<script>" not in rendered("markdown", [bad], "warning")
    check_junit(rendered("junit", [bad], "warning"))


def test_json_is_that_of_the_control_api(bad: Part, clean: Part) -> None:
    assert json.loads(rendered("json", [bad], "warning")) == {"name": bad.name, **bad.data}
    both = json.loads(rendered("json", [bad, clean], "warning"))
    assert [each["name"] for each in both["parts"]] == [bad.name, clean.name]


def test_a_rule_has_at_most_a_hundred_findings() -> None:
    story = Story()
    for number in range(120):
        story.submit(str(number), lasts=1)
    story.wait(60)
    assert len(part(story).findings) == 100
    assert rendered("text", [part(story)], "warning").endswith(
        "100 notes in 120 requests, 120 jobs; 20 more are not listed\n"
    )


# The control API.


async def _lose_and_repeat(t: Conversation) -> None:
    fault = {"operation": "prompttovideo.generate", "fault": {"kind": "server_error", "phase": "after_commit"}}
    await t.post("/_mock/faults", fault)
    for _ in range(2):
        await t.post("/prompttovideo/api/v1/generate", {"prompt": "sunset"})


async def test_the_control_api_returns_the_verdict() -> None:
    async with Conversation() as t:
        assert (await t.get("/_mock/verdict")).json()["observed"] is False
        await _lose_and_repeat(t)
        verdict = (await t.get("/_mock/verdict")).json()
        finding = verdict["findings"][0]
        assert (finding["rule"], finding["requests"], finding["credits"]) == ("duplicate_paid_job", [2, 3], 2.0)
        assert finding["documented"]["rule"] == "prompttovideo.rule.cost"
        assert "key-1" not in json.dumps(verdict)
        assert verdict["failures"] == [
            {"number": 2, "operation": "prompttovideo.generate", "status": 500, "class": "ambiguous"}
        ]


async def test_a_project_can_allow_rules_and_change_severities() -> None:
    async with Conversation() as t:
        await _lose_and_repeat(t)
        allowed = (await t.get("/_mock/verdict?allow=duplicate_paid_job")).json()
        assert (allowed["findings"], allowed["allowed"]) == ([], 1)
        noted = (await t.get("/_mock/verdict?severity=duplicate_paid_job=note")).json()
        assert noted["counts"] == {"error": 0, "warning": 0, "note": 1}


async def test_the_scenario_wins_over_the_project() -> None:
    scenario = {"extends": "default", "expect": {"verdict": {"allow": ["duplicate_paid_job"]}}}
    async with Conversation(scenario) as t:
        await _lose_and_repeat(t)
        assert (await t.get("/_mock/verdict?deny=duplicate_paid_job")).json()["findings"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("allow=poll_stom", "unknown rule 'poll_stom'; did you mean 'poll_storm'?"),
        ("severity=poll_storm", "severity must be RULE=error, RULE=warning or RULE=note, not 'poll_storm'"),
        ("severity=x=note", "unknown rule 'x'; the rules are abandoned_paid_job, "),
        ("longest_poll=soon", "expected a duration such as 15s, 1m30s or 500ms, got 'soon'"),
    ],
)
async def test_wrong_policies_are_refused(query: str, message: str) -> None:
    async with Conversation() as t:
        reply = await t.get(f"/_mock/verdict?{query}")
        assert reply.status_code == 400
        assert reply.json()["detail"].startswith(message)


# The command.


@pytest.fixture
def server() -> Iterator[str]:
    with live_server(create_app(Settings())) as url:
        yield url


def generate(server: str, prompt: str) -> None:
    url, headers = f"{server}/prompttovideo/api/v1/generate", {"Authorization": "Bearer test-key"}
    with suppress(requests.ConnectionError):
        requests.post(url, json={"prompt": prompt}, headers=headers, timeout=5)


def test_the_exit_code_of_the_command(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["verdict", "--url", server]
    assert main(arguments) == 3
    assert capsys.readouterr().out == "nothing was observed: no request to a provider, and no webhook\n"
    generate(server, "sunset")
    assert main(arguments) == 0
    assert capsys.readouterr().out == "no findings in 1 request, 1 job\n"
    for _ in range(2):
        generate(server, "mock-lost-reply")
    assert main(arguments) == 1
    assert capsys.readouterr().out.startswith("error duplicate_paid_job: #3 sent prompttovideo.generate of #2 again")


def test_notes_do_not_fail_unless_they_are_asked_for(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": "Bearer test-key"}
    requests.get(f"{server}/prompttovideo/api/v1/account?colour=red", headers=headers, timeout=5)
    assert main(["verdict", "--url", server]) == 0
    assert main(["verdict", "--url", server, "--fail-on", "note"]) == 1
    assert "note contract_deviation: #1 deviates from the contract" in capsys.readouterr().out


def test_wrong_input_has_exit_code_2(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verdict", "--url", server, "--sandbox", "nope"]) == 2
    assert "There is no sandbox named 'nope'" in capsys.readouterr().err
    assert main(["verdict", "--url", "http://127.0.0.1:9"]) == 2
    assert main(["verdict", "--url", server, "--output", "/nowhere/report"]) == 2
    assert "/nowhere/report: No such file or directory" in capsys.readouterr().err


def test_the_report_can_be_written_to_a_file(server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate(server, "sunset")
    for form in FORMATS:
        path = tmp_path / form
        assert main(["verdict", "--url", server, "--format", form, "--output", str(path)]) == 0
        assert path.read_text("utf-8")
    assert capsys.readouterr().out == ""


def test_the_command_reads_pyproject(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        generate(server, "mock-lost-reply")
    settings = '[tool.mockserver.verdict]\nseverities = {duplicate_paid_job = "warning"}\nfail_on = "error"\n'
    Path("pyproject.toml").write_text(settings, "utf-8")
    assert main(["verdict", "--url", server]) == 0
    assert capsys.readouterr().out.startswith("warning duplicate_paid_job")
    Path("pyproject.toml").write_text("[tool.mockserver.verdict]\nalow = []\n", "utf-8")
    assert main(["verdict", "--url", server]) == 2
    assert "pyproject.toml: tool.mockserver.verdict: alow: unknown key 'alow'" in capsys.readouterr().err
    Path("pyproject.toml").write_text("[tool.mockserver.verdict\n", "utf-8")
    assert main(["verdict", "--url", server]) == 2
