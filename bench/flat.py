"""Measure whether memory grows: a million requests of all kinds, after a warm-up that fills all bounded tables.

    python -m bench.flat            # 1,000,000 requests after 460,000; some minutes
    python -m bench.flat --quick    # 100,000 requests

Of twenty requests nine are polls, eight submissions (each with another URL), one a page of a list, one a queue's status
and one a stream. The slope is that of the straight line closest to all points (least squares), in MiB of resident
memory per 100,000 requests.
"""

import argparse
import statistics
import sys
import time

from bench.load import NUMBER, load
from bench.process import Server, apart, mockserver
from bench.verdict import Budget, judged
from bench.workloads import (
    AT_ONCE,
    LIST_PATH,
    QUEUE_PATH,
    STREAM,
    STREAM_PATH,
    SUBMIT,
    SUBMIT_PATH,
    completed,
    request,
)

MOST = 1.0
POINTS = 10
# Enough submissions to fill the tables of jobs and of the numbers that distinguish equal submissions.
WARM_UP = 260_000


def mixture(server: Server) -> list[bytes]:
    """Return twenty requests."""
    port = server.port
    submit = request("POST", SUBMIT_PATH, port, SUBMIT.replace(b"EXAMPLE", NUMBER))
    poll = request("GET", completed(server), port)
    others = [
        request("GET", LIST_PATH, port),
        request("GET", QUEUE_PATH, port),
        request("POST", STREAM_PATH, port, STREAM),
    ]
    return [poll, *[poll, submit] * 8, *others]


def measure(*, quick: bool) -> int:
    """Print the memory after each tenth, and compare the slope with its budget."""
    step = 10_000 if quick else 100_000
    with apart() as core, mockserver("--scenario", str(AT_ONCE), core=core) as server:
        idle = server.memory()
        submit = request("POST", SUBMIT_PATH, server.port, SUBMIT.replace(b"EXAMPLE", NUMBER))
        load(server.port, submit, WARM_UP)
        points = [_after(server, 200_000)]
        print(f"idle {idle:.1f} MiB, warm {points[0]:.1f} MiB", flush=True)
        began = time.perf_counter()
        for number in range(1, POINTS + 1):
            points.append(_after(server, step))
            print(
                f"{number * step:>9,} requests  {points[-1]:7.1f} MiB  {time.perf_counter() - began:4.0f} s", flush=True
            )
    slope = statistics.linear_regression([n * step / 100_000 for n in range(len(points))], points).slope
    return judged([Budget("growth per 100,000 requests", slope, MOST, "MiB")])


def _after(server: Server, requests: int) -> float:
    # Poll a new job each time, because the oldest jobs are removed meanwhile.
    load(server.port, mixture(server), requests)
    return server.memory()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    return measure(quick=parser.parse_args().quick)


if __name__ == "__main__":
    sys.exit(main())
