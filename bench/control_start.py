"""The first control call of a server that has just started, at readiness and later, with and without preparation.

python -m bench.control_start
python -m bench.control_start --quick    # of 3 starts each
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.process import Server, answers, free_port, mockserver, running
from bench.verdict import Budget, judged

ROUNDS = 15
# Seconds between readiness and the call. By the last but one, the preparation has to be over.
PAUSES = (0.0, 0.1, 0.25, 0.5)
BUDGET = 50
# The server as it is, without the preparation of the control API.
UNPREPARED = """
import gc, sys
gc.disable()
from mockserver.wire.server import Server
Server.prepare = lambda self: None
from mockserver.cli.main import main
sys.exit(main())
"""


@contextmanager
def unprepared() -> Iterator[Server]:
    """`mockserver serve` without the preparation of the control API."""
    port = free_port()
    command = [sys.executable, "-c", UNPREPARED, "serve", "--port", str(port)]
    with running(command, port, "/_mock/ready") as server:
        yield server


def first_call(*, prepared: bool, pause: float) -> tuple[float, float]:
    """Milliseconds of the first control call, `pause` seconds after readiness, and from exec to readiness."""
    with mockserver(wait_for="/_mock/ready") if prepared else unprepared() as server:
        time.sleep(pause)
        began = time.perf_counter()
        if not answers(server.port, "/_mock/clock"):
            raise SystemExit("the control API did not answer with 200")
        return (time.perf_counter() - began) * 1000, server.started_in


def measure(rounds: int) -> int:
    """Print the medians with the minimum and the maximum, and compare those after the preparation with the budget."""
    cases = [(prepared, pause) for prepared in (True, False) for pause in PAUSES]
    first_call(prepared=True, pause=0)  # compiled code is kept from here on
    # All cases in each round, so that a disturbance affects all of them.
    measured = [{case: first_call(prepared=case[0], pause=case[1]) for case in cases} for _ in range(rounds)]
    budgets = []
    for prepared, pause in cases:
        calls, starts = zip(*(each[prepared, pause] for each in measured), strict=True)
        after = f"{pause * 1000:3.0f} ms after readiness"
        preparation = "with preparation" if prepared else "without preparation"
        print(f"{after}, {preparation:<19}  call {_text(calls)}   start {_text(starts)}")
        if prepared and pause >= PAUSES[2]:
            budgets.append(Budget(f"first control call {after.strip()}", statistics.median(calls), BUDGET, "ms"))
    return judged(budgets)


def _text(values: Sequence[float]) -> str:
    return f"{statistics.median(values):6.1f} ms ({min(values):.1f} to {max(values):.1f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    return measure(3 if parser.parse_args().quick else ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
