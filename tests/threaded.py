"""Small servers of the standard library, in threads: what other programs talk to in tests over real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Thread

# Seconds that the end of a server may take.
_POLL = 0.01


@contextmanager
def running(server: BaseServer) -> Iterator[None]:
    """Let a server serve meanwhile; at the end it is shut down and closed, whatever happened."""
    thread = Thread(target=server.serve_forever, args=(_POLL,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
