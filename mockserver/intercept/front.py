"""The front of the proxy: reads one head on each connection, and hands the connection on."""

import asyncio
import ssl

from mockserver.core.reasons import reason
from mockserver.intercept.choice import Choice
from mockserver.intercept.heads import END, Head, Refused, read_head
from mockserver.intercept.proxy import Proxy
from mockserver.intercept.tunnel import End

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Front(asyncio.Protocol):
    """A connection until it is known what it is for."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._buffer = bytearray()
        self._decided = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room."""
        self.transport = transport
        bounds = self._proxy.bounds
        self._timer = asyncio.get_running_loop().call_later(bounds.head_timeout, self._late)
        if not self._proxy.opened(self):
            self._refuse("", Refused(503, f"the proxy has {bounds.connections} connections already"))

    def connection_lost(self, error: Exception | None) -> None:
        """The client went away."""
        self._timer.cancel()
        self._proxy.gone(self)

    def data_received(self, data: bytes) -> None:
        """Take what arrived, until it is a whole head."""
        if self._decided:
            return
        self._buffer += data
        end = self._buffer.find(END)
        if max(end, 0 if end >= 0 else len(self._buffer)) > self._proxy.bounds.head_bytes:
            self._refuse("", Refused(431, "the head of the request is too large"))
        elif end >= 0:
            self._decide(bytes(self._buffer[: end + len(END)]), bytes(self._buffer[end + len(END) :]))

    def _late(self) -> None:
        if not self._decided:
            self._refuse("", Refused(408, "the request did not arrive in time"))

    def _decide(self, raw: bytes, rest: bytes) -> None:
        target = ""
        try:
            head = read_head(raw)
            target = head.target.decode("latin-1")
            choice = self._proxy.choices.of(head)
            if choice.tunnel and rest:
                raise Refused(400, "nothing may be sent in a tunnel before it is there")
        except Refused as refused:
            self._refuse(target, refused)
        else:
            self._decided = True
            self._timer.cancel()
            self._follow(choice, head, raw, rest)

    def _follow(self, choice: Choice, head: Head, raw: bytes, rest: bytes) -> None:
        if choice.kind == "own":
            self._hand_over(self.transport, raw + rest)
        elif choice.kind == "pass":
            self.transport.pause_reading()
            first = b"" if choice.tunnel else head.forwarded(choice.target) + rest
            self._proxy.spawn(self._pass(choice, first))
        elif not choice.tunnel:
            self._hand_over(self.transport, head.forwarded(choice.target) + rest, choice.scheme)
        elif choice.scheme == "http":
            self.transport.write(_ESTABLISHED)
            self._hand_over(self.transport, b"")
        else:
            self.transport.pause_reading()
            self._proxy.spawn(self._secure(choice.host))

    def _hand_over(self, transport: asyncio.Transport, data: bytes, scheme: str | None = None) -> None:
        """The connection is the server's from here on."""
        self._proxy.gone(self)
        http = self._proxy.http()
        transport.set_protocol(http)
        http.connection_made(transport)
        if scheme is not None:
            http.scheme = scheme
        if data:
            http.data_received(data)

    async def _secure(self, host: str) -> None:
        """End TLS here: the client speaks with `host`, as far as it can tell."""
        loop, early = asyncio.get_running_loop(), _Early()
        self.transport.write(_ESTABLISHED)
        try:
            secured = await loop.start_tls(
                self.transport,
                early,
                self._proxy.context,
                server_side=True,
                ssl_handshake_timeout=self._proxy.bounds.handshake_timeout,
            )
        except (OSError, TimeoutError) as error:
            self.transport.abort()
            self._proxy.gone(self)
            if isinstance(error, ssl.SSLError):
                self._proxy.say_once(f"a client of {host} did not accept the certificate: {error.reason or error}")
            return
        if secured is None or early.lost:
            self._proxy.gone(self)
        else:
            self._hand_over(secured, bytes(early.data))

    async def _pass(self, choice: Choice, first: bytes) -> None:
        """Join the connection with one to where the client wants to go."""
        loop, near, far = asyncio.get_running_loop(), _Counted(self._proxy), _Counted(self._proxy)
        host = "127.0.0.1" if choice.host.endswith("localhost") else choice.host
        try:
            async with asyncio.timeout(self._proxy.bounds.dial_timeout):
                await loop.create_connection(lambda: far, host, choice.port)
        except (OSError, TimeoutError) as error:
            told = str(error) or f"no answer within {self._proxy.bounds.dial_timeout:g} s"
            self._refuse(f"{choice.host}:{choice.port}", Refused(502, f"{choice.host}:{choice.port}: {told}"))
            return
        if self.transport.is_closing():
            far.transport.abort()
            return
        self._proxy.gone(self)
        near.connection_made(self.transport)
        self.transport.set_protocol(near)
        if choice.tunnel:
            self.transport.write(_ESTABLISHED)
        else:
            far.transport.write(first)
        near.join(far)

    def _refuse(self, target: str, refused: Refused) -> None:
        """Answer with the reason, also in the status line: many clients show nothing else of a proxy's reply."""
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


class _Early(asyncio.Protocol):
    """Keeps what a client sends along with the end of its handshake, until the server takes over."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True


class _Counted(End):
    """An end of a tunnel that counts among the connections of its proxy."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__()
        self._proxy = proxy

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._proxy.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._proxy.gone(self)
