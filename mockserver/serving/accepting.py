"""Accepts connections on a socket that several processes listen on, so that all of them get about the same number.

An event loop accepts all connections that wait. The process that wakes first would get most of the clients, which keep
their connections, and the others would have little to do.
"""

import asyncio
import socket
from collections.abc import Callable, MutableSequence, Sequence, Sized
from contextlib import suppress

# Seconds for which a process leaves a new connection to another one, for each connection that it has more, and at most.
# If the other process does not accept it, because it is busy, this one does.
_GRACE, _LONGEST_GRACE = 0.005, 0.05
NOT_ACCEPTING = 2**31 - 1
# Seconds until the next try if no connection can be accepted, for example because there are too many open files.
_PAUSE = 1.0


class FairAccepting:
    """Accepts connections one at a time.

    `counts` has the number of open connections of each process, in memory that they share; `place` is the index of
    this process. A process that does not accept connections has `NOT_ACCEPTING`.
    """

    def __init__(self, counts: MutableSequence[int], place: int) -> None:
        self._counts = counts
        self._place = place
        self._listeners: Sequence[socket.socket] = ()
        self._open: Sized = ()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self, listeners: Sequence[socket.socket], protocol: Callable[[], asyncio.Protocol], connections: Sized
    ) -> None:
        """Accept connections for new protocols from now on. `connections` are those that are open."""
        self._listeners, self._protocol, self._open = listeners, protocol, connections
        self._counts[self._place] = 0
        for listener in listeners:
            listener.setblocking(False)
            self._wait(listener)

    def close(self) -> None:
        """Accept no more connections."""
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener)
        self._listeners = ()
        self._counts[self._place] = NOT_ACCEPTING

    def _wait(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            asyncio.get_running_loop().add_reader(listener, self._came, listener)

    def _came(self, listener: socket.socket) -> None:
        own = self._counts[self._place] = len(self._open) + len(self._tasks)
        if (more := own - min(self._counts)) > 0:
            self._pause(listener, min(more * _GRACE, _LONGEST_GRACE))
        else:
            self._accept(listener)

    def _pause(self, listener: socket.socket, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(listener)
        loop.call_later(seconds, self._go_on, listener)

    def _go_on(self, listener: socket.socket) -> None:
        self._wait(listener)
        if listener in self._listeners:
            self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was faster, or the client has gone
        except OSError:
            self._pause(listener, _PAUSE)
            return
        self._counts[self._place] += 1
        task = asyncio.get_running_loop().create_task(self._connect(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        with suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
