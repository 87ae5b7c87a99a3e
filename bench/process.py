"""A server in a process of its own, and what the operating system says of it (Linux)."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """A running server: where it listens, and how long it took from start to its first 200 (milliseconds)."""

    pid: int
    port: int
    started_in: float

    def cpu(self) -> float:
        """Seconds of processor time used so far, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self) -> float:
        """Resident memory in MiB."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024

    def descriptors(self) -> int:
        """How many file descriptors are open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mockserver(*flags: str, wait_for: str = "/_mock/health") -> Iterator[Server]:
    """`mockserver serve` with its default settings and these flags."""
    port = free_port()
    command = [sys.executable, "-m", "mockserver", "serve", "--port", str(port), *flags]
    with running(command, port, wait_for) as server:
        yield server


@contextmanager
def running(command: Sequence[str], port: int, wait_for: str) -> Iterator[Server]:
    """Any server: started by `command`, ready when a GET of `wait_for` on `port` answers 200."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        while not answers(port, wait_for):
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise SystemExit(f"{' '.join(command)} did not start")
            time.sleep(0.002)
        yield Server(process.pid, port, (time.perf_counter() - began) * 1000)
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int, path: str) -> bool:
    """True when a GET of `path` is answered with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False
