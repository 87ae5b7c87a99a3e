"""Several workers on one socket: started once, replaced when they die, and ended together."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from mockserver.cli.main import main


class Worker(NamedTuple):
    number: int
    pid: int
    is_first: bool


class Program:
    """A program with two workers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.port = int(process.stdout.readline())

    def one(self) -> Worker:
        """Return the worker that accepts a connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            number, pid, is_first = connection.makefile().read().split()
        return Worker(int(number), int(pid), is_first == "True")

    def all(self) -> dict[int, Worker]:
        """Return all workers. The kernel distributes connections, so it may take some until each has had one."""
        found: dict[int, Worker] = {}
        while len(found) < 2:
            worker = self.one()
            found[worker.number] = worker
        return found


@contextmanager
def program(work: str) -> Iterator[Program]:
    command = [sys.executable, "-m", "tests.worker_processes", work]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # If it hangs, this test fails, but the run goes on.
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        try:
            yield Program(process)
        finally:
            process.kill()
            watchdog.cancel()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_ends_all_workers(number: int) -> None:
    with program("answer") as running:
        workers = running.all()
        assert [workers[each].is_first for each in (1, 2)] == [True, False]
        running.process.send_signal(number)
        assert running.process.communicate() == (f"0 {int(number)}\n", "")
        for worker in workers.values():
            with pytest.raises(ProcessLookupError):
                os.kill(worker.pid, 0)


def test_a_worker_that_dies_is_replaced() -> None:
    with program("answer") as running:
        workers = running.all()
        os.kill(workers[1].pid, signal.SIGKILL)
        assert running.process.stderr is not None
        assert running.process.stderr.readline() == "worker 1 was ended by signal 9 and is replaced\n"
        replaced = running.all()
        assert replaced[2] == workers[2]
        assert replaced[1].pid != workers[1].pid
        assert not replaced[1].is_first  # it does not print the banner again
        running.process.send_signal(signal.SIGINT)
        assert running.process.communicate() == ("0 2\n", "")


@pytest.mark.slow
def test_a_worker_that_does_not_answer_is_replaced() -> None:
    with program("answer") as running:
        workers = running.all()
        os.kill(workers[2].pid, signal.SIGSTOP)
        assert running.process.stderr is not None
        assert running.process.stderr.readline() == "worker 2 did not answer and is replaced\n"
        replaced = running.all()
        os.kill(replaced[2].pid, signal.SIGSTOP)
        running.process.send_signal(signal.SIGINT)
        assert running.process.communicate() == ("0 2\n", "")


def test_workers_end_with_their_supervisor() -> None:
    with program("answer") as running:
        running.all()
        running.process.kill()
        # The workers have its output too, so this returns when the last of them has ended.
        assert running.process.communicate() == ("", "")


def test_if_the_first_worker_does_not_start_the_program_ends_with_its_code() -> None:
    with program("fail") as running:
        assert running.process.communicate() == ("2 None\n", "worker 1 cannot start\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "0"], "workers must be from 1 to 64, not 0"),
        (["--workers", "65"], "workers must be from 1 to 64, not 65"),
        (["--workers", "2"], "2 workers would each have a memory of their own.* Use --store valkey://HOST:PORT/DB, .*"),
        (
            ["--workers", "3", "--store", "sqlite:state.db"],
            "3 workers cannot use sqlite:state.db, because the file belongs to one process. Use --store valkey://.*",
        ),
    ],
)
def test_workers_that_could_not_share_their_state_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *arguments]) == 2
    assert re.fullmatch(message + "\n", capsys.readouterr().err)
