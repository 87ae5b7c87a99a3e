"""Measure the speed of mockserver, compare it with floors and other mock servers, and check the budgets.

    python -m bench.run            # all servers that are installed: about 15 minutes
    python -m bench.run --compare  # mockserver, two floors and aimock, without the stream: about 5 minutes
    python -m bench.run --compare --only W1 --warm 5      # fewer measurements; also --rounds and --seconds
    python -m bench.run --quick    # one short round, to try it out: its figures are not precise
    python -m bench.run --alone    # without floors and peers
    python -m bench.run --store    # mockserver with everything in memory, and with a store in an SQLite file
    python -m bench.run --install  # install the peers first (npm); see bench/peers/README.md
    python -m bench.run --flat | --kept | --paced    # the same as bench.flat, bench.kept and bench.paced

W1 polls a completed analysis, W2 submits one by URL, and W3 reads a stream of 4 KB in 40 chunks without pauses. There
are 32 connections; the servers run on one core and the load on another. All servers are warmed up and then measured
one after the other in each round. The output has the median of the rounds. CPU is the user and system time of the
server per 10,000 requests. For W2 it includes the jobs, until the server is idle.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import aims, peers
from bench.process import used_by_others
from bench.rounds import START, Options, Row, measured
from bench.targets import AIMOCK, BESIDE, OURS, SQLITE, Target, floors, ours
from bench.verdict import Budget, judged
from bench.workloads import TITLES, W1, W2, W3, WORKS
from bench.wrk import best

# The CPU time with a store in a file, as a multiple of that with everything in memory.
STORES = {W1: 1.5, W2: 2.5}
LIMITS = {W1: 1.0, W2: 1.4, W3: 4.0}
STARTED, IDLE = 500.0, 80.0
# Above this share of its core, the load itself may limit the figures.
FULL = 0.9
# The number of cores that other programs may use before the output mentions it.
QUIET = 0.1
_TITLES = {**TITLES, **aims.COMPARED}


def cell(row: Row, work: str) -> str:
    """Return the medians of a workload: CPU seconds per 10,000 requests, requests per second, p50 and p99."""
    if row.median(work) is None:
        return "none"
    rounds = [outcome for _, outcome in row.works[work]]
    speed, p50, p99, busy = (
        statistics.median(figures)
        for figures in zip(
            *((o.per_second, o.percentile(0.5), o.percentile(0.99), o.busy) for o in rounds), strict=True
        )
    )
    return f"{row.median(work):.2f} s, {speed:,.0f}{'*' if busy > FULL else ''}/s, {p50:.1f} / {p99:.1f} ms"


def show(rows: Mapping[str, Row]) -> None:
    """Print a Markdown table with a column for each workload that was measured."""
    works = [work for work in WORKS if any(row.works.get(work) for row in rows.values())]
    columns = ["server", "start", "resident", *(_TITLES[work] for work in works)]
    print(f"| {' | '.join(columns)} |\n|---|--:|--:|{'---|' * len(works)}")
    for name, row in rows.items():
        started = f"{statistics.median(row.started):.0f} ms" if row.started else ""
        figures = [*([statistics.median(row.idle)] if row.idle else []), *([row.loaded] if row.loaded else [])]
        memory = ", then ".join(f"{each:.0f}" for each in figures) + " MiB"
        print(f"| {' | '.join([name, started, memory, *(cell(row, work) for work in works)])} |")
    if any("*" in cell(row, work) for row in rows.values() for work in works):
        print("\n* The core of the load was busy all the time, so the server could have done more.")


def budgets(rows: Mapping[str, Row]) -> Iterator[Budget]:
    """Yield the budgets: fixed limits, the ratios to other servers, and less CPU time than other peers."""
    own = rows[OURS]
    for work, limit in LIMITS.items():
        if (figure := own.median(work)) is not None:
            yield Budget(_TITLES[work], figure, limit, "s/10,000")
    if own.started:
        yield Budget("exec to the first 200 of W1", statistics.median(own.started), STARTED, "ms")
        yield Budget("resident memory when idle", statistics.median(own.idle), IDLE, "MiB")
    yield from aims.budgets(rows)
    yield from stores(rows)
    for work in (W1, W2):
        for name, row in rows.items():
            figure, theirs = own.median(work), row.median(work)
            if row.kind == "peer" and name != AIMOCK and figure is not None and theirs is not None:
                yield Budget(f"{work}, beside {name}", figure, round(theirs, 2), "s/10,000")


def stores(rows: Mapping[str, Row]) -> Iterator[Budget]:
    """Yield the CPU time with a store in a file, as a multiple of that with everything in memory."""
    for work, most in STORES.items():
        own, kept = rows[OURS].figures(work), rows[SQLITE].figures(work) if SQLITE in rows else []
        if own and kept:
            ratio = statistics.median(b / a for a, b in zip(own, kept, strict=True))
            yield Budget(f"{work}, with SQLite", ratio, most, "x memory")


def chosen(arguments: argparse.Namespace, directory: Path | None = None) -> Iterator[Target]:
    """Yield the servers to measure, mockserver first. Print a line for each peer that is not installed."""
    yield from ours(directory)
    for each in [] if arguments.alone or arguments.store else [*floors(), *peers.available()]:
        if isinstance(each, Target):
            if not arguments.compare or each.name in BESIDE:
                yield each
        elif not arguments.compare or each.startswith(AIMOCK):
            print(each)


def options(arguments: argparse.Namespace) -> tuple[str, Options]:
    """Return the name of the load, and the options."""
    name, load = best()
    what = arguments.only or ((W1, W2, START) if arguments.compare else (*WORKS, START))
    rounds, seconds, warm = (1, 1, 3) if arguments.quick else (5, 3, 20)
    return name, Options(load, what, arguments.rounds or rounds, arguments.seconds or seconds, arguments.warm or warm)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    commands = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--quick", "--alone", "--compare", "--install", "--store"):
        commands.add_argument(flag, action="store_true")
    commands.add_argument("--only", nargs="+", choices=(*WORKS, START), metavar="WHAT", help="of W1, W2, W3 and start")
    commands.add_argument("--rounds", type=int, help="rounds in which all are measured (default: 5)")
    commands.add_argument("--seconds", type=int, help="seconds of each load (default: 3)")
    commands.add_argument("--warm", type=int, help="seconds that each server is warmed up, for all loads (default: 20)")
    for other in ("flat", "kept", "paced"):
        commands.add_argument(f"--{other}", action="store_const", dest="other", const=other)
    return commands


def main() -> int:
    arguments = parser().parse_args()
    if arguments.other:
        return int(import_module(f"bench.{arguments.other}").measure(quick=arguments.quick))
    if arguments.install:
        peers.install()
    load, how = options(arguments)
    with TemporaryDirectory() as directory:
        targets = list(chosen(arguments, Path(directory) if arguments.store else None))
        print(
            f"load by {load}; {how.rounds} rounds of {how.seconds} s each, after {how.warm} s to warm up\n", flush=True
        )
        before, began = used_by_others(), time.monotonic()
        rows = measured(targets, how)
    others = (used_by_others() - before) / (time.monotonic() - began)
    show(rows)
    aims.show(rows)
    if others > QUIET:
        print(f"\nOther programs used {others:.1f} cores meanwhile. The ratios are more reliable than the figures.")
    return judged(budgets(rows))


if __name__ == "__main__":
    sys.exit(main())
