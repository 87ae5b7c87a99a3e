"""Held writes: what is written to a connection is sent after the state has been written into the store's file."""

import asyncio
from collections.abc import Callable
from typing import Any

from mockserver.wire.gate import Gate
from mockserver.wire.request import Request

_READS = ("GET", "HEAD", "OPTIONS")
_REFUSED = b"HTTP/1.1 503 "


class HeldWrites:
    """Wraps a transport to hold its writes until the end of a turn of the event loop, when `gate` releases them.

    `request` returns the request that is being answered. If the state could not be written, `refusal` is called with
    each request whose whole reply was held, and the reason, and returns what is sent in place of the reply.
    """

    __slots__ = ("_closing", "_gate", "_parts", "_refusal", "_request", "_size", "_transport", "_write_eof")

    def __init__(
        self,
        transport: asyncio.Transport,
        gate: Gate,
        request: Callable[[], Request | None],
        refusal: Callable[[Request, str], bytes],
    ) -> None:
        self._transport = transport
        self._gate = gate
        self._request = request
        self._refusal = refusal
        # Each part with the request that it is the whole reply to, or None.
        self._parts: list[tuple[bytes, Request | None]] = []
        self._size = 0
        self._closing = False
        self._write_eof = False

    def write(self, data: bytes) -> None:
        """Send a part of a reply at the end of this turn."""
        self._hold(data, None)

    def write_whole(self, data: bytes) -> None:
        """Send a whole reply at the end of this turn."""
        self._hold(data, self._request())

    def _hold(self, data: bytes, request: Request | None) -> None:
        if not self._parts:
            self._gate.hold(self)
        self._parts.append((data, request))
        self._size += len(data)

    def release(self) -> None:
        """Send what was held, and close the transport if that was asked for."""
        parts = self._take()
        self._send(parts[0][0] if len(parts) == 1 else b"".join([data for data, _ in parts]))

    def refuse(self, reason: str, *, known: bool) -> None:
        """Send refusals in place of whole replies. A connection with a part of a reply is closed.

        If the reason was `known` before, replies to requests that only read are sent, and so are parts: their replies
        have begun earlier.
        """
        replies = []
        for data, request in self._take():
            if (known and (request is None or request.method in _READS)) or data.startswith(_REFUSED):
                replies.append(data)
            elif request is None:
                self._transport.abort()
                return
            else:
                replies.append(self._refusal(request, reason))
        self._send(b"".join(replies))

    def _take(self) -> list[tuple[bytes, Request | None]]:
        parts, self._parts, self._size = self._parts, [], 0
        return parts

    def _send(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._write_eof:
            self._transport.write_eof()
        if self._closing:
            self._transport.close()

    def close(self) -> None:
        """Close the transport after what is held has been sent."""
        self._closing = True
        if not self._parts:
            self._transport.close()

    def write_eof(self) -> None:
        """Close the sending side after what is held has been sent."""
        self._write_eof = True
        if not self._parts:
            self._transport.write_eof()

    def is_closing(self) -> bool:
        """Return True if the transport is closed, or will be."""
        return self._closing or self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that are not sent yet."""
        return self._size + self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
