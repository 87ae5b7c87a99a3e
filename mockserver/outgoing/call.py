"""What is sent to a receiver, and what became of it."""

from typing import Literal, NamedTuple, Protocol

Headers = tuple[tuple[str, str], ...]
Kind = Literal["response", "refused", "timeout", "connect_error", "protocol_error"]


class OutgoingCall(NamedTuple):
    """One HTTP request, as it is to appear on the wire: headers in this order and case, exactly these bytes.

    Host and Content-Length are added where they are missing, and Host goes first (RFC 9110 section 7.2). `timeout` is
    in seconds and covers everything from the name's resolution to the last byte of the reply; `keep` is how many bytes
    of the reply's body are kept.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    timeout: float = 10.0
    keep: int = 65_536


class CallResult(NamedTuple):
    """What became of a call; `kind` says how far it came.

    - response: a reply, whatever its status, redirects included
    - refused: the guard let nothing out
    - connect_error: no connection: the name, TCP or TLS failed
    - protocol_error: connected, but no whole HTTP/1.1 reply came, or the call itself is not valid HTTP
    - timeout: the deadline passed

    `status`, `headers` and `body` hold what had come when a call failed half-way.
    """

    kind: Kind
    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    truncated: bool = False  # the reply went on after `keep` bytes and was cut off
    error: str | None = None  # for people; None with a response
    address: str | None = None  # the last address dialled, without the port
    elapsed_ms: float = 0.0


class Sender(Protocol):
    """Makes one outgoing call. Never raises: what went wrong is in the result."""

    async def send(self, call: OutgoingCall) -> CallResult: ...
