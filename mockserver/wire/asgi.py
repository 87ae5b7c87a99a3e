"""Requests and connections of clients in the same process, which use ASGI instead of a socket."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, NoReturn

from mockserver.kit.operations import Header, Reply
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Broken, Disconnected, Request, Unwritten

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Check = Callable[[], Awaitable[Reply | None]]


def request_of(scope: Any) -> Request:
    """Return the request of an HTTP connection scope (ASGI specification). Its body is read from the connection."""
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    return Request(
        scope["method"], path, scope["query_string"], {name.lower(): value for name, value in fields}, fields,
        scope.get("scheme", "http"),
    )  # fmt: skip


class AsgiConnection:
    """A connection over ASGI's `receive` and `send`. `broken` is true after a fault has closed it.

    `check` is called before a reply, and returns what is sent in its place, or None.
    """

    seconds_unread = 0.0
    free_at = 0
    reused = False
    expects_continue = False

    def __init__(self, scope: Any, receive: Receive, send: Send, check: Check | None = None) -> None:
        self._check = check
        self.broken = False
        self._head = scope["method"] == "HEAD"
        self._receive = receive
        self._send = send
        self._more = True

    async def read(self) -> bytes | None:
        if not self._more:
            return None
        message = await self._receive()
        if message["type"] != "http.request":
            raise Disconnected
        self._more = message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    async def buffer_body(self) -> None:
        """Return at once: the server in front has usually read it."""

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        refusal = None if self._check is None else await self._check()
        if refusal is not None:
            body = encode(refusal)
            status, headers = refusal.status, head(refusal, (), len(body))
        await self._begin(status, headers)
        await self._send({"type": "http.response.body", "body": b"" if self._head else body})
        if refusal is not None:
            raise Unwritten

    async def begin(self, status: int, headers: Sequence[Header]) -> None:
        if self._check is not None and await self._check() is not None:
            self.broken = True
            raise Unwritten
        await self._begin(status, headers)

    async def _begin(self, status: int, headers: Sequence[Header]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send(self, piece: bytes) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def break_off(self, *, reset: bool) -> NoReturn:
        self.broken = True
        raise Broken

    async def wait_disconnected(self) -> None:
        # A connection that fails while it is read has disconnected too.
        try:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        except OSError:
            return
