"""Outgoing calls to an ASGI application in this process, without a socket."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from mockserver.core.masking import Masking
from mockserver.outgoing.call import CallResult, Headers, OutgoingCall

log = logging.getLogger("mockserver")

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class AsgiSender:
    """Sends each call to an application once. If the application raises, the reply is a 500 with the traceback.

    A call ends when the application returns, which includes its background tasks. The application's lifespan is not
    run. `timer` returns seconds; only differences count.
    """

    def __init__(self, app: AsgiApp, timer: Callable[[], float]) -> None:
        self._app = app
        self._timer = timer

    async def send(self, call: OutgoingCall) -> CallResult:
        """Make the call once and return its result. Raises only CancelledError."""
        exchange, started = _Exchange(call), self._timer()
        error: str | None = None
        try:
            async with asyncio.timeout(call.timeout):
                await self._app(exchange.scope(), exchange.receive, exchange.send)
        except TimeoutError:
            error = f"no reply within {call.timeout:g} s"
        except Exception:
            log.exception("the application raised an exception for %s %s", call.method, Masking().text(call.url))
            exchange.fail(traceback.format_exc())
        return exchange.result(error, (self._timer() - started) * 1000)


class _Exchange:
    """One request, and as much of its reply as has been sent (ASGI specification, HTTP connection scope)."""

    def __init__(self, call: OutgoingCall) -> None:
        self._call = call
        self._body_sent = False
        self._complete = asyncio.Event()
        self._status: int | None = None
        self._headers: Headers = ()
        self._body = bytearray()
        self._truncated = False

    def scope(self) -> Message:
        parts = urlsplit(self._call.url)
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "method": self._call.method, "scheme": parts.scheme, "root_path": "",
            "path": unquote(parts.path) or "/", "raw_path": (parts.path or "/").encode("ascii", "replace"),
            "query_string": parts.query.encode("ascii", "replace"), "headers": _headers(self._call, parts.netloc),
            "client": ("127.0.0.1", 0), "server": (parts.hostname or "localhost", parts.port or 80),
        }  # fmt: skip

    async def receive(self) -> Message:
        if not self._body_sent:
            self._body_sent = True
            return {"type": "http.request", "body": self._call.body, "more_body": False}
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in message.get("headers", ()))
        elif message["type"] == "http.response.body":
            room, piece = self._call.keep - len(self._body), message.get("body", b"")
            self._body += piece[:room]
            self._truncated = self._truncated or len(piece) > room
            if not message.get("more_body", False):
                self._complete.set()

    def fail(self, text: str) -> None:
        """Replace an incomplete reply by a 500, as a server does if its application raises."""
        if self._complete.is_set():
            return
        self._status, self._headers = 500, (("content-type", "text/plain; charset=utf-8"),)
        self._body[:] = text.encode("utf-8", "replace")[: self._call.keep]
        self._complete.set()

    def result(self, error: str | None, elapsed_ms: float) -> CallResult:
        body = bytes(self._body)
        if error is not None:
            return CallResult("timeout", self._status, self._headers, body, self._truncated, error, None, elapsed_ms)
        if not self._complete.is_set():
            error = "the application returned before its reply was complete"
            return CallResult(
                "protocol_error", self._status, self._headers, body, self._truncated, error, None, elapsed_ms
            )
        return CallResult("response", self._status, self._headers, body, self._truncated, elapsed_ms=elapsed_ms)


def _headers(call: OutgoingCall, authority: str) -> list[tuple[bytes, bytes]]:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in call.headers]
    names = {name for name, _ in pairs}
    if b"host" not in names:
        pairs.insert(0, (b"host", authority.encode("ascii", "replace")))
    if b"content-length" not in names and b"transfer-encoding" not in names and call.body:
        pairs.append((b"content-length", str(len(call.body)).encode()))
    return pairs
