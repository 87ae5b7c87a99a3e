"""Measure what the pytest fixture costs: the import of the plugin, its first use, and the time added to each test.

    python -m bench.fixture

Each figure is measured in its own processes. The last is the real time of a test in which a render takes ten virtual
minutes and its webhook fails three times, over real sockets.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.process import ROOT
from bench.startup import PLUGIN
from bench.verdict import Budget, judged

ROUNDS = 7
TESTS = 200

CONFTEST = """
import json

took = {}


def pytest_runtest_logreport(report):
    took.setdefault(report.nodeid.partition("::")[2], {})[report.when] = report.duration * 1000


def pytest_sessionfinish(session):
    with open("took.json", "w") as file:
        json.dump(took, file)
"""
SUITE = """
import http.client
import json
import time
from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_with(mockserver, number):
    mockserver.url("videotoprompt")


@pytest.mark.parametrize("number", range({tests}))
def test_without(number):
    pass


@pytest.mark.parametrize("number", range({rounds}))
@pytest.mark.mockserver(clock="manual")
def test_ten_minutes(mockserver, number):
    receiver = mockserver.receiver().answers(503, "reset", 500)
    mockserver.account("videotoprompt").webhook = receiver
    url = urlsplit(mockserver.url("videotoprompt"))
    headers = {{"Authorization": f"Bearer {{mockserver.key('videotoprompt')}}", "Content-Type": "application/json"}}
    connection = http.client.HTTPConnection(url.hostname, url.port)
    body = json.dumps({{"url": "https://example.com/mock-slow.mp4"}})
    connection.request("POST", f"{{url.path}}/analyze/url", body, headers)
    job = json.loads(connection.getresponse().read())["id"]
    delivery = mockserver.deliveries.wait_for("analysis.completed")
    connection.request("GET", f"{{url.path}}/analyze/{{job}}", headers=headers)
    assert json.loads(connection.getresponse().read())["status"] == "completed"
    connection.close()
    assert len(delivery.attempts) == len(receiver.calls) == 4
"""


def measure() -> int:
    """Print each figure with its minimum and maximum, and compare the medians with the budgets."""
    imports = [float(_python("-c", PLUGIN)) for _ in range(ROUNDS)]
    runs = [_run() for _ in range(ROUNDS)]
    firsts = [run["test_with[0]"]["setup"] + run["test_with[0]"]["call"] for run in runs]
    added = [
        _of(runs[0], f"test_with[{number}]") - _of(runs[0], f"test_without[{number}]") for number in range(1, TESTS)
    ]
    minutes = [run[f"test_ten_minutes[{number}]"]["call"] for run in runs for number in range(ROUNDS)]
    cold = [run["test_ten_minutes[0]"]["call"] for run in runs]
    figures = {
        "importing the plugin": (imports, 20),
        "first use in a run": (firsts, 700),
        "added to every test": (added, 5),
        "ten minutes, three retries": (minutes, 100),
        "  the first of a process": (cold, 100),
    }
    for what, (times, _) in figures.items():
        print(f"{what:<28} median {statistics.median(times):7.2f} ms  ({min(times):.2f} to {max(times):.2f})")
    return judged(Budget(what, statistics.median(times), limit, "ms") for what, (times, limit) in figures.items())


def _run() -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "conftest.py").write_text(CONFTEST)
        Path(directory, "test_suite.py").write_text(SUITE.format(tests=TESTS, rounds=ROUNDS))
        _python(
            "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "mockserver.pytest_plugin", directory, at=directory
        )
        took: dict[str, dict[str, float]] = json.loads(Path(directory, "took.json").read_text())
    return took


def _python(*command: str, at: str | Path = ROOT) -> str:
    # Other plugins of this environment would be measured too. Compiled code is written, as in any installation.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=at, env=environment, timeout=120, check=False
    )
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)
    return ended.stdout


def _of(run: dict[str, dict[str, float]], test: str) -> float:
    return sum(run[test].values())


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    return measure()


if __name__ == "__main__":
    sys.exit(main())
