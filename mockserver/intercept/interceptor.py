"""The interceptor: a proxy beside a server, with its authority, its files and the environment that leads to it."""

import asyncio
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from socket import create_server, socket

from mockserver.intercept.authority import Authority
from mockserver.intercept.choice import Choices
from mockserver.intercept.environment import Trap, environment, roots
from mockserver.intercept.front import Front
from mockserver.intercept.proxy import Bounds, Proxy
from mockserver.intercept.startup_files import write_startup_files
from mockserver.providers.registry import summaries
from mockserver.serving.http_server import HttpServer
from mockserver.serving.protocol import Application, HttpProtocol
from mockserver.wire.request import Connection, Request


def provider_hosts() -> tuple[str, ...]:
    """The documented hosts of all providers: those that are intercepted."""
    return tuple(host for provider in summaries() for host in provider.hosts)


def listening() -> tuple[socket, socket]:
    """The sockets of an interceptor, on free ports. Raises OSError when there are none."""
    return create_server(("127.0.0.1", 0)), create_server(("127.0.0.1", 0))


class Interceptor:
    """Makes the providers' hosts lead to a running server of this process.

    Begun in the event loop of that server, after its start-up. It listens on 127.0.0.1 alone, on two sockets that
    `listening` makes unless they are given. Requests that name no sandbox go to `sandbox`. `say` is called, in that
    loop, with what a person should know: each host that was refused, once.
    """

    def __init__(
        self,
        server: HttpServer,
        *,
        allow_external: bool = False,
        sandbox: str | None = None,
        sockets: Sequence[socket] | None = None,
        say: Callable[[str], None] = lambda text: None,
        bounds: Bounds | None = None,
    ) -> None:
        self._server = server
        self._sandbox = sandbox
        self._sockets = sockets
        self._allow_external = allow_external
        self._say = say
        self._bounds = bounds
        self._listeners: list[asyncio.Server] = []
        self._files: tempfile.TemporaryDirectory[str] | None = None
        self._proxy: Proxy | None = None
        self._trap: Trap | None = None
        self._given: dict[str, str] = {}

    async def start(self) -> None:
        """Listen. Raises OSError when that, or writing the certificates, cannot be done."""
        self._given = dict(os.environ)
        self._files = tempfile.TemporaryDirectory(prefix="mockserver-", ignore_cleanup_errors=True)
        directory, authority, hosts = Path(self._files.name), Authority(), provider_hosts()
        context = authority.context(hosts, directory)
        self._proxy = proxy = Proxy(
            Choices(hosts, allow_external=self._allow_external),
            self._protocol,
            context,
            lambda: len(self._server.shared.connections),
            self._say,
            self._bounds,
        )
        await self._listen(proxy, context)
        self._trap = Trap(*self.ports, *self._written(directory, authority), hosts, self._allow_external)

    async def _listen(self, proxy: Proxy, context: ssl.SSLContext) -> None:
        loop, timeout = asyncio.get_running_loop(), proxy.bounds.handshake_timeout
        plain, secure = self._sockets = self._sockets or listening()
        self._listeners = [
            await loop.create_server(lambda: Front(proxy), sock=plain),
            await loop.create_server(self._protocol, sock=secure, ssl=context, ssl_handshake_timeout=timeout),
        ]

    async def close(self) -> None:
        """Listen no more, end what was not handed to the server, and remove every file."""
        for listener in self._listeners:
            listener.close()
        if self._proxy is not None:
            self._proxy.close()
        if self._files is not None:
            self._files.cleanup()

    @property
    def url(self) -> str:
        """The proxy's address, which answers as the sandbox server too."""
        return self._begun().url

    @property
    def ports(self) -> tuple[int, int]:
        """The ports that it listens on, which webhooks have no business at."""
        plain, secure = (s.getsockname()[1] for s in self._sockets or ())
        return plain, secure

    @property
    def directory(self) -> Path:
        """Where the files are, for as long as the interceptor runs."""
        return self._begun().bundle.parent

    @property
    def refused(self) -> Mapping[str, int]:
        """How often each destination was refused."""
        return dict(self._proxy.refused) if self._proxy is not None else {}

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables that lead a program here, to be set over those of `base` (this process' own)."""
        return environment(self._begun(), self._given if base is None else base)

    def _begun(self) -> Trap:
        if self._trap is None:
            raise RuntimeError("the interceptor was not started")
        return self._trap

    def _protocol(self) -> HttpProtocol:
        made = self._server.connection()
        if self._sandbox is not None:
            made.app = _Within(made.app, self._sandbox)
        return made

    def _written(self, directory: Path, authority: Authority) -> tuple[Path, Path]:
        bundle, nothing = directory / "authorities.pem", directory / "nothing"
        others = roots(self._given) + b"\n" if self._allow_external else b""
        bundle.write_bytes(others + authority.certificate)
        write_startup_files(directory, bundle, self._given)
        with suppress(FileExistsError):
            nothing.mkdir()
        return bundle, nothing


class _Within:
    """The server as those see it who name no sandbox of their own."""

    def __init__(self, app: Application, sandbox: str) -> None:
        self._app = app
        self._field = ("x-mock-sandbox", sandbox)
        self.refused = app.refused

    async def serve(self, request: Request, connection: Connection) -> None:
        """Answer one request."""
        name, sandbox = self._field
        if name not in request.headers:
            headers, fields = {**request.headers, name: sandbox}, [*request.fields, self._field]
            request = request._replace(headers=headers, fields=fields)
        await self._app.serve(request, connection)
