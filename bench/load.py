"""A load of fixed requests on keep-alive connections, as light as Python allows: the server is what is timed."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast


@dataclass(slots=True)
class Outcome:
    """What a load saw: how many replies, of which status, in how many seconds, and each reply's latency."""

    replies: int = 0
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.replies / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The latency in milliseconds that `share` of the replies stay under."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000 if ranked else 0.0


def request(method: str, path: str, port: int, body: bytes = b"") -> bytes:
    """The bytes of a request with a bearer key."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer bench-key\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Connection(asyncio.Protocol):
    def __init__(self, payload: bytes, left: list[int], outcome: Outcome, done: "asyncio.Future[None]") -> None:
        self._payload, self._left, self._outcome, self._done = payload, left, outcome, done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        if self._left[0] <= 0:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._left[0] -= 1
        self._began = time.perf_counter()
        self._transport.write(self._payload)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length: ")
        if at >= 0:
            length = int(head[at + 16 :].partition(b"\r\n")[0])
            whole = len(rest) >= length
        else:
            whole = rest.endswith(b"0\r\n\r\n")
        if whole:
            self._buffer = b""
            status, outcome = int(head[9:12]), self._outcome
            outcome.replies += 1
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
            outcome.latencies.append(time.perf_counter() - self._began)
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))


async def _load(port: int, payload: bytes, requests: int, connections: int) -> Outcome:
    outcome, left, loop = Outcome(), [requests], asyncio.get_running_loop()
    began = time.perf_counter()
    ends = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(lambda end=end: _Connection(payload, left, outcome, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    outcome.seconds = time.perf_counter() - began
    return outcome


def load(port: int, payload: bytes, requests: int, connections: int = 32) -> Outcome:
    """Send `payload` so many times over so many connections, one request at a time on each."""
    import uvloop

    return uvloop.run(_load(port, payload, requests, connections))
