"""Compare the CPU time of requests with 100 jobs, and with 100,000 jobs and a full journal.

    python -m bench.kept
    python -m bench.kept --quick

Half of the jobs are of VideoToPrompt, for W1 and W2, and half of PromptToVideo, for its list and its queue. A sandbox
stores at most 100,000 jobs. The queue's status is measured twice: while all jobs wait, and when all have ended.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping

from bench.load import load
from bench.process import Server, apart, mockserver
from bench.verdict import Budget, judged
from bench.workloads import (
    GENERATE,
    GENERATE_PATH,
    LIST_PATH,
    QUEUE_PATH,
    SUBMIT,
    SUBMIT_PATH,
    ask,
    completed,
    request,
)

MOST = 1.5
ROUNDS = 5
FEW, MANY = 100, 100_000
WAITING = "queue status, all wait"


def fill(server: Server, jobs: int) -> None:
    """Delete all jobs, and create this many that wait, with a clock that stands still."""
    ask(server, "POST", "/_mock/reset", {"what": "jobs"})
    ask(server, "POST", "/_mock/reset", {"what": "journal"})
    ask(server, "POST", "/_mock/clock", {"mode": "manual"})
    load(server.port, request("POST", GENERATE_PATH, server.port, GENERATE), jobs // 2)
    load(server.port, request("POST", SUBMIT_PATH, server.port, SUBMIT), jobs // 2)


def cost(server: Server, payload: bytes, requests: int) -> float:
    """Return the CPU seconds per 10,000 requests, the median of the rounds."""
    load(server.port, payload, 200)

    def once() -> float:
        before = server.cpu()
        statuses = load(server.port, payload, requests).statuses
        if not set(statuses) <= {200, 202}:
            raise SystemExit(f"replies with the statuses {statuses}")
        return (server.cpu() - before) * 10_000 / requests

    return statistics.median(once() for _ in range(ROUNDS))


def costs(server: Server, jobs: int, requests: int) -> Mapping[str, float]:
    """Return the cost of each request while this many jobs are stored."""
    fill(server, jobs)
    port = server.port
    queue = request("GET", QUEUE_PATH, port)
    costs_by_request = {WAITING: cost(server, queue, requests)}
    ask(server, "POST", "/_mock/clock", {"advance": "1h"})
    ask(server, "POST", "/_mock/clock", {"mode": "real"})
    total = ask(server, "GET", LIST_PATH)["pagination"]["total"]
    print(f"{jobs:,} jobs, of which the list has {total:,}", flush=True)
    costs_by_request["W1"] = cost(server, request("GET", completed(server), port), requests)
    costs_by_request["a page of the list"] = cost(server, request("GET", LIST_PATH, port), requests)
    costs_by_request["queue status, all ended"] = cost(server, queue, requests)
    # Last, because it creates jobs: some thousands of them.
    costs_by_request["W2"] = cost(server, request("POST", SUBMIT_PATH, port, SUBMIT), requests)
    return costs_by_request


def measure(*, quick: bool) -> int:
    """Print both costs of each request, and compare their ratio with its budget."""
    requests = 1_000 if quick else 3_000
    with apart() as core, mockserver(core=core) as server:
        few, many = (costs(server, jobs, requests) for jobs in (FEW, MANY))
    print(f"\n{'CPU s per 10,000':<28} {FEW:>8,} jobs {MANY:>8,} jobs")
    for name in few:
        print(f"{name:<28} {few[name]:>13.2f} {many[name]:>13.2f}")
    return judged(Budget(f"{name}: times as much", many[name] / few[name], MOST) for name in few)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    return measure(quick=parser.parse_args().quick)


if __name__ == "__main__":
    sys.exit(main())
