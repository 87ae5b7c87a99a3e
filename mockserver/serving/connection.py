"""The connection of one request over a socket: its body as it arrives, and its reply as HTTP/1.1 (RFC 9112)."""

import asyncio
from collections.abc import Sequence
from typing import NoReturn, Protocol

from mockserver.core.reasons import reason
from mockserver.kit.operations import Header
from mockserver.wire import sockets
from mockserver.wire.request import Broken, Disconnected

# With this many bytes of a body that have not been read yet, reading from the socket pauses.
HIGH_WATER = 65_536
STATUS_LINES = {status: f"HTTP/1.1 {status} {reason(status)}\r\n".encode() for status in range(100, 600)}


class Socket(Protocol):
    """The part of the HTTP protocol that a connection uses."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    read_paused: bool
    write_paused: bool

    @property
    def date(self) -> bytes: ...

    def write_whole(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    async def drained(self) -> None: ...


class SocketConnection:
    """The connection of one request over a socket (see `mockserver.wire.request.Connection`).

    `more` is true until the whole body has arrived, `started` and `complete` are true after the reply has begun and
    ended.
    """

    __slots__ = (
        "_body", "_chunked", "_error", "_left", "_socket", "_waiter", "complete", "disconnected", "expects_continue",
        "free_at", "keep_alive", "method", "more", "reused", "started", "status", "target", "version",
    )  # fmt: skip

    def __init__(
        self,
        socket: Socket,
        method: str,
        target: str,
        version: str,
        *,
        keep_alive: bool,
        expects_continue: bool,
        more: bool,
    ) -> None:
        self._socket = socket
        self.free_at = 0
        self.reused = False
        self.method = method
        self.target = target
        self.version = version
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.more = more
        self.started = False
        self.status = 0
        self.complete = False
        self.disconnected = False
        self._body = bytearray()
        self._error: Disconnected | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._chunked = False
        self._left: int | None = 0

    # The body, fed by the protocol.

    def feed(self, piece: bytes) -> None:
        """Add a piece of the body."""
        if self.complete:
            return
        self._body += piece
        if len(self._body) > HIGH_WATER:
            self._socket.pause_reading()
        self._wake()

    def feed_end(self) -> None:
        """Mark the body as complete."""
        self.more = False
        self._wake()

    def lost(self, error: Disconnected | None = None) -> None:
        """Mark the connection as disconnected: the client has left, or the server reads nothing more from it.

        The request that is being read fails with `error`, by default that the client has disconnected.
        """
        self.disconnected, self._error = True, error
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def read(self) -> bytes | None:
        if self.expects_continue:
            self.expects_continue = False
            if not self.disconnected and not self._socket.transport.is_closing():
                self._socket.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self._body:
            if self.disconnected:
                raise self._error or Disconnected
            if not self.more:
                return None
            await self._wait_arrival()
        piece, self._body = bytes(self._body), bytearray()
        return piece

    async def buffer_body(self) -> None:
        while self.more and not self.disconnected and not self.expects_continue and len(self._body) <= HIGH_WATER:
            await self._wait_arrival()

    async def wait_disconnected(self) -> None:
        while not self.disconnected and not self.complete:
            self._body.clear()
            await self._wait_arrival()

    async def _wait_arrival(self) -> None:
        self._socket.resume_reading()
        self._waiter = self._socket.loop.create_future()
        await self._waiter

    @property
    def seconds_unread(self) -> float:
        return sockets.silent_for(self._socket.transport)

    # The reply.

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        if self._socket.write_paused:
            await self._socket.drained()
        head = self._head(status, headers)
        self.started, self.complete, self.status = True, True, status
        if self.disconnected:
            return
        self._socket.write_whole(head if self.method == "HEAD" else head + body)
        if not self.keep_alive:
            self._socket.transport.close()

    async def begin(self, status: int, headers: Sequence[Header]) -> None:
        if self._socket.write_paused:
            await self._socket.drained()
        self.started, self.status = True, status
        if self.disconnected:
            return
        length = next((value for name, value in headers if name == b"content-length"), None)
        self._left = None if length is None else int(length)
        # A body with neither a length nor chunks ends with the connection (RFC 9112 section 6.3).
        self._chunked = length is None and self.version != "1.0" and self.method != "HEAD" and status not in (204, 304)
        framing = ((b"transfer-encoding", b"chunked"),) if self._chunked else ()
        self._socket.transport.write(self._head(status, (*headers, *framing)))

    async def send(self, piece: bytes) -> None:
        if self._socket.write_paused and not self.disconnected:
            await self._socket.drained()
        if self.disconnected:
            raise Disconnected
        if not piece or self.method == "HEAD":
            return
        if self._chunked:
            self._socket.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            return
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise RuntimeError("the body of the reply is longer than its Content-Length")
        self._socket.transport.write(piece)

    async def end(self) -> None:
        self.complete = True
        if self.disconnected:
            return
        if self._chunked:
            self._socket.transport.write(b"0\r\n\r\n")
        elif self._left and self.method != "HEAD":
            raise RuntimeError("the body of the reply is shorter than its Content-Length")
        if not self.keep_alive:
            self._socket.transport.close()

    def _head(self, status: int, headers: Sequence[Header]) -> bytes:
        if self.expects_continue and self.more:
            # The client may or may not send its body now, so the next request cannot be recognised (RFC 9110 section
            # 10.1.1).
            self.keep_alive = False
        fields = list(headers)
        if not self.keep_alive:
            fields.append((b"connection", b"close"))
        head = b"".join([b"%b: %b\r\n" % field for field in fields])
        # A line break in a field would start another field, or another reply (RFC 9110 section 5.5).
        if head.count(b"\n") != len(fields) or head.count(b"\r") != len(fields):
            raise RuntimeError("a header of the reply contains a line break")
        # Replies of providers have the date of their sandbox's clock.
        default = b"" if b"\ndate: " in head else self._socket.date
        return b"%b%b%b\r\n" % (STATUS_LINES[status], default, head)

    async def break_off(self, *, reset: bool) -> NoReturn:
        if self.disconnected:
            pass
        elif reset:
            await sockets.reset(self._socket.transport)
        else:
            await sockets.finish(self._socket.transport, self._read_once)
        # Nothing more is written, so the client closes the connection, or its deadline does.
        await self.wait_disconnected()
        self.complete = True
        raise Broken

    async def _read_once(self) -> bool:
        if not self.disconnected:
            self._body.clear()
            await self._wait_arrival()
        return self.disconnected
