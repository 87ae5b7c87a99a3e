"""Several processes that share their state, as their users start them: workers, and servers behind a load balancer."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from bench.balancer import address, balanced
from mockserver.app import create_app
from mockserver.settings import Settings
from tests.documents import ROOT
from tests.live import live_server
from tests.pages import LOCAL, called, commands

KEY = {"Authorization": "Bearer k"}
ANALYZE = "/videotoprompt/v1/analyze/url"
FAST = {"url": "https://example.com/mock-fast.mp4"}


def curls() -> list[list[str]]:
    """Return the commands of the README that send requests to the server."""
    return [words for words in commands(ROOT / "README.md", "curl") if any(LOCAL in word for word in words)]


async def test_the_commands_of_the_readme_work_through_a_load_balancer(valkey: str) -> None:
    with ExitStack() as stack:
        urls = [stack.enter_context(live_server(create_app(Settings(store=valkey)))) for _ in range(2)]
        async with balanced([address(url) for url in urls], checked=False) as (port, balancer):
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                for words in curls():
                    reply = await called(client, words)
                    assert reply.status_code < 300, (words, reply.text)
                # Each request is for the next server, and each of them knows all jobs.
                jobs = [(await client.post(ANALYZE, json=FAST, headers=KEY)).json()["id"] for _ in range(4)]
                for job in jobs:
                    assert (await client.get(f"/videotoprompt/v1/analyze/{job}", headers=KEY)).status_code == 200
            assert all(backend.requests >= 3 for backend in balancer.backends)


class Serving:
    """`mockserver serve` with two workers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.banner = [next(process.stdout)]
        while not self.banner[-1].startswith("  Control"):
            self.banner.append(next(process.stdout))
        self.url = re.findall(r"http://\S+:\d+", self.banner[-1])[0]

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        command = ["ps", "-A", "-ww", "-o", "ppid=", "-o", "pid=", "-o", "args="]
        listed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
        children = [(int(pid), command) for parent, pid, command in rows if int(parent) == self.process.pid]
        return [pid for pid, command in children if "spawn_main" in command]


@contextmanager
def serving(store: str, folder: Path) -> Iterator[Serving]:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--workers", "2", "--store", store]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # If the server hangs, this test fails, but the run goes on.
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        try:
            yield Serving(process)
        finally:
            process.kill()
            watchdog.cancel()


def call(method: str, url: str, json: object = None) -> httpx2.Response:
    """Send a request on a connection of its own, which any worker can accept."""
    reply = httpx2.request(method, url, json=json, headers=KEY, timeout=30)
    assert reply.is_success, reply.text
    return reply


def test_workers_serve_the_same_jobs_and_write_one_log(valkey: str, tmp_path: Path) -> None:
    with serving(valkey, tmp_path) as server:
        assert server.banner[0].endswith(", 2 workers\n")
        jobs = [call("POST", server.url + ANALYZE, FAST).json()["id"] for _ in range(4)]
        for job in jobs:
            call("GET", f"{server.url}/videotoprompt/v1/analyze/{job}")
        server.process.send_signal(signal.SIGINT)
        output, errors = server.process.communicate()
        assert (server.process.returncode, errors) == (0, "")
    assert "mockserver is ready" not in output  # it was printed once, by the first worker
    for operation in ("analyze_url", "get_analysis"):
        lines = [line for line in output.splitlines() if f"videotoprompt.{operation} " in line]
        assert sorted(re.findall(r"job (\S+)", " ".join(lines))) == sorted(jobs)


@pytest.mark.slow
def test_a_job_outlives_the_worker_that_has_created_it(valkey: str, tmp_path: Path) -> None:
    with serving(valkey, tmp_path) as server:
        jobs = [call("POST", server.url + ANALYZE, FAST).json()["id"] for _ in range(4)]
        workers = server.workers()
        assert len(workers) == 2
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            assert server.process.stderr is not None
            line = server.process.stderr.readline()
            assert re.fullmatch(r"worker [12] was ended by signal 9 and is replaced\n", line)
            for job in jobs:
                call("GET", f"{server.url}/videotoprompt/v1/analyze/{job}")
        server.process.terminate()
        server.process.communicate()
        assert server.process.returncode == -signal.SIGTERM
