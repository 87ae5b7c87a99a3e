"""A transport that connects httpx2 clients to a server in this process, without a socket."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import httpx2

from mockserver.testing.errors import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox

T = TypeVar("T")

# Seconds of real time to wait until the server has noticed that a client disconnected. A request that cannot notice it,
# such as an upload that is delayed before it is read, then goes on alone, as after a closed connection.
_DISCONNECT_TIMEOUT = 5.0


class Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Sends the requests of a client, sync or async, to one sandbox, whatever host their URLs have."""


class InProcess(Transport):
    """Sends the requests of a client, sync or async, to one sandbox.

    URLs work as over a network: with a provider's own host (`https://api.videotoprompt.org/v1/…`), or any host and a
    provider's prefix. If a fault closes a connection, the client gets httpx2.ReadError. When a cancelled request
    returns, the server has finished it too.
    """

    def __init__(self, hosted: HostedSandbox) -> None:
        self._hosted = hosted

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of a sync client."""
        exchange = _Exchange(self._hosted, request, request.read())
        status, headers = self._hosted.run(exchange.begin())
        return httpx2.Response(status, headers=headers, stream=_SyncBody(self._hosted, exchange), request=request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of an async client, on asyncio or on trio."""
        exchange = _Exchange(self._hosted, request, await request.aread())
        try:
            status, headers = await _run_on_server(self._hosted, exchange.begin())
        except GeneratorExit:  # awaiting is no longer possible
            raise
        except BaseException:
            await _disconnect(self._hosted, exchange)
            raise
        return httpx2.Response(status, headers=headers, stream=_AsyncBody(self._hosted, exchange), request=request)


def transport_to(hosted: HostedSandbox) -> Transport:
    """Return a transport to a sandbox, in this process or elsewhere."""
    if not hosted.host.remote:
        return InProcess(hosted)
    from mockserver.testing.remote.transport import OverNetwork

    return OverNetwork(hosted)


async def _run_on_server(hosted: HostedSandbox, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the server's loop, and await its result on the current loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # trio
        import anyio.to_thread

        return await anyio.to_thread.run_sync(hosted.run, work, abandon_on_cancel=True)
    return await asyncio.wrap_future(hosted.host.start(work))


async def _disconnect(hosted: HostedSandbox, exchange: "_Exchange") -> None:
    """Disconnect, and wait until the server has noticed it, even if the current task is cancelled."""
    import anyio

    # A server that was closed in the meantime has no requests.
    with anyio.CancelScope(shield=True), suppress(MockServerError):
        await _run_on_server(hosted, exchange.end())


class _SyncBody(httpx2.SyncByteStream):
    def __init__(self, hosted: HostedSandbox, exchange: "_Exchange") -> None:
        self._hosted = hosted
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._hosted.run(self._exchange.piece())) is not None:
            yield piece

    def close(self) -> None:
        self._hosted.run(self._exchange.end())


class _AsyncBody(httpx2.AsyncByteStream):
    def __init__(self, hosted: HostedSandbox, exchange: "_Exchange") -> None:
        self._hosted = hosted
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await _run_on_server(self._hosted, self._exchange.piece())) is not None:
            yield piece

    async def aclose(self) -> None:
        await _disconnect(self._hosted, self._exchange)


class _Exchange:
    """One request to the application, on the server's loop (ASGI specification, HTTP connection scope)."""

    def __init__(self, hosted: HostedSandbox, request: httpx2.Request, body: bytes) -> None:
        self._hosted = hosted
        self._request = request
        self._body: bytes | None = body
        self._read_timeout = request.extensions.get("timeout", {}).get("read")
        self._messages: asyncio.Queue[dict[str, Any] | Exception | None] = asyncio.Queue()
        self._disconnected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send the request, and return the status and headers of the reply."""
        self._task = asyncio.get_running_loop().create_task(self._serve())
        try:
            start = await self._next()
        except BaseException:
            await self.end()
            raise
        if start is None:
            raise httpx2.RemoteProtocolError("the server ended without a reply", request=self._request)
        return start["status"], list(start["headers"])

    async def piece(self) -> bytes | None:
        """Return the next piece of the body, or None at its end."""
        message = await self._next()
        return None if message is None else message.get("body", b"")

    async def end(self) -> None:
        """Disconnect, whether the reply is complete or not."""
        self._disconnected.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_DISCONNECT_TIMEOUT)

    async def _next(self) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(self._read_timeout):
                message = await self._messages.get()
        except TimeoutError:
            raise httpx2.ReadTimeout("the server did not answer in time", request=self._request) from None
        if isinstance(message, Exception):
            raise message
        return message

    async def _serve(self) -> None:
        url, sandbox = self._request.url, self._hosted.sandbox.name.encode()
        path, _, query = url.raw_path.partition(b"?")
        headers = [(name.lower(), value) for name, value in self._request.headers.raw]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": self._request.method,
            "scheme": url.scheme, "path": url.path, "raw_path": path, "query_string": query, "root_path": "",
            "headers": [*headers, (b"x-mock-sandbox", sandbox)], "client": ("127.0.0.1", 0),
            "server": (url.host, url.port or 80),
        }  # fmt: skip
        try:
            await self._hosted.host.app(scope, self._receive, self._send)
        except ConnectionResetError as error:
            self._messages.put_nowait(httpx2.ReadError(str(error), request=self._request))
        self._messages.put_nowait(None)

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self._messages.put_nowait(dict(message))
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._disconnected.set()
