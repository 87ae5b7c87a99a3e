"""The verdict in tests: `mock.verdict()`, `expect` in scenarios, the marker, and `--mockserver-verdict` for a run."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from mockserver import MockServer
from mockserver.core.expect import parse_amount
from mockserver.testing import MockServerError
from tests.inner import run_inner

SUITE = """
import pytest
import requests


def generate(mock, prompt="sunset"):
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
    url = mock.url("prompttovideo") + "/api/v1/generate"
    return requests.post(url, json={"prompt": prompt}, headers=headers, timeout=10)


def pay_twice(mock):
    mock.fault("prompttovideo.generate", "server_error", phase="after_commit")
    assert generate(mock).status_code == 500
    assert generate(mock).ok


def test_paid_twice(mockserver):
    pay_twice(mockserver)


@pytest.mark.mockserver(allow=["duplicate_paid_job"])
def test_allowed(mockserver):
    pay_twice(mockserver)


def test_clean(mockserver):
    headers = {"Authorization": f"Bearer {mockserver.key('prompttovideo')}"}
    assert requests.get(mockserver.url("prompttovideo") + "/api/v1/account", headers=headers, timeout=10).ok


def test_without_a_sandbox():
    pass
"""


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer(clock="manual") as mock:
        yield mock


def pay_twice(mock: MockServer) -> None:
    mock.fault("prompttovideo.generate", "server_error", phase="after_commit")
    for _ in range(2):
        generate(mock)


def generate(mock: MockServer, prompt: str = "sunset") -> None:
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
    url = f"{mock.url('prompttovideo')}/api/v1/generate"
    requests.post(url, json={"prompt": prompt}, headers=headers, timeout=10)


# mock.verdict()


def test_rules_can_be_allowed_and_denied(mock: MockServer) -> None:
    pay_twice(mock)
    assert [each.rule for each in mock.verdict().of("error")] == ["duplicate_paid_job"]
    allowed = mock.verdict(allow=["duplicate_paid_job"])
    assert (allowed.findings, allowed.allowed) == ((), 1)
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
    requests.get(f"{mock.url('prompttovideo')}/api/v1/account?colour=red", headers=headers, timeout=10)
    assert mock.verdict().named("contract_deviation")[0].severity == "note"
    assert mock.verdict(deny=["contract_deviation"]).named("contract_deviation")[0].severity == "error"


def test_the_longest_poll_can_be_set(mock: MockServer) -> None:
    generate(mock, "mock-stuck")
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
    job = next(iter(mock.jobs)).id
    for _ in range(5):
        mock.clock.advance("2m")
        url = f"{mock.url('prompttovideo')}/api/v1/video/{job}/status"
        assert requests.get(url, headers=headers, timeout=10).json()["status"] == "processing"
    assert mock.verdict().clean
    assert mock.verdict(longest_poll="5m").named("unbounded_poll")
    assert mock.verdict(longest_poll=timedelta(minutes=5)).named("unbounded_poll")


def test_an_unknown_rule_is_an_error(mock: MockServer) -> None:
    with pytest.raises(ValueError, match="unknown rule 'poll_stom'; did you mean 'poll_storm'"):
        mock.verdict(allow=["poll_stom"])


# expect


@pytest.mark.parametrize(
    ("text", "met", "unmet"),
    [
        ("4", (4,), (3, 5)),
        (4, (4,), (3, 5)),
        ("<=4", (0, 4), (5,)),
        ("< 4", (3,), (4,)),
        (">=1", (1, 9), (0,)),
        (">1", (2,), (1,)),
        ("==2", (2,), (1, 3)),
        ("1..3", (1, 3), (0, 4)),
        ("<=1.5", (1.5,), (1.6,)),
    ],
)
def test_amounts(text: Any, met: tuple[float, ...], unmet: tuple[float, ...]) -> None:
    amount = parse_amount(text)
    assert all(amount.holds(value) for value in met)
    assert not any(amount.holds(value) for value in unmet)
    assert str(amount) == str(text).strip()


@pytest.mark.parametrize("text", ["", "<<4", "many", "-1", -2, True, None, "3..1", "1..", [1]])
def test_what_is_no_amount(text: Any) -> None:
    with pytest.raises(ValueError, match=r"expected a number, a comparison|has to begin with its smaller"):
        parse_amount(text)


def test_expectations_are_judged_at_the_end_of_a_test() -> None:
    expect = [{"operation": "prompttovideo.generate", "count": "<=1"}, {"credits": {"spent": "<=1"}}]
    with MockServer() as mock:
        generate(mock)
        generate(mock, "other")
        mock.use({"expect": expect})
        problem = mock.problem() or ""
        with pytest.raises(AssertionError):
            mock.verify()
        mock.use("default")
    assert "Expected <=1 requests of prompttovideo.generate, and there were 2 requests (#1 and #2)" in problem
    assert "Expected <=1 spent credits, and 2 were spent" in problem


def test_met_expectations_are_silent() -> None:
    expect = [
        {"operation": "prompttovideo.*", "count": "1..2"},
        {"operation": "prompttovideo.generate", "count": 0, "status": 429},
        {"credits": {"spent": "<=2", "provider": "prompttovideo"}},
        {"credits": {"spent": 0, "provider": "nanophoto"}},
    ]
    with MockServer({"expect": expect}) as mock:
        generate(mock)


def test_a_scenario_that_judges_its_client_fails_the_test() -> None:
    mock = MockServer({"expect": {"verdict": {"deny": ["poll_storm"]}}}).open()
    pay_twice(mock)
    with pytest.raises(AssertionError, match="error duplicate_paid_job: #3 sent"):
        mock.verify()
    mock.close()
    with MockServer({"expect": {"verdict": {"allow": ["duplicate_paid_job"]}}}) as mock:
        pay_twice(mock)


def test_a_scenario_inherits_expectations() -> None:
    with MockServer({"expect": {"verdict": {"allow": ["duplicate_paid_job"]}}}) as mock:
        pay_twice(mock)
        assert mock.verdict().allowed == 1
        assert mock.verdict(deny=["duplicate_paid_job"]).of("error")


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ([{"operation": "prompttovideo.generat", "count": 1}], "did you mean 'prompttovideo.generate'"),
        ([{"operation": "prompttovideo.generate"}], "count is missing"),
        ([{"count": 1}], "operation is missing"),
        ([{"status": 200, "credits": {"spent": 1}}], "status belongs to an operation"),
        ([{}], "an expectation needs operation and count, credits, or verdict"),
        ([{"credits": {"spent": 1, "provider": "nanofoto"}}], "did you mean 'nanophoto'"),
        ({"verdict": {"deny": ["poll_stom"]}}, "did you mean 'poll_storm'"),
        ({"verdict": {"severities": {"poll_storm": "fatal"}}}, "poll_storm.*one of: error, warning, note"),
    ],
)
def test_wrong_expectations(expect: Any, message: str) -> None:
    with pytest.raises(MockServerError, match=message):
        MockServer({"expect": expect}).open()


# A whole run.


def test_the_findings_of_a_run_are_in_the_summary(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = run_inner(pytester, "--mockserver-verdict")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "*= mockserver verdict =*",
            "*::test_paid_twice",
            "error duplicate_paid_job: #3 sent prompttovideo.generate of #2 again*",
            "1 error* in 5 requests, 4 jobs; * of allowed rules",
            "FAIL verdict: 1 finding of severity error or above",
        ]
    )


@pytest.mark.slow
def test_a_run_with_several_workers_has_one_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = run_inner(pytester, "-n", "2", "--mockserver-verdict")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["error duplicate_paid_job: *", "1 error* in 5 requests, 4 jobs; *"])


def test_each_format_can_be_written_to_a_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    forms = ("json", "junit", "sarif", "markdown", "html", "text")
    options = (f"--mockserver-verdict={form}:out/{form}" for form in forms)
    result = run_inner(pytester, *options, "--mockserver-verdict-fail-on=never")
    assert result.ret == pytest.ExitCode.OK
    parts = json.loads(Path(pytester.path / "out/json").read_text("utf-8"))["parts"]
    assert [each["name"].partition("::")[2] for each in parts] == ["test_allowed", "test_clean", "test_paid_twice"]
    assert all((pytester.path / "out" / form).read_text("utf-8") for form in forms)


def test_a_run_that_observes_nothing_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = run_inner(pytester, "--mockserver-verdict")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAIL verdict: nothing was observed: no test sent a request to a provider"])


def test_the_settings_can_be_in_pyproject(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        mockserver_verdict = ["text"]
        [tool.mockserver.verdict]
        severities = {duplicate_paid_job = "warning"}
        allow = ["wasted_credits"]
        fail_on = "error"
        """
    )
    result = run_inner(pytester)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["warning duplicate_paid_job: *", "1 warning in 5 requests, 4 jobs; *"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--mockserver-verdict=xml", "must be one of text, json:PATH, junit:PATH, sarif:PATH"),
        ("--mockserver-verdict=json", "must be one of text, json:PATH"),
        ("--mockserver-verdict-fail-on=fatal", "must be one of error, warning, note, never, not 'fatal'"),
    ],
)
def test_wrong_options_are_usage_errors(pytester: pytest.Pytester, option: str, message: str) -> None:
    pytester.makepyfile(SUITE)
    result = run_inner(pytester, option, "--mockserver-verdict")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str() + result.stdout.str()


def test_a_marker_with_an_unknown_rule_fails_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.mockserver(allow=["poll_stom"])
        def test_misspelt(mockserver):
            pass

        @pytest.mark.mockserver(allow="poll_storm")
        def test_no_list(mockserver):
            pass
        """
    )
    result = run_inner(pytester)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [
            "*mockserver: allow= of the marker: unknown rule 'poll_stom'; did you mean 'poll_storm'?",
            "*mockserver: allow= of the marker must be a list of rules, not 'poll_storm'",
        ]
    )
