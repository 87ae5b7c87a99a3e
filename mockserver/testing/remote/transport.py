"""A transport that connects httpx2 clients to a sandbox of a server that runs elsewhere."""

import httpx2

from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.transport import Transport


class OverNetwork(Transport):
    """Sends every request to the server, with the host of its own URL, which selects the provider."""

    def __init__(self, hosted: HostedSandbox) -> None:
        self._base = httpx2.URL(hosted.host.base)
        self._sandbox = hosted.name
        self._sync: httpx2.HTTPTransport | None = None
        self._async: httpx2.AsyncHTTPTransport | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of a sync client."""
        self._sync = self._sync or httpx2.HTTPTransport(trust_env=False)
        return self._sync.handle_request(self._redirected(request))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of an async client."""
        self._async = self._async or httpx2.AsyncHTTPTransport(trust_env=False)
        return await self._async.handle_async_request(self._redirected(request))

    def close(self) -> None:
        if self._sync is not None:
            self._sync.close()

    async def aclose(self) -> None:
        if self._async is not None:
            await self._async.aclose()

    def _redirected(self, request: httpx2.Request) -> httpx2.Request:
        """Return the request with the address of the server. Its Host header stays."""
        path = self._base.raw_path.rstrip(b"/") + request.url.raw_path
        url = self._base.copy_with(raw_path=path)
        headers = [*request.headers.raw, (b"X-Mock-Sandbox", self._sandbox.encode())]
        return httpx2.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
