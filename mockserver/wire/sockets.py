"""System calls on a connection: when its last bytes arrived, and closing it with a reset (RST) or in order (FIN).

A connection is closed after exactly the bytes that were written.
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

# Seconds to wait for a client: until it has read everything, while it goes on sending, and once it sends nothing more.
_PATIENCE = 5.0
_LINGER = 2.0
_SILENCE = 0.1

# States in which the other side has not closed the connection: open, and half-closed by this side.
_ESTABLISHED, _FIN_WAIT_1, _FIN_WAIT_2 = 1, 4, 5

# Where struct tcp_info has tcpi_last_data_recv (Linux, include/uapi/linux/tcp.h): after eight bytes and eleven words.
_LAST_DATA = struct.Struct("=52xI")
_TCP_INFO = getattr(socket, "TCP_INFO", None)


def silent_for(transport: Any) -> float:
    """Return the seconds since the last bytes arrived on a connection, or 0 if the system does not tell.

    If many requests arrive at once, some wait in their sockets for a while. The server knows when it read a request,
    but only the operating system knows when the request arrived.
    """
    if _TCP_INFO is None:
        return 0.0
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LAST_DATA.size)
        (milliseconds,) = _LAST_DATA.unpack(info)
    except (OSError, AttributeError, struct.error):
        return 0.0
    return float(milliseconds) / 1000


def has_left(transport: Any) -> bool:
    """Return true if the other side has closed the connection, also if not everything that it sent has been read."""
    if _TCP_INFO is None or not sys.platform.startswith("linux"):
        return False
    try:
        state = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)
    except (OSError, AttributeError):
        return False
    # The first byte of struct tcp_info is the state (Linux, include/net/tcp_states.h).
    return bool(state and state[0] not in (_ESTABLISHED, _FIN_WAIT_1, _FIN_WAIT_2))


async def all_arrived(transport: Any) -> None:
    """Wait until the other side has acknowledged everything that was written. A reset would discard the rest."""
    await let_others_run()  # batched writes are sent at the end of a turn of the event loop
    await wait_until(lambda: transport.is_closing() or not _unsent(transport), _PATIENCE)


def _unsent(transport: Any) -> int:
    waiting: int = transport.get_write_buffer_size()
    if waiting or not sys.platform.startswith("linux"):
        return waiting
    import fcntl
    import termios

    # SIOCOUTQ, which has the same number as TIOCOUTQ: the bytes that the other side has not acknowledged.
    try:
        answer = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


async def reset(transport: Any) -> None:
    """Close the connection with a reset. The client gets ECONNRESET after the last byte that was written."""
    await all_arrived(transport)
    if transport.is_closing():
        return
    # With a linger time of zero the kernel sends RST instead of FIN (POSIX, SO_LINGER).
    with suppress(OSError):
        raw = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        with raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def finish(transport: Any, read_once: Callable[[], Awaitable[object]]) -> None:
    """Close the connection in order: the client sees the end of the stream, and never a reset.

    A system answers bytes that are not read with a reset, so data from the client is read for a while. `read_once`
    waits for more data, discards it, and returns true if the client has disconnected.
    """
    await let_others_run()
    if transport.is_closing():
        return
    with suppress(OSError, NotImplementedError):  # a TLS connection cannot be half-closed
        transport.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            await _until_silent(read_once)
    transport.close()


async def _until_silent(read_once: Callable[[], Awaitable[object]]) -> None:
    disconnected = False
    while not disconnected:
        async with asyncio.timeout(_SILENCE):
            disconnected = bool(await read_once())
