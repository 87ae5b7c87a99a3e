"""Run a server as a process, and read its CPU time and memory from the operating system (Linux)."""

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
    """A running server: its process, its port, and the milliseconds from its start to its first 200."""

    pid: int
    port: int
    started_in: float

    def cpu(self) -> float:
        """Return the seconds of CPU time that the process and its children have used, in user and system mode."""
        return sum(seconds_of(pid) for pid in self.family())

    def memory(self) -> float:
        """Return the resident memory of the process and its children in MiB."""
        return sum(_resident(pid) for pid in self.family()) / 1024

    def peak(self) -> float:
        """Return the largest resident memory of the process so far, in MiB."""
        return _resident(self.pid, "VmHWM:") / 1024

    def descriptors(self) -> int:
        """Return the number of open file descriptors."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def family(self) -> list[int]:
        """Return the ids of the process and of those that it has started."""
        family = [self.pid]
        for pid in family:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                family += map(int, (thread / "children").read_text().split())
        return family


def seconds_of(pid: int) -> float:
    """Return the seconds of CPU time that a process has used."""
    # The CPU clock of the process (clock_getcpuclockid(3)) has nanoseconds, while /proc/PID/stat has 1/100 s.
    return time.clock_gettime(~pid << 3 | 2)


def _resident(pid: int, field: str = "VmRSS:") -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition(field)[2].split()[0])


def used_by_others() -> float:
    """Return the seconds of CPU time that other processes than this one and its ended children have used."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(map(int, fields[1:4])) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cores() -> list[int]:
    """Return the CPU cores that this process may use. Empty if the system does not provide them."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Keep this process, and those that it starts meanwhile, on one core. None changes nothing."""
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
    """Keep this process, the load, on the last core. Yield the first, for the server, or None if there is one."""
    mine = cores()
    core = mine[0] if len(mine) > 1 else None
    with on_core(None if core is None else mine[-1]):
        yield core


@contextmanager
def mockserver(*flags: str, wait_for: str = "/_mock/health", core: int | None = None) -> Iterator[Server]:
    """Run `mockserver serve` without its log, and with these flags."""
    port = free_port()
    command = [sys.executable, "-m", "mockserver", "serve", "--port", str(port), "--quiet", *flags]
    with running(command, port, wait_for, core) as server:
        yield server


@contextmanager
def running(
    command: Sequence[str], port: int, ready: str | Callable[[int], bool], core: int | None = None
) -> Iterator[Server]:
    """Run a server with `command`, on `core`.

    It is ready when `ready(port)` is true. If `ready` is a path, the server is ready when a GET of it returns 200.
    """
    is_ready = partial(answers, path=ready) if isinstance(ready, str) else ready
    # Compiled code is written, as in any installation.
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
    """Return whether a GET of `path` returns 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False
