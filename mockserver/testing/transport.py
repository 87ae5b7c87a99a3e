"""An httpx2 transport into a server in this process: no socket is opened, neither here nor there."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import httpx2

from mockserver.testing.errors import MockServerError
from mockserver.testing.session import World

T = TypeVar("T")

# Seconds of real time in which the server notices that a client has gone. A request that cannot notice, such as an
# upload that is held back before it is read, is left to itself then: so it is with a connection that is closed.
_NOTICE = 5.0


class InProcess(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Carries the requests of a client, sync or async, into one sandbox.

    The URL decides as it does on the network: a provider's own host (`https://api.videotoprompt.org/v1/…`), or any
    host with a provider's prefix. Connections that the server breaks surface as httpx2.ReadError. A request that is
    cancelled has left the server when the cancellation goes on: whoever looks then finds it over.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of a sync client."""
        exchange = _Exchange(self._world, request, request.read())
        status, headers = self._world.run(exchange.begin())
        return httpx2.Response(status, headers=headers, stream=_SyncBody(self._world, exchange), request=request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of an async client, on asyncio or on trio."""
        exchange = _Exchange(self._world, request, await request.aread())
        try:
            status, headers = await _across(self._world, exchange.begin())
        except GeneratorExit:  # nothing can be awaited any more
            raise
        except BaseException:
            await _leave(self._world, exchange)
            raise
        return httpx2.Response(status, headers=headers, stream=_AsyncBody(self._world, exchange), request=request)


async def _across(world: World, work: Coroutine[Any, Any, T]) -> T:
    """What work on the server's loop gives, awaited on another loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # trio
        import anyio.to_thread

        return await anyio.to_thread.run_sync(world.run, work, abandon_on_cancel=True)
    return await asyncio.wrap_future(world.host.start(work))


async def _leave(world: World, exchange: "_Exchange") -> None:
    """Go away, and wait until the server has noticed, also where all that waits is cancelled."""
    import anyio

    # A server that was closed meanwhile has nobody left.
    with anyio.CancelScope(shield=True), suppress(MockServerError):
        await _across(world, exchange.end())


class _SyncBody(httpx2.SyncByteStream):
    def __init__(self, world: World, exchange: "_Exchange") -> None:
        self._world = world
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._world.run(self._exchange.piece())) is not None:
            yield piece

    def close(self) -> None:
        self._world.run(self._exchange.end())


class _AsyncBody(httpx2.AsyncByteStream):
    def __init__(self, world: World, exchange: "_Exchange") -> None:
        self._world = world
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await _across(self._world, self._exchange.piece())) is not None:
            yield piece

    async def aclose(self) -> None:
        await _leave(self._world, self._exchange)


class _Exchange:
    """One request to the application, on the server's loop (ASGI specification, HTTP connection scope)."""

    def __init__(self, world: World, request: httpx2.Request, body: bytes) -> None:
        self._world = world
        self._request = request
        self._body: bytes | None = body
        self._patience = request.extensions.get("timeout", {}).get("read")
        self._pieces: asyncio.Queue[dict[str, Any] | Exception | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send the request, and give the status and headers of the reply."""
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
        """The next piece of the body, or None at its end."""
        message = await self._next()
        return None if message is None else message.get("body", b"")

    async def end(self) -> None:
        """Go away, whether the reply is whole or not."""
        self._gone.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_NOTICE)

    async def _next(self) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(self._patience):
                found = await self._pieces.get()
        except TimeoutError:
            raise httpx2.ReadTimeout("no answer in time", request=self._request) from None
        if isinstance(found, Exception):
            raise found
        return found

    async def _serve(self) -> None:
        url, sandbox = self._request.url, self._world.sandbox.name.encode()
        path, _, query = url.raw_path.partition(b"?")
        headers = [(name.lower(), value) for name, value in self._request.headers.raw]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": self._request.method,
            "scheme": url.scheme, "path": url.path, "raw_path": path, "query_string": query, "root_path": "",
            "headers": [*headers, (b"x-mock-sandbox", sandbox)], "client": ("127.0.0.1", 0),
            "server": (url.host, url.port or 80),
        }  # fmt: skip
        try:
            await self._world.host.app(scope, self._receive, self._send)
        except ConnectionResetError as error:
            self._pieces.put_nowait(httpx2.ReadError(str(error), request=self._request))
        self._pieces.put_nowait(None)

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self._pieces.put_nowait(dict(message))
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._gone.set()
