"""The pytest plugin: fixtures, marker, options and reports, in pytest runs inside a test."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from mockserver import MockServer
from mockserver.core.scenario import ClockSpec
from mockserver.settings import Settings
from tests.inner import PLUGIN, run_inner

CLIENT = """
import pytest
import requests


def submit(mock, url="https://example.com/hike.mp4"):
    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    return requests.post(mock.url("videotoprompt") + "/analyze/url", json={"url": url}, headers=headers, timeout=10)
"""
DOWN = "scenario: down\nextends: default\nrules:\n  - {name: down, operation: '*', fault: {kind: overloaded}}\n"


def test_each_test_has_its_own_sandbox_and_all_share_a_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
seen = []


@pytest.mark.parametrize("number", range(3))
def test_alone(mockserver, number):
    assert len(mockserver.jobs) == 0
    assert submit(mockserver).status_code == 202
    assert len(mockserver.jobs) == 1
    seen.append((mockserver.url("videotoprompt").partition("/~")[0], mockserver.name))


def test_all():
    assert len({base for base, name in seen}) == 1
    assert len({name for base, name in seen}) == 3
"""
    )
    run_inner(pytester).assert_outcomes(passed=4)


def test_a_sandbox_is_deleted_after_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
urls = []


def test_first(mockserver):
    assert submit(mockserver).status_code == 202
    urls.append(mockserver.url("videotoprompt"))


def test_second(mockserver):
    assert "There is no sandbox named" in requests.get(urls[0] + "/analyze/ana_0", timeout=10).json()["detail"]
    assert [request.status for request in mockserver.requests()] == []
"""
    )
    run_inner(pytester).assert_outcomes(passed=2)


def test_for_each_argument_the_closest_marker_wins(pytester: pytest.Pytester) -> None:
    (pytester.mkdir("stories") / "down.yaml").write_text(DOWN)
    pytester.makepyfile(
        CLIENT
        + """
pytestmark = pytest.mark.mockserver(scenario="stories/down.yaml", clock="manual")


def test_of_the_module(mockserver):
    assert (submit(mockserver).status_code, mockserver.clock.mode) == (503, "manual")


@pytest.mark.mockserver(scenario={"plans": {"default": {"steps": [{"status": "failed"}]}}}, seed=5)
class TestMore:
    def test_of_the_class(self, mockserver):
        assert (submit(mockserver).status_code, mockserver.clock.mode) == (202, "manual")
        assert mockserver.jobs.all()[0].status == "failed"

    @pytest.mark.mockserver(scenario="default", clock="auto")
    def test_of_its_own(self, mockserver):
        submit(mockserver)
        assert (mockserver.jobs.all()[0].status, mockserver.clock.mode) == ("succeeded", "auto")
        assert "seed 5" in mockserver.report()
"""
    )
    run_inner(pytester).assert_outcomes(passed=3)


def test_the_clock_of_a_scenario_applies_unless_a_test_sets_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import pytest

pytestmark = pytest.mark.mockserver(scenario={"clock": {"mode": "manual", "start": "2030-01-01T00:00:00Z"}})


def test_it(mockserver):
    assert (mockserver.clock.mode, mockserver.clock.now.year) == ("manual", 2030)


@pytest.mark.mockserver(clock="auto")
def test_otherwise(mockserver):
    assert mockserver.clock.mode == "auto"
"""
    )
    run_inner(pytester).assert_outcomes(passed=2)


SETTINGS = """
def test_it(mockserver):
    assert "scenario down, seed 9, clock manual" in mockserver.report().splitlines()[0]
"""


def test_settings_can_be_in_the_configuration_file(pytester: pytest.Pytester) -> None:
    (pytester.mkdir("stories") / "down.yaml").write_text(DOWN)
    pytester.makeini(
        "[pytest]\nmockserver_scenario = down\nmockserver_scenario_dir = stories\n"
        "mockserver_seed = 9\nmockserver_clock = manual\n"
    )
    pytester.makepyfile(SETTINGS)
    run_inner(pytester).assert_outcomes(passed=1)


def test_the_command_line_takes_precedence_over_the_configuration_file(pytester: pytest.Pytester) -> None:
    (pytester.mkdir("stories") / "down.yaml").write_text(DOWN)
    pytester.makeini("[pytest]\nmockserver_scenario = nothing\nmockserver_seed = 1\nmockserver_clock = real\n")
    pytester.makepyfile(SETTINGS)
    options = ("--mockserver-scenario=stories/down.yaml", "--mockserver-seed=9", "--mockserver-clock=manual")
    run_inner(pytester, *options).assert_outcomes(passed=1)


def test_strict_is_a_setting(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmockserver_strict = true\n")
    pytester.makepyfile(
        """
import requests


def test_it(mockserver):
    body = {"inputMethod": "url", "url": "https://example.com/a.mp4", "prompt": "x", "requestSource": "ELSEWHERE"}
    headers = {"Authorization": f"Bearer {mockserver.key('dumplingai')}"}
    reply = requests.post(mockserver.url("dumplingai") + "/extract-video", json=body, headers=headers, timeout=10)
    assert reply.status_code == 400
"""
    )
    run_inner(pytester).assert_outcomes(passed=1)


@pytest.mark.parametrize(("ini", "option"), [("", "--mockserver-no-assumed"), ("mockserver_no_assumed = true\n", "")])
def test_no_assumed_is_a_setting(pytester: pytest.Pytester, ini: str, option: str) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile(
        """
import requests


def test_it(mockserver):
    headers = {"Authorization": f"Bearer {mockserver.key('dumplingai')}"}
    reply = requests.get(mockserver.url("dumplingai") + "/extract-video", headers=headers, timeout=10)
    assert (reply.status_code, reply.json()["rule"].startswith("dumplingai.rule.")) == (501, True)
"""
    )
    run_inner(pytester, *filter(None, [option])).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--mockserver-seed=soon", "the seed must be a whole number, not 'soon'"),
        ("--mockserver-clock=stopped", "the clock must be one of auto, manual, real, scaled, not 'stopped'"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(pytester: pytest.Pytester, option: str, message: str) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = run_inner(pytester, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("scenario='nothing-like-it'", "*mockserver: there is no scenario named 'nothing-like-it'*"),
        ("scenario={'rulez': []}", "mockserver: *unknown key 'rulez'*did you mean 'rules'*"),
        ("sead=1", "*the marker takes scenario=, seed=, clock= and allow=, not sead"),
        ("'default'", "*the marker takes scenario=, seed=, clock= and allow=, not positional arguments"),
    ],
)
def test_a_wrong_marker_fails_the_test_with_one_line(pytester: pytest.Pytester, marker: str, message: str) -> None:
    pytester.makepyfile(f"import pytest\n@pytest.mark.mockserver({marker})\ndef test_it(mockserver): pass\n")
    result = run_inner(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert "host.py" not in result.stdout.str()


def test_the_report_of_a_failing_test_describes_what_happened(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
MINE = {"name": "mine", "operation": "videotoprompt.analyze_url", "when": {"body.url": {"contains": "beach"}},
        "fault": {"kind": "server_error"}}


@pytest.mark.mockserver(clock="manual", scenario={"rules": [MINE]})
def test_it(mockserver):
    mockserver.account("videotoprompt").webhook = mockserver.receiver().answer_with(500)
    assert submit(mockserver).status_code == 202
    requests.get(mockserver.url("videotoprompt", "/v1/analyse/1"), timeout=10)
    mockserver.clock.advance("10s")
    assert False, "as it happens"


def test_that_passes(mockserver):
    submit(mockserver)
"""
    )
    result = run_inner(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- mockserver -*",
            "sandbox t*: scenario test, seed 1, clock manual at 2025-06-01T12:00:10Z",
            "journal:",
            "  12:00:00Z POST /v1/analyze/url -> 202*",
            "  12:00:0*Z delivery to http://127.0.0.1:*: analysis.completed attempt 1: response 500",
            "unmatched requests:",
            "  POST /v1/analyze/url: no rule matched; closest: 'mine' (failed condition: body.url contains 'beach')",
            "  GET /v1/analyse/1: videotoprompt has no such operation; closest: GET /v1/analyze/{analysis_id}*",
            "undelivered webhooks:",
            "  analysis.completed to http://127.0.0.1:*: pending (500)",
        ]
    )
    assert result.stdout.str().count("sandbox t") == 1


def test_an_expectation_that_is_not_met_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
def test_never(mockserver):
    mockserver.expect("prompttovideo.generate", times=1)
    mockserver.expect("videotoprompt.analyze_url", at_most=1)
    submit(mockserver), submit(mockserver)


def test_met(mockserver):
    mockserver.expect("videotoprompt.analyze_url")
    submit(mockserver)


def test_that_fails_by_itself(mockserver):
    mockserver.expect("prompttovideo.generate", times=3)
    raise ValueError("first of all")
"""
    )
    result = run_inner(pytester)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "test_*.py:10: prompttovideo.generate was expected once, but it was not called",
            "  other call: POST /v1/analyze/url -> 202 (videotoprompt.analyze_url key sbx-t*)",
            "test_*.py:11: videotoprompt.analyze_url was expected at most once, but it was called twice",
            "  call: POST /v1/analyze/url -> 202*",
        ]
    )
    assert "expected 3 times" not in result.stdout.str()


def test_mockserver_session_is_one_sandbox_for_the_whole_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
def test_first(mockserver_session, mockserver):
    assert submit(mockserver_session).status_code == 202
    assert len(mockserver.jobs) == 0


def test_second(mockserver_session):
    assert len(mockserver_session.jobs) == 2
"""
    )
    result = run_inner(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["sandbox session: scenario default*", "  12:00:00Z POST /v1/analyze/url -> 202*"])


def test_values_depend_on_the_test_but_not_on_the_order(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
def write(mockserver, name):
    with open("ids.txt", "a") as file:
        file.write(name + submit(mockserver).json()["id"] + "\\n")


def test_a(mockserver):
    write(mockserver, "a ")


def test_b(mockserver):
    write(mockserver, "b ")
"""
    )
    name = "test_values_depend_on_the_test_but_not_on_the_order.py"
    ids = pytester.path / "ids.txt"
    run_inner(pytester, f"{name}::test_a", f"{name}::test_b").assert_outcomes(passed=2)
    forward = ids.read_text().splitlines()
    ids.unlink()
    run_inner(pytester, f"{name}::test_b", f"{name}::test_a").assert_outcomes(passed=2)
    assert ids.read_text().splitlines() == forward[::-1]
    assert forward[0][2:] != forward[1][2:]


def test_the_fixture_works_in_unittest_classes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        CLIENT
        + """
import unittest


class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mock(self, mockserver):
        self.mock = mockserver

    def test_it(self):
        self.assertEqual(submit(self.mock).status_code, 202)
"""
    )
    run_inner(pytester).assert_outcomes(passed=1)


def test_pytest_lists_the_options_the_marker_and_the_fixtures(pytester: pytest.Pytester) -> None:
    result = run_inner(pytester, "--help")
    result.stdout.fnmatch_lines(["*--mockserver-scenario=SCENARIO", "*mockserver_clock (string):*"])
    run_inner(pytester, "--markers").stdout.fnmatch_lines(
        ["@pytest.mark.mockserver(*, scenario, seed, clock, allow):*"]
    )
    run_inner(pytester, "--fixtures").stdout.fnmatch_lines(["mockserver -- *", "*A fresh sandbox of five*"])


UNUSED = """
import sys

import pytest

assert pytest.main(["-q", "-p", "no:cacheprovider", *{plugin!r}, "test_unused.py"]) == 0
heavy = ("mockserver", "uvicorn", "pydantic", "asyncio")
print("loaded:", sorted(m for m in sys.modules if m.partition(".")[0] in heavy))
"""


def test_a_run_without_the_fixture_does_not_import_the_server(pytester: pytest.Pytester) -> None:
    bare = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
    plugin = ("-p", "mockserver.pytest_plugin")
    pytester.makepyfile(test_unused="def test_it(): pass", run=UNUSED.format(plugin=plugin))
    done = subprocess.run([sys.executable, "run.py"], env=bare, capture_output=True, text=True, timeout=60, check=False)
    loaded = ["mockserver", "mockserver.pytest_options", "mockserver.pytest_plugin"]
    assert f"loaded: {loaded}" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("workers", [2])
def test_each_worker_has_its_own_server(pytester: pytest.Pytester, workers: int) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(
        CLIENT
        + """
@pytest.mark.parametrize("number", range(12))
def test_alone(mockserver, number, worker_id):
    assert submit(mockserver).status_code == 202
    assert len(mockserver.jobs) == 1
    with open(f"{worker_id}.txt", "a") as file:
        file.write(mockserver.url("videotoprompt").partition("/~")[0] + "\\n")
"""
    )
    run_inner(pytester, "-n", str(workers)).assert_outcomes(passed=12)
    bases = [set(file.read_text().split()) for file in sorted(pytester.path.glob("gw*.txt"))]
    assert all(len(base) == 1 for base in bases)
    assert len(set.union(*bases)) == len(bases)


def test_the_fixtures_have_the_documented_types(mockserver: MockServer, mockserver_session: MockServer) -> None:
    assert isinstance(mockserver, MockServer)
    assert mockserver_session.name == "session"


# The page.

UI = (
    CLIENT
    + """
def test_good(mockserver):
    assert submit(mockserver).status_code == 202


def test_bad(mockserver):
    assert submit(mockserver, "https://example.com/mock-rate-limited.mp4").status_code == 202
"""
)


def test_the_page_keeps_the_sandbox_of_each_test_until_enter_is_pressed(pytester: pytest.Pytester) -> None:
    import pty

    pytester.makepyfile(UI)
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        *PLUGIN,
        "--mockserver-ui",
    ]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=pytester.path) as process:
        os.close(theirs)
        text = b""
        while b"Press Enter to end." not in text:
            text += os.read(ours, 65_536)
        match = re.search(rb"mockserver: (http://\S+) shows the sandbox of each test", text)
        assert match is not None
        base = match[1].decode()
        sandboxes = httpx2.get(f"{base}/_mock/sandboxes").json()["sandboxes"]
        requests = httpx2.get(f"{sandboxes[2]['control']}/journal?kind=request").json()["entries"]
        os.write(ours, b"\n")
        assert process.wait(20) == 1
    os.close(ours)
    assert [(each["title"].rpartition("::")[2], each["outcome"]) for each in sandboxes] == [
        ("", ""), ("test_good", "passed"), ("test_bad", "failed"),
    ]  # fmt: skip
    assert [each["status"] for each in requests] == [429]
    assert sandboxes[2]["clock"] == "manual"


def test_the_page_does_not_hold_up_a_run_without_a_terminal(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UI)
    result = run_inner(pytester, "--mockserver-ui")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["mockserver: http://127.0.0.1:* shows the sandbox of each test"])
    result.stdout.fnmatch_lines(["mockserver: the page with the sandboxes of 2 tests has ended*"])


def test_the_oldest_passed_sandbox_goes_first() -> None:
    from mockserver.testing import ui

    host = ui.KeepingHost(Settings(), 0)
    program, spec = host.program(None), ClockSpec(mode="auto")
    for n in range(ui._MAX_ENDED + 2):
        host.run(host.create(f"t{n}", program, None, spec)).outcome = "failed" if n < 3 else "passed"
        host.run(host.delete(f"t{n}"))
    names = set(host.app.sandboxes.by_name)
    host.close()
    assert len(names) == ui._MAX_ENDED + 1
    assert {"default", "t0", "t1", "t2", "t5"} <= names
    assert not {"t3", "t4"} & names


def test_a_page_that_cannot_be_served_ends_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UI)
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = used.getsockname()[1]
        result = run_inner(pytester, "--mockserver-ui", "--mockserver-ui-port", str(port))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*cannot listen on 127.0.0.1 port {port}*"])
    result = run_inner(pytester, "--mockserver-ui", "--mockserver-ui-port", "70000")
    result.stderr.fnmatch_lines(["*--mockserver-ui-port must be from 1 to 65535, not 70000"])
