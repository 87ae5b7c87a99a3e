"""The sweep: one fault at each call of a suite or a program, judged by its result, the verdict and the credits."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mockserver.cli.main import main
from mockserver.cli.sweep_runs import is_pytest
from mockserver.kit.provider import Provider
from mockserver.providers.registry import all_providers
from mockserver.sweep.calls import Call, Injection, difference, recorder_for
from mockserver.sweep.engine import Options, SweepError, run
from mockserver.sweep.faults import faults_at
from mockserver.sweep.judging import Outcome, Result, Seen, judged
from mockserver.sweep.plan import cells_of
from mockserver.sweep.recording import VARIABLE, Request, record
from mockserver.sweep.report import Report, rendered
from mockserver.sweep.state import Saved, StateFile
from tests.examples import EXAMPLES
from tests.inner import run_inner
from tests.programs import nodes
from tests.report_schemas import check_junit

PROVIDERS = {provider.name: provider for provider in all_providers()}
SUBMIT, POLL = "prompttovideo.generate", "prompttovideo.get_status"
BEFORE = {"t": Outcome(True, calls=(Call(f"{SUBMIT}#1", SUBMIT, "submit"),), spent=100)}
WASTED = Seen("wasted_credits", "note", "m", costs=True)


def test_the_page_of_a_sweep_is_in_the_frame_of_all_pages_and_loads_nothing() -> None:
    results = {
        "a#1=reset": Result("a#1=reset", "money lost", ("spent <b>2</b> credits",)),
        "a#1=slow": Result("a#1=slow", "survived"),
    }
    cells = [
        {"id": name, "call": "a#1", "fault": name.partition("=")[2], "like": None, "role": "submit"} for name in results
    ]
    page = rendered(Report(("pytest", "<script>"), Saved(plan={"cells": cells}, results=results)), "html")
    assert (
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
        in page
    )
    assert '<td class="LOST">LOST</td><td class="ok">ok</td>' in page
    assert "spent &lt;b&gt;2&lt;/b&gt; credits" in page
    assert "<script" not in page


def test_junit_has_a_case_for_each_cell_and_for_each_rule() -> None:
    results = {
        "a#1=reset": Result("a#1=reset", "money lost", ("spent <b>2</b> credits",)),
        "a#1=slow": Result("a#1=slow", "unknown", ("the call was not made again",)),
        "poll_storm": Result("poll_storm", "failed", ("12 polls",)),
    }
    cells = [{"id": name, "call": "a#1", "fault": name, "like": None, "role": "submit"} for name in results]
    suite = check_junit(rendered(Report(("pytest",), Saved(plan={"cells": cells}, results=results)), "junit"))[0]
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("3", "2", "1")
    assert [case.attrib["classname"] for case in suite] == ["a#1", "a#1", "without faults"]


# The names of calls.


def test_calls_are_named_by_operation_job_and_occurrence() -> None:
    recorder = recorder_for(all_providers())
    for video in ("7", "7", "9", "7"):
        recorder.request(POLL, {"video_id": video})
    recorder.request(SUBMIT, {})
    recorder.event("descrideo", "description.succeeded")
    assert [call.name for call in recorder.calls] == [
        f"{POLL}@1#1", f"{POLL}@1#2", f"{POLL}@2#1", f"{POLL}@1#3", f"{SUBMIT}#1",
        "descrideo.event.description.succeeded#1",
    ]  # fmt: skip
    assert [call.role for call in recorder.calls][-2:] == ["submit", "event"]


def test_a_fault_is_injected_at_its_call_only() -> None:
    (possible,) = [each for each in faults_at(Call("", SUBMIT, "submit"), PROVIDERS["prompttovideo"])
                   if each.name == "reset-after"]  # fmt: skip
    injection = possible.injected_at(f"{SUBMIT}#2")
    recorder = recorder_for(all_providers(), injection)
    assert [recorder.request(SUBMIT, {}) for _ in range(3)] == [None, possible.fault, None]
    assert injection.fired


def test_a_difference_between_runs_is_described() -> None:
    a, b, c = (Call(name, name, "poll") for name in "abc")
    assert difference([a, b], [a, b]) is None
    assert difference([a, b], [a, c]) == "call 2 is b in the first run and c in the second"
    assert difference([a], [a, c]) == "after 1 calls, only the second run goes on with c"


# The faults.


def names(operation: str, role: str) -> set[str]:
    return {each.name for each in faults_at(Call("", operation, role), PROVIDERS[operation.partition(".")[0]])}


def test_the_errors_at_a_call_are_those_that_its_provider_documents() -> None:
    errors = names("nanophoto.reverse_prompt", "submit")
    assert {"VIDEO_DOWNLOAD_FAILED", "insufficient_credits", "unauthorized"} <= errors
    for operation, role in ((SUBMIT, "submit"), (POLL, "poll")):
        assert {"unauthorized", "rate_limited", "server_error", "reset-before", "cut", "additive"} <= names(
            operation, role
        )
    assert "insufficient_credits" in names(SUBMIT, "submit")
    assert "insufficient_credits" not in names(POLL, "poll")
    assert "reset-after" in names(SUBMIT, "submit")
    assert "reset-after" not in names(POLL, "poll")
    assert "expired" in names("prompttovideo.video_file", "asset")


def test_a_webhook_can_be_lost_late_doubled_reordered_and_forged() -> None:
    assert names("descrideo.event.description.succeeded", "event") == {"lost", "late", "doubled", "reordered", "forged"}


# The plan.


def test_equivalent_cells_are_run_once_and_paid_calls_first() -> None:
    calls = [
        Call(f"{POLL}@1#1", POLL, "poll", "running"),
        Call(f"{POLL}@1#2", POLL, "poll", "running"),
        Call(f"{POLL}@1#3", POLL, "poll", "succeeded"),
        Call(f"{SUBMIT}#1", SUBMIT, "submit", "running"),
    ]
    cells = cells_of({"a": calls, "b": calls[:2]}, PROVIDERS)
    by_id = {cell.id: cell for cell in cells}
    assert cells[0].call.operation == SUBMIT
    assert cells[0].possible.loses
    assert by_id[f"{POLL}@1#2=cut"].like == f"{POLL}@1#1=cut"
    assert by_id[f"{POLL}@1#3=cut"].like is None
    assert by_id[f"{POLL}@1#3=additive"].like == f"{POLL}@1#1=additive"
    assert by_id[f"{POLL}@1#1=cut"].tests == ("a", "b")
    assert by_id[f"{POLL}@1#3=cut"].tests == ("a",)


# The judgement.


def status(fault: Outcome, **more: Any) -> str:
    return judged("c", {"t": fault}, BEFORE, 0.1, **more).status


def test_a_cell_is_judged_by_result_verdict_and_credits() -> None:
    good = Outcome(True, spent=100, fired=True)
    assert status(good) == "survived"
    assert status(good._replace(spent=0)) == "survived"
    assert status(good._replace(passed=False)) == "failed"
    assert status(good._replace(spent=200)) == "money lost"
    assert status(good._replace(findings=(WASTED,))) == "money lost"
    assert status(good._replace(findings=(WASTED._replace(costs=False),))) == "survived"
    assert status(good._replace(findings=(Seen("poll_too_fast", "warning", "m"),))) == "failed"
    assert status(good._replace(findings=(Seen("contract_deviation", "note", "m"),))) == "survived"
    assert status(good._replace(fired=False)) == "unknown"
    assert status(good._replace(fired=False, passed=False)) == "unknown"


def test_what_was_there_without_the_fault_does_not_count() -> None:
    finding = Seen("poll_too_fast", "warning", "m")
    before = {"t": BEFORE["t"]._replace(findings=(finding,))}
    fault = {"t": Outcome(True, spent=100, findings=(finding,), fired=True)}
    assert judged("c", fault, before, 0).status == "survived"


def test_after_a_final_refusal_nobody_can_collect_and_a_program_may_report_it() -> None:
    run_ = Outcome(True, spent=100, findings=(WASTED,), fired=True)
    assert status(run_, uncollectable=True) == "survived"
    failed = Outcome(False, "exit code 1", spent=100, fired=True)
    assert status(failed, may_fail=True) == "survived"
    assert status(failed) == "failed"
    assert status(run_._replace(spent=200, findings=()), may_repeat=True) == "survived"


# The engine.


EVERYTHING = Options()


class FakeSuite:
    """A suite whose runs are given: without faults one after the other, then by the call of the fault."""

    providers: Sequence[Provider] = all_providers()
    reports_errors = False

    def __init__(self, *baseline: dict[str, Outcome], lossy: str = "") -> None:
        self.baseline = list(baseline)
        self.lossy = lossy
        self.ran: list[str] = []

    def run(self, tests: Any, injection: Injection | None) -> dict[str, Outcome]:
        if injection is None:
            return self.baseline.pop(0) if len(self.baseline) > 1 else self.baseline[0]
        self.ran.append(injection.call)
        spent = 200 if injection.fault is not None and injection.fault.phase == "after_commit" and self.lossy else 100
        return {test: Outcome(True, spent=spent, fired=True) for test in tests}


def sweep_of(suite: FakeSuite, options: Options = EVERYTHING, times: Iterable[float] = ()) -> Any:
    clock = iter(times)
    return list(run(suite, options, lambda: next(clock, 0.0), lambda *_: None))[-1]


def test_a_suite_that_is_not_repeatable_is_refused_with_the_place() -> None:
    other = {"t": BEFORE["t"]._replace(calls=(Call("x", "x", "poll"),))}
    with pytest.raises(SweepError, match=r"t is not repeatable: call 1 is prompttovideo\.generate#1 in the first"):
        sweep_of(FakeSuite(BEFORE, other))
    with pytest.raises(SweepError, match="passes in the first run and fails in the second"):
        sweep_of(FakeSuite(BEFORE, {"t": BEFORE["t"]._replace(passed=False)}))


def test_a_suite_without_calls_or_without_passing_tests_is_refused() -> None:
    with pytest.raises(SweepError, match="no calls to a provider"):
        sweep_of(FakeSuite({"t": Outcome(True)}))
    with pytest.raises(SweepError, match="every test fails without faults, for example t: broken"):
        sweep_of(FakeSuite({"t": Outcome(False, "broken")}))
    with pytest.raises(SweepError, match="no test ran"):
        sweep_of(FakeSuite({}))


def test_a_test_that_fails_without_faults_is_left_out() -> None:
    sweep = sweep_of(FakeSuite({**BEFORE, "u": Outcome(False)}, BEFORE))
    assert sweep.left_out == ("u",)
    assert {cell.tests for cell in sweep.cells} == {("t",)}


def test_one_cell_can_be_chosen_and_a_wrong_name_gets_a_suggestion() -> None:
    suite = FakeSuite(BEFORE, lossy="yes")
    sweep = sweep_of(suite, Options(only=[f"{SUBMIT}#1=reset-after"]))
    assert suite.ran == [f"{SUBMIT}#1"]
    assert [result.status for result in sweep.results.values()] == ["money lost"]
    with pytest.raises(SweepError, match=r"did you mean 'prompttovideo\.generate#1=reset-after'"):
        sweep_of(FakeSuite(BEFORE), Options(only=[f"{SUBMIT}#1=reset-aftr"]))


def test_several_cells_can_be_chosen() -> None:
    faults = [cell.possible.name for cell in sweep_of(FakeSuite(BEFORE), Options(only=[f"{SUBMIT}#1=reset-*"])).planned]
    assert faults == ["reset-before", "reset-after"]
    only = [f"{SUBMIT}#1=cut", f"{SUBMIT}#1=slow"]
    assert [cell.id for cell in sweep_of(FakeSuite(BEFORE), Options(only=only)).planned] == only
    with pytest.raises(SweepError, match="there is no cell nanophoto"):
        sweep_of(FakeSuite(BEFORE), Options(only=[f"{SUBMIT}#1=cut", "nanophoto.*"]))


def test_a_budget_stops_the_sweep_and_resuming_runs_the_rest() -> None:
    suite = FakeSuite(BEFORE)
    # The timer is read at the start, around the first run, and then three times for each cell.
    stopped = sweep_of(suite, Options(budget=5), [0, 0, 0, 1, 1, 2, 9, 9])
    assert len(suite.ran) == len(stopped.results) == 1
    assert "budget" in stopped.stopped
    rest = FakeSuite(BEFORE)
    whole = sweep_of(rest, Options(done=stopped.results))
    assert len(whole.results) == len(whole.planned)
    assert len(rest.ran) == len(whole.planned) - 1


def test_the_state_survives_an_incomplete_line(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "deep" / "state.jsonl")
    assert file.load() == Saved({}, {})
    file.append("result", Result("a", "failed", ("r",), 1.0).data())
    file.append("result", Result("a", "survived", (), 1.0).data())
    with (tmp_path / "deep" / "state.jsonl").open("a") as stream:
        stream.write('{"kind": "resu')
    saved = file.load()
    assert saved.results["a"].status == "survived"
    assert saved.red["a"].status == "failed"


def test_progress_says_what_is_left(tmp_path: Path) -> None:
    said: list[str] = []
    request = Request(str(tmp_path / "s"), only=[f"{SUBMIT}#1=cut"])
    assert record(FakeSuite(BEFORE), request, StateFile(tmp_path / "s"), said.append)
    assert said[0].startswith("sweep: 1 cell to run, from 1 test with 1 different call")
    assert said[1].startswith("[1/1, about 0 s left] survived")


# The commands.

TEST = """
import app
import pytest

def test_a_video(mockserver, monkeypatch):
    for name, value in mockserver.env("prompttovideo").items():
        monkeypatch.setenv(name, value)
    {body}
"""
CLEAN = """videos = app.Videos(mockserver.clock.advance, lambda: mockserver.clock.now.timestamp())
    try:
        videos.video("a hike")
    except app.Failed:
        pass
    finally:
        videos.http.close()"""


def project(folder: Path, client: str, body: str) -> Path:
    shutil.copy(EXAMPLES / "clients" / client, folder / "app.py")
    (folder / "test_app.py").write_text(TEST.format(body=body), "utf-8")
    return folder


def mockserver_command(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache"), "PYTHONPATH": str(EXAMPLES.parent)}
    command = [sys.executable, "-m", "mockserver", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


PYTEST = ("--", sys.executable, "-m", "pytest", "-q", "-p", "no:randomly")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


def test_every_cell_of_the_clean_client_survives_and_its_folder_does_not_change(folder: Path) -> None:
    project(folder, "clean.py", CLEAN)
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    done = mockserver_command(folder, "sweep", "--format", "json", *PYTEST)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert set(report["summary"]) == {"survived"}
    assert report["summary"]["survived"] > 30
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before
    assert f"sweep: running {sys.executable} -m pytest" in done.stderr


def test_a_program_in_node_is_swept_too(folder: Path) -> None:
    program = [nodes()[0], str(EXAMPLES / "clients" / "resubmitted_after_download.mjs"), "a hike"]
    cell = "prompttovideo.video_file@1#1=server_error"
    os.environ["EVERY"] = "0"
    try:
        done = mockserver_command(folder, "sweep", "--only", cell, "--format", "junit", "--", *program)
    finally:
        del os.environ["EVERY"]
    assert done.returncode == 1, done.stderr
    failure = check_junit(done.stdout).find(".//failure")
    assert failure is not None
    assert "money lost" in failure.attrib["message"]


def test_an_interrupt_prints_the_matrix_so_far_and_resuming_goes_on(folder: Path) -> None:
    project(folder, "clean.py", CLEAN)
    state = folder.parent / "state.jsonl"
    words = ["sweep", "--state", str(state), *PYTEST]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    with subprocess.Popen(
        [sys.executable, "-m", "mockserver", *words], cwd=folder, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if line.startswith("[2/"):
                break
        os.killpg(process.pid, signal.SIGINT)
        process.stderr.read()
        output = process.stdout.read()
    assert process.returncode == 130
    assert "not run" in output.splitlines()[-1]
    done = len(StateFile(state).load().results)
    assert done >= 2
    options = ("--resume", "--budget", "1ms", "--state", str(state), "--format", "html")
    resumed = mockserver_command(folder, "sweep", *options, *PYTEST)
    assert resumed.returncode == 0
    assert f">{done} survived, " in resumed.stdout
    assert "the budget of 0.001 s is used up; --resume goes on" in resumed.stderr


ELSEWHERE = """
import pytest
import requests


@pytest.fixture(scope="module")
def opened():
    yield "{name}"
    print("closed {name}")


@pytest.mark.parametrize("number", range(2))
def test_{name}(mockserver, opened, number):
    headers = {{"Authorization": f"Bearer {{mockserver.key('prompttovideo')}}"}}
    requests.get(mockserver.url("prompttovideo") + "/api/v1/account", headers=headers, timeout=10)
"""


def test_a_suite_can_have_several_modules(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytester.makepyfile(**{f"test_{name}": ELSEWHERE.format(name=name) for name in ("here", "there")})
    state = tmp_path / "state.jsonl"
    monkeypatch.setenv(VARIABLE, Request(str(state), only=["prompttovideo.get_account#1=slow"]).written())
    assert run_inner(pytester, "-q").ret == 0
    saved = StateFile(state).load()
    assert saved.plan["left_out"] == []
    assert {test.partition("::")[0] for test in saved.plan["tests"]} == {"test_here.py", "test_there.py"}
    assert [result.status for result in saved.results.values()] == ["survived"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sweep"], "the command is missing"),
        (["sweep", "--", "pytest", "-n", "4"], "one process"),
        (["prove", "a=b"], "the command is missing"),
    ],
)
def test_wrong_input_is_explained(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_how_pytest_is_recognised() -> None:
    for command in ("pytest -q", "python -m pytest", "uv run pytest", "/x/bin/pytest tests"):
        assert is_pytest(command.split())
    assert not is_pytest(["node", "app.mjs"])
