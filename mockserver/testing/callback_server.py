"""A small HTTP/1.1 server that answers each request as a function decides."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httptools
from pydantic_core import to_json

from mockserver.core.reasons import reason
from mockserver.wire import sockets

Break = Literal["hang", "reset", "close"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply: a status, and a body that is either JSON data or bytes."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the bytes of the reply (RFC 9112 section 2.1)."""
        raw = isinstance(self.body, bytes)
        body = self.body if raw else to_json(self.body)
        fields = {"Content-Type": "text/plain" if raw else "application/json", **self.headers}
        fields["Content-Length"] = str(len(body))
        head = f"HTTP/1.1 {self.status} {reason(self.status)}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
        return head.encode("latin-1") + b"\r\n" + (b"" if self.status in (204, 304) else body)


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Decide = Callable[[ReceivedRequest], Awaitable[Answer | Break]]


class CallbackServer:
    """A server whose replies one function decides."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def open(self, listener: socket.socket) -> None:
        """Start to accept connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self._decide, self._connections), sock=listener)

    async def close(self) -> None:
        """Stop listening, and drop every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.drop()


class _Connection(asyncio.Protocol):
    """One connection. Requests are answered one after another."""

    def __init__(self, decide: Decide, connections: "set[_Connection]") -> None:
        self._decide = decide
        self._connections = connections
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a stream socket
        self._connections.add(self)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        for task in self._tasks:
            task.cancel()

    def drop(self) -> None:
        """Close the connection immediately."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(Answer(400).encoded())
            self._transport.close()

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    # The callbacks of the parser.

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body = b"", {}, bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        request = ReceivedRequest(method, self._url.decode("latin-1"), dict(self._headers), bytes(self._body))
        task = asyncio.get_running_loop().create_task(self._reply(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, request: ReceivedRequest) -> None:
        assert self._transport is not None
        async with self._turn:
            answer = await self._decide(request)
            if isinstance(answer, Answer):
                self._transport.write(answer.encoded())
            elif answer == "reset":
                await sockets.reset(self._transport)
            elif answer == "close":
                self._transport.close()
            else:
                await asyncio.Event().wait()
