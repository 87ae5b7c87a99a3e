"""The connection of a client that sends a body in pieces, and may disconnect before its end."""

from collections.abc import Iterable, Mapping

from mockserver.wire.request import Disconnected, Request


class Pieces:
    """Returns these pieces of a body. If it is not `complete`, the client then disconnects."""

    expects_continue = False

    def __init__(self, pieces: Iterable[bytes] = (), *, complete: bool = True) -> None:
        self.left = list(pieces)
        self._complete = complete

    async def read(self) -> bytes | None:
        if self.left:
            return self.left.pop(0)
        if not self._complete:
            raise Disconnected
        return None


def post(headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Request:
    """Return a request with these headers. Without a `body`, it has to be read from the connection."""
    headers = headers or {}
    return Request("POST", "/", b"", headers, list(headers.items()), body=body)
