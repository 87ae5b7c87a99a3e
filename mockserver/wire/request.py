"""Requests and connections, as the two adapters create them.

The adapters are the HTTP protocol of the server (`mockserver.serving.protocol`), and ASGI for clients in the same
process (`mockserver.wire.asgi`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, Protocol

from mockserver.kit.operations import Header


class Disconnected(Exception):
    """The client disconnected before the whole request arrived, or before the whole reply was sent."""


class Ended(Disconnected):
    """The sandbox was reset or deleted while the request waited. Its connection is closed."""


class NotAccepted(Disconnected):
    """The server stopped reading the request, and replies with this status. The text says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Broken(Exception):
    """A fault has closed the connection on purpose; nothing more is sent."""


class Unwritten(Broken):
    """The reply was replaced by a refusal, because the state that it rests on could not be written."""


class Request(NamedTuple):
    """One request. `path` is not percent-decoded.

    `fields` are all header fields, in the order received. `headers` has their names in lower case; of several fields
    with the same name, it has the last. `body` is the whole body if it arrived together with the head, and None if it
    has to be read from the connection. The head has at most `head_bytes` bytes; 0 means that this is not known.
    """

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    fields: Sequence[tuple[str, str]]
    scheme: str = "http"
    body: bytes | None = None
    head_bytes: int = 0


class Unread(NamedTuple):
    """A request that is refused before it is answered, as far as it arrived, with the status and the message of why.

    It is not valid HTTP, arrived incomplete, or cannot be served. `method` and `target` (the path and query) are empty
    if they did not arrive. `fields` and `headers` are as in `Request`. With `recorded` it gets no journal entry: it has
    one, or none can be written.
    """

    status: int
    message: str
    method: str
    target: str
    fields: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    recorded: bool = False

    @classmethod
    def unwritten(cls, request: Request, reason: str) -> "Unread":
        """Return the refusal (503) of a request whose effects cannot be written into the store's file."""
        target = f"{request.path}?{request.query.decode('latin-1')}"
        return cls(503, reason, request.method, target, request.fields, request.headers, recorded=True)


class Connection(Protocol):
    """The connection of one request: reads its body and sends its reply.

    `expects_continue` is true while the client waits for `100 Continue` before it sends its body (RFC 9110 section
    10.1.1). `read` sends it. `free_at` and `reused` are those of the request's `Turn`; `free_at` is 0 if they are
    not known.
    """

    expects_continue: bool
    free_at: int
    reused: bool

    @property
    def seconds_unread(self) -> float:
        """How long the request waited in the socket before the server read it; 0 if that is not known."""

    async def read(self) -> bytes | None:
        """Return the next piece of the body, or None at its end. Raises Disconnected."""

    async def buffer_body(self) -> None:
        """Wait until a short body has arrived, so that reading it does not wait. A long one is read in pieces."""

    async def respond(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole reply. A reply to HEAD is sent without its body, but with the body's Content-Length."""

    async def begin(self, status: int, headers: Sequence[Header]) -> None:
        """Send the head of a reply whose body is sent in pieces. Without a Content-Length the body is chunked."""

    async def send(self, piece: bytes) -> None:
        """Send a piece of the body. Raises Disconnected if the client has disconnected."""

    async def end(self) -> None:
        """End the body, and with it the reply."""

    async def break_off(self, *, reset: bool) -> NoReturn:
        """Close the connection after everything is sent: with a reset (RST) or in order (FIN). Always raises Broken."""

    async def wait_disconnected(self) -> None:
        """Wait until the client disconnects. Data that it sends in the meantime is discarded."""
