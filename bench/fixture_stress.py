"""Run 200 tests with the pytest fixture on four workers in random order, twenty times.

Failures and addresses that two servers have in common are counted. Both must be zero.

    python -m bench.fixture_stress            # 20 runs
    python -m bench.fixture_stress --runs 3
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.process import ROOT

TESTS, WORKERS, PATIENCE = 200, 4, 120

CONFTEST = """
import os
import random


def pytest_collection_modifyitems(items):
    random.Random(os.environ["ORDER"]).shuffle(items)
"""
# If tests shared anything, each kind of test would fail because of another or make another fail.
SUITE = """
import os
import threading

import pytest
import requests

TESTS = range({tests} // 5)


def headers(mock):
    return {{"Authorization": f"Bearer {{mock.key('videotoprompt')}}"}}


def submit(mock, url="https://example.com/hike.mp4"):
    body = {{"url": url}}
    return requests.post(mock.url("videotoprompt") + "/analyze/url", json=body, headers=headers(mock), timeout=20)


@pytest.fixture(autouse=True)
def alone(mockserver, worker_id):
    assert len(mockserver.jobs) == len(mockserver.requests()) == len(mockserver.deliveries) == 0
    with open(os.path.join(os.environ["SEEN"], worker_id), "a") as file:
        file.write(mockserver.url("videotoprompt").split("/")[2] + "\\n")


@pytest.mark.parametrize("number", TESTS)
def test_jobs(mockserver, number):
    ids = [submit(mockserver, f"https://example.com/{{number}}-{{i}}.mp4").json()["id"] for i in range(number % 3 + 1)]
    assert [job.id for job in mockserver.jobs] == ids
    assert {{job.status for job in mockserver.jobs}} == {{"succeeded"}}


@pytest.mark.parametrize("number", TESTS)
@pytest.mark.mockserver(clock="manual")
def test_webhooks(mockserver, number):
    receiver = mockserver.receiver().answers(*[503] * (number % 3))
    mockserver.account("videotoprompt").webhook = receiver
    job = submit(mockserver).json()["id"]
    delivery = mockserver.deliveries.wait_for("analysis.completed")
    assert (delivery.job, len(receiver.calls)) == (job, number % 3 + 1)
    assert {{call.signature for call in receiver.calls}} == {{"valid"}}


@pytest.mark.parametrize("number", TESTS)
def test_faults(mockserver, number):
    mockserver.fault("videotoprompt.analyze_url", "rate_limited", times=number % 4 + 1)
    assert [submit(mockserver).status_code for _ in range(number % 4 + 2)] == [429] * (number % 4 + 1) + [202]


@pytest.mark.parametrize("number", TESTS)
@pytest.mark.mockserver(scenario="videotoprompt-outage")
def test_scenarios(mockserver, number):
    assert submit(mockserver).status_code == 503
    mockserver.use("default")
    account = mockserver.account("videotoprompt")
    account.change(limits={{"requests_per_minute": 1}})
    assert [submit(mockserver).status_code for _ in range(2)].count(429) >= 1


@pytest.mark.parametrize("number", TESTS)
def test_threads(mockserver, number):
    workers = [threading.Thread(target=submit, args=[mockserver]) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    mockserver.expect("videotoprompt.analyze_url", times=4, status=202)
"""


def main() -> None:
    """Run the tests several times, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    failed, clashes, passed, took = collections.Counter[str](), 0, 0, []
    for order in range(runs):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as directory:
            output, clashed = _run(Path(directory), order)
        took.append(time.perf_counter() - began)
        failures = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
        failed.update(line.partition(" - ")[0] for line in failures)
        passed += TESTS - len(failures) if "passed" in output else 0
        clashes += clashed
        print(f"run {order + 1:>2}: {took[-1]:5.1f} s  {output.strip().splitlines()[-1]}", flush=True)
    print(f"{runs} runs of {TESTS} tests on {WORKERS} workers in random order, {sum(took) / runs:.1f} s each")
    print(f"passed {passed} of {runs * TESTS}, failed {failed.total()}, addresses that two workers had {clashes}")
    for test, count in failed.most_common(20):
        print(f"  {count} x {test}")
    sys.exit(1 if failed or clashes or passed != runs * TESTS else 0)


def _run(directory: Path, order: int) -> tuple[str, int]:
    """Run the tests once. Return the output, and the number of addresses that a worker had in excess or in common."""
    seen = directory / "seen"
    seen.mkdir()
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_suite.py").write_text(SUITE.format(tests=TESTS))
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "ORDER": str(order), "SEEN": str(seen),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # fmt: skip
    plugins = ("-p", "xdist.plugin", "-p", "mockserver.pytest_plugin", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "-n", str(WORKERS), "--tb=short", str(directory)]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, cwd=directory, env=environment, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"FAILED the run took more than {PATIENCE} s", 0
    if ended.returncode > 1 or "FAILED" in ended.stdout:
        print(ended.stdout + ended.stderr)
    servers = [set(file.read_text().split()) for file in sorted(seen.iterdir())]
    apart = len(set[str]().union(*servers)) == sum(map(len, servers))
    return ended.stdout, sum(len(server) - 1 for server in servers) + (0 if apart else 1)


if __name__ == "__main__":
    main()
