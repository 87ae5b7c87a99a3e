"""Measure the time from exec to the first 200, of `--help` and of importing the pytest plugin, and the idle memory.

python -m bench.startup            # medians of 7
python -m bench.startup --quick    # medians of 3
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from bench.process import ROOT, mockserver
from bench.verdict import Budget, judged

ROUNDS = 7
# pytest is imported first, because it is loaded when it imports plugins.
PLUGIN = """
import time
import pytest
began = time.perf_counter()
import mockserver.pytest_plugin
print((time.perf_counter() - began) * 1000)
"""


def whole(*command: str) -> float:
    """Return the milliseconds that a Python process takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    return (time.perf_counter() - began) * 1000


def plugin() -> float:
    """Return the milliseconds that importing the plugin takes."""
    command = [sys.executable, "-c", PLUGIN]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)


def started() -> tuple[float, float]:
    """Return the milliseconds from exec to the first 200, and the resident MiB at that time."""
    with mockserver() as server:
        return server.started_in, server.memory()


def measure(rounds: int) -> int:
    """Print each figure with its minimum and maximum, and compare the medians with the budgets."""
    starts, memory = zip(*(started() for _ in range(rounds)), strict=True)
    figures: dict[str, tuple[list[float], float, str]] = {
        "exec to the first 200": (list(starts), 500, "ms"),
        "mockserver --help": (_times(lambda: whole("-m", "mockserver", "--help"), rounds), 200, "ms"),
        "importing the pytest plugin": (_times(plugin, rounds), 20, "ms"),
        "resident memory when idle": (list(memory), 80, "MiB"),
    }
    bare = statistics.median(_times(lambda: whole("-c", "pass"), rounds))
    for name, (values, _, unit) in figures.items():
        print(f"{name:<28} {statistics.median(values):6.1f} {unit:<3} ({min(values):.1f} to {max(values):.1f})")
    print(f"{'python -c pass, beside it':<28} {bare:6.1f} ms")
    return judged(Budget(name, statistics.median(v), limit, unit) for name, (v, limit, unit) in figures.items())


def _times(once: Callable[[], float], rounds: int) -> list[float]:
    once()  # compiles code, which later rounds reuse
    return [once() for _ in range(rounds)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    return measure(3 if parser.parse_args().quick else ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
