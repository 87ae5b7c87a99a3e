"""Run `mockserver` with a sampler of CPU time, for bench.profile.

    python -m bench.sampler FILE serve --port 8080

Every few milliseconds of CPU time (as often as the kernel allows), the layer of the running stack is counted. SIGUSR1
starts counting from zero. SIGUSR2 writes the number of samples of each layer to FILE as JSON.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from bench.layers import Sorter

EVERY = 0.001


def install(file: Path) -> None:
    """Install the signal handlers. Sampling starts with SIGUSR1."""
    sorter, counted = Sorter(), Counter[str]()

    def sample(_: int, frame: FrameType | None) -> None:
        counted[sorter.layer(frame).name] += 1

    def begin(_: int, __: FrameType | None) -> None:
        counted.clear()
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)

    def write(_: int, __: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(counted))
        part.replace(file)

    signal.signal(signal.SIGPROF, sample)
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, write)


def main() -> int:
    """Run `mockserver` with the rest of the command line."""
    from mockserver.cli.main import main as run

    install(Path(sys.argv[1]))
    sys.argv[1:] = sys.argv[2:]
    return run()


if __name__ == "__main__":
    sys.exit(main())
