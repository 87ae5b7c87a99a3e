"""The HTTP protocol of the server: answers at once what needs no waiting, in the order in which it came.

The server makes one for each connection, and asks it to shut down.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from mockserver.core.reasons import reason
from mockserver.kit.operations import Header, Reply
from mockserver.serving.batched_writes import BatchedWrites
from mockserver.serving.connection import STATUS_LINES, SocketConnection
from mockserver.serving.deadlines import Deadlines, Lateness
from mockserver.serving.receiving import HeadTooLarge, NotHttp, Receiver
from mockserver.serving.stepping import begin
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, Request

log = logging.getLogger("mockserver")
_access = logging.getLogger("mockserver.access")
# Seconds that a connection may be idle between two requests.
KEEP_ALIVE = 5.0
# Requests that may wait on a connection before no more is taken from its socket.
PIPELINED = 16


class Application(Protocol):
    """What answers the requests of a connection."""

    async def serve(self, request: Request, connection: Connection) -> None: ...

    def refused(self, status: int, message: str, target: str, host: str) -> Reply: ...


@dataclass(slots=True)
class Shared:
    """What the connections of one server share: the application, the timer, and who is there.

    `default_headers` are those that every reply has: Date (RFC 9110 section 6.6.1), which the server keeps right.
    """

    app: Application
    deadlines: Deadlines
    access_log: bool = False
    connections: "set[HttpProtocol]" = field(default_factory=set)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    default_headers: Sequence[Header] = ()


class _Wait(NamedTuple):
    """Something that a connection waits for: how many seconds at most, and what is done then.

    Where it makes `progress`, by at least `enough`, the wait begins anew.
    """

    what: object
    patience: float
    then: Callable[[], None]
    progress: int = 0
    enough: int = 1


class HttpProtocol(asyncio.Protocol):
    """One connection. Requests on it are answered one after the other.

    A request whose last byte has come is answered within the call that parsed it. One that has to wait becomes a task,
    and what comes behind it waits until it is over.

    A request that is late, too large in its head or not HTTP is answered in its provider's words, as far as its
    address has arrived, and its connection closed.
    """

    def __init__(self, shared: Shared) -> None:
        self.app = shared.app
        self.loop = asyncio.get_running_loop()
        self.read_paused = False
        self.write_paused = False
        self._shared = shared
        self._received = Receiver(shared.deadlines.limits, partial(SocketConnection, self), self._dispatch)
        self._drain: asyncio.Future[None] | None = None
        # The request that is being answered, and those behind it.
        self._active: SocketConnection | None = None
        self._waiting: deque[tuple[Request, SocketConnection]] = deque()
        self._refused = False
        self._lateness = Lateness()

    # The connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        batched = BatchedWrites(transport)
        self.transport: asyncio.Transport = batched  # type: ignore[assignment]
        self.write_whole = batched.write_whole
        if transport.get_extra_info("sslcontext") is not None:
            self.scheme = "https"
        self._shared.connections.add(self)
        self._shared.deadlines.watch(self._shared.connections, self.loop)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone, or the connection was closed."""
        self._shared.connections.discard(self)
        self._waiting.clear()
        if self._active is not None:
            self._active.lost()
        self.resume_writing()

    def shutdown(self) -> None:
        """End the connection once the request that is being answered is over."""
        if self._active is None:
            self.transport.close()
        else:
            self._active.keep_alive = False

    @property
    def scheme(self) -> str:
        """The scheme that clients use, as far as they can tell."""
        return self._received.scheme

    @scheme.setter
    def scheme(self, scheme: str) -> None:
        self._received.scheme = scheme

    @property
    def default_headers(self) -> Sequence[Header]:
        """The headers that every reply has."""
        return self._shared.default_headers

    # The flow.

    def pause_writing(self) -> None:
        """The buffer of the transport is full."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """The buffer of the transport has room again."""
        self.write_paused = False
        drain, self._drain = self._drain, None
        if drain is not None and not drain.done():
            drain.set_result(None)
        if self._waiting and self._active is None:
            self.loop.call_soon(self._go_on)

    async def drained(self) -> None:
        """Wait until the buffer of the transport has room."""
        while self.write_paused:
            if self._drain is None:
                self._drain = self.loop.create_future()
            await asyncio.shield(self._drain)

    def pause_reading(self) -> None:
        """Take nothing more from the socket for now."""
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take from the socket again."""
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    # Answering.

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        if self._refused:
            return
        try:
            self._received.feed(data)
        except HeadTooLarge:
            self._refuse(431, "The head of the request is too large")
        except NotHttp:
            self._refuse(400, "The request is not valid HTTP")

    def _dispatch(self, request: Request, connection: SocketConnection) -> None:
        if self._active is None and not self._waiting and not self.write_paused:
            self._answer(request, connection)
            return
        # Requests of a pipeline are answered in their order (RFC 9112 section 9.3.2). Reading goes on for a while, so
        # that a client that leaves is noticed.
        self._waiting.append((request, connection))
        if len(self._waiting) >= PIPELINED:
            self.pause_reading()

    def _answer(self, request: Request, connection: SocketConnection) -> None:
        self._active = connection
        try:
            task = begin(self.app.serve(request, connection), self.loop)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged, and ends this connection alone
            self._failed(connection, error)
            task = None
        if task is None:
            self._over(connection)
        else:
            self._keep(task)
            task.add_done_callback(partial(self._task_over, connection))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._shared.tasks.add(task)
        task.add_done_callback(self._shared.tasks.discard)

    def _task_over(self, connection: SocketConnection, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(connection, error)
        self._over(connection)
        self._go_on()

    def _failed(self, connection: SocketConnection, error: BaseException) -> None:
        log.error("%s %s failed", connection.method, connection.target, exc_info=error)

    def _over(self, connection: SocketConnection) -> None:
        """A request has been answered, as far as it could be."""
        self._active = None
        if self._shared.access_log:
            self._log(connection)
        if not connection.complete:
            self.transport.close()
        elif self.read_paused and not self._waiting:
            self.resume_reading()

    def _go_on(self) -> None:
        """Answer what waits behind the request that is over."""
        while self._waiting and self._active is None and not self.write_paused and not self.transport.is_closing():
            self._answer(*self._waiting.popleft())
        if not self._waiting:
            self.resume_reading()

    def _log(self, connection: SocketConnection) -> None:
        client = self.transport.get_extra_info("peername")
        address = f"{client[0]}:{client[1]}" if isinstance(client, tuple) else ""
        _access.info(
            '%s - "%s %s HTTP/%s" %d %s', address, connection.method, connection.target, connection.version,
            connection.status, reason(connection.status),
        )  # fmt: skip

    # Being late.

    def check(self, now: float) -> None:
        """Refuse a request that is late, and end a connection that does not end by itself."""
        wait = self._wait()
        if wait is None:
            self._lateness.of(None, now)
        elif self._lateness.of(wait.what, now, wait.progress, wait.enough) >= wait.patience:
            wait.then()
        if self._received.trailers > self._shared.deadlines.limits.head_fields:
            self.transport.abort()

    def _wait(self) -> _Wait | None:
        """What the connection waits for, if that may take too long."""
        limits, transport, received = self._shared.deadlines.limits, self.transport, self._received
        number, wait = received.number, None
        if self._refused or transport.is_closing():
            wait = _Wait("end", limits.linger if self._refused else limits.body_timeout, transport.abort)
        elif self.write_paused:
            # The buffer is full and stays so: nobody reads the reply.
            wait = _Wait((number, transport.get_write_buffer_size()), limits.body_timeout, transport.abort)
        elif self._awaits_head():
            refuse = partial(self._refuse, 408, "The request did not arrive in time")
            wait = _Wait((number, "head"), limits.head_timeout, refuse)
        elif self._awaits_body():
            refuse = partial(self._refuse, 408, "The body of the request did not arrive in time")
            wait = _Wait((number, "body"), limits.body_timeout, refuse, received.received, limits.progress)
        elif self._active is None:
            wait = _Wait((number, "next"), KEEP_ALIVE, transport.close)
        return wait

    def _awaits_head(self) -> bool:
        received = self._received
        if received.head_open:
            return not self.read_paused
        return self._active is None and (received.stray or not received.number)

    def _awaits_body(self) -> bool:
        # Where the server does not read, or has not said that it will (RFC 9110 section 10.1.1), nobody is late.
        current = self._received.current
        return current is not None and not current.expects and not self.read_paused

    # Refusing.

    def _refuse(self, status: int, message: str) -> None:
        """Take nothing more from this connection, and say why unless a reply has begun."""
        answerable = self._answerable()
        self._refused = True
        if self._active is not None:
            self._active.lost()
        if not answerable:
            self.transport.close()
            return
        self.resume_reading()
        self.transport.write(self._refusal(status, message))
        self.loop.call_soon(self._end_writing)

    def _answerable(self) -> bool:
        received = self._received
        # A request behind one that is not answered yet cannot be answered before it.
        if received.current is not None:
            return received.current is self._active and not received.current.started
        return received.number > 0 and self._active is None and not self._waiting and not received.stray

    def _end_writing(self) -> None:
        # Closed by halves: a connection that is closed with unread bytes is reset, and the reply is lost with it.
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()  # TLS has no halves

    def _refusal(self, status: int, message: str) -> bytes:
        received = self._received
        reply = self.app.refused(status, message, received.url.decode("latin-1"), received.headers.get("host", ""))
        body = encode(reply)
        fields = [*head(reply, (), len(body)), (b"connection", b"close")]
        return STATUS_LINES[status] + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n" + body
