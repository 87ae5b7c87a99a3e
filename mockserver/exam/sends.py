"""The requests of a probe, and their results."""

from typing import NamedTuple

from mockserver.outgoing.call import CallResult, Headers, OutgoingCall


class Send(NamedTuple):
    """One request of a probe. `label` says in the report what it is.

    `pauses` are the seconds between the pieces of the body. A `cut` request announces more bytes than it sends, and
    its connection breaks. `copies` requests are sent at the same time.
    """

    label: str
    body: bytes = b""
    headers: Headers = ()
    method: str = "POST"
    pauses: tuple[float, ...] = ()
    cut: bool = False
    copies: int = 1

    def call(self, url: str, timeout: float) -> OutgoingCall:
        """Return the call of this request to a receiver."""
        length = (("Content-Length", str(len(self.body) + CUT_BYTES)),) if self.cut else ()
        seconds = timeout + sum(self.pauses)
        return OutgoingCall(self.method, url, (*self.headers, *length), self.body, seconds, 2_048, self.pauses)


# How many bytes a request that breaks off has announced and not sent.
CUT_BYTES = 64


class Answer(NamedTuple):
    """One request with the receiver's answer to it."""

    send: Send
    call: OutgoingCall
    result: CallResult

    @property
    def accepted(self) -> bool:
        """True for a complete response with a 2xx status."""
        return self.result.kind == "response" and 200 <= (self.result.status or 0) < 300

    @property
    def refused(self) -> bool:
        """True for a response that says that the request is at fault: a 4xx status."""
        return self.result.kind == "response" and 400 <= (self.result.status or 0) < 500

    @property
    def crashed(self) -> bool:
        """True for a 5xx status, and if there was no complete response although the receiver was reached."""
        return not (self.accepted or self.refused) and self.result.kind != "connect_error" and not self.redirected

    @property
    def redirected(self) -> bool:
        """True for a status below 200 or from 300 to 399."""
        return (
            self.result.kind == "response"
            and not 200 <= (self.result.status or 0) < 300
            and not ((self.result.status or 0) >= 400)
        )

    def __str__(self) -> str:
        """Return what the receiver answered, for people."""
        if self.result.kind == "response":
            return f"answered {self.result.status}"
        return f"gave no answer ({self.result.error})"
