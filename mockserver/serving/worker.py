"""A worker of `serve --workers N`: a process that serves on a socket together with others."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, parent_process
from multiprocessing.connection import wait
from typing import NamedTuple, Protocol

from uvicorn.config import Config
from uvicorn.supervisors.multiprocess import Process

from mockserver.clock import monotonic


class Place(NamedTuple):
    """The place of a worker among the others: its number from 1, and the connections of each, in shared memory.

    `is_first` is true in the first worker until that is replaced.
    """

    number: int
    is_first: bool
    counts: MutableSequence[int]


class Work(Protocol):
    """What a worker does: serve on the socket until a signal arrives, and return the exit code of its process.

    It can be pickled. `on_listening` is called when connections are accepted.
    """

    def __call__(self, listener: socket.socket, place: Place, on_listening: Callable[[], None]) -> int:
        """Serve."""


class Worker(Process):
    """A process that does the work. It answers the pings of the supervisor in a thread of its own."""

    def __init__(self, config: Config, sockets: list[socket.socket], work: Work, place: Place) -> None:
        self._work, self._place = work, place
        self.listening, self._has_started = Pipe(duplex=False)
        self.began = monotonic()
        self._pinged: float | None = None
        super().__init__(config, sockets)

    def start(self) -> None:
        """Start the process. Ctrl+C in a terminal reaches it too, and cannot interrupt its imports."""
        with _without_interrupts():
            super().start()

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Do the work. This runs in the process of the worker."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _unblock_interrupts()
        for task in (self.always_pong, _end_with_parent):
            threading.Thread(target=task, daemon=True).start()
        assert sockets
        sys.exit(self._work(sockets[0], self._place, self._report_listening))

    @property
    def number(self) -> int:
        """The number of the worker, from 1."""
        return self._place.number

    def _report_listening(self) -> None:
        with suppress(OSError):
            self._has_started.send_bytes(b"listening")

    def always_pong(self) -> None:
        """Answer pings until the supervisor has ended."""
        with suppress(OSError, EOFError):
            super().always_pong()

    def pong(self) -> None:
        """Answer one ping."""
        self.child_conn.recv()
        self.child_conn.send(True)

    def is_alive(self, timeout: float = 5) -> bool:
        """Return whether the process runs and has answered its last ping, or has still time for it. Does not wait."""
        if not self.process.is_alive():
            return False
        with suppress(OSError, EOFError):
            if self._pinged is not None and self.parent_conn.poll(0):
                self.parent_conn.recv()
                self._pinged = None
            if self._pinged is None:
                self.parent_conn.send(b"ping")
                self._pinged = monotonic()
        return self._pinged is None or monotonic() - self._pinged < timeout

    def has_listened(self) -> bool:
        """Return whether the worker has accepted connections at some time."""
        return self.listening.poll(0)

    @property
    def end(self) -> str:
        """How the process has ended, as the end of a sentence about the worker."""
        code = self.process.exitcode or 0
        return f"was ended by signal {-code}" if code < 0 else f"has ended with code {code}"


def _end_with_parent() -> None:
    """End this process when the supervisor has ended, also if that was killed."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold back SIGINT, in processes that are started meanwhile too. Windows cannot do that."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _unblock_interrupts() -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
