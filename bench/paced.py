"""Streams with 20 ms between chunks, for many clients at once: do they complete, and are they on time?

    python -m bench.paced            # 500 clients, then 2,000; three rounds of each
    python -m bench.paced --quick    # 100 clients, then 400; one round

All clients are connected before the first of them asks; then all ask in one go. A stream is late by what it took beyond
its nominal 800 ms, from the sending of its request to its last byte. Every reply is compared with the first, byte by
byte. The clients are one process with an epoll loop, on another core than the server where there are two; what both
used of theirs is printed, since a client that has no time measures itself.
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
# Two thousand streams are more chunks a second than one core can send: they may be so many milliseconds late, no more.
BOUND = 1_000.0


@dataclass(slots=True)
class Heard:
    """One stream as its client saw it: when it asked, when bytes came first and last (seconds), and what came."""

    asked: float = 0.0
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
    """What a crowd of clients heard, and the share of their core that the server and the clients used."""

    heard: list[Heard]
    server: float
    clients: float

    @property
    def completed(self) -> int:
        return sum(h.complete and h.body == self.heard[0].body for h in self.heard)

    def late(self, *, from_first: bool = False) -> list[float]:
        """Milliseconds beyond the nominal length, in order; counted from the first byte when `from_first`."""
        nominal = PACED_LASTS if not from_first else 0.0
        return sorted((h.last - (h.first if from_first else h.asked) - nominal) * 1000 for h in self.heard)

    @property
    def on_time(self) -> float:
        """The share of all clients whose stream was within 5 % of its nominal length."""
        slack = PACED_LASTS * SLACK * 1000
        return sum(abs(late) <= slack for late in self.late()) / len(self.heard)


def crowd(server: Server, clients: int) -> Crowd:
    """So many clients at once, each of which reads one stream."""
    heard, by_fd, poll = [Heard() for _ in range(clients)], {}, select.epoll()
    for each in heard:
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setblocking(False)
        by_fd[connection.fileno()] = (connection, each)
        poll.register(connection, select.EPOLLIN)
    asked = request("POST", STREAM_PATH, server.port, STREAM)
    time.sleep(0.5)
    cpu, own, began = server.cpu(), time.process_time(), time.perf_counter()
    for connection, each in by_fd.values():
        each.asked = time.perf_counter()
        connection.send(asked)
    _listen(poll, by_fd)
    seconds = time.perf_counter() - began
    return Crowd(heard, (server.cpu() - cpu) / seconds, (time.process_time() - own) / seconds)


def _listen(poll: select.epoll, by_fd: dict[int, tuple[socket.socket, Heard]]) -> None:
    until, clock = time.perf_counter() + PATIENCE, time.perf_counter
    while by_fd and clock() < until:
        for fd, _ in poll.poll(1):
            connection, heard = by_fd[fd]
            data = connection.recv(65_536)
            heard.last = clock()
            heard.first = heard.first or heard.last
            heard.pieces.append(data)
            if not data or data.endswith(END):
                poll.unregister(fd)
                del by_fd[fd]
                connection.close()
    for connection, _ in by_fd.values():
        connection.close()


def _share(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def line(seen: Crowd) -> str:
    """One line of the table: lateness in milliseconds."""
    late, full = seen.late(), " (no time to measure)" if seen.clients > FULL else ""
    return (
        f"{len(seen.heard):>7,} {seen.completed:>9,} {seen.on_time:>8.1%} {_share(late, 0.5):>8.0f} "
        f"{_share(late, 0.99):>5.0f} {late[-1]:>5.0f} {seen.server:>7.0%} {seen.clients:>8.0%}{full}"
    )


def measure(*, quick: bool) -> int:
    """Print what the crowds saw, and judge it."""
    few, many = (100, 400) if quick else (500, 2_000)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * many + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most < 0 else min(most, wanted), most))
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
    asked = parser.parse_args()
    gc.disable()
    return measure(quick=asked.quick)


if __name__ == "__main__":
    sys.exit(main())
