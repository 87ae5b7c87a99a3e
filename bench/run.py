"""The speed of the server, with everything on, beside its floors and its peers: tables, and what must hold of them.

    python -m bench.run            # everything that is installed: about a quarter of an hour
    python -m bench.run --compare  # ours, both floors and aimock, without the stream: about five minutes
    python -m bench.run --compare --only W1 --warm 5      # less of it; --rounds and --seconds as well
    python -m bench.run --quick    # one short round, to see that it works: its figures judge nothing
    python -m bench.run --alone    # without floors and peers
    python -m bench.run --install  # install the peers first (npm); see bench/peers/README.md
    python -m bench.run --flat | --kept | --paced    # what bench.flat, bench.kept and bench.paced do

W1 polls a completed analysis, W2 submits one by URL, W3 reads a stream of 4 KB in 40 chunks without pause; 32
connections, the servers on one core and the load on another. All servers are up, warmed up, and then measured one
after the other in each round; what is printed is the median of the rounds. CPU is that of the server in user and system
mode, per 10,000 requests; for W2 all in, until every job has ended and the server has nothing left to do.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from importlib import import_module

from bench import aims, peers
from bench.process import used_by_others
from bench.rounds import START, Options, Row, measured
from bench.targets import AIMOCK, BESIDE, OURS, Target, floors, ours
from bench.verdict import Budget, judged
from bench.workloads import TITLES, W1, W2, W3, WORKS
from bench.wrk import best

LIMITS = {W1: 1.0, W2: 1.4, W3: 4.0}
STARTED, IDLE = 500.0, 80.0
# From this share of its core on, the load itself may be what is slow.
FULL = 0.9
# Cores that other work may take without a word.
QUIET = 0.1
_TITLES = {**TITLES, **aims.COMPARED}


def cell(row: Row, work: str) -> str:
    """CPU seconds per 10,000, requests per second, p50 and p99 of a workload: the medians of the rounds."""
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
    """Print the table, as Markdown, with a column for each workload that was measured."""
    works = [work for work in WORKS if any(row.works.get(work) for row in rows.values())]
    columns = ["server", "start", "resident", *(_TITLES[work] for work in works)]
    print(f"| {' | '.join(columns)} |\n|---|--:|--:|{'---|' * len(works)}")
    for name, row in rows.items():
        started = f"{statistics.median(row.started):.0f} ms" if row.started else ""
        figures = [*([statistics.median(row.idle)] if row.idle else []), *([row.loaded] if row.loaded else [])]
        memory = ", then ".join(f"{each:.0f}" for each in figures) + " MiB"
        print(f"| {' | '.join([name, started, memory, *(cell(row, work) for work in works)])} |")
    if any("*" in cell(row, work) for row in rows.values() for work in works):
        print("\n* The core of the load was full: the server could have done more.")


def budgets(rows: Mapping[str, Row]) -> Iterator[Budget]:
    """What must hold of ours: the limits, the aims, and that it is below every other peer."""
    own = rows[OURS]
    for work, limit in LIMITS.items():
        if (figure := own.median(work)) is not None:
            yield Budget(_TITLES[work], figure, limit, "s/10,000")
    if own.started:
        yield Budget("exec to the first 200 of W1", statistics.median(own.started), STARTED, "ms")
        yield Budget("resident memory when idle", statistics.median(own.idle), IDLE, "MiB")
    yield from aims.budgets(rows)
    for work in (W1, W2):
        for name, row in rows.items():
            figure, theirs = own.median(work), row.median(work)
            if row.kind == "peer" and name != AIMOCK and figure is not None and theirs is not None:
                yield Budget(f"{work}, beside {name}", figure, round(theirs, 2), "s/10,000")


def chosen(asked: argparse.Namespace) -> Iterator[Target]:
    """The servers to measure, ours first. Prints a line for each peer that is not installed."""
    yield from ours()
    for each in [] if asked.alone else [*floors(), *peers.found()]:
        if isinstance(each, Target):
            if not asked.compare or each.name in BESIDE:
                yield each
        elif not asked.compare or each.startswith(AIMOCK):
            print(each)


def options(asked: argparse.Namespace) -> tuple[str, Options]:
    """What to measure, and how; and the name of the load."""
    name, load = best()
    what = asked.only or ((W1, W2, START) if asked.compare else (*WORKS, START))
    rounds, seconds, warm = (1, 1, 3) if asked.quick else (5, 3, 20)
    return name, Options(load, what, asked.rounds or rounds, asked.seconds or seconds, asked.warm or warm)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--quick", "--alone", "--compare", "--install"):
        made.add_argument(flag, action="store_true")
    made.add_argument("--only", nargs="+", choices=(*WORKS, START), metavar="WHAT", help="of W1, W2, W3 and start")
    made.add_argument("--rounds", type=int, help="rounds in which all are measured (default: 5)")
    made.add_argument("--seconds", type=int, help="seconds of each load (default: 3)")
    made.add_argument("--warm", type=int, help="seconds that each server is warmed up, for all loads (default: 20)")
    for other in ("flat", "kept", "paced"):
        made.add_argument(f"--{other}", action="store_const", dest="other", const=other)
    return made


def main() -> int:
    asked = parser().parse_args()
    if asked.other:
        return int(import_module(f"bench.{asked.other}").measure(quick=asked.quick))
    if asked.install:
        peers.install()
    targets = list(chosen(asked))
    load, how = options(asked)
    print(f"load by {load}; {how.rounds} rounds of {how.seconds} s each, after {how.warm} s to warm up\n", flush=True)
    before, began = used_by_others(), time.monotonic()
    rows = measured(targets, how)
    others = (used_by_others() - before) / (time.monotonic() - began)
    show(rows)
    aims.show(rows)
    if others > QUIET:
        print(f"\nOther work took {others:.1f} cores of the machine meanwhile: trust the ratios more than the figures.")
    return judged(budgets(rows))


if __name__ == "__main__":
    sys.exit(main())
