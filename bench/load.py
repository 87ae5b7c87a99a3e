"""A load of fixed requests on keep-alive connections that uses little CPU time itself."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from math import inf
from typing import cast

# A placeholder in a payload for a number that is different in each request and has as many digits.
NUMBER = b"##########"


@dataclass(slots=True)
class Outcome:
    """The result of a load: the number of replies by status, the seconds, and the latency of each reply.

    `busy` is the share of its core that the load used. From about 0.9, the load limits the figures.
    """

    replies: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.replies / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds that `share` of the replies do not exceed."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000 if ranked else 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, load: "_Load", done: "asyncio.Future[None]") -> None:
        self._load, self._done = load, done
        self._asked = self._took = 0.0
        self._begin()

    def _begin(self) -> None:
        self._buffer, self._head, self._needed = b"", b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        payload = self._load.next_payload()
        if payload is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._asked = time.perf_counter()
        self._transport.write(payload)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._head and not self._read_head():
            return
        if len(self._buffer) >= self._needed if self._needed >= 0 else self._buffer.endswith(b"0\r\n\r\n"):
            self._load.note(int(self._head[9:12]), time.perf_counter() - self._asked)
            self._begin()
            self._next()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head = self._buffer[:end].lower()
        at = self._head.find(b"content-length: ")
        if at >= 0:
            self._needed = end + 4 + int(self._head[at + 16 :].partition(b"\r\n")[0])
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))


class _Load:
    def __init__(self, payloads: Sequence[bytes], requests: float, seconds: float) -> None:
        self.outcome = Outcome()
        self._left = requests
        self._ends = time.perf_counter() + seconds
        self._makers: Iterator[Callable[[], bytes]] = cycle([self._maker(payload) for payload in payloads])
        self._number = time.time_ns() // 1_000_000 % 1_000_000_000 * 10

    def _maker(self, payload: bytes) -> Callable[[], bytes]:
        before, placeholder, after = payload.partition(NUMBER)
        if not placeholder:
            return lambda: payload
        return lambda: b"%b%010d%b" % (before, self._numbered(), after)

    def _numbered(self) -> int:
        self._number += 1
        return self._number

    def next_payload(self) -> bytes | None:
        if self._left <= 0 or time.perf_counter() > self._ends:
            return None
        self._left -= 1
        return next(self._makers)()

    def note(self, status: int, seconds: float) -> None:
        outcome = self.outcome
        outcome.replies += 1
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        outcome.latencies.append(seconds)

    async def run(self, port: int, connections: int) -> None:
        loop = asyncio.get_running_loop()
        began, own = time.perf_counter(), time.process_time()
        ends = [loop.create_future() for _ in range(connections)]
        for end in ends:
            await loop.create_connection(partial(_Connection, self, end), "127.0.0.1", port)
        await asyncio.gather(*ends)
        self.outcome.seconds = time.perf_counter() - began
        self.outcome.busy = (time.process_time() - own) / self.outcome.seconds


def load(
    port: int,
    payload: bytes | Sequence[bytes],
    requests: float = inf,
    connections: int = 32,
    *,
    seconds: float = inf,
) -> Outcome:
    """Send a number of requests, or requests for a number of seconds, one at a time on each connection.

    Several payloads are sent in turn.
    """
    import uvloop

    running = _Load([payload] if isinstance(payload, bytes) else payload, requests, seconds)
    uvloop.run(running.run(port, connections))
    return running.outcome


def load_each(
    port: int, payloads: Sequence[Sequence[bytes]], seconds: float, warm: float, on_warm: Callable[[], None]
) -> Outcome:
    """Send requests on as many connections as there are sequences, one sequence on each.

    What happens in the first `warm` seconds is not counted. Then `on_warm` is called, and `seconds` begin.
    """
    import uvloop

    loads = [_Load(each, inf, warm + seconds) for each in payloads]
    whole = Outcome()

    def begin() -> None:
        for each in loads:
            each.outcome = Outcome()
        on_warm()
        whole.seconds, whole.busy = -time.perf_counter(), -time.process_time()

    async def run() -> None:
        asyncio.get_running_loop().call_later(warm, begin)
        await asyncio.gather(*(each.run(port, 1) for each in loads))

    uvloop.run(run())
    whole.seconds += time.perf_counter()
    whole.busy = (whole.busy + time.process_time()) / whole.seconds
    for outcome in (each.outcome for each in loads):
        whole.replies += outcome.replies
        whole.latencies += outcome.latencies
        for status, count in outcome.statuses.items():
            whole.statuses[status] = whole.statuses.get(status, 0) + count
    return whole
