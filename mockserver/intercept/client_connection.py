"""Connections to the proxy: each is passed on after the head of its first request."""

import asyncio
import ssl

from mockserver.core.reasons import reason
from mockserver.intercept.decision import Decision
from mockserver.intercept.heads import END, Head, RefusedByProxy, parse_head
from mockserver.intercept.proxy import Proxy
from mockserver.intercept.tunnel import TunnelEnd

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ClientConnection(asyncio.Protocol):
    """A connection of a client, until the head of its first request says where it goes."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._buffer = bytearray()
        self._decided = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for a request, unless there are too many connections."""
        self.transport = transport
        limits = self._proxy.limits
        self._timer = asyncio.get_running_loop().call_later(limits.head_timeout, self._late)
        if not self._proxy.add(self):
            self._refuse(
                "", RefusedByProxy(503, f"the proxy has reached its limit of {limits.connections} connections")
            )

    def connection_lost(self, error: Exception | None) -> None:
        """Stop after the client has disconnected."""
        self._timer.cancel()
        self._proxy.remove(self)

    def data_received(self, data: bytes) -> None:
        """Collect data until the head is complete."""
        if self._decided:
            return
        self._buffer += data
        end = self._buffer.find(END)
        if max(end, 0 if end >= 0 else len(self._buffer)) > self._proxy.limits.head_bytes:
            self._refuse("", RefusedByProxy(431, "the head of the request is too large"))
        elif end >= 0:
            self._decide(bytes(self._buffer[: end + len(END)]), bytes(self._buffer[end + len(END) :]))

    def _late(self) -> None:
        if not self._decided:
            self._refuse("", RefusedByProxy(408, "the request did not arrive in time"))

    def _decide(self, raw: bytes, rest: bytes) -> None:
        target = ""
        try:
            head = parse_head(raw)
            target = head.target.decode("latin-1")
            decision = self._proxy.policy.decide(head)
            if decision.tunnel and rest:
                raise RefusedByProxy(400, "the client sent data before the tunnel was established")
        except RefusedByProxy as refused:
            self._refuse(target, refused)
        else:
            self._decided = True
            self._timer.cancel()
            self._follow(decision, head, raw, rest)

    def _follow(self, decision: Decision, head: Head, raw: bytes, rest: bytes) -> None:
        if decision.kind == "own":
            self._hand_over(self.transport, raw + rest)
        elif decision.kind == "pass":
            self.transport.pause_reading()
            first = b"" if decision.tunnel else head.forwarded(decision.target) + rest
            self._proxy.spawn(self._pass(decision, first))
        elif not decision.tunnel:
            self._hand_over(self.transport, head.forwarded(decision.target) + rest, decision.scheme)
        elif decision.scheme == "http":
            self.transport.write(_ESTABLISHED)
            self._hand_over(self.transport, b"")
        else:
            self.transport.pause_reading()
            self._proxy.spawn(self._terminate_tls(decision.host))

    def _hand_over(self, transport: asyncio.Transport, data: bytes, scheme: str | None = None) -> None:
        """Pass the connection to the server's own HTTP protocol, with the data that has arrived."""
        self._proxy.remove(self)
        http = self._proxy.new_protocol()
        transport.set_protocol(http)
        http.connection_made(transport)
        if scheme is not None:
            http.scheme = scheme
        if data:
            http.data_received(data)

    async def _terminate_tls(self, host: str) -> None:
        """Do the TLS handshake as `host`, and pass the connection to the server."""
        loop, early = asyncio.get_running_loop(), _EarlyData()
        self.transport.write(_ESTABLISHED)
        try:
            secured = await loop.start_tls(
                self.transport,
                early,
                self._proxy.context,
                server_side=True,
                ssl_handshake_timeout=self._proxy.limits.handshake_timeout,
            )
        except (OSError, TimeoutError) as error:
            self.transport.abort()
            self._proxy.remove(self)
            if isinstance(error, ssl.SSLError):
                self._proxy.notify_once(f"a client of {host} did not accept the certificate: {error.reason or error}")
            return
        if secured is None or early.lost:
            self._proxy.remove(self)
        else:
            self._hand_over(secured, bytes(early.data))

    async def _pass(self, decision: Decision, first: bytes) -> None:
        """Connect to the client's destination, and join both connections to a tunnel."""
        loop, near, far = asyncio.get_running_loop(), _CountedEnd(self._proxy), _CountedEnd(self._proxy)
        host = "127.0.0.1" if decision.host.endswith("localhost") else decision.host
        destination = f"{decision.host}:{decision.port}"
        try:
            async with asyncio.timeout(self._proxy.limits.dial_timeout):
                await loop.create_connection(lambda: far, host, decision.port)
        except (OSError, TimeoutError) as error:
            cause = str(error) or f"no answer within {self._proxy.limits.dial_timeout:g} s"
            self._refuse(destination, RefusedByProxy(502, f"{destination}: {cause}"))
            return
        if self.transport.is_closing():
            far.transport.abort()
            return
        self._proxy.remove(self)
        near.connection_made(self.transport)
        self.transport.set_protocol(near)
        if decision.tunnel:
            self.transport.write(_ESTABLISHED)
        else:
            far.transport.write(first)
        near.join(far)

    def _refuse(self, target: str, refused: RefusedByProxy) -> None:
        """Answer with the reason, also in the status line, because many clients show only that of a proxy's reply."""
        self._decided = True
        self._timer.cancel()
        if refused.status not in (408, 503):
            self._proxy.note_refusal(target, refused)
        text = f"mockserver: {refused}"
        phrase = text if text.isascii() and text.isprintable() else reason(refused.status)
        body = f"{text}\n".encode()
        fields = f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(f"HTTP/1.1 {refused.status} {phrase}\r\n{fields}".encode("ascii") + body)
        self.transport.close()


class _EarlyData(asyncio.Protocol):
    """Keeps data that arrives together with the end of the handshake, until the server takes over."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True


class _CountedEnd(TunnelEnd):
    """An end of a tunnel that counts as a connection of the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__()
        self._proxy = proxy

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._proxy.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._proxy.remove(self)
