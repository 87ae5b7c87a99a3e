"""How long ago a client sent what it sent last, as the operating system knows it."""

import socket
import struct
from typing import Any

from mockserver.wire.wire_faults import CONNECTION

# Where struct tcp_info has tcpi_last_data_recv (Linux, include/uapi/linux/tcp.h): after eight bytes and eleven words.
_LAST_DATA = struct.Struct("=52xI")
_TCP_INFO = getattr(socket, "TCP_INFO", None)


def unheard_for(scope: Any) -> int:
    """Milliseconds since the last bytes came on the connection of a request; 0 where that cannot be told.

    When many requests come at once, the last of them lie unread for a while: its own clock tells the server when it
    read them, not when they came.
    """
    transport = (scope.get("extensions") or {}).get(CONNECTION)
    if transport is None or _TCP_INFO is None:
        return 0
    try:
        info = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _LAST_DATA.size)
        (milliseconds,) = _LAST_DATA.unpack(info)
    except (OSError, AttributeError, struct.error):
        return 0
    return int(milliseconds)
