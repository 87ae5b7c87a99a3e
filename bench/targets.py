"""The servers to compare: how each is started, and its requests for W1, W2 and W3."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.process import Server
from bench.workloads import (
    AT_ONCE,
    POLL_PATH,
    STREAM,
    STREAM_PATH,
    SUBMIT,
    SUBMIT_FAST,
    SUBMIT_PATH,
    W1,
    W2,
    W3,
    WORKS,
    polled,
    request,
    waited_for,
)

OURS, ASGI, PROTOCOL, AIMOCK = "mockserver", "bare ASGI", "bare httptools", "aimock"
SQLITE = "mockserver, SQLite"
BESIDE = (AIMOCK, ASGI, PROTOCOL)  # the servers that mockserver is compared with
# No job of the default scenario takes more seconds than this.
JOBS_LAST = 8.0
KNOWN = POLL_PATH + "ana_bench"
NO_STREAM = (W1, W2)
Requests = Mapping[str, bytes]


def usual(server: Server) -> Requests:
    """Return the three requests for servers with the providers' own paths and a job named `ana_bench`."""
    return {
        W1: request("GET", KNOWN, server.port),
        W2: request("POST", SUBMIT_PATH, server.port, SUBMIT),
        W3: request("POST", STREAM_PATH, server.port, STREAM),
    }


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure. `command` takes the port. `requests` returns the request of each workload.

    `works` are the workloads that the server supports. It has started when `ready`, a path or a function of the port,
    succeeds: the first 200 of W1. Several targets with the same name share a row of the table, with the start and the
    memory of the first. `kind` is `ours`, `floor` or `peer`. `jobs_last` is the maximum duration of a job in seconds.
    """

    name: str
    kind: str
    command: Callable[[int], Sequence[str]]
    requests: Callable[[Server], Requests] = usual
    works: Collection[str] = WORKS
    ready: str | Callable[[int], bool] = KNOWN
    jobs_last: float = 0.0


def ours(directory: Path | None = None) -> Iterator[Target]:
    """Yield mockserver without its log, as the others are run, and with a scenario for the stream.

    With a `directory`, also yield it with a store in an SQLite file there.
    """

    def command(*flags: str) -> Callable[[int], Sequence[str]]:
        return lambda port: [sys.executable, "-m", "mockserver", "serve", "--port", str(port), "--quiet", *flags]

    def polls(server: Server) -> Requests:
        return {**usual(server), W1: request("GET", waited_for(server), server.port)}

    yield Target(OURS, "ours", command(), polls, NO_STREAM, _polled, JOBS_LAST)
    yield Target(OURS, "ours", command("--scenario", str(AT_ONCE)), usual, (W3,), "/_mock/health")
    if directory is None:
        return

    def in_file(*flags: str) -> Callable[[int], Sequence[str]]:
        return lambda port: command("--store", f"sqlite:{directory / str(port)}.db", *flags)(port)

    yield Target(SQLITE, "store", in_file(), polls, NO_STREAM, _polled, JOBS_LAST)
    yield Target(SQLITE, "store", in_file("--scenario", str(AT_ONCE)), usual, (W3,), "/_mock/health")


def _polled(port: int) -> bool:
    return polled(port, SUBMIT_PATH, SUBMIT_FAST, POLL_PATH)


def floors() -> Iterator[Target]:
    """Yield bare ASGI, a bare protocol, Starlette and FastAPI."""
    yield Target(ASGI, "floor", partial(_floor, "bare"))
    yield Target(PROTOCOL, "floor", partial(_floor, "httptools"), works=NO_STREAM)
    yield Target("Starlette", "floor", partial(_floor, "starlette"))
    yield Target("FastAPI, with models", "floor", partial(_floor, "fastapi"))


def _floor(kind: str, port: int) -> Sequence[str]:
    return [sys.executable, "-m", "bench.floors", kind, str(port)]
