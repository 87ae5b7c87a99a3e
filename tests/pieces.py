"""A client that sends the body of one request in pieces, and then goes away."""

from collections.abc import Iterable, Mapping

from mockserver.wire.request import Disconnected, Request


class Pieces:
    """The connection of such a client. It goes away in the middle of its body unless that is `complete`."""

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
    """A request with these headers, whose body is yet to be read unless it is given."""
    headers = headers or {}
    return Request("POST", "/", b"", headers, list(headers.items()), body=body)
