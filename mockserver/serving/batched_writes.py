"""Batched writes: one system call per turn of the event loop instead of one per write."""

import asyncio
from typing import Any

# At most this many bytes are kept until the end of a turn.
_MAX_KEPT = 65_536


class BatchedWrites:
    """Wraps a transport to batch its writes. Everything except writing and closing is passed on to the transport.

    A system call takes as much time as a dozen chunks of a stream.
    """

    __slots__ = ("_call_soon", "_parts", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn of the event loop, together with everything else that is written."""
        if not self._parts:
            self._call_soon(self._send)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _MAX_KEPT:
            # The transport can only pause the writer for data that it has.
            self._send()

    def write_whole(self, data: bytes) -> None:
        """Send `data` immediately, together with what was written before. Use it for the last write of a turn."""
        if self._parts:
            self._parts.append(data)
            self._send()
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what was written, and close the transport."""
        self._send()
        self._transport.close()

    def write_eof(self) -> None:
        """Send what was written, and close the sending side."""
        self._send()
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that are not sent yet."""
        return self._size + self._transport.get_write_buffer_size()

    def _send(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if parts and not self._transport.is_closing():
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
