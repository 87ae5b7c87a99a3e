"""Ctrl+C and SIGTERM while requests are in progress, as the user of a terminal sees them."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from mockserver.cli import main as cli

_BODY = b'{"url": "https://example.com/mock-hang.mp4"}'
_HANGS = (
    b"POST /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
)


@dataclass
class _Serving:
    process: subprocess.Popen[str]
    port: int

    def connect(self, data: bytes) -> socket.socket:
        """Send data on a new connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(data)
        return connection

    def until_hanging(self) -> None:
        """Wait until the server has received everything that was sent before."""
        with self.connect(b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n") as other:
            assert other.recv(12) == b"HTTP/1.1 200"


@contextmanager
def _serving() -> Iterator[_Serving]:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        # If the server hangs, this test fails, but the run goes on.
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("  Control"))
        yield _Serving(process, int(re.findall(r":(\d+)/", line)[0]))
        watchdog.cancel()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("sent", [_HANGS + _BODY, _HANGS + _BODY[:9]], ids=["hang", "half a body"])
def test_a_signal_ends_a_server_with_a_hanging_request_within_a_second(number: int, sent: bytes) -> None:
    with _serving() as server:
        connection = server.connect(sent)
        server.until_hanging()
        connection.settimeout(1)
        server.process.send_signal(number)
        assert connection.recv(100) == b""  # the connection is closed, and no reply was sent
        output, errors = server.process.communicate()
        assert errors == "1 request was still in progress, and cut off\n"
        assert "Traceback" not in output
        assert server.process.returncode == (0 if number == signal.SIGINT else -number)
        connection.close()


@pytest.mark.parametrize("data", [b"", b"ignored\n"])
def test_a_server_stops_with_its_standard_input(data: bytes) -> None:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--log", "json", "--stop-with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        assert process.stdout is not None
        assert b'"ready"' in process.stdout.readline()
        assert process.poll() is None
        output, errors = process.communicate(data)
        watchdog.cancel()
    assert (process.returncode, output, errors) == (0, b"", b"")


def test_a_second_ctrl_c_while_the_process_ends_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["mockserver", "schema"])
    try:
        assert cli.main() == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert cli.main(["schema"]) == 0  # a caller in Python keeps its handler
    assert signal.getsignal(signal.SIGINT) is before
