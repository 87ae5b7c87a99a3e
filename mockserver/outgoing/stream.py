"""TCP and TLS for httpcore2, on asyncio alone.

The backend that comes with httpcore2 makes a small call about half as dear again: it wraps asyncio twice, and sends
headers and body apart. Here they leave in one write, just before the reply is waited for. Deadlines are the dialler's,
so the timeouts that httpcore2 passes down are not looked at. Import this module late: it imports the whole client.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpcore2

# Bytes that may wait to be read before the receiver is held back.
_HIGH_WATER = 128 * 1024

Connect = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Dials the address that a host of the form "address name" begins with, and never looks a name up."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> httpcore2.AsyncNetworkStream:
        """An open connection; raises httpcore2.ConnectError."""
        return await self._connect(host.partition(" ")[0], port)


async def connect(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    """An open TCP connection to an address in digits; raises httpcore2.ConnectError."""
    try:
        _, stream = await asyncio.get_running_loop().create_connection(Stream, address, port)
    except OSError as error:
        raise httpcore2.ConnectError(_plain(error)) from error
    return stream


def _plain(error: Exception) -> str:
    """The reason of an operating system's or TLS error, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


class Stream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection: asyncio calls it with what arrives, httpcore2 reads and writes."""

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
        """Up to `max_bytes` bytes, none at the end of the stream; raises httpcore2.ReadError."""
        self._flush()
        while not self._received and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None and not self._received:
            raise httpcore2.ReadError(_plain(self._error)) from self._error
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._paused and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """The bytes are kept until the reply is read: a whole request then leaves in one piece."""
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
        """The same connection, encrypted; raises httpcore2.ConnectError where the handshake fails."""
        loop = asyncio.get_running_loop()
        try:
            upgraded = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except OSError as error:  # ssl.SSLError is one
            raise httpcore2.ConnectError(_plain(error)) from error
        if upgraded is None:
            raise httpcore2.ConnectError("the connection was closed during the TLS handshake")
        self._transport = upgraded
        return self

    async def aclose(self) -> None:
        """The connection is closed and gone, without waiting for the other side."""
        self._transport.close()  # for TLS: says goodbye
        self._transport.abort()
        await self._lost.wait()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks: whether an idle connection has something to read (which makes it unusable), and TLS."""
        if info == "is_readable":
            return self._ended or bool(self._received)
        return self._transport.get_extra_info(info)
