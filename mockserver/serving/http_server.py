"""Runs the HTTP protocol on sockets that listen, until a signal comes or somebody ends it; then in an orderly way."""

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
from mockserver.serving.deadlines import Deadlines, Limits
from mockserver.serving.protocol import Application, HttpProtocol, Shared

log = logging.getLogger("mockserver")

BACKLOG = 2_048
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that requests may take to come to their end once the server ends.
_PATIENCE = 1.0
# Seconds for the first requests, before what can wait is done.
_PAUSE = 0.02


async def _nothing() -> None: ...


class HttpServer:
    """One server.

    `started` is called shortly after its start, and `closed` at its end, when no request is answered any more.

    It is run as a whole by `run`, or in an event loop that is there already by `startup` and `shutdown`.
    """

    def __init__(
        self,
        app: Application,
        limits: Limits | None = None,
        *,
        access_log: bool = False,
        started: Callable[[], None] = lambda: None,
        closed: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self.shared = Shared(app, Deadlines(limits), access_log)
        self._started = started
        self._closed = closed
        self._listeners: list[asyncio.Server] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = threading.Event()
        self._wake: asyncio.Event | None = None
        self._hurried = False
        self._date: asyncio.TimerHandle | None = None

    def connection(self) -> HttpProtocol:
        """The protocol for a new connection, which may come from elsewhere."""
        return HttpProtocol(self.shared)

    def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve until `end` or a signal: SIGINT or SIGTERM, which then does what it would have done without a server.

        In other threads than the first no signal arrives, and only `end` is heard.
        """
        with self._signals(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve(sockets))

    def end(self) -> None:
        """Have the server end. To be called from any thread; a second time, no request is waited for."""
        self._hurried = self._ended.is_set()
        self._ended.set()
        if self._loop is not None and self._wake is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _serve(self, sockets: Sequence[socket.socket]) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        await self.startup(sockets)
        self._loop.call_later(_PAUSE, self._started)
        if not self._ended.is_set():
            await self._wake.wait()
        await self.shutdown()

    async def startup(self, sockets: Sequence[socket.socket]) -> None:
        """Take connections from now on."""
        self._tell_date()
        loop = asyncio.get_running_loop()
        self._listeners = [await loop.create_server(self.connection, sock=s, backlog=BACKLOG) for s in sockets]

    async def shutdown(self) -> None:
        """Take no more connections, let requests come to their end for a second, and close what is open."""
        self.stop_listening()
        for connection in list(self.shared.connections):
            connection.shutdown()
        await wait_until(lambda: self._hurried or not (self.shared.connections or self.shared.tasks), _PATIENCE)
        await let_others_run()  # a task that is cancelled before its first turn is over without having begun
        if late := list(self.shared.tasks):
            log.error("%d requests were not over in time, and are cancelled", len(late))
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if not self._hurried:
            await self._closed()

    def stop_listening(self) -> None:
        """Take no more connections."""
        if self._date is not None:
            self._date.cancel()
        for listener in self._listeners:
            listener.close()

    def _tell_date(self) -> None:
        # The only header that is right for a second alone (RFC 9110 section 6.6.1).
        self.shared.default_headers = ((b"date", http_date(wall_ms()).encode()),)
        self._date = asyncio.get_running_loop().call_later(1.0, self._tell_date)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let signals end the server, and raise them again for whoever heard them before."""
        caught: list[int] = []

        def hear(number: int, frame: FrameType | None) -> None:
            caught.append(number)
            self.end()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, hear) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
        for number in caught:
            signal.raise_signal(number)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows, PyPy
        return None
    return uvloop.new_event_loop
