"""The HTTP protocol of the server. Requests that need no waiting are answered immediately, in the order received."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from mockserver.clock import wall_ns
from mockserver.core.masking import Masking
from mockserver.core.reasons import reason
from mockserver.kit.operations import Reply
from mockserver.serving.batched_writes import BatchedWrites
from mockserver.serving.connection import STATUS_LINES, SocketConnection
from mockserver.serving.deadlines import Deadlines, WaitTime
from mockserver.serving.held_writes import HeldWrites
from mockserver.serving.invalid import HeadTooLarge, NotHttp
from mockserver.serving.receiving import RequestReceiver
from mockserver.serving.stepping import begin
from mockserver.wire import sockets
from mockserver.wire.gate import Gate
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, NotAccepted, Request, Unread

log = logging.getLogger("mockserver")
_access = logging.getLogger("mockserver.access")
# Seconds that a connection may be idle between two requests.
KEEP_ALIVE = 5.0
# With this many requests waiting on a connection, reading from its socket pauses.
PIPELINED = 16


class Application(Protocol):
    """The application that answers the requests of a connection."""

    async def serve(self, request: Request, connection: Connection) -> None: ...

    async def refused(self, unread: Unread) -> Reply: ...


@dataclass(slots=True)
class Shared:
    """What the connections of one server share: the application, the timer, and the open connections and tasks.

    `date` is the Date header of replies that have none (RFC 9110 section 6.6.1), as a line. The server updates it.
    Replies wait for `gate`, if there is one.
    """

    app: Application
    deadlines: Deadlines
    access_log: bool = False
    connections: "set[HttpProtocol]" = field(default_factory=set)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    date: bytes = b""
    gate: Gate | None = None


class _Wait(NamedTuple):
    """What a connection waits for, for how many seconds at most, and what happens afterwards.

    When `progress` has grown by at least `enough`, the wait starts again.
    """

    waits_for: object
    timeout: float
    on_timeout: Callable[[], None]
    progress: int = 0
    enough: int = 1


class HttpProtocol(asyncio.Protocol):
    """One connection, whose requests are answered one after another.

    A request is answered within the call that parses its last byte. If its answer has to wait, a task goes on with it,
    and the requests behind it wait until it is finished.

    A request that is late, has too large a head or is not valid HTTP is refused in its provider's format, if its
    address has arrived, and the connection is closed.
    """

    def __init__(self, shared: Shared) -> None:
        self.app = shared.app
        self.loop = asyncio.get_running_loop()
        self._free_at = 0
        self._reused = False
        self.read_paused = False
        self.write_paused = False
        self._shared = shared
        self._receiver = RequestReceiver(shared.deadlines.limits, partial(SocketConnection, self), self._dispatch)
        self._drain: asyncio.Future[None] | None = None
        # The request that is being answered, and the requests behind it.
        self._active: SocketConnection | None = None
        self._request: Request | None = None
        self._waiting: deque[tuple[Request, SocketConnection]] = deque()
        # After a request that is refused nothing more is parsed. Its reply is sent when its turn has come.
        self._masking = Masking()
        self._refused = False
        self._refusal = b""
        self._composing: asyncio.Task[None] | None = None
        self._ending = False
        self._wait_time = WaitTime()

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the connection."""
        self._free_at = wall_ns()
        gate = self._shared.gate
        writes: BatchedWrites | HeldWrites = BatchedWrites(transport)
        if gate is not None:
            writes = HeldWrites(transport, gate, lambda: self._request, self._refusal_of)
        self.transport: asyncio.Transport = writes  # type: ignore[assignment]
        self.write_whole = writes.write_whole
        if transport.get_extra_info("sslcontext") is not None:
            self.scheme = "https"
        self._shared.connections.add(self)
        self._shared.deadlines.watch(self._shared.connections, self.loop)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop after the client has disconnected or the connection was closed."""
        self._shared.connections.discard(self)
        self._waiting.clear()
        if self._active is not None:
            self._active.lost()
        self.resume_writing()

    def shutdown(self) -> None:
        """Close the connection after the current request is answered."""
        if self._active is None:
            self.transport.close()
        else:
            self._active.keep_alive = False

    @property
    def scheme(self) -> str:
        """The URL scheme from the client's point of view."""
        return self._receiver.scheme

    @scheme.setter
    def scheme(self, scheme: str) -> None:
        self._receiver.scheme = scheme

    @property
    def date(self) -> bytes:
        """The Date header of replies that have none, as a line."""
        return self._shared.date

    # Flow control.

    def pause_writing(self) -> None:
        """Stop writing, because the buffer of the transport is full."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """Write again, because the buffer of the transport has room."""
        self.write_paused = False
        drain, self._drain = self._drain, None
        if drain is not None and not drain.done():
            drain.set_result(None)
        if (self._waiting or self._refused) and self._active is None:
            self.loop.call_soon(self._answer_waiting)

    async def drained(self) -> None:
        """Wait until the buffer of the transport has room."""
        while self.write_paused:
            if self._drain is None:
                self._drain = self.loop.create_future()
            await asyncio.shield(self._drain)

    def pause_reading(self) -> None:
        """Stop reading from the socket."""
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read from the socket again."""
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    # Answering.

    def data_received(self, data: bytes) -> None:
        """Parse received data, and answer the requests that are complete."""
        if self._refused:
            return
        try:
            self._receiver.feed(data)
        except HeadTooLarge:
            self._refuse(431, "The head of the request is too large")
        except NotHttp as error:
            self._refuse(error.status, str(error))

    def _dispatch(self, request: Request, connection: SocketConnection) -> None:
        if self._active is None and not self._waiting and not self.write_paused:
            self._answer(request, connection)
            return
        # Pipelined requests are answered in their order (RFC 9112 section 9.3.2). Reading continues at first, so that a
        # client that disconnects is noticed.
        self._waiting.append((request, connection))
        if len(self._waiting) >= PIPELINED:
            self.pause_reading()

    def _answer(self, request: Request, connection: SocketConnection) -> None:
        self._active, self._request = connection, request
        connection.free_at, connection.reused = self._free_at, self._reused
        if self._shared.access_log:
            self._masking = Masking().of_request(None, request.fields)
        try:
            task = begin(self.app.serve(request, connection), self.loop)
        except Exception as error:  # noqa: BLE001 - any error is logged, and closes only this connection
            self._log_error(connection, error)
            task = None
        if task is None:
            self._request_done(connection)
        else:
            self._keep(task)
            task.add_done_callback(partial(self._task_done, connection))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._shared.tasks.add(task)
        task.add_done_callback(self._shared.tasks.discard)

    def _task_done(self, connection: SocketConnection, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log_error(connection, error)
        self._request_done(connection)
        self._answer_waiting()

    def _log_error(self, connection: SocketConnection, error: BaseException) -> None:
        log.error("%s %s failed", connection.method, Masking().text(connection.target), exc_info=error)

    def _request_done(self, connection: SocketConnection) -> None:
        """Log the request, and close the connection if its reply is not complete."""
        self._active = None
        self._free_at, self._reused = wall_ns(), True
        if self._shared.access_log:
            self._log_access(connection)
        if not connection.complete:
            if not self._ending:
                self.transport.close()
        elif self.read_paused and not self._waiting:
            self.resume_reading()

    def _answer_waiting(self) -> None:
        """Answer the requests that waited behind the one that is finished."""
        while self._waiting and self._active is None and not self.write_paused and not self.transport.is_closing():
            self._answer(*self._waiting.popleft())
        if not self._waiting:
            self.resume_reading()
            if self._refused and self._active is None and not self.write_paused:
                self._end()

    def _log_access(self, connection: SocketConnection) -> None:
        client = self.transport.get_extra_info("peername")
        address = f"{client[0]}:{client[1]}" if isinstance(client, tuple) else ""
        _access.info(
            '%s - "%s %s HTTP/%s" %d %s', address, connection.method, self._masking.text(connection.target),
            connection.version, connection.status, reason(connection.status),
        )  # fmt: skip

    # Deadlines.

    def check(self, now: float) -> None:
        """Refuse a request that is late, and close a connection that does not close by itself."""
        wait = self._current_wait()
        if wait is None:
            self._wait_time.update(None, now)
        elif self._wait_time.update(wait.waits_for, now, wait.progress, wait.enough) >= wait.timeout:
            wait.on_timeout()
        if self._receiver.trailers > self._shared.deadlines.limits.head_fields and not self._refused:
            self._refuse(431, "The request has too many trailer fields")
        if self.read_paused and sockets.has_left(self.transport):
            # A client that has left is not noticed while nothing is read.
            self.transport.abort()

    def _current_wait(self) -> _Wait | None:
        """Return what the connection waits for, or None if that has no deadline."""
        limits, transport, receiver = self._shared.deadlines.limits, self.transport, self._receiver
        number, wait = receiver.number, None
        if self._ending or transport.is_closing():
            wait = _Wait("end", limits.linger if self._ending else limits.body_timeout, transport.abort)
        elif self.write_paused:
            # The buffer is full and does not shrink: the client does not read the reply.
            wait = _Wait((number, transport.get_write_buffer_size()), limits.body_timeout, transport.abort)
        elif self._refused:
            wait = None
        elif self._awaits_head():
            refuse = partial(self._refuse, 408, "The request did not arrive in time")
            wait = _Wait((number, "head"), limits.head_timeout, refuse)
        elif self._awaits_body():
            refuse = partial(self._refuse, 408, "The body of the request did not arrive in time")
            wait = _Wait((number, "body"), limits.body_timeout, refuse, receiver.body_bytes, limits.progress)
        elif self._active is None:
            wait = _Wait((number, "next"), KEEP_ALIVE, transport.close)
        return wait

    def _awaits_head(self) -> bool:
        receiver = self._receiver
        if receiver.head_open:
            return not self.read_paused
        return self._active is None and (receiver.stray or not receiver.number)

    def _awaits_body(self) -> bool:
        # There is no deadline while the server does not read, or has not sent 100 Continue (RFC 9110 section 10.1.1).
        current = self._receiver.current
        return current is not None and not current.expects_continue and not self.read_paused

    # Refusing.

    def _refuse(self, status: int, message: str) -> None:
        """Parse nothing more from this connection. The error is sent after the replies to all earlier requests."""
        self._refused = True
        if self._answerable():
            self._composing = begin(self._compose_refusal(status, message), self.loop)
            if self._composing is not None:
                self._keep(self._composing)
        current = self._receiver.current
        if self._waiting and self._waiting[-1][1] is current:
            self._waiting.pop()
        # What arrives now is discarded. A client that disconnects is noticed only while the server reads.
        self.resume_reading()
        if current is not None and current is self._active:
            current.lost(NotAccepted(status, message))
            self._end()
        elif self._active is None:
            self._answer_waiting()

    def _answerable(self) -> bool:
        """Return true if the client expects a reply to the refused request, which has not begun."""
        receiver = self._receiver
        if receiver.current is not None:
            return not receiver.current.started
        return receiver.number > 0 and not receiver.stray

    def _end(self) -> None:
        """Send the refusal, and close the connection."""
        if self._ending or self.transport.is_closing():
            return
        if self._composing is not None and not self._composing.done():
            self._composing.add_done_callback(lambda task: self._end())
            return
        self._ending = True
        if not self._refusal:
            self.transport.close()
            return
        self.transport.write(self._refusal)
        self.loop.call_soon(self._end_writing)

    def _end_writing(self) -> None:
        # Half-close only: closing a connection with unread bytes resets it, and the client would lose the reply.
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()  # TLS cannot be half-closed

    async def _compose_refusal(self, status: int, message: str) -> None:
        receiver = self._receiver
        receiver.complete_fields()
        target = receiver.url.decode("latin-1")
        recorded = receiver.current is not None and receiver.current is self._active
        unread = Unread(status, message, receiver.method, target, receiver.fields, receiver.headers, recorded)
        reply = await self.app.refused(unread)
        self._refusal = self._bytes_of(reply, closes=True)

    def _bytes_of(self, reply: Reply, *, closes: bool, with_body: bool = True) -> bytes:
        body = encode(reply)
        fields = [*head(reply, (), len(body)), *([(b"connection", b"close")] if closes else [])]
        lines = b"".join(b"%b: %b\r\n" % field for field in fields)
        default = b"" if b"\ndate: " in lines else self.date
        return STATUS_LINES[reply.status] + default + lines + b"\r\n" + (body if with_body else b"")

    def _refusal_of(self, request: Request, reason: str) -> bytes:
        """Return the reply to a request whose effects could not be written into the store's file."""
        refusal: list[bytes] = []

        async def compose() -> None:
            reply = await self.app.refused(Unread.unwritten(request, reason))
            closes = self.transport.is_closing()
            refusal.append(self._bytes_of(reply, closes=closes, with_body=request.method != "HEAD"))

        task = begin(compose(), self.loop)
        assert task is None, "a store in this process does not wait"
        return refusal[0]
