"""Tunnels: two connections whose bytes go over from each to the other, no faster than they are taken."""

import asyncio


class End(asyncio.Protocol):
    """One end of a tunnel. What comes here leaves by the other end."""

    def __init__(self) -> None:
        self.other: End = self  # until it is joined to another
        self.transport: asyncio.Transport
        self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait until the tunnel is whole."""
        self.transport = transport
        transport.pause_reading()

    def join(self, other: "End") -> None:
        """Be the tunnel's ends, and begin."""
        self.other, other.other = other, self
        for end in (self, other):
            end.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Hand it over."""
        self.other.transport.write(data)

    def pause_writing(self) -> None:
        """This end takes no more: nothing more is read at the other."""
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """This end takes more."""
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """One direction is over; the connection is when both are."""
        self._ended = True
        if not self.other.transport.is_closing():
            self.other.transport.write_eof()
        return not self.other._ended

    def connection_lost(self, error: Exception | None) -> None:
        """Without this end the other has no use."""
        if not self.other.transport.is_closing():
            self.other.transport.close()
