"""Measure servers in turn, round after round, so that disturbances and a slower machine affect all of them."""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

from bench.load import Outcome
from bench.process import Server, apart, free_port, running
from bench.targets import BESIDE, OURS, Target
from bench.workloads import W2, WORKS
from bench.wrk import Load

START = "start"
# A server is idle if it used less than this many seconds of CPU time in a second. Its housekeeping takes 1 or 2 ms.
HAIR = 0.005
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure (of `WORKS` and `START`), the number of rounds, and the seconds of each load and each warm-up."""

    load: Load
    what: Collection[str] = (*WORKS, START)
    rounds: int = 5
    seconds: int = 3
    warm: int = 20


@dataclass(slots=True)
class Row:
    """The figures of one server, with a value for each round.

    `started` is in milliseconds; `idle` and `loaded`, the memory after all rounds, in MiB. `works` has the CPU seconds
    per 10,000 requests and the outcome of each load.
    """

    kind: str
    started: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    loaded: float | None = None
    works: dict[str, list[tuple[float, Outcome]]] = field(default_factory=lambda: defaultdict(list))

    def figures(self, what: str) -> list[float]:
        """Return a figure for each round: CPU seconds per 10,000 requests of a workload, or milliseconds to start."""
        return self.started if what == START else [cpu for cpu, _ in self.works.get(what, ())]

    def median(self, what: str) -> float | None:
        """Return the median of the rounds, or None if it was not measured."""
        return statistics.median(self.figures(what)) if self.figures(what) else None


@dataclass(frozen=True, slots=True)
class Running:
    """A running server, and the request to send for each workload."""

    target: Target
    server: Server
    payloads: Mapping[str, bytes]


def measured(targets: Sequence[Target], options: Options) -> dict[str, Row]:
    """Return the rows of all servers, by name. All servers run all the time, and one at a time gets requests."""
    rows = {target.name: Row(target.kind) for target in targets}
    with apart() as core, ExitStack() as stack:
        selected = [target for target in targets if set(target.works) & set(options.what)]
        servers = [launched(stack, target, options, core) for target in selected]
        if START in options.what:
            started(targets, rows, options, core)
        for work in WORKS:
            in_turn([each for each in servers if work in each.payloads], work, options, rows)
        for each in reversed(servers):
            rows[each.target.name].loaded = each.server.memory()
    return rows


def launched(stack: ExitStack, target: Target, options: Options, core: int | None) -> Running:
    """Start a server that runs until the stack ends."""
    with progress(f"{target.name} starts"):
        port = free_port()
        server = stack.enter_context(running(target.command(port), port, target.ready, core))
        works = set(target.works) & set(options.what)
        payloads = {work: payload for work, payload in target.requests(server).items() if work in works}
        return Running(target, server, payloads)


def started(targets: Sequence[Target], rows: Mapping[str, Row], options: Options, core: int | None) -> None:
    """Start the servers in turn, beside the running ones, and measure the time and the memory.

    A round before the first one compiles code and fills the file cache.
    """
    for number in range(options.rounds + 1):
        for target in {each.name: each for each in reversed(targets)}.values():
            port, row = free_port(), rows[target.name]
            with (
                progress(f"start: round {number} of {options.rounds}, {target.name}"),
                running(target.command(port), port, target.ready, core) as server,
            ):
                if number:
                    row.started.append(server.started_in)
                    row.idle.append(server.memory())


def in_turn(servers: Sequence[Running], work: str, options: Options, rows: Mapping[str, Row]) -> None:
    """Warm all servers up, and measure one after the other in each round.

    mockserver, whose jobs take time to end, is last. The servers that it is compared with are directly before it.
    """
    close = (OURS, *BESIDE)
    servers = sorted(servers, key=lambda each: (each.target.jobs_last, each.target.name in close))
    for each in servers:
        with progress(f"{work}: {each.target.name} warms up"):
            options.load(each.server.port, each.payloads[work], max(1, options.warm // len(each.payloads)))
            if work == W2:
                at_rest(each.server, each.target.jobs_last)
    for number in range(options.rounds):
        for each in servers:
            with progress(f"{work}: round {number + 1} of {options.rounds}, {each.target.name}"):
                rows[each.target.name].works[work].append(once(each, work, options))


def once(each: Running, work: str, options: Options) -> tuple[float, Outcome]:
    """Return the server's CPU seconds per 10,000 requests, and the outcome of the load.

    A submission includes its job, so the measurement of W2 ends when the server is idle.
    """
    before = each.server.cpu()
    outcome = options.load(each.server.port, each.payloads[work], options.seconds)
    after = at_rest(each.server, each.target.jobs_last) if work == W2 else each.server.cpu()
    return (after - before) * 10_000 / outcome.replies, outcome


def at_rest(server: Server, jobs_last: float) -> float:
    """Wait until all jobs have ended and the server is idle, and return its CPU time. Do not wait if it has no jobs."""
    if not jobs_last:
        return server.cpu()
    time.sleep(jobs_last)
    used = server.cpu()
    for seconds in count():
        time.sleep(1)
        before, used = used, server.cpu()
        if used - before < HAIR:
            return before
        if seconds > PATIENCE:
            raise SystemExit(f"the server is still busy {seconds} seconds after its last job")
    raise AssertionError


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show the current step on the terminal."""
    print(f"{what} ...".ljust(70), end="\r", file=sys.stderr, flush=True)
    yield
    print(" " * 70, end="\r", file=sys.stderr, flush=True)
