"""Requests and connections: what an adapter makes of what came in, and what can be done with where it came from.

There are two adapters: the HTTP protocol of the server (`mockserver.serving.protocol`), and ASGI for clients in the
same process (`mockserver.wire.asgi`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, Protocol

from mockserver.kit.operations import Header


class Disconnected(Exception):
    """The client went away before its request had arrived, or before its reply could be sent."""


class Ended(Disconnected):
    """The sandbox was reset or deleted while the request waited. Its connection is closed."""


class Broken(Exception):
    """The connection was broken on purpose; there is nothing more to send."""


class Request(NamedTuple):
    """One request. `path` is not percent-decoded; names in `headers` are in lower case, and the last of a name wins.

    `fields` are the headers as they came, in order. `body` is the whole body where it has arrived together with the
    head; None where it has to be read from the connection.
    """

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    fields: Sequence[tuple[str, str]]
    scheme: str = "http"
    body: bytes | None = None


class Connection(Protocol):
    """Where a request came from, for as long as the request lasts.

    `expects` is true while the client waits to be told to send its body (RFC 9110 section 10.1.1). Reading tells it.
    """

    expects: bool

    @property
    def unread(self) -> float:
        """Seconds for which the request had lain unread when the server came to it, as far as that is known."""

    async def read(self) -> bytes | None:
        """The next piece of the body; None at its end. Raises Disconnected."""

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole reply. The body of a reply to HEAD is left out, and its length stays."""

    async def begin(self, status: int, headers: Sequence[Header]) -> None:
        """Send the head of a reply whose body comes in pieces: framed by Content-Length, or in chunks without one."""

    async def send(self, piece: bytes) -> None:
        """Send a piece of the body. Raises Disconnected where the client has gone."""

    async def end(self) -> None:
        """End the body, and with it the reply."""

    async def break_off(self, *, reset: bool) -> NoReturn:
        """End the connection once all is sent: with a reset (RST) or an orderly end (FIN). Always raises Broken."""

    async def gone(self) -> None:
        """Wait until the client has gone. What it still sends is read and thrown away."""
