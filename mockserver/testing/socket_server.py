"""The listening socket of a server in this process. Closing it drops all connections immediately."""

import asyncio
import socket

from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen
from mockserver.wire.server import Server

HOST = "127.0.0.1"


class SocketServer:
    """Serves an application on a port, by default a free one, in an event loop that is already running.

    Raises CannotListen if the port is in use.
    """

    def __init__(self, app: Server, port: int = 0) -> None:
        self._server = HttpServer(app, gate=app.gate, on_starting=app.resume)
        self._listener: socket.socket = listen(HOST, port)

    @property
    def server(self) -> HttpServer:
        """The HTTP server, which can also be given connections that were accepted elsewhere."""
        return self._server

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listener.getsockname()[1])

    async def open(self) -> None:
        """Start to accept connections."""
        await self._server.startup([self._listener])

    async def close(self) -> None:
        """Drop every connection immediately, and stop listening."""
        self._server.stop_listening()
        for connection in list(self._server.shared.connections):
            connection.transport.abort()
        self._listener.close()
        await asyncio.gather(*self._server.shared.tasks, return_exceptions=True)
