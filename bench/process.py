"""A server in a process of its own, and what the operating system says of it (Linux)."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Server:
    """A running server: where it listens, and how long it took from start to its first 200 (milliseconds)."""

    pid: int
    port: int
    started_in: float

    def cpu(self) -> float:
        """Seconds of processor time used so far, in user and system mode, by the process and its children."""
        return sum(_seconds(pid) for pid in self._family())

    def memory(self) -> float:
        """Resident memory in MiB, of the process and its children."""
        return sum(_resident(pid) for pid in self._family()) / 1024

    def descriptors(self) -> int:
        """How many file descriptors are open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def _family(self) -> list[int]:
        family = [self.pid]
        for pid in family:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                family += map(int, (thread / "children").read_text().split())
        return family


def _seconds(pid: int) -> float:
    # The clock of that process (clock_getcpuclockid(3)): nanoseconds, where /proc/PID/stat has hundredths of a second.
    return time.clock_gettime(~pid << 3 | 2)


def _resident(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0])


def used_by_others() -> float:
    """Seconds of processor time that the machine spent so far on anything but this process and its ended children."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(map(int, fields[1:4])) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cores() -> list[int]:
    """The processor cores that this process may use; empty where that cannot be asked."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Keep this process, and those that it starts meanwhile, on one core. None leaves everything as it is."""
    before = cores()
    if core is not None and before:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        if core is not None and before:
            os.sched_setaffinity(0, set(before))


@contextmanager
def apart() -> Iterator[int | None]:
    """Keep this process, the load, on the last core. Gives the first, for the server; None where there is but one."""
    mine = cores()
    core = mine[0] if len(mine) > 1 else None
    with on_core(None if core is None else mine[-1]):
        yield core


@contextmanager
def mockserver(*flags: str, wait_for: str = "/_mock/health", core: int | None = None) -> Iterator[Server]:
    """`mockserver serve` with its default settings and these flags."""
    port = free_port()
    command = [sys.executable, "-m", "mockserver", "serve", "--port", str(port), *flags]
    with running(command, port, wait_for, core) as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], port: int, ready: str | Callable[[int], bool], core: int | None = None
) -> Iterator[Server]:
    """Any server: started by `command` and kept on `core`.

    It is ready when `ready`, asked with `port`, says so; a path is asked for with GET until the answer is 200.
    """
    is_ready = partial(answers, path=ready) if isinstance(ready, str) else ready
    # Compiled code is kept, as it is wherever the package is installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with on_core(core):
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        while not is_ready(port):
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise SystemExit(f"{' '.join(command)} did not start")
            time.sleep(0.002)
        yield Server(process.pid, port, (time.perf_counter() - began) * 1000)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def answers(port: int, path: str) -> bool:
    """True when a GET of `path` is answered with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False
