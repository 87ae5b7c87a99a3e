"""Kill a server with SIGKILL at random moments under load, and check that nothing that was acknowledged is lost.

    python -m bench.crash                 # 50 kills with SQLite and 50 with Valkey, about five minutes
    python -m bench.crash --store valkey --kills 200 --seed 7

With SQLite, the server is one process. With Valkey, it has two workers, and what is killed is chosen at random: all
processes of the server, one of the workers, or Valkey, which writes every change to the disk (`appendfsync always`)
and is started again within 2.5 seconds.

Ten clients submit jobs of four providers, with credits, limits, webhooks and streams, and keep a history: a request
that gets a success is acknowledged, and one that is refused, that gets an error of the connection, or no reply within
five seconds may or may not have happened. After each kill the server is started again with the same
store. At the end all jobs end, all webhooks are sent, and the history is compared with the server, with all of its
workers, and after it has ended with its store.
"""

import argparse
import asyncio
import random
import statistics
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from bench.crash_books import Books, audited
from bench.crash_clients import PATIENCE, Client, History, receive
from bench.crash_machines import MACHINES, VALKEY, WORKER, Machine
from bench.verdict import Budget, judged

CLIENTS = 10
# Seconds of load before a kill.
LEAST, MOST = 0.1, 1.2
# Jobs in a page, and connections by which every worker is asked: they are shared evenly among the workers.
PAGE, CONNECTIONS = 100, 6
# What every worker has to show in the same way.
VIEWS = ("jobs?limit=100", "journal?limit=500", "deliveries?limit=100", "coverage", "scenario", "faults")


async def at_rest(machine: Machine) -> None:
    """Wait until every job has ended and every webhook is sent."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{machine.port}/_mock", timeout=30) as http:
        for _ in range(300):
            jobs = [await http.get("/jobs", params={"status": status}) for status in ("queued", "running")]
            pending = await http.get("/deliveries", params={"outcome": "pending", "limit": 1})
            # Replies that are refused have neither.
            left = [reply.json().get("jobs", reply.text) for reply in jobs]
            left.append(pending.json().get("deliveries", pending.text))
            if not any(left):
                return
            await asyncio.sleep(0.1)
    print(f"  {str(left)[:2_000]}")
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


async def differences(machine: Machine) -> list[str]:
    """Return the views that are not the same on every connection, and so not the same for every worker."""
    url = f"http://127.0.0.1:{machine.port}/_mock"
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=30)) for _ in range(CONNECTIONS)
        ]
        # Connected together, and kept.
        await asyncio.gather(*(client.get("/clock") for client in clients))
        found = {view: {(await client.get(f"/{view}")).text for client in clients} for view in VIEWS}
    return [view for view, texts in found.items() if len(texts) > 1]


async def load_and_kill(machine: Machine, history: History, hook: str, kills: int, chosen: random.Random) -> None:
    """Let the clients submit, and kill again and again."""
    clients = [asyncio.create_task(Client(n, machine.port, hook, history).run()) for n in range(CLIENTS)]
    victims, weights = list(machine.victims), list(machine.victims.values())
    for number in range(kills):
        await asyncio.sleep(chosen.uniform(LEAST, MOST))
        (victim,) = chosen.choices(victims, weights)
        history.note_kill(victim)
        await machine.kill(victim, chosen)
        print(f"kill {number + 1} of {kills}, {len(history.jobs)} jobs ...", end="\r", file=sys.stderr, flush=True)
    # Long enough for every client to have a success after the last kill.
    await asyncio.sleep(PATIENCE)
    for client in clients:
        client.cancel()
    results = await asyncio.gather(*clients, return_exceptions=True)
    for each in results:
        if not isinstance(each, asyncio.CancelledError) and isinstance(each, BaseException):
            raise each


async def measure(kind: str, kills: int, seed: int, directory: Path) -> int:
    """Run everything with one store, and print what was found. The files are in the directory."""
    history, machine = History(), MACHINES[kind](directory)
    receiver = await asyncio.start_server(lambda r, w: receive(history, r, w), "127.0.0.1", 0)
    hook = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/hook"
    try:
        await machine.start()
        await load_and_kill(machine, history, hook, kills, random.Random(seed))
        await at_rest(machine)
        lost, different = await lost_jobs(machine, history), await differences(machine)
        machine.end()
        receiver.close()
        size = machine.size()
        async with machine.tables() as tables:
            books = audited(tables, history)
    finally:
        machine.kill_all()
    return report(machine, history, books, {"acknowledged jobs lost": lost, "views that differ": different}, size)


def report(machine: Machine, history: History, books: Books, wrong: dict[str, list[str]], size: str) -> int:
    """Print the figures. Return the exit code."""
    again = sum(count - 1 for count in history.received.values())
    killed = ", ".join(f"{victim} {count} times" for victim, count in history.killed.items())
    print(f"{killed} killed; {len(history.jobs)} acknowledged jobs, {sum(history.streams.values())} complete streams")
    print(f"requests with an unknown outcome: {dict(history.unknown)}; refused: {dict(history.refused)}")
    print(f"{history.received.total()} webhooks received, {again} of them once more after a kill; {size}")
    middle, work = statistics.median(machine.restarts), max(machine.work)
    print(f"ready again after {middle:.2f} s in the median, {max(machine.restarts):.2f} s at most, beside the load")
    for victim, seconds in history.longest.items():
        print(f"a client had no success for {seconds:.2f} s at most after {victim} was killed")
    figures = {
        **wrong,
        "double charges": books.double,
        "acknowledged jobs not charged": books.unpaid,
        "ledgers that do not sum": books.unequal,
        "reservations left": ["reservation"] * books.open,
        "accounts with wrong limit counts": books.uncounted,
        "webhooks not sent": [job for job in history.webhooks if not history.received[job]],
        "exceptions in the log": machine.exceptions(),
    }
    for name, found in figures.items():
        if found:
            print(f"  {name}: {found[:5]}")
    pauses = {f"without a success after {each} was killed": history.longest.get(each) for each in (WORKER, VALKEY)}
    return judged(
        [
            *(Budget(name, len(found), 0) for name, found in figures.items()),
            Budget("ready again, in the median", middle, 2, "s"),
            Budget("CPU time until ready, at most", work, 2, "s"),
            *(Budget(name, seconds, 5, "s") for name, seconds in pauses.items() if seconds is not None),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how often something is killed (default: 50)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments (default: 1)")
    parser.add_argument("--store", choices=MACHINES, help="only with this store (default: both, one after the other)")
    parser.add_argument("--keep", metavar="DIR", help="keep the log, the file and the data of Valkey there")
    options = parser.parse_args()
    kinds = [options.store] if options.store else list(MACHINES)
    codes = []
    for kind in kinds:
        with TemporaryDirectory() as directory:
            files = Path(options.keep or directory, kind)
            files.mkdir(parents=True)
            codes.append(asyncio.run(measure(kind, options.kills, options.seed, files)))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
