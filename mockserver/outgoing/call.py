"""Outgoing calls and their results."""

from typing import Literal, NamedTuple, Protocol

Headers = tuple[tuple[str, str], ...]
Kind = Literal["response", "refused", "timeout", "connect_error", "protocol_error"]


class OutgoingCall(NamedTuple):
    """One HTTP request, exactly as it is sent: headers in this order and case, and these bytes.

    Host and Content-Length are added if they are missing; Host goes first (RFC 9110 section 7.2). `timeout` is in
    seconds, from the resolution of the name to the last byte of the reply. `keep` is how many bytes of the reply's
    body are kept. With `pauses`, in seconds, the body is sent in pieces of about the same size, one more than there
    are pauses. With a Content-Length that is longer than the body, the connection is closed after the body.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    timeout: float = 10.0
    keep: int = 65_536
    pauses: tuple[float, ...] = ()


class CallResult(NamedTuple):
    """The result of a call. `kind` is one of:

    - response: a reply, with any status, including redirects
    - refused: the egress policy does not allow the call
    - connect_error: no connection, because of the name, TCP or TLS
    - protocol_error: connected, but there was no complete HTTP/1.1 reply, or the call itself is not valid HTTP
    - timeout: the deadline passed

    If a call failed half-way, `status`, `headers` and `body` have what had arrived.
    """

    kind: Kind
    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    truncated: bool = False  # the reply was longer than `keep` bytes and was cut off
    error: str | None = None  # a description; None with a response
    address: str | None = None  # the last address dialled, without the port
    elapsed_ms: float = 0.0


class Sender(Protocol):
    """Makes outgoing calls. `send` never raises: errors are in the result."""

    async def send(self, call: OutgoingCall) -> CallResult: ...
