"""The terminal: a server and its commands work, or end with a message, if the output is closed or full."""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from mockserver.cli.errors import report_file_error
from mockserver.cli.main import main
from mockserver.serving.listening import listen
from mockserver.serving.output import forward_multipart_log

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")
COMMAND = [sys.executable, "-m", "mockserver"]


def test_a_port_in_use_has_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 3
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in capsys.readouterr().err


def test_a_wrong_setting_has_another_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--clock", "backwards"]) == 2


@needs_full
def test_a_full_disk_is_reported_in_one_line() -> None:
    with FULL.open("w") as output:
        run = subprocess.run(
            [*COMMAND, "show", "default"], stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (run.returncode, run.stderr) == (1, "cannot write the output: No space left on device\n")


@contextmanager
def serving(*options: str, stdout: int | None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server with this output; None: a closed one. Yields its process and its URL."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    command = [*COMMAND, "serve", "--port", str(port), *options]
    if stdout is None:
        # A shell can close the output, and Popen cannot.
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(port)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            if process.poll() is None:
                process.kill()


def wait_for(port: int) -> None:
    for _ in range(1_000):
        with socket.socket() as probe:
            probe.settimeout(0.02)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        signal.sigtimedwait([], 0.01)
    raise AssertionError("the server did not start")


@needs_full
def test_a_server_serves_although_its_output_is_full() -> None:
    with FULL.open("w") as output, serving("--access-log", stdout=output.fileno()) as (process, url):
        assert httpx2.get(f"{url}/_mock/health").status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert errors == "cannot write to the output: [Errno 28] No space left on device\n"
    assert process.returncode == 0


def test_a_server_serves_although_its_output_is_closed() -> None:
    with serving("--access-log", stdout=None) as (process, url):
        assert httpx2.get(f"{url}/_mock/health").status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert (errors, process.returncode) == ("", 0)


def test_an_access_log_ends_when_the_program_that_reads_it_ends() -> None:
    reading, writing = os.pipe()
    with serving("--access-log", stdout=writing) as (process, url):
        os.close(writing)
        assert b"is ready" in os.read(reading, 200)
        os.close(reading)
        for _ in range(3):
            assert httpx2.get(f"{url}/_mock/health").status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert "Traceback" not in errors
    assert errors.count("\n") <= 1


def test_a_shutdown_with_waiting_requests_prints_no_traceback() -> None:
    with serving(stdout=subprocess.DEVNULL) as (process, url):
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        head = b"Host: localhost\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nContent-Length: "
        hang = b'{"url": "https://example.com/mock-hang.mp4"}'
        requests = (
            b"POST /videotoprompt/v1/analyze/url HTTP/1.1\r\n%b%d\r\n\r\n%b" % (head, len(hang), hang),
            b"GET /_mock/deliveries?wait=30s HTTP/1.1\r\n%b0\r\n\r\n" % head,
            b"POST /videotoprompt/v1/analyze/upload HTTP/1.1\r\n%b900\r\n\r\nabc" % head,
            b"POST /_mock/clock HTTP/1.1\r\n%b900\r\n\r\n{" % head,
        )
        connections = [socket.create_connection(address) for _ in requests]
        for connection, data in zip(connections, requests, strict=True):
            connection.sendall(data)
        httpx2.get(f"{url}/_mock/clock")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        for connection in connections:
            connection.close()
    assert "Traceback" not in errors
    assert process.returncode == 0


def test_mistakes_in_multipart_bodies_are_logged_by_the_server_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    library = logging.getLogger("python_multipart")
    before = (library.handlers[:], library.propagate)
    try:
        forward_multipart_log()
        forward_multipart_log()
        with caplog.at_level(logging.DEBUG, "mockserver"):
            logging.getLogger("python_multipart.multipart").warning("Skipping data after last boundary")
    finally:
        library.handlers[:], library.propagate = before
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("mockserver", "DEBUG")
    assert record.getMessage() == "python_multipart.multipart: Skipping data after last boundary"


def test_an_output_that_is_closed_is_not_reported_as_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BrokenPipeError):
        report_file_error(BrokenPipeError(32, "Broken pipe"))
    assert report_file_error(FileNotFoundError(2, "No such file or directory", "exam.xml")) == 2
    assert capsys.readouterr().err == "exam.xml: No such file or directory\n"
