"""The HTTP protocol of the server: uvicorn's, with deadlines and limits, and the connection at hand for faults."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from mockserver.serving.batched_writes import Corked
from mockserver.serving.deadlines import Deadlines, Lateness, Limits
from mockserver.wire.reply import encode, head
from mockserver.wire.wire_faults import CONNECTION

if TYPE_CHECKING:
    from mockserver.wire.server import Server

_TOO_LARGE = (431, "The head of the request is too large")


class _HeadTooLarge(Exception):
    """Raised within the parser, which ends there."""


class Protocol(HttpToolsProtocol):
    """uvicorn's httptools protocol, corked; each request's scope also carries its transport.

    A request that is late, too large in its head or not HTTP is answered in its provider's words, as far as its
    address has arrived, and its connection closed.
    """

    deadlines: ClassVar[Deadlines]
    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # None until a first head is whole

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(Corked(transport))  # type: ignore[arg-type]
        self._lateness = Lateness()
        self._unfinished = 0  # bytes of a head that has not ended
        self._latest = 0
        self._number = 0
        self._received = 0
        self._refused = False
        self.deadlines.watch(self.connections, self.loop)  # type: ignore[arg-type]

    # Arriving. All of this is the hot path.

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._latest = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # there is nothing to upgrade to: the request is answered as it is (RFC 9110 section 7.8)
        except httptools.HttpParserError as error:
            large = isinstance(error.__context__, _HeadTooLarge)
            self._refuse(*(_TOO_LARGE if large else (400, "The request is not valid HTTP")))
            return
        if self.cycle is None or self.cycle.scope is not self.scope:
            self._unfinished += self._latest
            if self._unfinished > self.deadlines.limits.head_bytes:
                self._refuse(*_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._unfinished = 0
        self._number += 1
        self.scope["extensions"] = {CONNECTION: self.transport}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        """Hand the request on, unless its head is too large."""
        limits = self.deadlines.limits
        if len(self.headers) > limits.head_fields or self._unfinished + self._latest > limits.head_bytes:
            self._measure(limits)
        super().on_headers_complete()

    def _measure(self, limits: Limits) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.headers) > limits.head_fields or size > limits.head_bytes:
            raise _HeadTooLarge

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._received += len(body)
        super().on_body(body)

    # Being late.

    def check(self, now: float) -> None:
        """Refuse a request that is late, and end a connection that does not end by itself."""
        limits, transport = self.deadlines.limits, self.transport
        if self._refused or transport.is_closing():
            patience = limits.linger if self._refused else limits.body_timeout
            if self._lateness.of("end", now) >= patience:
                transport.abort()
        elif self.flow.write_paused:
            # The buffer is full and stays so: nobody reads the reply.
            if self._lateness.of((self._number, transport.get_write_buffer_size()), now) >= limits.body_timeout:
                transport.abort()
        elif self._awaits_head():
            if self._lateness.of((self._number, "head"), now) >= limits.head_timeout:
                self._refuse(408, "The request did not arrive in time")
        elif self._awaits_body():
            late = self._lateness.of((self._number, "body"), now, self._received, limits.progress)
            if late >= limits.body_timeout:
                self._refuse(408, "The body of the request did not arrive in time")
        else:
            self._lateness.of(None, now)
        if self._number and len(self.headers) > 2 * limits.head_fields:
            transport.abort()  # trailers, which come after a head that was small enough

    def _awaits_head(self) -> bool:
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            return True
        # An idle connection has a timer of its own, which any byte ends: also one that begins no request.
        return cycle.response_complete and not cycle.more_body and self.timeout_keep_alive_task is None

    def _awaits_body(self) -> bool:
        # Where the server does not read, or has not said that it will (RFC 9110 section 10.1.1), nobody is late.
        cycle = self.cycle
        awaited = cycle is not None and cycle.more_body and not cycle.waiting_for_100_continue
        return awaited and not self.flow.read_paused

    # Refusing.

    def _refuse(self, status: int, message: str) -> None:
        """Take nothing more from this connection, and say why unless a reply has begun."""
        answered = self._answerable()
        self._refused = True
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not answered:
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write(self._spelled(status, message))
        self.loop.call_soon(self._end_writing)

    def _answerable(self) -> bool:
        cycle = self.cycle
        if cycle is None:
            return self._number > 0
        return cycle.response_complete if cycle.scope is not self.scope else not cycle.response_started

    def _end_writing(self) -> None:
        # Closed by halves: a connection that is closed with unread bytes is reset, and the reply is lost with it.
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()  # TLS has no halves

    def _spelled(self, status: int, message: str) -> bytes:
        host = next((v for n, v in self.headers if n == b"host"), b"")
        app: Server = self.config.app  # type: ignore[assignment]
        reply = app.refused(status, message, self.url.decode("latin-1"), host.decode("latin-1"))
        body = encode(reply)
        fields = [*head(reply, (), len(body)), (b"connection", b"close")]
        return STATUS_LINE[status] + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n" + body


def protocol(limits: Limits | None = None) -> type[Protocol]:
    """The protocol for one server, whose connections share a timer."""
    return type("Protocol", (Protocol,), {"deadlines": Deadlines(limits)})
