"""Measure what several processes carry together, with their state in Valkey: W1 and W2 over 100 sandboxes.

    python -m bench.scale                   # one, two and three workers, and servers behind a balancer: 3 minutes
    python -m bench.scale --processes 1 2 --how workers --seconds 10
    python -m bench.scale --quick           # one short round, to try it out: its figures are not precise
    python -m bench.scale --shared          # the hardest case: every client uses every sandbox
    python -m bench.scale --store memory    # one server without Valkey, to compare with

16 clients poll (W1) and submit (W2) in 100 sandboxes, one request at a time each. Each client has six or seven
sandboxes of its own, as parallel tests have, and uses them in turn. With `workers`, the set-ups are `serve --workers`,
where a client stays with the worker that has accepted its connection. With `balancer`, they are N servers behind
`bench.balancer`, which gives each request to the next server, so that a sandbox moves from process to process with
every request. `--shared` has the same effect on workers. Every set-up has a Valkey server of its own.

Measured are the requests per second, and the CPU time of each process by its CPU clock (as in /proc), per request: that
of the servers, of Valkey, of the balancer and of the load. On a machine with few cores these take the cores from each
other, so the requests per second say little about what the servers carry. That is computed from the CPU time: the
requests per second of CPU time of the servers, times their number; less if Valkey and they would need more cores than
there are servers (but at least two), or Valkey more than one. The balancer and the load are left aside. Two workers
have to carry at least 1.7 times as much as one, on two cores. Other programs that run meanwhile worsen all figures.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.load import load_each
from bench.process import Server, free_port, mockserver, running, seconds_of
from bench.verdict import Budget, judged
from bench.workloads import POLL_PATH, SUBMIT, SUBMIT_FAST, SUBMIT_PATH, W1, W2, ask, request
from tests.valkey_server import ValkeyServer

SANDBOXES = 100
WORKERS, BALANCER = "workers", "balancer"
MEMORY = "memory"
# Seconds of each load that are not counted.
WARM = 1.0
LEAST = 1.7


@dataclass(slots=True)
class Figures:
    """The figures of one load. CPU times are milliseconds per request; `servers` has one for each process."""

    per_second: float
    servers: Sequence[float]
    valkey: float
    balancer: float
    load: float

    def carries(self) -> float:
        """Return the requests per second that the servers could process if each of them had a core."""
        count, used = len(self.servers), sum(self.servers)
        # Milliseconds from one request to the next.
        return 1_000 / max(used / count, (used + self.valkey) / max(2, count), self.valkey)


@dataclass(slots=True)
class SetUp:
    """Servers that run: how many processes, how they are reached and at which port, and the ids of the others."""

    count: int
    how: str
    port: int
    servers: Sequence[Server]
    valkey: int | None = None
    balancer: int | None = None
    payloads: dict[str, list[Sequence[bytes]]] = field(default_factory=dict)
    figures: dict[str, list[Figures]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        what = "worker" if self.how == WORKERS else "server"
        return f"{self.count} {what}{'s' if self.count > 1 else ''}{', balanced' if self.how == BALANCER else ''}"

    def prepare(self, clients: int, *, shared: bool) -> None:
        """Create the sandboxes, with a completed job in each. With `shared`, every client uses all of them."""
        gate = Server(0, self.port, 0.0)
        names = [f"s{number:02}" for number in range(SANDBOXES)]
        for name in names:
            ask(gate, "POST", "/_mock/sandboxes", {"name": name})
        jobs = [ask(gate, "POST", f"/~{name}{SUBMIT_PATH}", SUBMIT_FAST)["id"] for name in names]
        polls = [f"/~{name}{POLL_PATH}{job}" for name, job in zip(names, jobs, strict=True)]
        submits = [request("POST", f"/~{name}{SUBMIT_PATH}", self.port, SUBMIT) for name in names]
        self.payloads[W1] = dealt([request("GET", path, self.port) for path in polls], clients, shared=shared)
        self.payloads[W2] = dealt(submits, clients, shared=shared)

    def measure(self, work: str, seconds: float) -> Figures:
        """Send a load. Exit if a request is refused.

        The clients connect anew, so with workers their sandboxes move to other processes first. That is not counted.
        """
        before: dict[int, float] = {}
        outcome = load_each(self.port, self.payloads[work], seconds, WARM, lambda: before.update(self._used()))
        after = self._used()
        if not set(outcome.statuses) <= {200, 202}:
            raise SystemExit(f"{self.name}: replies with the statuses {outcome.statuses}")
        per = 1_000 / outcome.replies
        used = {pid: (after[pid] - before.get(pid, 0.0)) * per for pid in after}
        valkey, balancer = used.pop(self.valkey or 0, 0.0), used.pop(self.balancer or 0, 0.0)
        # A supervisor of workers uses next to nothing, and it is not a worker.
        servers = sorted(used.values(), reverse=True)[: self.count]
        return Figures(outcome.per_second, servers, valkey, balancer, outcome.busy * outcome.seconds * per)

    def _used(self) -> dict[int, float]:
        """Return the CPU seconds of each process so far, by its id."""
        pids = [pid for server in self.servers for pid in server.family()]
        return {pid: seconds_of(pid) for pid in [*pids, *filter(None, (self.valkey, self.balancer))]}


def dealt(payloads: Sequence[bytes], clients: int, *, shared: bool) -> list[Sequence[bytes]]:
    """Return the requests of each client, which it sends in turn."""
    if not shared:
        return [payloads[client::clients] for client in range(clients)]
    # Not in the same order, or each sandbox would always be used by the same server.
    return [random.Random(client).sample(payloads, len(payloads)) for client in range(clients)]


@contextmanager
def set_up(count: int, how: str, store: str) -> Iterator[SetUp]:
    """Start a Valkey server if `store` is empty, and `count` processes with this store."""
    with ExitStack() as stack:
        valkey = None if store else stack.enter_context(ValkeyServer())
        address = valkey.url if valkey else store
        pid = valkey.pid if valkey else None
        if how == BALANCER:
            servers = [stack.enter_context(mockserver("--store", address)) for _ in range(count)]
            port = free_port()
            balancer = stack.enter_context(_balancer(port, [each.port for each in servers]))
            yield SetUp(count, how, port, servers, pid, balancer)
        else:
            workers = ["--workers", str(count)] if count > 1 else []
            server = stack.enter_context(mockserver("--store", address, *workers))
            yield SetUp(count, how, server.port, [server], pid)


@contextmanager
def _balancer(port: int, ports: Sequence[int]) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.balancer", "--port", str(port), *(f"127.0.0.1:{each}" for each in ports)]
    with running(command, port, "/_mock/health") as process:
        yield process.pid


def show(rows: Sequence[SetUp], work: str) -> None:
    """Print a Markdown table with the medians of a workload."""
    print(f"\n{work}\n")
    print("| set-up | requests/s | servers, ms of CPU per request | Valkey | balancer | load | carries requests/s |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for row in rows:
        every = row.figures[work]
        by_process = zip(*(figures.servers for figures in every), strict=True)
        each = " + ".join(f"{statistics.median(values):.3f}" for values in by_process)
        others = [statistics.median(getattr(f, name) for f in every) for name in ("valkey", "balancer", "load")]
        cells = [f"{statistics.median(f.per_second for f in every):,.0f}", each, *(f"{other:.3f}" for other in others)]
        print(f"| {row.name} | {' | '.join(cells)} | {carried(row, work):,.0f} |")


def carried(row: SetUp, work: str) -> float:
    """Return the median of what the servers of a set-up carry."""
    return statistics.median(each.carries() for each in row.figures[work])


def budgets(rows: Sequence[SetUp], works: Sequence[str]) -> Iterator[Budget]:
    """Yield what several processes carry as a multiple of one. That of two has a limit."""
    for work in works:
        for how in (WORKERS, BALANCER):
            by_count = {row.count: row for row in rows if row.how == how}
            if 1 in by_count and 2 in by_count:
                ratio = carried(by_count[2], work) / carried(by_count[1], work)
                yield Budget(f"{work}, {by_count[2].name} beside {by_count[1].name}", ratio, LEAST, "x", least=True)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    commands = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands.add_argument("--processes", type=int, nargs="+", default=[1, 2, 3], metavar="N", help="default: 1 2 3")
    commands.add_argument("--how", nargs="+", choices=(WORKERS, BALANCER), default=[WORKERS, BALANCER])
    commands.add_argument("--only", nargs="+", choices=(W1, W2), default=[W1, W2], help="default: W1 and W2")
    commands.add_argument("--seconds", type=float, default=4.0, help="seconds of each load (default: 4)")
    commands.add_argument("--rounds", type=int, default=3, help="rounds in which all are measured (default: 3)")
    commands.add_argument("--clients", type=int, default=16, help="connections (default: 16)")
    commands.add_argument("--shared", action="store_true", help="every client uses every sandbox")
    commands.add_argument("--quick", action="store_true", help="one round of half a second")
    commands.add_argument("--store", default="", help="memory, or the address of a Valkey server that runs")
    return commands


def main() -> int:
    """Measure, print the tables, and judge."""
    arguments = parser().parse_args()
    rounds, seconds = (1, 0.5) if arguments.quick else (arguments.rounds, arguments.seconds)
    counts = [1] if arguments.store == MEMORY else arguments.processes
    with ExitStack() as stack:
        plans = [(count, how) for how in arguments.how for count in counts]
        rows = [stack.enter_context(set_up(count, how, arguments.store)) for count, how in plans]
        for row in rows:
            row.prepare(arguments.clients, shared=arguments.shared)
        for work in arguments.only:
            for _ in range(rounds):
                for row in rows:
                    row.figures.setdefault(work, []).append(row.measure(work, seconds))
            show(rows, work)
    return judged(budgets(rows, arguments.only))


if __name__ == "__main__":
    sys.exit(main())
