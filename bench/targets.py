"""The servers that are compared: how each is started, and which requests are W1, W2 and W3 to it."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.floors import FLOORS
from bench.process import Server
from bench.workloads import (
    AT_ONCE,
    POLL_PATH,
    STREAM,
    STREAM_PATH,
    SUBMIT,
    SUBMIT_PATH,
    W1,
    W2,
    W3,
    completed,
    request,
)

KNOWN = POLL_PATH + "ana_bench"
Requests = Mapping[str, bytes]


def usual(server: Server) -> Requests:
    """The three requests for whoever serves the providers' own paths, with a job named `ana_bench`."""
    return {
        W1: request("GET", KNOWN, server.port),
        W2: request("POST", SUBMIT_PATH, server.port, SUBMIT),
        W3: request("POST", STREAM_PATH, server.port, STREAM),
    }


def without_stream(server: Server) -> Requests:
    """The first two of them."""
    return {work: payload for work, payload in usual(server).items() if work != W3}


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure. `command` takes the port; `requests` what to send once it runs, by workload.

    Several targets of one name share a row of the table. `kind` is `ours`, `floor` or `peer`.
    """

    name: str
    kind: str
    command: Callable[[int], Sequence[str]]
    requests: Callable[[Server], Requests] = usual
    ready: str = KNOWN


def ours() -> Iterator[Target]:
    """mockserver with its default settings, and with a scenario for the stream."""

    def command(*flags: str) -> Callable[[int], Sequence[str]]:
        return lambda port: [sys.executable, "-m", "mockserver", "serve", "--port", str(port), *flags]

    def polls(server: Server) -> Requests:
        return {**without_stream(server), W1: request("GET", completed(server), server.port)}

    yield Target("mockserver", "ours", command(), polls, "/_mock/health")
    told = command("--scenario", str(AT_ONCE))
    yield Target("mockserver", "ours", told, lambda server: {W3: usual(server)[W3]}, "/_mock/health")


def floors() -> Iterator[Target]:
    """Bare ASGI, Starlette and FastAPI."""
    titles = {"bare": "bare ASGI", "starlette": "Starlette", "fastapi": "FastAPI, one model in and out"}
    for kind in FLOORS:
        yield Target(titles[kind], "floor", partial(_floor, kind))


def _floor(kind: str, port: int) -> Sequence[str]:
    return [sys.executable, "-m", "bench.floors", kind, str(port)]
