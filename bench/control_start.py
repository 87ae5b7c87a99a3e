"""The first control call of a server that has just started: how long it takes, at once and half a second later.

python -m bench.control_start
python -m bench.control_start --quick    # of 3 starts each
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.process import Server, answers, free_port, mockserver, running

ROUNDS = 15
# The server as it is, but for the preparation of the control API.
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
    """`mockserver serve` without preparing the control API."""
    port = free_port()
    command = [sys.executable, "-c", UNPREPARED, "serve", "--port", str(port)]
    with running(command, port, "/_mock/ready") as server:
        yield server


def first_call(*, prepared: bool, pause: float) -> tuple[float, float]:
    """Milliseconds from exec to readiness, and those of the first control call, `pause` seconds after readiness."""
    with mockserver(wait_for="/_mock/ready") if prepared else unprepared() as server:
        time.sleep(pause)
        began = time.perf_counter()
        if not answers(server.port, "/_mock/clock"):
            raise SystemExit("the control API did not answer with 200")
        return server.started_in, (time.perf_counter() - began) * 1000


def measure(rounds: int) -> None:
    """Print the medians, with the least and the most."""
    cases = [(prepared, pause) for prepared in (True, False) for pause in (0.0, 0.1, 0.25, 0.5)]
    # In turn, so that a disturbance meets all of them. The first start of all makes compiled code.
    first_call(prepared=True, pause=0)
    found = {case: [first_call(prepared=case[0], pause=case[1]) for _ in range(1)] for case in cases}
    for _ in range(rounds - 1):
        for prepared, pause in cases:
            found[prepared, pause].append(first_call(prepared=prepared, pause=pause))
    for prepared, pause in cases:
        starts, calls = zip(*found[prepared, pause], strict=True)
        what = f"{'prepared' if prepared else 'not prepared'}, {pause * 1000:.0f} ms after readiness"
        print(f"{what:<38} call {_shown(calls)}   start {_shown(starts)}")


def _shown(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):6.1f} ms ({min(values):.1f} to {max(values):.1f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    measure(3 if parser.parse_args().quick else ROUNDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
