"""Measure the CPU time of each layer of a request, in microseconds.

    python -m bench.profile            # W1 and W2
    python -m bench.profile --quick    # a fifth of the load

The server runs with a sampler (bench.sampler): the kernel's timer of CPU time interrupts it some hundred times a
second, and each time the innermost layer on the stack (bench.layers) gets a point. The cost of a layer is its share of
the points times the CPU time of a request. The sum is compared with the same load without the sampler, and must differ
by less than 10 %. The layers that bare ASGI has too are marked with a +, and bare ASGI gets the same load.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench.layers import LAYERS, moved
from bench.load import load
from bench.process import Server, apart, free_port, running
from bench.targets import Requests, Target, floors, ours
from bench.verdict import Budget, judged
from bench.workloads import TITLES, W1, W2

ROUNDS = 3
TOLERANCE = 10.0


def per_request(server: Server, payload: bytes, requests: int) -> float:
    """Return the server's CPU time for one request, in microseconds."""
    before = server.cpu()
    load(server.port, payload, requests)
    return (server.cpu() - before) / requests * 1e6


def sampled(server: Server, file: Path, payload: bytes, requests: int) -> dict[str, float]:
    """Return the microseconds of a request in each layer. Their sum is its CPU time with the sampler."""
    file.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    cost = per_request(server, payload, requests)
    os.kill(server.pid, signal.SIGUSR2)
    while not file.exists():
        time.sleep(0.01)
        load(server.port, payload, 1, 1)  # an idle server does not handle the signal
    points: dict[str, int] = json.loads(file.read_text())
    return {name: cost * count / sum(points.values()) for name, count in points.items()}


@dataclass(frozen=True, slots=True)
class Cost:
    """The CPU time of a request in microseconds: by layer with the sampler, without it, and on bare ASGI."""

    layers: Mapping[str, float]
    whole: float
    bare: float

    @property
    def sum(self) -> float:
        return sum(self.layers.values())

    @property
    def floor(self) -> float:
        return sum(self.layers[layer.name] for layer in LAYERS if layer.floor)


def least(costs: Sequence[Cost]) -> Cost:
    """Return the lowest cost of all rounds, because disturbances only add time, divided by the points of all rounds."""
    cheapest, whole = min(cost.sum for cost in costs), sum(cost.sum for cost in costs)
    shares = {each.name: sum(cost.layers.get(each.name, 0.0) for cost in costs) / whole for each in LAYERS}
    layers = {name: share * cheapest for name, share in shares.items()}
    return Cost(layers, min(cost.whole for cost in costs), min(cost.bare for cost in costs))


def measure(requests: int) -> int:
    """Print the layers, and check that their sum is close to the whole."""
    for place in moved():
        print(f"bench/layers.py: {place} does not exist, so its samples go to other layers")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        core = stack.enter_context(apart())
        file = Path(folder) / "samples.json"
        flags = ["-m", "bench.sampler", str(file), "serve", "--port"]
        usual, bare = next(iter(ours())), next(iter(floors()))
        under_sampler = replace(usual, command=lambda port: [sys.executable, *flags, str(port)])
        servers = [started(stack, target, core) for target in (under_sampler, usual, bare)]
        costs = {work: least(list(rounds(servers, file, work, requests))) for work in (W1, W2)}
    show(costs)
    return judged(
        Budget(f"{work}: the layers beside the whole", abs(cost.sum / cost.whole - 1) * 100, TOLERANCE, "% off")
        for work, cost in costs.items()
    )


def started(stack: ExitStack, target: Target, core: int | None) -> tuple[Server, Requests]:
    """Start a server that runs until the stack ends. Return it with its requests."""
    port = free_port()
    server = stack.enter_context(running(target.command(port), port, target.ready, core))
    return server, target.requests(server)


def rounds(servers: Sequence[tuple[Server, Requests]], file: Path, work: str, requests: int) -> Iterator[Cost]:
    """Send the same load to each server in turn. The first round is a warm-up."""
    (watched, watched_payloads), *others = servers
    for number in range(ROUNDS + 1):
        layers = sampled(watched, file, watched_payloads[work], requests)
        whole, bare = (per_request(server, payloads[work], requests) for server, payloads in others)
        if number:
            yield Cost(layers, whole, bare)


def show(costs: Mapping[str, Cost]) -> None:
    """Print the layers as a Markdown table."""
    print(f"| microseconds of CPU | {' | '.join(TITLES[work] for work in costs)} | what it is for |")
    print(f"|---|{'--:|' * len(costs)}---|")
    for layer in sorted(LAYERS, key=lambda each: not each.floor):
        figures = " | ".join(f"{cost.layers[layer.name]:.1f}" for cost in costs.values())
        print(f"| {layer.name}{' +' if layer.floor else ''} | {figures} | {layer.buys} |")
    sums: Mapping[str, Callable[[Cost], float]] = {
        "sum of the layers": lambda cost: cost.sum,
        "the whole, without a sampler": lambda cost: cost.whole,
        "sum of the layers with a +": lambda cost: cost.floor,
        "bare ASGI": lambda cost: cost.bare,
    }
    for name, of in sums.items():
        print(f"| **{name}** | {' | '.join(f'**{of(cost):.1f}**' for cost in costs.values())} | |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    return measure(6_000 if parser.parse_args().quick else 30_000)


if __name__ == "__main__":
    sys.exit(main())
