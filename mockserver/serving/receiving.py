"""Receiving: turns the bytes of one connection into requests, with the parser of httptools."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import httptools

from mockserver.serving.connection import SocketConnection
from mockserver.serving.deadlines import ConnectionLimits
from mockserver.serving.invalid import (
    NOT_ASCII,
    NOT_VALID,
    HeadTooLarge,
    NotHttp,
    ends_in_first_line,
    headers_of,
    rejected_line,
)
from mockserver.wire.request import Request

_AUTHORITY_END = re.compile(rb"[/?#]")

# Accepts a request with its connection. It is answered immediately, or after the requests before it.
Dispatch = Callable[[Request, SocketConnection], None]


class NewConnection(Protocol):
    """Creates the connection of a request.

    `keep_alive` says whether the connection stays open afterwards, `expects_continue` whether the client waits for
    `100 Continue`, and `more` whether the body is still incomplete.
    """

    def __call__(
        self, method: str, target: str, version: str, *, keep_alive: bool, expects_continue: bool, more: bool
    ) -> SocketConnection: ...


class RequestReceiver:
    """Parses the bytes that arrive on one connection. All of this is the hot path.

    A request is dispatched within the call that parses its last byte. If its head arrives before its body, it is
    dispatched with its head, because the head may be enough to refuse it; its connection gets the body later.

    `number` counts the requests, and `body_bytes` the bytes of all bodies. `head_open` is true within a head, `stray`
    after bytes that do not begin a request. `url`, `fields` and `headers` are those of the current request, as far as
    they have arrived. `current` is the connection of a request whose body is incomplete.
    """

    def __init__(self, limits: ConnectionLimits, new_connection: NewConnection, dispatch: Dispatch) -> None:
        self._limits = limits
        self._new_connection = new_connection
        self._dispatch = dispatch
        self._parser = self._new_parser()
        self.scheme = "http"
        self.current: SocketConnection | None = None
        self.number = 0
        self.body_bytes = 0
        self.trailers = 0
        self.head_open = False
        self.stray = False
        self.url = b""
        self.headers: dict[str, str] = {}
        self.fields: list[tuple[str, str]] = []
        self._head_complete = False
        self._expects_continue = False
        self._body = b""
        self._rejected_method = ""
        self._rejected = b""  # rejected by the parser within its first line, which is still incomplete
        self._ended = False  # after CONNECT, nothing that follows is HTTP
        self._head_bytes = 0  # of a head that is still incomplete
        self._line_complete = False  # the last one that has arrived of a head that is still incomplete
        self._data_bytes = 0  # of the data that is being parsed

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # A client may send its next request before it learns that the connection will be closed.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def feed(self, data: bytes) -> None:
        """Parse received data. Raises HeadTooLarge and NotHttp."""
        if self._ended:
            return
        if self._rejected:
            self._reject(self._rejected + data)
            return
        before = self.number
        while rest := self._parse(data):
            data, before = rest, self.number
        if self.head_open:
            # If the head began in the middle of the data, count only its fields that are parsed already. Its exact
            # size is checked when it is complete.
            self._head_bytes += self._data_bytes if self.number == before else max(1, self._size())
            self._line_complete = data.endswith(b"\n")
            if self._head_bytes > self._limits.head_bytes:
                raise HeadTooLarge
        elif self._head_complete:
            self._begin_with_head()
        elif self.current is None and self.number == before:
            # For example an empty line after a request, which a head must follow.
            self.stray = True

    def complete_fields(self) -> None:
        """Add the last field of a head that stays incomplete. The parser keeps it back until the next field begins.

        Nothing can be parsed afterwards.
        """
        if self.head_open and self._line_complete:
            with suppress(httptools.HttpParserError):
                self._parser.feed_data(b"x")

    @property
    def method(self) -> str:
        """The method of the current request; empty if it has not arrived."""
        if self._rejected_method or not self.url:
            return self._rejected_method
        return str(self._parser.get_method().decode("ascii"))

    def _parse(self, data: bytes) -> bytes:
        """Parse `data`. Returns data that must be parsed next, if any. Raises HeadTooLarge and NotHttp."""
        self._data_bytes = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ended = self._is_connect()
            return b"" if self._ended else self._without_upgrade() + data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, HeadTooLarge | NotHttp):
                raise error.__context__ from None
            if self.head_open and self.url:
                self._add_fields(data)
            if not self.head_open or self.url:
                raise NotHttp(NOT_VALID) from error
            self._reject(data)
        return b""

    def _reject(self, data: bytes) -> None:
        """Raise NotHttp for data that the parser rejects at a first line, after that line has arrived.

        The parser rejects an unknown method before the target has arrived, which decides on the format of the reply.
        """
        rejected = rejected_line(data)
        if rejected is None and len(data) <= self._limits.head_bytes and ends_in_first_line(data):
            self._rejected = data
            return
        if rejected is None:
            raise NotHttp(NOT_VALID)
        self.url, self.headers, self.fields = rejected.target, dict(rejected.headers), list(rejected.headers.items())
        self._rejected_method = rejected.method
        raise rejected.error

    def _add_fields(self, data: bytes) -> None:
        """Add the fields of a rejected head that the parser has not reported: at least the last one before the error.

        They can name the account, whose limits are in the headers of the reply.
        """
        for name, value in headers_of(data, self.url).items():
            if name not in self.headers:
                self.headers[name] = value
                self.fields.append((name, value))

    def _is_connect(self) -> bool:
        return bool(self._parser.get_method() == b"CONNECT")

    def _without_upgrade(self) -> bytes:
        """Return the head of a request without its Upgrade field, to be parsed again by a new parser.

        The server supports no other protocol, so it ignores the field (RFC 9110 section 7.8). But the parser has
        stopped after the head, because it expects another protocol there.
        """
        line = b"%b %b HTTP/%b" % (self._parser.get_method(), self.url, self._parser.get_http_version().encode())
        fields = [f"{name}: {value}".encode("latin-1") for name, value in self.fields if name != "upgrade"]
        self._parser = self._new_parser()
        self.number -= 1
        return b"\r\n".join((line, *fields, b"", b""))

    # The callbacks of the parser.

    def on_message_begin(self) -> None:
        """Begin a new request."""
        self.url, self.fields, self.headers, self._body = b"", [], {}, b""
        self._expects_continue = self.stray = self._head_complete = False
        self.head_open = True
        self._head_bytes = self.trailers = 0
        self.number += 1

    def on_url(self, url: bytes) -> None:
        """Add a piece of the target."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header field. Trailer fields are only counted."""
        if not self.head_open:
            self.trailers += 1
            return
        field, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.fields.append((field, text))
        self.headers[field] = text
        if field == "expect" and text.lower() == "100-continue":
            self._expects_continue = True

    def on_headers_complete(self) -> None:
        """Check the size of the head and the target, and continue with the body."""
        limits = self._limits
        # A head that arrived in one read is not larger than the read.
        if self._head_bytes or self._data_bytes > limits.head_bytes or len(self.fields) > limits.head_fields:
            self._check_size()
        if not self.url.isascii():
            raise NotHttp(NOT_ASCII)
        # Otherwise a client and this server could see different hosts (RFC 9112 section 3.2).
        if "host" not in self.headers or len(self.fields) != len(self.headers):
            self._check_host()
        if self.url[:1] != b"/":
            httptools.parse_url(self.url)  # raises if it is not a valid target
        self.head_open, self._head_complete = False, True

    def _size(self) -> int:
        """Return the bytes of the current head that are parsed already."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.fields)

    def _check_size(self) -> None:
        if len(self.fields) > self._limits.head_fields or self._size() > self._limits.head_bytes:
            raise HeadTooLarge

    def _check_host(self) -> None:
        count = sum(name == "host" for name, _ in self.fields)
        if count > 1 or (count == 0 and self._parser.get_http_version() != "1.0"):
            raise NotHttp(f"The request must have one Host header, not {count or 'none'}")

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body."""
        self.body_bytes += len(body)
        if self.current is not None:
            self.current.feed(body)
        else:
            self._body = body if not self._body else self._body + body

    def on_message_complete(self) -> None:
        """Dispatch the request, unless it was dispatched with its head, or the parser only stopped for an upgrade."""
        if self._parser.should_upgrade() and not self._is_connect():
            return
        if self.current is not None:
            self.current.feed_end()
            self.current = None
        elif self._head_complete:
            self._head_complete = False
            body, self._body = self._body, b""
            self._dispatch(self._request(body), self._connection(more=False))

    def _begin_with_head(self) -> None:
        self._head_complete = False
        connection = self.current = self._connection(more=True)
        if self._body:
            connection.feed(self._body)
        self._dispatch(self._request(None), connection)

    def _request(self, body: bytes | None) -> Request:
        url = self.url
        if url[:1] != b"/" or b"#" in url:
            parsed = httptools.parse_url(url)
            path, query = parsed.path or b"", parsed.query or b""
            if b"://" in url:
                # The host of a whole URL replaces the Host header (RFC 9112 section 3.2.2).
                authority = _AUTHORITY_END.split(url.partition(b"://")[2], 1)[0]
                self.headers["host"] = authority.rpartition(b"@")[2].decode("ascii")
        else:
            path, _, query = url.partition(b"?")
        method = self._parser.get_method().decode("ascii")
        # A head that arrived in one read is not larger than the read.
        head = 0 if self._head_bytes else self._data_bytes
        return Request(method, path.decode("ascii"), query, self.headers, self.fields, self.scheme, body, head)

    def _connection(self, *, more: bool) -> SocketConnection:
        parser = self._parser
        method, version = parser.get_method().decode("ascii"), parser.get_http_version()
        keep_alive = version != "1.0" and parser.should_keep_alive() and method != "CONNECT"
        target = self.url.decode("ascii")
        # HTTP/1.0 has no interim replies (RFC 9110 section 10.1.1).
        expects_continue = self._expects_continue and version != "1.0"
        return self._new_connection(
            method, target, version, keep_alive=keep_alive, expects_continue=expects_continue, more=more
        )
