"""Runs servers of the standard library in threads, for tests over real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Thread

# How often a server checks whether it must end, in seconds.
_POLL = 0.01


@contextmanager
def running(server: BaseServer) -> Iterator[None]:
    """Run a server, and shut it down and close it at the end."""
    thread = Thread(target=server.serve_forever, args=(_POLL,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
