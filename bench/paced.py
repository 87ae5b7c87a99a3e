"""Measure whether streams with 20 ms between chunks are complete and on time for many clients at once.

    python -m bench.paced            # 500 clients, then 2,000; three rounds of each
    python -m bench.paced --quick    # 100 clients, then 400; one round

All clients connect first, then send their requests at once. The lateness of a stream is its time over the nominal
800 ms, from the sending of its request to its last byte. Every reply is compared with the first, byte by byte. The
clients are one process with an epoll loop, on another core than the server if there are two. The CPU use of both is
printed, since busy clients would distort the figures.
"""

import argparse
import gc
import resource
import select
import socket
import sys
import time
from dataclasses import dataclass, field

from bench.process import Server, apart, mockserver
from bench.verdict import Budget, judged
from bench.workloads import PACED, PACED_LASTS, STREAM, STREAM_PATH, request

END = b"\r\n0\r\n\r\n"
SLACK = 0.05
PATIENCE = 60.0
ROUNDS = 3
FULL = 0.9
# One core cannot send the chunks of 2,000 streams in time. They may be late by this many milliseconds at most.
BOUND = 1_000.0


@dataclass(slots=True)
class ClientStream:
    """One stream of a client: the times of the request, the first and the last byte (seconds), and the bytes."""

    sent: float = 0.0
    first: float = 0.0
    last: float = 0.0
    pieces: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces).partition(b"\r\n\r\n")[2]

    @property
    def complete(self) -> bool:
        return bool(self.pieces) and self.pieces[0].startswith(b"HTTP/1.1 200") and self.pieces[-1].endswith(END[2:])


@dataclass(frozen=True, slots=True)
class Crowd:
    """The streams of all clients of a round, and the share of their core that the server and the clients used."""

    streams: list[ClientStream]
    server: float
    clients: float

    @property
    def completed(self) -> int:
        return sum(h.complete and h.body == self.streams[0].body for h in self.streams)

    def late(self, *, from_first: bool = False) -> list[float]:
        """Return the milliseconds over the nominal length, sorted. With `from_first` they count from the first byte."""
        nominal = PACED_LASTS if not from_first else 0.0
        return sorted((h.last - (h.first if from_first else h.sent) - nominal) * 1000 for h in self.streams)

    @property
    def on_time(self) -> float:
        """Return the share of clients whose stream was within 5 % of its nominal length."""
        slack = PACED_LASTS * SLACK * 1000
        return sum(abs(late) <= slack for late in self.late()) / len(self.streams)


def crowd(server: Server, clients: int) -> Crowd:
    """Let this many clients read a stream each, at once."""
    streams, by_fd, poll = [ClientStream() for _ in range(clients)], {}, select.epoll()
    for each in streams:
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setblocking(False)
        by_fd[connection.fileno()] = (connection, each)
        poll.register(connection, select.EPOLLIN)
    payload = request("POST", STREAM_PATH, server.port, STREAM)
    time.sleep(0.5)
    cpu, own, began = server.cpu(), time.process_time(), time.perf_counter()
    for connection, each in by_fd.values():
        each.sent = time.perf_counter()
        connection.send(payload)
    _listen(poll, by_fd)
    seconds = time.perf_counter() - began
    return Crowd(streams, (server.cpu() - cpu) / seconds, (time.process_time() - own) / seconds)


def _listen(poll: select.epoll, by_fd: dict[int, tuple[socket.socket, ClientStream]]) -> None:
    until, clock = time.perf_counter() + PATIENCE, time.perf_counter
    while by_fd and clock() < until:
        for fd, _ in poll.poll(1):
            connection, stream = by_fd[fd]
            data = connection.recv(65_536)
            stream.last = clock()
            stream.first = stream.first or stream.last
            stream.pieces.append(data)
            if not data or data.endswith(END):
                poll.unregister(fd)
                del by_fd[fd]
                connection.close()
    for connection, _ in by_fd.values():
        connection.close()


def _share(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def line(seen: Crowd) -> str:
    """Return a line of the table, with the lateness in milliseconds."""
    late, full = seen.late(), " (no time to measure)" if seen.clients > FULL else ""
    return (
        f"{len(seen.streams):>7,} {seen.completed:>9,} {seen.on_time:>8.1%} {_share(late, 0.5):>8.0f} "
        f"{_share(late, 0.99):>5.0f} {late[-1]:>5.0f} {seen.server:>7.0%} {seen.clients:>8.0%}{full}"
    )


def measure(*, quick: bool) -> int:
    """Print the figures of each round, and compare them with the budgets."""
    few, many = (100, 400) if quick else (500, 2_000)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 2 * many + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (files if most < 0 else min(most, files), most))
    budgets = []
    print("clients completed  on time  late p50   p99   max  server  clients")
    with apart() as core, mockserver("--scenario", str(PACED), core=core) as server:
        crowd(server, 20)
        for clients in (few, many):
            seen = [crowd(server, clients) for _ in range(1 if quick else ROUNDS)]
            print(*map(line, seen), sep="\n", flush=True)
            budgets.append(Budget(f"{clients:,} streams, completed", min(s.completed for s in seen), clients, "", True))
            if clients == few:
                share = sorted(s.on_time for s in seen)[len(seen) // 2] * 100
                budgets.append(Budget(f"{clients:,} streams, within 5 % of nominal", share, 95.0, "%", True))
            else:
                worst = max(s.late()[-1] for s in seen)
                budgets.append(Budget(f"{clients:,} streams, the latest of all", worst, BOUND, "ms"))
    return judged(budgets)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    gc.disable()
    return measure(quick=options.quick)


if __name__ == "__main__":
    sys.exit(main())
