"""A server with its interceptor, in a thread of this process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from socket import socket
from typing import Any, TypeVar

from mockserver.app import create_app
from mockserver.intercept.interceptor import Interceptor, listening
from mockserver.intercept.proxy import Bounds
from mockserver.serving.http_server import HttpServer
from mockserver.serving.serve import listen
from mockserver.settings import Settings
from mockserver.wire.server import Server

T = TypeVar("T")

# Seconds in which a server starts, ends, or answers a question of this process.
_PATIENCE = 30.0


class InterceptingServer(HttpServer):
    """A server that begins and ends its interceptor along with itself."""

    def __init__(
        self,
        *given: Any,
        interceptor: Callable[[HttpServer], Interceptor],
        ready: Callable[[Interceptor], None] = lambda interceptor: None,
        **named: Any,
    ) -> None:
        super().__init__(*given, **named)
        self.interceptor = interceptor(self)
        self._ready = ready
        self.loop: asyncio.AbstractEventLoop | None = None
        self.error: Exception | None = None
        self.up = threading.Event()

    async def startup(self, sockets: Sequence[socket]) -> None:
        """Listen, intercept, and call `ready`. What keeps it from that is in `error`, and the server ends."""
        await super().startup(sockets)
        try:
            await self.interceptor.start()
        except OSError as error:
            self.error = error
            self.end()
        else:
            self._ready(self.interceptor)
        self.loop = asyncio.get_running_loop()
        self.up.set()

    async def shutdown(self) -> None:
        """Intercept no more, then end."""
        await self.interceptor.close()
        await super().shutdown()


class Background:
    """A server in a thread: what its own process can ask of it."""

    def __init__(self, app: Server, server: InterceptingServer) -> None:
        self.app = app
        self._server = server

    @property
    def interceptor(self) -> Interceptor:
        """What leads programs to the server."""
        return self._server.interceptor

    def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer to what has to be asked in the server's event loop. Raises TimeoutError."""
        assert self._server.loop is not None
        return asyncio.run_coroutine_threadsafe(question, self._server.loop).result(_PATIENCE)


@contextmanager
def intercepted(
    settings: Settings,
    *,
    allow_external: bool = False,
    sandbox: str | None = None,
    say: Callable[[str], None] = lambda text: None,
    bounds: Bounds | None = None,
) -> Iterator[Background]:
    """A sandbox server on a free port of 127.0.0.1, with an interceptor. Raises OSError when that cannot be.

    Raises SourceErrors for a bad scenario and LookupError for an unknown one.
    """
    with closing(listen("127.0.0.1", 0)) as listener, ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listening()]
        app = create_app(settings, own_ports=[s.getsockname()[1] for s in (listener, *sockets)])

        def interceptor(server: HttpServer) -> Interceptor:
            return Interceptor(
                server, allow_external=allow_external, sandbox=sandbox, sockets=sockets, say=say, bounds=bounds
            )

        server = InterceptingServer(app, closed=app.close, interceptor=interceptor)
        thread = threading.Thread(target=server.run, args=([listener],), name="mockserver", daemon=True)
        thread.start()
        try:
            if not server.up.wait(_PATIENCE):
                raise OSError("the sandbox server did not start in time")
            if server.error is not None:
                raise server.error
            yield Background(app, server)
        finally:
            server.end()
            thread.join(_PATIENCE)
