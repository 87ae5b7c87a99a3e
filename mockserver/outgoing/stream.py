"""TCP and TLS for httpcore2, directly on asyncio.

With the backend of httpcore2 a small call takes about half as long again: it wraps asyncio twice, and sends headers
and body separately. Here they are sent in one write, just before the reply is read. The dialer has its own deadlines,
so the timeouts that httpcore2 passes are ignored. This module imports the whole client, so import it late.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpcore2

# With this many bytes that have not been read yet, reading from the socket pauses.
_HIGH_WATER = 128 * 1024

Connect = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to the address in a host of the form "address name". It never resolves names."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> httpcore2.AsyncNetworkStream:
        """Open a connection. Raises httpcore2.ConnectError."""
        return await self._connect(host.partition(" ")[0], port)


async def connect(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    """Open a TCP connection to a numeric address. Raises httpcore2.ConnectError."""
    try:
        _, stream = await asyncio.get_running_loop().create_connection(TcpStream, address, port)
    except OSError as error:
        raise httpcore2.ConnectError(_reason(error)) from error
    return stream


def _reason(error: Exception) -> str:
    """Return a readable description of an operating system or TLS error."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


class TcpStream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection. asyncio passes received data to it; httpcore2 reads and writes."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._unsent = bytearray()
        self._error: Exception | None = None
        self._ended = False
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) >= _HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._error, self._ended = error, True
        self._lost.set()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore2's
        """Read up to `max_bytes` bytes, or none at the end of the stream. Raises httpcore2.ReadError."""
        self._flush()
        while not self._received and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None and not self._received:
            raise httpcore2.ReadError(_reason(self._error)) from self._error
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._paused and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Keep the bytes until the reply is read, so that the whole request is sent in one piece."""
        self._unsent += buffer

    def _flush(self) -> None:
        if self._unsent and not self._transport.is_closing():
            self._transport.write(bytes(self._unsent))
        self._unsent.clear()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        """Encrypt the connection. Raises httpcore2.ConnectError if the handshake fails."""
        loop = asyncio.get_running_loop()
        try:
            upgraded = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except OSError as error:  # ssl.SSLError is one
            raise httpcore2.ConnectError(_reason(error)) from error
        if upgraded is None:
            raise httpcore2.ConnectError("the connection was closed during the TLS handshake")
        self._transport = upgraded
        return self

    async def aclose(self) -> None:
        """Close the connection, without waiting for the other side."""
        self._transport.close()  # sends the close_notify alert of TLS
        self._transport.abort()
        await self._lost.wait()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore2 asks for: TLS details, or whether an idle connection is readable and so unusable."""
        if info == "is_readable":
            return self._ended or bool(self._received)
        return self._transport.get_extra_info(info)
