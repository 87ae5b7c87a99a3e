"""Kill a server with SIGKILL at random moments under load, and check that nothing that was acknowledged is lost.

    python -m bench.crash                 # 50 kills, about two minutes
    python -m bench.crash --kills 200 --seed 7

The server has a store in an SQLite file. Ten clients submit jobs of four providers, with credits, limits, webhooks and
streams, and keep a history: a request that gets a reply is acknowledged, and one that gets an error of the connection
may or may not have happened. After each kill the server is started again with the same file. At the end all jobs end,
all webhooks are sent, and the history is compared with the server and, after it has ended, with its file.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from bench.process import ROOT, answers, free_port, seconds_of
from bench.verdict import Budget, judged

SCENARIO = ROOT / "bench" / "scenarios" / "crash.yaml"
# The clients, of which some read streams.
CLIENTS, STREAMS = 10, 3
# Seconds of load before a kill, and after which a request is given up.
LEAST, MOST = 0.1, 1.2
PATIENCE = 5.0
# So many jobs of an account; its ledger keeps the entries of all of them.
JOBS_OF_ACCOUNT = 200
PAGE = 100


@dataclass(slots=True)
class History:
    """What the clients know: acknowledged jobs with their account, and requests with an unknown outcome.

    `jobs` are by id. `submits` counts the acknowledged submits by account, and `tries` all of them.
    """

    jobs: dict[str, str] = field(default_factory=dict)
    webhooks: set[str] = field(default_factory=set)
    submits: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)


class Machine:
    """The server, which is killed and started again on the same port with the same file."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "state.db"
        self.port = free_port()
        # The seconds of each start, and its CPU time.
        self.restarts: list[float] = []
        self.work: list[float] = []
        self._process: subprocess.Popen[bytes]

    async def start(self) -> None:
        """Start the server, and wait until it is ready."""
        began = time.perf_counter()
        self._launch()
        while not await asyncio.to_thread(answers, self.port, "/_mock/ready"):
            if self._process.poll() is not None or time.perf_counter() - began > 30:
                raise SystemExit("the server did not start again")
            await asyncio.sleep(0.01)
        self.restarts.append(time.perf_counter() - began)
        self.work.append(seconds_of(self._process.pid))

    def _launch(self) -> None:
        command = [sys.executable, "-m", "mockserver", "serve", "--port", str(self.port), "--quiet"]
        command += ["--scenario", str(SCENARIO), "--no-watch", "--store", f"sqlite:{self.file}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment, cwd=self.file.parent)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the server with a signal, and wait until it has ended."""
        self._process.send_signal(number)
        self._process.wait()


class Client:
    """Submits jobs, one after another, and writes down what happened."""

    def __init__(self, number: int, machine: Machine, hook: str, history: History) -> None:
        self._number = number
        self._base = f"http://127.0.0.1:{machine.port}"
        self._hook = hook
        self._history = history
        self._sent = 0
        submits = (self._description, self._analysis, self._video)
        self._works = (self._stream,) if number < STREAMS else submits

    async def run(self) -> None:
        """Submit until cancelled."""
        async with httpx2.AsyncClient(timeout=PATIENCE) as http:
            while True:
                for work in self._works:
                    self._sent += 1
                    await self._try(work, http)

    async def _try(self, work: Any, http: httpx2.AsyncClient) -> None:
        try:
            await work(http, f"key-{self._number}-{self._sent // JOBS_OF_ACCOUNT}")
        except httpx2.HTTPError:
            self._history.unknown += 1
            await asyncio.sleep(0.02)

    async def _submit(
        self, http: httpx2.AsyncClient, path: str, account: str, headers: Mapping[str, str], body: Any, name: str
    ) -> str | None:
        self._history.tries[account] += 1
        reply = await http.post(self._base + path, headers=headers, json=body)
        if reply.status_code >= 300:
            self._history.refused[reply.status_code] += 1
            return None
        self._history.submits[account] += 1
        job = str(reply.json()[name])
        self._history.jobs[job] = account
        return job

    async def _description(self, http: httpx2.AsyncClient, key: str) -> None:
        body = {
            "source": {"type": "direct_url", "url": f"https://example.com/{key}-{self._sent}.mp4"},
            "frames": 10,
            "generation_mode": "vision",
            "webhook": {"url": self._hook},
        }
        headers = {"X-API-Key": f"nxt_{key}"}
        path = "/descrideo/v1/video-descriptions"
        job = await self._submit(http, path, f"descrideo:nxt_{key}", headers, body, "job_id")
        if job is not None:
            self._history.webhooks.add(job)

    async def _analysis(self, http: httpx2.AsyncClient, key: str) -> None:
        body = {"url": f"https://example.com/{self._sent}.mp4"}
        headers = {"Authorization": f"Bearer {key}"}
        path = "/videotoprompt/v1/analyze/url"
        job = await self._submit(http, path, f"videotoprompt:{key}", headers, body, "id")
        if job is not None:
            reply = await http.get(f"{self._base}/videotoprompt/v1/analyze/{job}", headers=headers)
            if reply.status_code == 404:
                raise SystemExit(f"an acknowledged job is gone: {job}")

    async def _video(self, http: httpx2.AsyncClient, key: str) -> None:
        body = {"prompt": f"the sea, {self._number} {self._sent}", "quality": "premium"}
        headers = {"Authorization": f"Bearer {key}"}
        path = "/prompttovideo/api/v1/generate"
        await self._submit(http, path, f"prompttovideo:{key}", headers, body, "video_id")

    async def _stream(self, http: httpx2.AsyncClient, key: str) -> None:
        body = {
            "videoSource": "youtube",
            "videoUrl": f"https://www.youtube.com/watch?v=W-{self._number:05}-{self._sent:05}",
        }
        path = "/nanophoto/api/sora-2/reverse-prompt"
        self._history.tries[f"nanophoto:{key}"] += 1
        reply = await http.post(self._base + path, headers={"Authorization": f"Bearer {key}"}, json=body)
        if reply.status_code == 200:
            self._history.streams[f"nanophoto:{key}"] += 1
        else:
            self._history.refused[reply.status_code] += 1


async def receive(history: History, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Receive webhooks, and count them by job."""
    with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            history.received[json.loads(await reader.readexactly(length))["job_id"]] += 1
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    writer.close()


async def at_rest(machine: Machine) -> None:
    """Wait until every job has ended and every webhook is sent."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{machine.port}/_mock", timeout=30) as http:
        for _ in range(300):
            jobs = [(await http.get("/jobs", params={"status": s})).json()["jobs"] for s in ("queued", "running")]
            pending = (await http.get("/deliveries", params={"outcome": "pending", "limit": 1})).json()
            if not any(jobs) and not pending["deliveries"]:
                return
            await asyncio.sleep(0.1)
    raise SystemExit("the jobs and webhooks do not come to an end")


async def lost_jobs(machine: Machine, history: History) -> list[str]:
    """Return the acknowledged jobs that the server does not know."""
    known: set[str] = set()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{machine.port}/_mock", timeout=30) as http:
        cursor: dict[str, Any] = {}
        while True:
            page = (await http.get("/jobs", params={"limit": PAGE, **cursor})).json()
            known |= {each["id"] for each in page["jobs"]}
            if not page.get("next"):
                break
            cursor = {"cursor": page["next"]}
    return [job for job in history.jobs if job not in known]


@dataclass(slots=True)
class Books:
    """What is wrong in the file: ledgers, charges and limits, as texts."""

    unequal: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    open: int = 0
    uncounted: list[str] = field(default_factory=list)


def audited(file: Path, history: History) -> Books:
    """Read the file of a server that has ended, and compare its ledgers and limits with the history."""
    books = Books()
    with closing(sqlite3.connect(file)) as connection:
        entries: dict[str, Counter[tuple[str, str]]] = {}
        for place, account, balance, held in connection.execute("SELECT place, account, balance, held FROM ledgers"):
            rows = list(
                connection.execute("SELECT kind, amount, reference FROM credit_entries WHERE ledger = ?", (place,))
            )
            reserved = connection.execute(
                "SELECT total(amount) FROM reservations WHERE ledger = ?", (place,)
            ).fetchone()
            if sum(amount for _, amount, _ in rows) != balance or reserved[0] != held:
                books.unequal.append(account)
            entries[account] = Counter((kind, reference) for kind, _, reference in rows if reference)
            books.double += _charged_twice(entries[account])
        (books.open,) = connection.execute("SELECT count(*) FROM reservations").fetchone()
        books.unpaid = list(_unpaid(entries, history))
        used = dict(connection.execute("SELECT account, used FROM counters WHERE name = 'analyses_per_day'"))
    for account, count in history.submits.items():
        if account.startswith("videotoprompt:") and not count <= used.get(account, 0) <= history.tries[account]:
            books.uncounted.append(f"{account}: {used.get(account, 0)} for {count} of {history.tries[account]}")
    return books


def _charged_twice(entries: Counter[tuple[str, str]]) -> Iterator[str]:
    for (kind, reference), count in entries.items():
        ends = entries["capture", reference] + entries["release", reference]
        if count > 1 or (kind == "reserve" and ends > 1):
            yield reference


def _unpaid(entries: Mapping[str, Counter[tuple[str, str]]], history: History) -> Iterator[str]:
    """Yield the acknowledged jobs and streams with credits that were not charged."""
    for job, account in history.jobs.items():
        if not account.startswith("videotoprompt:") and not entries.get(account, Counter())["capture", job]:
            yield job
    for account, count in history.streams.items():
        captured = sum(n for (kind, _), n in entries.get(account, Counter()).items() if kind == "capture")
        if captured < count:
            yield f"{account}: {captured} of {count} streams"


async def load_and_kill(machine: Machine, history: History, hook: str, kills: int, chosen: random.Random) -> None:
    """Let the clients submit, and kill the server again and again."""
    clients = [asyncio.create_task(Client(n, machine, hook, history).run()) for n in range(CLIENTS)]
    for number in range(kills):
        await asyncio.sleep(chosen.uniform(LEAST, MOST))
        machine.kill()
        print(f"kill {number + 1} of {kills}, {len(history.jobs)} jobs ...", end="\r", file=sys.stderr, flush=True)
        await machine.start()
    for client in clients:
        client.cancel()
    results = await asyncio.gather(*clients, return_exceptions=True)
    for each in results:
        if not isinstance(each, asyncio.CancelledError) and isinstance(each, BaseException):
            raise each


async def measure(kills: int, seed: int) -> int:
    """Run everything, and print what was found."""
    history = History()
    with TemporaryDirectory() as directory:
        machine = Machine(Path(directory))
        receiver = await asyncio.start_server(lambda r, w: receive(history, r, w), "127.0.0.1", 0)
        hook = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/hook"
        await machine.start()
        try:
            await load_and_kill(machine, history, hook, kills, random.Random(seed))
            await at_rest(machine)
            lost = await lost_jobs(machine, history)
        finally:
            machine.kill(signal.SIGTERM)
            receiver.close()
        books = audited(machine.file, history)
        size = machine.file.stat().st_size / 1e6
    unsent = [job for job in history.webhooks if not history.received[job]]
    again = sum(count - 1 for count in history.received.values())
    print(f"{kills} kills, {len(history.jobs)} acknowledged jobs, {sum(history.streams.values())} complete streams")
    print(f"{history.unknown} requests with an unknown outcome, refused: {dict(history.refused)}")
    print(
        f"{history.received.total()} webhooks received, {again} of them once more after a kill; file of {size:.1f} MB"
    )
    middle, work = statistics.median(machine.restarts), max(machine.work)
    print(f"ready again after {middle:.2f} s in the median, {max(machine.restarts):.2f} s at most, beside the load")
    figures = {
        "acknowledged jobs lost": lost,
        "double charges": books.double,
        "acknowledged jobs not charged": books.unpaid,
        "ledgers that do not sum": books.unequal,
        "reservations left": range(books.open),
        "accounts with wrong limit counts": books.uncounted,
        "webhooks not sent": unsent,
    }
    for name, found in figures.items():
        if found:
            print(f"  {name}: {list(found)[:5]}")
    return judged(
        [
            *(Budget(name, len(found), 0) for name, found in figures.items()),
            Budget("ready again, in the median", middle, 2, "s"),
            Budget("CPU time until ready, at most", work, 2, "s"),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how often the server is killed (default: 50)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments (default: 1)")
    options = parser.parse_args()
    return asyncio.run(measure(options.kills, options.seed))


if __name__ == "__main__":
    sys.exit(main())
