"""The socket of a server in this process: listening, and gone at once when it is no longer wanted."""

import asyncio
import socket

import uvicorn

from mockserver.serving.protocol import protocol
from mockserver.serving.serve import BACKLOG, listen
from mockserver.wire.server import Server

HOST = "127.0.0.1"


class Front:
    """uvicorn in front of an application, on a free port, within an event loop that is there already."""

    def __init__(self, app: Server) -> None:
        # No logging of its own: the process is the test's, and so is the configuration of its loggers.
        config = uvicorn.Config(
            app, http=protocol(), ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
            proxy_headers=False, backlog=BACKLOG,
        )  # fmt: skip
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._listener: socket.socket = listen(HOST, 0)
        self._ticking: asyncio.Task[None] | None = None

    @property
    def server(self) -> uvicorn.Server:
        """The server behind the socket, to which connections from elsewhere can be handed."""
        return self._server

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listener.getsockname()[1])

    async def open(self) -> None:
        """Take connections from now on."""
        await self._server.startup([self._listener])
        # The ticks keep the Date header (RFC 9110 section 6.6.1) right; the first of them is made before any request.
        await self._server.on_tick(0)
        self._ticking = asyncio.get_running_loop().create_task(self._server.main_loop())

    async def close(self) -> None:
        """Drop every connection, whatever it is waiting for."""
        if self._ticking is not None:
            self._ticking.cancel()
        for server in self._server.servers:
            server.close()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        self._listener.close()
        await asyncio.gather(*self._server.server_state.tasks, return_exceptions=True)
