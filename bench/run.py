"""The speed of the server, with everything on, beside its floor and its peers: one table.

    python -m bench.run            # three rounds; some minutes with every peer
    python -m bench.run --quick    # one round, a tenth of the load
    python -m bench.run --alone    # without floors and peers
    python -m bench.run --install  # install the peers first (npm); see bench/peers/README.md
    python -m bench.run --flat | --kept | --paced    # what bench.flat, bench.kept and bench.paced do

W1 polls a completed analysis, W2 submits one by URL, W3 reads a stream of 4 KB in 40 chunks without pause; 32
connections, the server on one core and the load on another. In every round each server is started anew, warmed up and
measured, one after the other; what is printed is the median of the rounds. CPU is that of the server in user and system
mode, per 10,000 requests.
"""

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module

from bench import peers
from bench.load import Outcome, load
from bench.process import Server, apart, free_port, running
from bench.targets import Target, floors, ours
from bench.verdict import Budget, judged
from bench.workloads import TITLES, W1, W2, W3

LIMITS = {W1: 1.0, W2: 1.4, W3: 4.0}
START, IDLE = 500.0, 80.0
# No server is loaded for longer than this at once, in seconds: some take milliseconds for a request.
LONGEST = 5.0
FULL = 0.9


@dataclass(slots=True)
class Row:
    """The figures of one server, over all rounds: milliseconds to start, MiB when idle and after, and each workload."""

    kind: str
    started: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    works: dict[str, list[tuple[float, Outcome]]] = field(default_factory=lambda: defaultdict(list))

    def cpu(self, work: str) -> float | None:
        """Processor seconds per 10,000 requests, the median of the rounds."""
        return statistics.median(cpu for cpu, _ in self.works[work]) if self.works.get(work) else None

    def cell(self, work: str) -> str:
        if not self.works.get(work):
            return "none"
        rounds = [outcome for _, outcome in self.works[work]]
        speed, p50, p99 = (
            statistics.median(figures)
            for figures in zip(*((o.per_second, o.percentile(0.5), o.percentile(0.99)) for o in rounds), strict=True)
        )
        mark = "*" if statistics.median(o.busy for o in rounds) > FULL else ""
        return f"{self.cpu(work):.2f} s, {speed:,.0f}{mark}/s, {p50:.1f} / {p99:.1f} ms"


def measured(server: Server, payload: bytes, requests: int) -> tuple[float, Outcome]:
    """Processor seconds of the server per 10,000 requests, and what the load saw. Exits when requests fail."""
    warm = load(server.port, payload, max(requests // 10, 200))
    requests = max(200, min(requests, int(warm.per_second * LONGEST)))
    before = server.cpu()
    outcome = load(server.port, payload, requests)
    if not set(outcome.statuses) <= {200, 201, 202}:
        raise SystemExit(f"replies with the statuses {outcome.statuses}")
    return (server.cpu() - before) * 10_000 / requests, outcome


def visit(target: Target, row: Row, requests: int, core: int | None) -> None:
    """Start one server and measure it."""
    port = free_port()
    with running(target.command(port), port, target.ready, core) as server:
        row.started.append(server.started_in)
        row.idle.append(server.memory())
        for work, payload in target.requests(server).items():
            row.works[work].append(measured(server, payload, requests))
        row.loaded.append(server.memory())


def table(targets: Sequence[Target], rounds: int, requests: int) -> dict[str, Row]:
    """The rows of all servers, by name; all are measured in each round."""
    rows: dict[str, Row] = {}
    with apart() as core:
        for number in range(rounds):
            for target in targets:
                print(f"round {number + 1} of {rounds}: {target.name} ...", end="\r", file=sys.stderr, flush=True)
                row = rows.setdefault(target.name, Row(target.kind))
                visit(target, row, requests, core)
                print(" " * 70, end="\r", file=sys.stderr)
    return rows


def show(rows: dict[str, Row]) -> None:
    """Print the table, as Markdown: CPU seconds per 10,000, requests per second, p50 and p99."""
    print(f"| server | start | resident | {' | '.join(TITLES.values())} |")
    print("|---|--:|--:|---|---|---|")
    for name, row in rows.items():
        started, idle, loaded = (statistics.median(each) for each in (row.started, row.idle, row.loaded))
        cells = " | ".join(row.cell(work) for work in TITLES)
        print(f"| {name} | {started:.0f} ms | {idle:.0f}, then {loaded:.0f} MiB | {cells} |")
    if any("*" in row.cell(work) for row in rows.values() for work in TITLES):
        print("\n* The core of the load was full: the server could have done more.")


def budgets(rows: dict[str, Row]) -> list[Budget]:
    """What must hold of ours: the limits, and that it is below every peer for W1 and W2."""
    own = rows["mockserver"]
    found = [Budget(TITLES[work], own.cpu(work) or 0.0, limit, "s/10,000") for work, limit in LIMITS.items()]
    found.append(Budget("exec to the first 200", statistics.median(own.started), START, "ms"))
    found.append(Budget("resident memory when idle", statistics.median(own.idle), IDLE, "MiB"))
    others = [(name, row) for name, row in rows.items() if row.kind == "peer"]
    for work in (W1, W2):
        for name, row in others:
            if (theirs := row.cpu(work)) is not None:
                found.append(Budget(f"{work}, beside {name}", own.cpu(work) or 0.0, theirs, "s/10,000"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--quick", "--alone", "--install"):
        parser.add_argument(flag, action="store_true")
    for other in ("flat", "kept", "paced"):
        parser.add_argument(f"--{other}", action="store_const", dest="other", const=other)
    asked = parser.parse_args()
    if asked.other:
        return int(import_module(f"bench.{asked.other}").measure(quick=asked.quick))
    if asked.install:
        peers.install()
    targets = list(ours())
    for each in [] if asked.alone else [*floors(), *peers.found()]:
        if isinstance(each, str):
            print(each)
        else:
            targets.append(each)
    rows = table(targets, 1 if asked.quick else 3, 2_000 if asked.quick else 20_000)
    show(rows)
    return judged(budgets(rows))


if __name__ == "__main__":
    sys.exit(main())
