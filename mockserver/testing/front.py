"""The socket of a server in this process: listening, and gone at once when it is no longer wanted."""

import asyncio
import socket

from mockserver.serving.http_server import HttpServer
from mockserver.serving.serve import listen
from mockserver.wire.server import Server

HOST = "127.0.0.1"


class Front:
    """An HTTP server in front of an application, on a free port, within an event loop that is there already."""

    def __init__(self, app: Server) -> None:
        self._server = HttpServer(app)
        self._listener: socket.socket = listen(HOST, 0)

    @property
    def server(self) -> HttpServer:
        """The server behind the socket, to which connections from elsewhere can be handed."""
        return self._server

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listener.getsockname()[1])

    async def open(self) -> None:
        """Take connections from now on."""
        await self._server.startup([self._listener])

    async def close(self) -> None:
        """Drop every connection, whatever it is waiting for."""
        self._server.stop_listening()
        for connection in list(self._server.shared.connections):
            connection.transport.abort()
        self._listener.close()
        await asyncio.gather(*self._server.shared.tasks, return_exceptions=True)
