"""Start-up: from exec to the first 200, `--help`, and what importing costs. Medians of 7.

python -m bench.startup
"""

import statistics
import subprocess
import sys
import time

from bench.process import ROOT, mockserver

ROUNDS = 7


def timed(*command: str) -> float:
    """Milliseconds that a Python command takes as a whole process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    return (time.perf_counter() - began) * 1000


def median(values: list[float]) -> str:
    return f"median {statistics.median(values):5.0f} ms  ({min(values):.0f} to {max(values):.0f})"


def main() -> None:
    """Print each figure."""
    starts, memory = [], []
    for _ in range(ROUNDS):
        with mockserver() as server:
            starts.append(server.started_in)
            memory.append(server.memory())
    bare = [timed("-c", "pass") for _ in range(ROUNDS)]
    print(f"exec to the first 200   {median(starts)}")
    print(f"mockserver --help       {median([timed('-m', 'mockserver', '--help') for _ in range(ROUNDS)])}")
    print(f"python -c pass          {median(bare)}")
    print(f"idle resident memory    median {statistics.median(memory):5.0f} MiB")


if __name__ == "__main__":
    main()
