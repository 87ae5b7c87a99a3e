"""Tunnels: two connections that forward their data to each other, with flow control."""

import asyncio


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel. Data that arrives here is sent by the other end."""

    def __init__(self) -> None:
        self.other: TunnelEnd = self  # until `join`
        self.transport: asyncio.Transport
        self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read nothing until `join`."""
        self.transport = transport
        transport.pause_reading()

    def join(self, other: "TunnelEnd") -> None:
        """Connect both ends, and start to forward data."""
        self.other, other.other = other, self
        for end in (self, other):
            end.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Send the data by the other end."""
        self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Stop reading at the other end, because the buffer of this end is full."""
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read at the other end again."""
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """Close the sending side of the other end. The connection is closed when both directions have ended."""
        self._ended = True
        if not self.other.transport.is_closing():
            self.other.transport.write_eof()
        return not self.other._ended

    def connection_lost(self, error: Exception | None) -> None:
        """Close the other end too."""
        if not self.other.transport.is_closing():
            self.other.transport.close()
