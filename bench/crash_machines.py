"""The servers of `bench.crash`, which are killed and started again: one with SQLite, or workers with Valkey."""

import asyncio
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from pathlib import Path

import redis

from bench.process import ROOT, answers, free_port, seconds_of
from mockserver.store.memory import Bounds
from mockserver.store.valkey.process import ValkeyProcess
from tests.valkey_server import binary

SCENARIO = ROOT / "bench" / "scenarios" / "crash.yaml"
SERVER, WORKER, VALKEY = "the server", "a worker", "Valkey"
# MiB for a sandbox.
MEMORY = 1_024
# Seconds for which Valkey is away.
_AWAY = (0.0, 2.5)


class Machine(ABC):
    """A server, which is killed and started again on the same port with the same `store`. `log` has its errors."""

    # What can be killed, and how often compared with the others.
    victims: Mapping[str, int] = {SERVER: 1}
    flags: tuple[str, ...] = ()

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "errors.log"
        self.port = free_port()
        # The seconds of each start, and its CPU time.
        self.restarts: list[float] = []
        self.work: list[float] = []
        self._process: subprocess.Popen[bytes]

    @property
    @abstractmethod
    def store(self) -> str:
        """The store, as `--store` takes it."""

    async def start(self) -> None:
        """Start the server, and wait until it is ready."""
        began = time.perf_counter()
        self._launch()
        while not await asyncio.to_thread(answers, self.port, "/_mock/ready"):
            if self._process.poll() is not None or time.perf_counter() - began > 30:
                raise SystemExit(f"the server did not start again:\n{self.log.read_text()[-2_000:]}")
            await asyncio.sleep(0.01)
        self.restarts.append(time.perf_counter() - began)
        # It is ready when the first worker is; the others start meanwhile.
        self.work.append(seconds_of(self._process.pid) + max(map(seconds_of, self.workers()), default=0.0))

    def _launch(self) -> None:
        command = [sys.executable, "-m", "mockserver", "serve", "--port", str(self.port), "--quiet", *self.flags]
        command += ["--scenario", str(SCENARIO), "--no-watch", "--store", self.store]
        # Otherwise the oldest jobs would be dropped, as is documented.
        command += ["--sandbox-memory", str(MEMORY), "--server-memory", str(2 * MEMORY)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, cwd=self.directory, start_new_session=True
            )

    def workers(self) -> list[int]:
        """Return the ids of the processes of the workers. A server without `--workers` has none."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    async def kill(self, victim: str, chosen: random.Random) -> None:
        """Kill all processes of the server, and start it again."""
        Machine.kill_all(self)
        await self.start()

    def kill_all(self) -> None:
        """Kill all processes, and wait until they have ended."""
        if self._process.poll() is None:
            workers = [os.pidfd_open(pid) for pid in self.workers()]
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for worker in workers:
                # Readable when the process has ended. Until then it listens on the port.
                select.select([worker], [], [])
                os.close(worker)

    def end(self) -> None:
        """End the server as its user does."""
        self._process.terminate()
        self._process.wait()

    @abstractmethod
    def tables(self) -> AbstractAsyncContextManager[sqlite3.Connection]:
        """Yield the tables of the sandbox `default`, after the server has ended."""

    @abstractmethod
    def size(self) -> str:
        """Return how much the store has, in words."""

    def exceptions(self) -> list[str]:
        """Return the last lines of the tracebacks in the log."""
        blocks = self.log.read_text().split("Traceback (most recent call last):\n")[1:]
        return [next((line for line in block.splitlines() if line[:1].strip()), "") for block in blocks]


class SqliteMachine(Machine):
    """A server with its state in a file."""

    @property
    def _file(self) -> Path:
        return self.directory / "state.db"

    @property
    def store(self) -> str:
        return f"sqlite:{self._file}"

    @asynccontextmanager
    async def tables(self) -> AsyncIterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file)) as connection:
            yield connection

    def size(self) -> str:
        return f"a file of {self._file.stat().st_size / 1e6:.1f} MB"


class ValkeyMachine(Machine):
    """Two workers with their state in a Valkey that writes every command to the disk before it replies."""

    victims: Mapping[str, int] = {SERVER: 2, WORKER: 2, VALKEY: 1}
    flags = ("--workers", "2")

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._valkey_port = free_port()
        self._valkey: subprocess.Popen[bytes]

    @property
    def store(self) -> str:
        return f"valkey://127.0.0.1:{self._valkey_port}/0"

    async def start(self) -> None:
        if not self.restarts:
            await asyncio.to_thread(self._start_valkey)
        await super().start()

    def _start_valkey(self) -> None:
        options = {"port": self._valkey_port, "bind": "127.0.0.1", "dir": self.directory, "save": ""}
        options |= {"appendonly": "yes", "appendfsync": "always", "logfile": self.directory / "valkey.log"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._valkey = subprocess.Popen([binary(), *words], stdout=subprocess.DEVNULL)
        with redis.Redis(port=self._valkey_port) as client:
            for _ in range(1_000):
                with suppress(redis.RedisError):
                    client.ping()
                    return
                time.sleep(0.01)
        raise SystemExit("Valkey did not start")

    async def kill(self, victim: str, chosen: random.Random) -> None:
        """Kill the server, one of its workers, which it replaces, or Valkey."""
        if victim == SERVER:
            await super().kill(victim, chosen)
        elif victim == WORKER:
            await asyncio.to_thread(self._kill_worker, chosen)
        else:
            self._valkey.kill()
            self._valkey.wait()
            await asyncio.sleep(chosen.uniform(*_AWAY))
            await asyncio.to_thread(self._start_valkey)

    def kill_all(self) -> None:
        super().kill_all()
        self._valkey.kill()
        self._valkey.wait()

    def _kill_worker(self, chosen: random.Random) -> None:
        while not (workers := self.workers()):
            time.sleep(0.01)  # both were killed a moment ago
        os.kill(chosen.choice(workers), signal.SIGKILL)

    @asynccontextmanager
    async def tables(self) -> AsyncIterator[sqlite3.Connection]:
        process = ValkeyProcess(self.store, Bounds(memory=MEMORY * 1_048_576))
        await process.start(lambda name, created: None)
        try:
            store = await process.open("default")
            if store is None:
                raise SystemExit("the sandbox is gone")
            yield store.write_image()
        finally:
            await process.close()

    def size(self) -> str:
        with redis.Redis(port=self._valkey_port) as client:
            used = client.info("memory")["used_memory"]
            log, image = (client.memory_usage(f"mockserver:{{default}}:{key}") or 0 for key in ("log", "image"))
        return f"{used / 1e6:.1f} MB in Valkey, {log / 1e6:.1f} of them in the log and {image / 1e6:.1f} in the image"


MACHINES = {"sqlite": SqliteMachine, "valkey": ValkeyMachine}
