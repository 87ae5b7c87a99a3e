"""`--mockserver-coverage`: printed after a run, collected from all workers, in agreement with the journal."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import ledgers
from tests.documents import ROOT
from tests.inner import run_inner

SUITE = """
import pytest
import requests


def submit(mock, **headers):
    asked = {"url": "https://example.com/hike.mp4"}
    return requests.post(mock.url("videotoprompt") + "/analyze/url", json=asked, headers=headers, timeout=10)


@pytest.mark.parametrize("number", range(4))
def test_it_is_taken(mockserver, number):
    assert submit(mockserver, Authorization=f"Bearer {mockserver.key('videotoprompt')}").status_code == 202


def test_nobody_is_refused(mockserver):
    assert submit(mockserver).status_code == 401
"""


@pytest.fixture(autouse=True)
def _ledgers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ledgers.put(monkeypatch, tmp_path, videotoprompt=ledgers.VIDEOTOPROMPT)


def test_the_report_is_printed_at_the_end_of_a_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = run_inner(pytester, "--mockserver-coverage")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "*= mockserver coverage =*",
            "provider  *",
            "videotoprompt         1/2     1/3     1/2     0/2        -  3/9  33%",
            "    error.rate_limit_exceeded  documented  *",
            "  videotoprompt.analyze_url  202 ×4, 401 ×1",
            "coverage: 33%, 3 of 9 behaviours of videotoprompt",
        ]
    )


def test_each_format_can_be_written_to_a_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    forms = ("json", "junit", "html", "table")
    result = run_inner(pytester, *(f"--mockserver-coverage={form}:out/{form}" for form in forms))
    result.stdout.no_fnmatch_line("provider  *")
    written = {form: (pytester.path / "out" / form).read_text("utf-8") for form in forms}
    assert json.loads(written["json"])["met"] == 3
    assert ET.fromstring(written["junit"]).get("tests") == "9"
    assert "33%" in written["html"]
    assert written["table"].startswith("provider ")


def test_coverage_below_the_threshold_fails_a_run_whose_tests_passed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = run_inner(pytester, "--mockserver-coverage-fail-under=80")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        ["FAIL coverage: 33% is less than the required 80%; not covered: videotoprompt.error.rate_limit_exceeded, *"]
    )
    assert run_inner(pytester, "--mockserver-coverage-fail-under=33.3").ret == pytest.ExitCode.OK


def test_coverage_can_be_set_in_the_configuration_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    pytester.makeini("[pytest]\nmockserver_coverage =\n  table\n  json:out.json\nmockserver_coverage_fail_under = 40\n")
    result = run_inner(pytester)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["provider  *", f"coverage written to {pytester.path / 'out.json'}", "FAIL coverage: 33%*"]
    )
    assert run_inner(pytester, "--mockserver-coverage-fail-under=30").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("end", ["1 / 0", "pytest.exit('enough')"])
def test_a_run_that_is_aborted_reports_its_requests_so_far(pytester: pytest.Pytester, end: str) -> None:
    pytester.makepyfile(SUITE + f"\n\ndef test_bad(mockserver):\n    submit(mockserver), {end}\n")
    result = run_inner(pytester, "-x", "--mockserver-coverage")
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    result.stdout.fnmatch_lines(["  videotoprompt.analyze_url  202 ×4, 401 ×2"])


def test_a_run_without_requests_has_no_report_and_misses_the_threshold(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(mockserver): pass\n\n\ndef test_without(): pass\n")
    result = run_inner(pytester, "--mockserver-coverage", "--mockserver-coverage-fail-under=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["coverage: no provider was called", "FAIL coverage: 1% is required, but no provider was called"]
    )
    assert run_inner(pytester, "--mockserver-coverage-fail-under=1", "--collect-only").ret == pytest.ExitCode.OK


def test_a_file_that_cannot_be_written_fails_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    (pytester.path / "taken").write_text("")
    result = run_inner(pytester, "--mockserver-coverage=json:taken/out.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"FAIL coverage: cannot write {pytester.path / 'taken' / 'out.json'}: *"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--mockserver-coverage=json", "*must be one of table, json:PATH, junit:PATH, html:PATH, not 'json'*"),
        ("--mockserver-coverage=tests/test_x.py", "*not 'tests/test_x.py'*write --mockserver-coverage=table"),
        ("--mockserver-coverage-fail-under=most", "*must be a percentage from 0 to 100, not 'most'"),
        ("--mockserver-coverage-fail-under=nan", "*must be a percentage from 0 to 100, not 'nan'"),
    ],
)
def test_an_invalid_setting_is_a_usage_error(pytester: pytest.Pytester, option: str, message: str) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = run_inner(pytester, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_the_coverage_of_all_workers_is_added_up(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each worker has its own server, and the sum equals the coverage of a run without workers."""
    pytest.importorskip("xdist")
    monkeypatch.undo()
    monkeypatch.chdir(pytester.path)
    pytester.makepyfile(SUITE)
    for workers in ((), ("-n", "2")):
        asked = f"--mockserver-coverage=json:{len(workers)}.json"
        run_inner(pytester, *workers, asked, "--mockserver-coverage-fail-under=1").assert_outcomes(passed=5)
    alone, together = (json.loads((pytester.path / f"{n}.json").read_bytes()) for n in (0, 2))
    assert together == alone
    (part,) = together["providers"]
    assert [(call["status"], call["times"]) for call in part["calls"]] == [(202, 4), (401, 1)]


def test_a_crashed_worker_does_not_prevent_the_report(pytester: pytest.Pytester, monkeypatch: Any) -> None:
    pytest.importorskip("xdist")
    monkeypatch.undo()
    monkeypatch.chdir(pytester.path)
    pytester.makepyfile(SUITE + "\n\ndef test_crash():\n    import os\n    os._exit(1)\n")
    result = run_inner(pytester, "-n", "1", "--max-worker-restart=0", "--mockserver-coverage")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*= mockserver coverage =*"])


BESIDE = """
import json
import urllib.request

import pytest


@pytest.fixture(autouse=True)
def _journal(mockserver):
    yield
    at = mockserver.url("prompttovideo", "").removesuffix("/prompttovideo") + "/_mock/journal?limit=5000"
    with urllib.request.urlopen(at) as reply, open("journal.jsonl", "a") as file:
        for entry in json.load(reply)["entries"]:
            file.write(json.dumps(entry) + "\\n")
"""


def test_the_coverage_of_the_example_suite_agrees_with_the_journal(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts the rows a second time, from the journal of each test."""
    monkeypatch.undo()
    monkeypatch.chdir(pytester.path)
    shutil.copytree(ROOT / "examples" / "pytest_suite", pytester.path, dirs_exist_ok=True)
    pytester.makeconftest(BESIDE)
    run_inner(pytester, "--mockserver-coverage=json:coverage.json").assert_outcomes(passed=7)
    entries = [json.loads(line) for line in (pytester.path / "journal.jsonl").read_text("utf-8").splitlines()]
    requests = [entry for entry in entries if entry["kind"] == "request"]
    rows = Counter(row for entry in requests for row in {rest["rule"] for rest in entry["rests_on"]})
    (part,) = json.loads((pytester.path / "coverage.json").read_bytes())["providers"]
    assert part["provider"] == "prompttovideo"
    assert part["called"] == len(requests) > 30
    seen = {b["rule"]: b["seen"] for b in part["behaviours"]}
    assert seen == {rule: rows[rule] for rule in seen}
    statuses = Counter(
        (entry.get("operation", "").partition(".")[2] or None, entry.get("status")) for entry in requests
    )
    assert {(call["operation"], call["status"]): call["times"] for call in part["calls"]} == statuses
    met = {rule.partition(".")[2] for rule, times in seen.items() if times}
    assert {"operation.generate", "operation.get_status", "state.completed", "state.failed"} <= met
    assert statuses[None, 404] == 1
    assert "operation.list_videos" not in met
