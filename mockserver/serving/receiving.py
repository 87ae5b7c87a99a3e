"""Receiving: what httptools parses on one connection becomes requests, each as soon as its bytes allow."""

from collections.abc import Callable
from typing import Protocol

import httptools

from mockserver.serving.connection import SocketConnection
from mockserver.serving.deadlines import Limits
from mockserver.wire.request import Request


class HeadTooLarge(Exception):
    """The head of a request has more bytes or fields than a request may have."""


class NotHttp(Exception):
    """What arrived is no HTTP request."""


# Takes a request with its connection, to be answered now or when it has its turn.
Dispatch = Callable[[Request, SocketConnection], None]


class Opener(Protocol):
    """Makes the connection of a request: its method, target, HTTP version, whether the connection stays open after it,
    whether it expects to be told to continue, and whether there is more of its body to come."""

    def __call__(
        self, method: str, target: str, version: str, *, keep_alive: bool, expects: bool, more: bool
    ) -> SocketConnection: ...


class Receiver:
    """Parses what arrives on one connection. All of this is the hot path.

    A request is dispatched when its last byte has been parsed, within the call that did. One whose body is still to
    come is dispatched by its head, and its connection is fed the rest: it may be refused by its head alone.

    `number` counts the requests, `received` the bytes of all bodies; `head_open` is true within a head; `stray` while
    bytes have come that began no request; `current` is the connection of a request whose body is still to come.
    """

    def __init__(self, limits: Limits, opened: Opener, dispatch: Dispatch) -> None:
        self._limits = limits
        self._opened = opened
        self._dispatch = dispatch
        self._parser = self._new_parser()
        self.scheme = "http"
        self.current: SocketConnection | None = None
        self.number = 0
        self.received = 0
        self.trailers = 0
        self.head_open = False
        self.stray = False
        self.url = b""
        self.headers: dict[str, str] = {}
        self._fields: list[tuple[str, str]] = []
        self._head_whole = False
        self._expects = False
        self._body = b""
        self._unfinished = 0  # bytes of a head that has not ended
        self._latest = 0

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # A client may send its next request before it knows that the connection will be closed.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def feed(self, data: bytes) -> None:
        """Parse what arrived. Raises HeadTooLarge and NotHttp."""
        before = self.number
        while again := self._parse(data):
            data, before = again, self.number
        if self.head_open:
            # Of a head that began among other things, only what has been parsed is its own; the rest is counted when
            # the head is complete.
            self._unfinished += self._latest if self.number == before else max(1, self._size())
            if self._unfinished > self._limits.head_bytes:
                raise HeadTooLarge
        elif self._head_whole:
            self._begin_with_head()
        elif self.current is None and self.number == before:
            # An empty line after a request, for example: a head has to follow.
            self.stray = True

    def _parse(self, data: bytes) -> bytes:
        """Parse `data`. Returns what has to be parsed in its place, if anything. Raises HeadTooLarge and NotHttp."""
        self._latest = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return b"" if self._tunnels() else self._without_upgrade() + data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, HeadTooLarge):
                raise error.__context__ from None
            raise NotHttp from error
        return b""

    def _tunnels(self) -> bool:
        return bool(self._parser.get_method() == b"CONNECT")

    def _without_upgrade(self) -> bytes:
        """The head of a request that would upgrade its connection, without that wish; it is parsed anew.

        There is nothing to upgrade to, so the field is ignored (RFC 9110 section 7.8). The parser has stopped behind
        the head, and takes what follows for something else than HTTP.
        """
        line = b"%b %b HTTP/%b" % (self._parser.get_method(), self.url, self._parser.get_http_version().encode())
        fields = [f"{name}: {value}".encode("latin-1") for name, value in self._fields if name != "upgrade"]
        self._parser = self._new_parser()
        self.number -= 1
        return b"\r\n".join((line, *fields, b"", b""))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url, self._fields, self.headers, self._body = b"", [], {}, b""
        self._expects = self.stray = self._head_whole = False
        self.head_open = True
        self._unfinished = self.trailers = 0
        self.number += 1

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are counted, and not kept."""
        if not self.head_open:
            self.trailers += 1
            return
        field, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._fields.append((field, text))
        self.headers[field] = text
        if field == "expect" and text.lower() == "100-continue":
            self._expects = True

    def on_headers_complete(self) -> None:
        """Go on to the body, unless the head is too large or its target is none."""
        limits = self._limits
        # A head that came in one read is no larger than the read.
        if self._unfinished or self._latest > limits.head_bytes or len(self._fields) > limits.head_fields:
            self._measure()
        if not self.url.isascii():
            raise ValueError("the target is not ASCII")
        if self.url[:1] != b"/":
            httptools.parse_url(self.url)  # raises for what is no target
        self.head_open, self._head_whole = False, True

    def _size(self) -> int:
        """The bytes of the present head, as far as they have been parsed."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self._fields)

    def _measure(self) -> None:
        if len(self._fields) > self._limits.head_fields or self._size() > self._limits.head_bytes:
            raise HeadTooLarge

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self.received += len(body)
        if self.current is not None:
            self.current.feed(body)
        else:
            self._body = body if not self._body else self._body + body

    def on_message_complete(self) -> None:
        """Dispatch the request, unless that was done by its head, or the parser only left HTTP for an upgrade."""
        if self._parser.should_upgrade() and not self._tunnels():
            return
        if self.current is not None:
            self.current.feed_end()
            self.current = None
        elif self._head_whole:
            self._head_whole = False
            body, self._body = self._body, b""
            self._dispatch(self._request(body), self._connection(more=False))

    def _begin_with_head(self) -> None:
        self._head_whole = False
        connection = self.current = self._connection(more=True)
        if self._body:
            connection.feed(self._body)
        self._dispatch(self._request(None), connection)

    def _request(self, body: bytes | None) -> Request:
        url = self.url
        if url[:1] != b"/" or b"#" in url:
            parsed = httptools.parse_url(url)
            path, query = parsed.path or b"", parsed.query or b""
        else:
            path, _, query = url.partition(b"?")
        method = self._parser.get_method().decode("ascii")
        return Request(method, path.decode("ascii"), query, self.headers, self._fields, self.scheme, body)

    def _connection(self, *, more: bool) -> SocketConnection:
        parser = self._parser
        method, version = parser.get_method().decode("ascii"), parser.get_http_version()
        keep_alive = version != "1.0" and parser.should_keep_alive()
        target = self.url.decode("ascii")
        # A client of HTTP/1.0 knows of no interim replies (RFC 9110 section 10.1.1).
        expects = self._expects and version != "1.0"
        return self._opened(method, target, version, keep_alive=keep_alive, expects=expects, more=more)
