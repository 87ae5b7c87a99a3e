"""Connections whose writes leave together: one system call for a turn of the event loop, not one for each write."""

import asyncio
from typing import Any

# Bytes that are kept for the end of a turn.
_MOST = 65_536


class BatchedWrites:
    """A transport with batched writes. Everything but writing and closing is the transport's.

    A system call costs as much as a dozen chunks of a stream.
    """

    __slots__ = ("_later", "_parts", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._later = asyncio.get_running_loop().call_soon
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send `data` with whatever else is written before the others have had their turn."""
        if not self._parts:
            self._later(self._send)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _MOST:
            # The transport says when it has too much; it cannot, of what it has not been given.
            self._send()

    def write_whole(self, data: bytes) -> None:
        """Send `data`, after which nothing is expected in this turn: at once, with what was written before it."""
        if self._parts:
            self._parts.append(data)
            self._send()
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what was written, and close."""
        self._send()
        self._transport.close()

    def write_eof(self) -> None:
        """Send what was written, and end this direction."""
        self._send()
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        """The bytes that are not sent yet."""
        return self._size + self._transport.get_write_buffer_size()

    def _send(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if parts and not self._transport.is_closing():
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
