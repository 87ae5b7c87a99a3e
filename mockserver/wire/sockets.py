"""What only the operating system knows of a connection, or can do to it.

When its last bytes came; and how it ends: with a reset (RST) or an orderly end (FIN), after exactly the bytes that were
written.
"""

import asyncio
import os
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from mockserver.clock import let_others_run, wait_until

# Seconds. A client that does not read, or goes on sending, is not waited for any longer; nor is one that is silent.
_PATIENCE = 5.0
_LINGER = 2.0
_SILENCE = 0.1

# Where struct tcp_info has tcpi_last_data_recv (Linux, include/uapi/linux/tcp.h): after eight bytes and eleven words.
_LAST_DATA = struct.Struct("=52xI")
_TCP_INFO = getattr(socket, "TCP_INFO", None)


def silent_for(transport: Any) -> float:
    """Seconds since the last bytes came on a connection; 0 where that cannot be told.

    When many requests come at once, the last of them lie unread for a while: the server's own clock tells it when it
    read them, not when they came.
    """
    if _TCP_INFO is None:
        return 0.0
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LAST_DATA.size)
        (milliseconds,) = _LAST_DATA.unpack(info)
    except (OSError, AttributeError, struct.error):
        return 0.0
    return float(milliseconds) / 1000


async def arrived(transport: Any) -> None:
    """Wait until the other side's system has all that was written: a reset throws away what is still on its way."""
    await let_others_run()  # what was written leaves at the end of a turn of the event loop
    await wait_until(lambda: transport.is_closing() or not _unsent(transport), _PATIENCE)


def _unsent(transport: Any) -> int:
    waiting: int = transport.get_write_buffer_size()
    if waiting or not sys.platform.startswith("linux"):
        return waiting
    import fcntl
    import termios

    # SIOCOUTQ, which Linux spells like the terminal's: bytes that the other side has not acknowledged.
    try:
        answer = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


async def reset(transport: Any) -> None:
    """End the connection with a reset: the client sees ECONNRESET after the last byte that was written."""
    await arrived(transport)
    if transport.is_closing():
        return
    # Linger of zero seconds makes the kernel send RST instead of FIN (POSIX, SO_LINGER).
    with suppress(OSError):
        raw = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        with raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def finish(transport: Any, gone: Callable[[], Awaitable[object]]) -> None:
    """End the connection in an orderly way: the client sees the end of the stream, and never a reset.

    A system answers bytes that nobody reads with a reset, so what the client still sends is read for a while: `gone`
    reads once more, and is true when the client has gone.
    """
    await let_others_run()
    if transport.is_closing():
        return
    with suppress(OSError, NotImplementedError):  # a TLS connection cannot be closed by halves
        transport.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            await _until_silent(gone)
    transport.close()


async def _until_silent(gone: Callable[[], Awaitable[object]]) -> None:
    left = False
    while not left:
        async with asyncio.timeout(_SILENCE):
            left = bool(await gone())
