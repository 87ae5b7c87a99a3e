"""Measure whether the server stays the same under mixed requests at a constant rate, for an hour.

    python -m bench.soak                 # 60 minutes at 200 requests a second, after a warm-up
    python -m bench.soak --minutes 6

Of 25 requests 8 are polls, 6 submissions (each with another URL; two have a webhook), 2 lists, 1 a queue's status,
2 streams, 2 extractions, 1 an upload, 1 a journal page, 1 a page of deliveries, and 1 an invalid request. They are
sent at fixed times, however long the server takes, and latencies count from these times. A receiver answers the
webhooks.

Memory, open descriptors and asyncio tasks are sampled every few seconds. Descriptors are those besides the connections
of the load, whose number depends on how fast both sides are. The slope of the memory is that of the
straight line closest to all samples (least squares), in MiB of resident memory per 100,000 requests. The warm-up
fills the stores of the server as fast as it can.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from bench.load import NUMBER, load
from bench.process import Server, apart, free_port, running
from bench.verdict import Budget, judged
from bench.workloads import (
    AT_ONCE,
    LIST_PATH,
    POLL_PATH,
    QUEUE_PATH,
    STREAM,
    STREAM_PATH,
    SUBMIT,
    SUBMIT_PATH,
    ask,
    request,
)
from mockserver.core.seeded import Seeded
from mockserver.kit.catalogue import catalogue
from mockserver.media.maker import video
from mockserver.providers.registry import all_providers

RATE = 200
MINUTES = 60.0
# Submissions, and requests of all kinds at a higher rate, until all stores are full.
WARM_UP = 260_000
WARM_UP_MIXED = 300_000
WARM_UP_RATE = 1_500
EVERY = 5.0
MAX_SLOPE, MAX_DESCRIPTORS, MAX_TASKS, MAX_LATENCY = 1.0, 10.0, 10.0, 20.0
# Seconds that the server needs after the warm-up to deliver and settle what is left.
_SETTLES = 15.0
_BOUNDARY = "bench-boundary"
_UPLOAD = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'.encode()
    + video(2_000, Seeded(1)).data
    + f"\r\n--{_BOUNDARY}--\r\n".encode()
)
_EXTRACTION = json.dumps(
    {"inputMethod": "url", "video": "https://example.com/mock-fast-##########.mp4", "prompt": "List the products."}
).encode()


class Mixed(NamedTuple):
    """A request, and the statuses that its reply may have."""

    payload: bytes
    statuses: tuple[int, ...]


class Tasks:
    """Reports the number of asyncio tasks of a server that runs in this module."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, number: int, frame: FrameType | None) -> None:
        loop = asyncio._get_running_loop()
        self._file.write_text(str(len(asyncio.all_tasks(loop)) if loop is not None else 0))


@dataclass(slots=True)
class Sample:
    """What was measured at one time."""

    requests: int
    memory: float
    descriptors: int
    tasks: int


@dataclass(slots=True)
class Soak:
    """A run: the latencies in seconds, the replies by status, the requests that went wrong, and the samples.

    `connections` are those that the load has open.
    """

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    webhooks: int = 0
    sent: int = 0
    connections: int = 0


def mixture(port: int, poll: str) -> list[Mixed]:
    """Return 25 requests."""
    submit = request("POST", SUBMIT_PATH, port, SUBMIT.replace(b"EXAMPLE", NUMBER))
    hooked = submit.replace(b"bench-key", b"hooked-key")
    upload = request("POST", "/videotoprompt/v1/analyze/upload", port, _UPLOAD)
    upload = upload.replace(b"application/json", f"multipart/form-data; boundary={_BOUNDARY}".encode())
    other = [
        Mixed(request("GET", LIST_PATH, port), (200,)),
        Mixed(hooked, (201, 202)),
        Mixed(request("GET", QUEUE_PATH, port), (200,)),
        Mixed(request("POST", STREAM_PATH, port, STREAM), (200,)),
        Mixed(request("POST", "/dumplingai/api/v1/extract-video", port, _EXTRACTION), (200,)),
        Mixed(upload, (200, 201, 202)),
        Mixed(request("GET", "/_mock/journal?limit=20", port), (200,)),
        Mixed(request("GET", "/_mock/deliveries?limit=20", port), (200,)),
        Mixed(request("POST", SUBMIT_PATH, port, b'{"url": 5}'), (400, 422)),
    ]
    polls, submits = [Mixed(request("GET", poll, port), (200,))] * 8, [Mixed(submit, (200, 201, 202))] * 4
    together = [*polls, *submits, *other, other[0], other[1], other[3], other[4]]
    # Requests of one kind are not sent one behind another.
    return [together[i * 7 % len(together)] for i in range(len(together))]


def mixed(server: Server) -> Iterator[Mixed]:
    """Yield requests without end. The polled job is a new one from time to time, because the oldest are removed."""
    while True:
        poll = POLL_PATH + str(ask(server, "POST", SUBMIT_PATH, SUBMIT)["id"])
        yield from mixture(server.port, poll) * 200


class Client:
    """Sends requests at fixed times, on as many keep-alive connections as it needs."""

    def __init__(self, server: Server, soak: Soak) -> None:
        self._server = server
        self._soak = soak
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, requests: Iterator[Mixed], total: int, rate: int = RATE) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(total):
            due = began + number / rate
            if (early := due - loop.time()) > 0:
                await asyncio.sleep(early)
            task = loop.create_task(self._ask(next(requests), number, due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._soak.sent = number + 1
        await asyncio.gather(*self._tasks)

    async def _ask(self, one: Mixed, number: int, due: float) -> None:
        kind = one.payload.split(b" ", 2)[1].decode()[:40]
        kind = POLL_PATH if kind.startswith(POLL_PATH) and "url" not in kind and "upload" not in kind else kind
        try:
            status = await asyncio.wait_for(self._exchange(one.payload.replace(NUMBER, b"%010d" % number)), 30)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self._soak.errors[f"{kind}: {error!r}"] += 1
            return
        self._soak.latencies.append(asyncio.get_running_loop().time() - due)
        self._soak.statuses[status] += 1
        if status not in one.statuses:
            self._soak.errors[f"{kind}: {status}"] += 1

    async def _exchange(self, payload: bytes) -> int:
        reader, writer = await self._connection()
        writer.write(payload)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if length:
            await reader.readexactly(int(length[1]))
        else:
            await reader.readuntil(b"\r\n0\r\n\r\n")
        self._idle.append((reader, writer))
        return int(head[9:12])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # The least recently used one first, so that none is idle for as long as the server allows.
        while self._idle:
            reader, writer = self._idle.popleft()
            if not reader.at_eof():
                return reader, writer
            self._soak.connections -= 1
            writer.close()
        self._soak.connections += 1
        return await asyncio.open_connection("127.0.0.1", self._server.port, limit=8 * 1_048_576)


async def receive(soak: Soak, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer webhooks with 204."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            soak.webhooks += 1
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        writer.close()


def count_of(file: Path) -> int:
    """Return the number in a file that the server has written."""
    return int(file.read_text() or 0)


async def sample(server: Server, soak: Soak, counted: Path) -> None:
    """Take a sample every `EVERY` seconds, and print one a minute."""
    began = time.perf_counter()
    while True:
        os.kill(server.pid, signal.SIGUSR1)
        await asyncio.sleep(EVERY)
        one = Sample(soak.sent, server.memory(), server.descriptors() - soak.connections, count_of(counted))
        soak.samples.append(one)
        if len(soak.samples) % round(60 / EVERY) == 0:
            print(
                f"{time.perf_counter() - began:5.0f} s  {one.requests:>9,} requests  {one.memory:7.1f} MiB  "
                f"{one.descriptors} descriptors  {one.tasks} tasks  {soak.errors.total()} errors  "
                f"{soak.webhooks:,} webhooks",
                flush=True,
            )


async def soaked(server: Server, receiver: int, minutes: float, counted: Path, soak: Soak, warm_up: int) -> None:
    listener = await asyncio.start_server(lambda r, w: receive(soak, r, w), "127.0.0.1", receiver)
    requests = mixed(server)
    await Client(server, Soak()).run(requests, warm_up, WARM_UP_RATE)
    stored = ask(server, "GET", "/_mock/ready")["memory"]["used"] / 1_048_576
    print(f"after {warm_up:,} more requests {server.memory():.1f} MiB, {stored:.1f} of them stored", flush=True)
    await asyncio.sleep(_SETTLES)
    soak.webhooks = 0
    sampling = asyncio.create_task(sample(server, soak, counted))
    await Client(server, soak).run(requests, int(minutes * 60 * RATE))
    sampling.cancel()
    listener.close()


def measure(minutes: float, warm_up: int) -> int:
    """Print a line a minute, and then the figures with their budgets."""
    soak, receiver, port = Soak(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        counted, scenario = Path(folder) / "tasks", Path(folder) / "soak.yaml"
        counted.write_text("0")
        text = AT_ONCE.read_text("utf-8").replace("scenario: stream-at-once", "scenario: soak")
        unlimited = {"plan": "pro", "credits": None, "limits": dict.fromkeys(catalogue(all_providers()).limits)}
        hook = {"url": f"http://127.0.0.1:{receiver}/hook", "secret": "whsec_bench"}
        accounts = [{"key": "hooked-key", "webhook": hook, **unlimited}, {"key": "*", **unlimited}]
        scenario.write_text(f"{text}\naccounts: {json.dumps(accounts)}\n", "utf-8")
        command = [sys.executable, "-m", "bench.soak", "--serve", str(counted)]
        command += ["--port", str(port), "--scenario", str(scenario)]
        with apart() as core, running(command, port, "/_mock/health", core) as server:
            submit = request("POST", SUBMIT_PATH, port, SUBMIT.replace(b"EXAMPLE", NUMBER))
            load(port, submit, warm_up)
            print(f"after {warm_up:,} submissions {server.memory():.1f} MiB", flush=True)
            asyncio.run(soaked(server, receiver, minutes, counted, soak, warm_up * WARM_UP_MIXED // WARM_UP))
    return report(soak)


def report(soak: Soak) -> int:
    ranked = sorted(soak.latencies)
    p50, p99 = (ranked[int(share * (len(ranked) - 1))] * 1000 for share in (0.5, 0.99))
    # The first samples are of connections and pools that are still being filled.
    steady = soak.samples[len(soak.samples) // 10 :]
    x = [each.requests / 100_000 for each in steady]
    slope = statistics.linear_regression(x, [each.memory for each in steady]).slope
    print(f"\n{soak.sent:,} requests, {soak.webhooks:,} webhooks, latency p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print("statuses: " + ", ".join(f"{status}: {count:,}" for status, count in sorted(soak.statuses.items())))
    for text, count in soak.errors.most_common(10):
        print(f"  {count} x {text}")
    half = len(steady) // 2
    growth = {
        name: statistics.median(getattr(s, name) for s in steady[half:])
        - statistics.median(getattr(s, name) for s in steady[:half])
        for name in ("descriptors", "tasks")
    }
    return judged(
        [
            Budget("growth per 100,000 requests", slope, MAX_SLOPE, "MiB"),
            Budget("errors", soak.errors.total(), 0),
            Budget("descriptors, second half compared with first", growth["descriptors"], MAX_DESCRIPTORS),
            Budget("tasks, second half compared with first", growth["tasks"], MAX_TASKS),
            Budget("latency p99", p99, MAX_LATENCY, "ms"),
        ]
    )


def main() -> int:
    if sys.argv[1:2] == ["--serve"]:
        from mockserver.cli.main import main as mockserver

        signal.signal(signal.SIGUSR1, Tasks(Path(sys.argv[2])))
        sys.argv[1:] = ["serve", *sys.argv[3:]]
        return mockserver()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"how long it runs (default: {MINUTES:g})")
    parser.add_argument(
        "--warm-up", type=int, default=WARM_UP, help=f"submissions before the run (default: {WARM_UP:,})"
    )
    options = parser.parse_args()
    return measure(options.minutes, options.warm_up)


if __name__ == "__main__":
    sys.exit(main())
