"""Distribute HTTP requests over several servers in turn, each request to the next one.

    python -m bench.balancer --port 8080 127.0.0.1:8081 127.0.0.1:8082 127.0.0.1:8083

It is small and for measurements and tests: it balances requests and not connections, so that the requests of one client
reach all servers, which is the hardest case for servers that share their state. Bytes are passed on as they arrive.
A server that refuses connections or whose GET /_mock/ready is not 200 gets no requests until it is ready again. A
request whose server dies before it has replied gets 502, and is not repeated. Requests cannot be pipelined.
"""

import argparse
import asyncio
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from itertools import cycle
from typing import cast

import httptools

# Seconds from one health check to the next, and for one.
INTERVAL = 0.25
PATIENCE = 2.0
READY = b"GET /_mock/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Backend:
    """A server. `idle` are connections to it that no request uses. `requests` counts those that it got."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.is_up = True
        self.requests = 0
        self.idle: deque[_Upstream] = deque()

    async def connection(self) -> "_Upstream":
        """Return an idle connection or a new one. Raises OSError if the server refuses it."""
        while self.idle:
            if not (connection := self.idle.pop()).transport.is_closing():
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(partial(_Upstream, self), self.host, self.port)
        return connection

    async def check(self) -> None:
        """Find out whether the server is ready."""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                with closing(writer):
                    writer.write(READY)
                    line = await reader.readline()
                await writer.wait_closed()
        except OSError:  # includes TimeoutError
            line = b""
        self.is_up = line[9:12] == b"200"

    def close(self) -> None:
        """Close the idle connections."""
        for each in list(self.idle):
            each.transport.abort()


class Balancer:
    """Distributes the requests of all connections. Each connection of a client is an instance of `client`."""

    def __init__(self, backends: Iterable[Backend]) -> None:
        self.backends = list(backends)
        self._turn = cycle(self.backends)

    def client(self) -> asyncio.Protocol:
        """Return the protocol for a new connection of a client."""
        return _Client(self)

    def next(self) -> Backend | None:
        """Return the next server that is up."""
        candidates = (next(self._turn) for _ in self.backends)
        return next((each for each in candidates if each.is_up), None)

    async def connection(self) -> "_Upstream | None":
        """Return a connection to the next server that accepts one."""
        while (backend := self.next()) is not None:
            try:
                connection = await backend.connection()
            except OSError:
                backend.is_up = False
            else:
                backend.requests += 1
                return connection
        return None

    async def watch(self) -> None:
        """Check all servers again and again."""
        while True:
            await asyncio.gather(*(each.check() for each in self.backends))
            await asyncio.sleep(INTERVAL)


class _Piped(asyncio.Protocol):
    """One side of a request. Stops to read if the other side cannot write."""

    transport: asyncio.Transport
    peer: "_Piped | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.resume_reading()


class _Client(_Piped):
    """A connection of a client: one request at a time."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._parser = httptools.HttpRequestParser(self)
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[bytes] = []
        self.method = b""
        self.is_busy = False

    def on_message_begin(self) -> None:
        if self.is_busy:
            raise ValueError("requests cannot be pipelined")
        self.is_busy = True

    def on_headers_complete(self) -> None:
        self.method = self._parser.get_method()

    def data_received(self, data: bytes) -> None:
        begins = not self.is_busy
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail(400, "the request is not valid, or is pipelined")
            return
        if isinstance(self.peer, _Upstream):
            self.peer.transport.write(data)
        else:
            self._waiting.append(data)
        if begins and self.is_busy:
            self._task = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        upstream = await self._balancer.connection()
        if self.transport.is_closing():
            if upstream is not None:
                upstream.release()
        elif upstream is None:
            self.fail(503, "no server is ready")
        else:
            self.peer = upstream
            upstream.carry(self, b"".join(self._waiting))
            self._waiting.clear()

    def fail(self, status: int, reason: str) -> None:
        """Reply with an error of the balancer itself, and close the connection."""
        body = f"{reason}\n".encode()
        head = f"HTTP/1.1 {status} Balancer\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    def finished(self) -> None:
        """Wait for the next request."""
        self.peer, self.is_busy = None, False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.peer is not None:
            self.peer.transport.abort()


class _Upstream(_Piped):
    """A connection to a server."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._client: _Client | None = None

    def carry(self, client: _Client, data: bytes) -> None:
        """Send the beginning of a request, and pass the reply on."""
        self.peer = self._client = client
        self._parser = httptools.HttpResponseParser(self)
        self._has_begun = self._is_complete = self._is_reusable = False
        self.transport.write(data)

    def on_headers_complete(self) -> None:
        # The parser cannot know that a reply to HEAD has no body.
        if self._client is not None and self._client.method == b"HEAD":
            self._complete()

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._complete()

    def _complete(self) -> None:
        self._is_complete, self._is_reusable = True, self._parser.should_keep_alive()

    def data_received(self, data: bytes) -> None:
        client = self._client
        if client is None:
            self.transport.abort()
            return
        self._has_begun = True
        with suppress(httptools.HttpParserError):
            self._parser.feed_data(data)
        client.transport.write(data)
        if self._is_complete:
            self._client = self.peer = None
            client.finished()
            self.release(reusable=self._is_reusable)
            if not self._is_reusable:
                client.transport.close()

    def release(self, *, reusable: bool = True) -> None:
        """Keep the connection for another request, or close it."""
        if not reusable:
            self.transport.close()
        elif not self.transport.is_closing():
            self._backend.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        with suppress(ValueError):
            self._backend.idle.remove(self)
        if (client := self._client) is None:
            return
        client.peer = None
        if not self._has_begun and not client.transport.is_closing():
            client.fail(502, "the server closed the connection before it replied")
        elif exc is None:
            client.transport.close()
        else:
            client.transport.abort()


@asynccontextmanager
async def balanced(
    addresses: Sequence[tuple[str, int]], port: int = 0, *, checked: bool = True
) -> AsyncIterator[tuple[int, Balancer]]:
    """Listen on `port` of 127.0.0.1, 0 for a free one, and yield the port and the balancer.

    With `checked`, it finds out again and again whether the servers are ready.
    """
    balancer = Balancer(Backend(*each) for each in addresses)
    listener = await asyncio.get_running_loop().create_server(balancer.client, "127.0.0.1", port, backlog=2_048)
    tasks = [asyncio.create_task(balancer.watch())] if checked else []
    try:
        yield listener.sockets[0].getsockname()[1], balancer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        listener.close()
        for each in balancer.backends:
            each.close()


def address(text: str) -> tuple[str, int]:
    """Parse HOST:PORT."""
    host, _, port = text.removeprefix("http://").rpartition(":")
    return host or "127.0.0.1", int(port)


async def _run(servers: Sequence[tuple[str, int]], port: int) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    async with balanced(servers, port) as (listening, balancer):
        print(f"http://127.0.0.1:{listening} balances {len(servers)} servers", flush=True)
        await ended.wait()
    for backend in balancer.backends:
        print(f"{backend.host}:{backend.port} got {backend.requests:,} requests")


def main() -> int:
    """Run the balancer until a signal arrives."""
    commands = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands.add_argument("servers", nargs="+", type=address, metavar="HOST:PORT")
    commands.add_argument("--port", type=int, default=8080, help="port to listen on; 0 for a free one (default: 8080)")
    options = commands.parse_args()
    import uvloop

    uvloop.run(_run(options.servers, options.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
