"""The interceptor: a proxy for a server, with its certificate authority, its files and its environment variables."""

import asyncio
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from socket import create_server, socket

from mockserver.intercept.authority import Authority
from mockserver.intercept.client_connection import ClientConnection
from mockserver.intercept.decision import HostPolicy
from mockserver.intercept.environment import TRUST_STORE, ProxyDetails, environment, trusted_certificates
from mockserver.intercept.proxy import Proxy, ProxyLimits
from mockserver.intercept.startup_files import write_startup_files
from mockserver.intercept.trust_store import trust_store
from mockserver.providers.registry import summaries
from mockserver.serving.http_server import HttpServer
from mockserver.serving.protocol import Application, HttpProtocol
from mockserver.wire.request import Connection, Request


def provider_hosts() -> tuple[str, ...]:
    """Return the documented hosts of all providers, which are intercepted."""
    return tuple(host for provider in summaries() for host in provider.hosts)


def open_sockets() -> tuple[socket, socket]:
    """Return two listening sockets for an interceptor, on free ports of 127.0.0.1. Raises OSError."""
    return create_server(("127.0.0.1", 0)), create_server(("127.0.0.1", 0))


class Interceptor:
    """Intercepts calls to the providers' hosts, and passes them to a running server of this process.

    Call `start` in the event loop of that server, after its startup. The interceptor listens only on 127.0.0.1, on
    `sockets` or on two new ones. Requests without a sandbox go to `sandbox`. `notify` is called in the same loop with
    messages for the user, such as the first refusal of each host.
    """

    def __init__(
        self,
        server: HttpServer,
        *,
        allow_external: bool = False,
        sandbox: str | None = None,
        sockets: Sequence[socket] | None = None,
        notify: Callable[[str], None] = lambda text: None,
        limits: ProxyLimits | None = None,
    ) -> None:
        self._server = server
        self._sandbox = sandbox
        self._sockets = sockets
        self._allow_external = allow_external
        self._notify = notify
        self._limits = limits
        self._listeners: list[asyncio.Server] = []
        self._files: tempfile.TemporaryDirectory[str] | None = None
        self._proxy: Proxy | None = None
        self._details: ProxyDetails | None = None
        self._environ: dict[str, str] = {}

    async def start(self) -> None:
        """Write the certificates and start to listen. Raises OSError."""
        self._environ = dict(os.environ)
        self._files = tempfile.TemporaryDirectory(prefix="mockserver-", ignore_cleanup_errors=True)
        directory, authority, hosts = Path(self._files.name), Authority(), provider_hosts()
        context = authority.context(hosts, directory)
        self._proxy = proxy = Proxy(
            HostPolicy(hosts, allow_external=self._allow_external),
            self._new_protocol,
            context,
            lambda: len(self._server.shared.connections),
            self._notify,
            self._limits,
        )
        await self._listen(proxy, context)
        files = self._write_files(directory, authority)
        self._details = ProxyDetails(*self.ports, *files, hosts, self._allow_external)

    async def _listen(self, proxy: Proxy, context: ssl.SSLContext) -> None:
        loop, timeout = asyncio.get_running_loop(), proxy.limits.handshake_timeout
        plain, secure = self._sockets = self._sockets or open_sockets()
        self._listeners = [
            await loop.create_server(lambda: ClientConnection(proxy), sock=plain),
            await loop.create_server(self._new_protocol, sock=secure, ssl=context, ssl_handshake_timeout=timeout),
        ]

    async def close(self) -> None:
        """Stop listening, close the connections that were not passed to the server, and remove every file."""
        for listener in self._listeners:
            listener.close()
        if self._proxy is not None:
            self._proxy.close()
        if self._files is not None:
            self._files.cleanup()

    @property
    def url(self) -> str:
        """The URL of the proxy, which is also a URL of the sandbox server."""
        return self._started().url

    @property
    def ports(self) -> tuple[int, int]:
        """The ports that it listens on. Webhooks to them must be refused."""
        plain, secure = (s.getsockname()[1] for s in self._sockets or ())
        return plain, secure

    @property
    def directory(self) -> Path:
        """The directory of the files, which exists while the interceptor runs."""
        return self._started().bundle.parent

    @property
    def refused(self) -> Mapping[str, int]:
        """How often each destination was refused."""
        return dict(self._proxy.refused) if self._proxy is not None else {}

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables to add to the environment `base` of a program (default: that of this process)."""
        return environment(self._started(), self._environ if base is None else base)

    def _started(self) -> ProxyDetails:
        if self._details is None:
            raise RuntimeError("the interceptor was not started")
        return self._details

    def _new_protocol(self) -> HttpProtocol:
        protocol = self._server.connection()
        if self._sandbox is not None:
            protocol.app = _InSandbox(protocol.app, self._sandbox)
        return protocol

    def _write_files(self, directory: Path, authority: Authority) -> tuple[Path, Path]:
        bundle, empty_directory = directory / "authorities.pem", directory / "empty"
        others = trusted_certificates(self._environ) + b"\n" if self._allow_external else b""
        certificates = others + authority.certificate
        bundle.write_bytes(certificates)
        bundle.with_name(TRUST_STORE).write_bytes(trust_store(certificates))
        write_startup_files(directory, bundle, self._environ)
        with suppress(FileExistsError):
            empty_directory.mkdir()
        return bundle, empty_directory


class _InSandbox:
    """Wraps the server's application: requests without a sandbox go to this one."""

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
