"""A server with an interceptor, in a thread of this process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from socket import socket
from typing import Any, TypeVar

from mockserver.app import create_app
from mockserver.intercept.interceptor import Interceptor, open_sockets
from mockserver.intercept.proxy import ProxyLimits
from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen
from mockserver.settings import Settings
from mockserver.wire.server import Server

T = TypeVar("T")

# Seconds that the server has to start, to end, or to run a coroutine.
_PATIENCE = 30.0


class InterceptingServer(HttpServer):
    """A server that starts and ends its interceptor together with itself."""

    def __init__(
        self,
        *args: Any,
        interceptor: Callable[[HttpServer], Interceptor],
        on_ready: Callable[[Interceptor], None] = lambda interceptor: None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.interceptor = interceptor(self)
        self._on_ready = on_ready
        self.loop: asyncio.AbstractEventLoop | None = None
        self.error: Exception | None = None
        self.started = threading.Event()

    async def startup(self, sockets: Sequence[socket]) -> None:
        """Listen, start the interceptor, and call `on_ready`. If that fails, set `error` and end the server."""
        await super().startup(sockets)
        try:
            await self.interceptor.start()
        except OSError as error:
            self.error = error
            self.end()
        else:
            self._on_ready(self.interceptor)
        self.loop = asyncio.get_running_loop()
        self.started.set()

    async def shutdown(self) -> None:
        """Close the interceptor, then the server."""
        await self.interceptor.close()
        await super().shutdown()


class BackgroundServer:
    """A server that runs in a thread of this process."""

    def __init__(self, app: Server, server: InterceptingServer) -> None:
        self.app = app
        self._server = server

    @property
    def interceptor(self) -> Interceptor:
        """The interceptor of the server."""
        return self._server.interceptor

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's event loop and return its result. Raises TimeoutError."""
        assert self._server.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._server.loop).result(_PATIENCE)


@contextmanager
def background_server(
    settings: Settings,
    *,
    allow_external: bool = False,
    sandbox: str | None = None,
    notify: Callable[[str], None] = lambda text: None,
    limits: ProxyLimits | None = None,
) -> Iterator[BackgroundServer]:
    """Run a server with an interceptor on a free port of 127.0.0.1. Raises OSError if it does not start.

    Raises SourceErrors for an invalid scenario, and LookupError for an unknown one.
    """
    with closing(listen("127.0.0.1", 0)) as listener, ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in open_sockets()]
        app = create_app(settings, own_ports=[s.getsockname()[1] for s in (listener, *sockets)])

        def interceptor(server: HttpServer) -> Interceptor:
            return Interceptor(
                server, allow_external=allow_external, sandbox=sandbox, sockets=sockets, notify=notify, limits=limits
            )

        server = InterceptingServer(app, on_closed=app.close, interceptor=interceptor)
        thread = threading.Thread(target=server.run, args=([listener],), name="mockserver", daemon=True)
        thread.start()
        try:
            if not server.started.wait(_PATIENCE):
                raise OSError(f"the server did not start within {_PATIENCE:g} s")
            if server.error is not None:
                raise server.error
            yield BackgroundServer(app, server)
        finally:
            server.end()
            thread.join(_PATIENCE)
