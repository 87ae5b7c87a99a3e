"""Serves HTTP on listening sockets until a signal arrives or `end` is called, and then shuts down in order."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from mockserver.clock import let_others_run, wait_until, wall_ms
from mockserver.core.instants import http_date
from mockserver.serving.accepting import FairAccepting
from mockserver.serving.deadlines import ConnectionLimits, Deadlines
from mockserver.serving.listening import BACKLOG
from mockserver.serving.protocol import Application, HttpProtocol, Shared
from mockserver.wire.gate import Gate

log = logging.getLogger("mockserver")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that requests have to finish when the server ends. Together with the end of the interpreter this stays below a
# second: people press Ctrl+C while a scenario makes a request hang, which never finishes.
_PATIENCE = 0.5
# Seconds after the start until `on_started` is called, so that the first requests come first.
_STARTED_DELAY = 0.02


async def _do_nothing() -> None: ...


class HttpServer:
    """An HTTP server. Use `run`, or `startup` and `shutdown` in an event loop that is already running.

    `on_starting` is called before the first connection is accepted, `on_started` shortly after the start, `on_closing`
    at the start of the shutdown, and `on_closed` at its end, after the last request. Replies wait for `gate`, if there
    is one. `accepting` is for sockets that other processes listen on too.
    """

    def __init__(
        self,
        app: Application,
        limits: ConnectionLimits | None = None,
        *,
        access_log: bool = False,
        gate: Gate | None = None,
        accepting: FairAccepting | None = None,
        on_starting: Callable[[], Awaitable[None]] = _do_nothing,
        on_started: Callable[[], None] = lambda: None,
        on_closing: Callable[[], None] = lambda: None,
        on_closed: Callable[[], Awaitable[None]] = _do_nothing,
    ) -> None:
        self.shared = Shared(app, Deadlines(limits), access_log, gate=gate)
        self._accepting = accepting
        self._on_starting = on_starting
        self._on_started = on_started
        self._on_closing = on_closing
        self._on_closed = on_closed
        self._listeners: list[asyncio.Server] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = threading.Event()
        self._wake: asyncio.Event | None = None
        self._end_now = False
        self._date: asyncio.TimerHandle | None = None

    def connection(self) -> HttpProtocol:
        """Return the protocol for a new connection, which need not come from a socket of this server."""
        return HttpProtocol(self.shared)

    def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve until `end` is called or SIGINT or SIGTERM arrives. The signal is raised again after the shutdown.

        Signals arrive only in the main thread; in other threads only `end` ends the server.
        """
        with self._signals(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve(sockets))

    def end(self) -> None:
        """End the server, from any thread. A second call ends it without waiting for requests."""
        self._end_now = self._ended.is_set()
        self._ended.set()
        if self._loop is not None and self._wake is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _serve(self, sockets: Sequence[socket.socket]) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        await self.startup(sockets)
        self._loop.call_later(_STARTED_DELAY, self._on_started)
        if not self._ended.is_set():
            await self._wake.wait()
        await self.shutdown()

    async def startup(self, sockets: Sequence[socket.socket]) -> None:
        """Start to accept connections."""
        await self._on_starting()
        self._update_date()
        if self._accepting is not None:
            self._accepting.start(sockets, self.connection, self.shared.connections)
            return
        loop = asyncio.get_running_loop()
        self._listeners = [await loop.create_server(self.connection, sock=s, backlog=BACKLOG) for s in sockets]

    async def shutdown(self) -> None:
        """Accept no more connections, give requests half a second to finish, and close the remaining connections."""
        self.stop_listening()
        self._on_closing()
        for connection in list(self.shared.connections):
            connection.shutdown()
        await wait_until(lambda: self._end_now or not (self.shared.connections or self.shared.tasks), _PATIENCE)
        await let_others_run()  # a task that is cancelled before its first turn never starts
        await self._cut_off(list(self.shared.tasks))
        if not self._end_now:
            await self._on_closed()

    async def _cut_off(self, late: Sequence["asyncio.Task[None]"]) -> None:
        """Cancel the requests that are still in progress, and close all connections without waiting for clients."""
        if late:
            log.warning(
                "%s still in progress, and cut off", "1 request was" if len(late) == 1 else f"{len(late)} requests were"
            )
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for connection in list(self.shared.connections):
            connection.transport.abort()

    def stop_listening(self) -> None:
        """Accept no more connections."""
        if self._date is not None:
            self._date.cancel()
        if self._accepting is not None:
            self._accepting.close()
        for listener in self._listeners:
            listener.close()

    def _update_date(self) -> None:
        # The value changes every second (RFC 9110 section 6.6.1).
        self.shared.date = b"date: %b\r\n" % http_date(wall_ms()).encode()
        self._date = asyncio.get_running_loop().call_later(1.0, self._update_date)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """End the server on a signal, and raise the signal again for the previous handler."""
        caught: list[int] = []

        def handle(number: int, frame: FrameType | None) -> None:
            caught.append(number)
            self.end()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {each: signal.signal(each, handle) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in previous.items():
                signal.signal(each, handler)
        for number in caught:
            signal.raise_signal(number)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows, PyPy
        return None
    return uvloop.new_event_loop
