"""`serve --workers N`: several processes that accept connections on one socket, kept alive by uvicorn's supervisor."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, get_context, parent_process, resource_tracker
from multiprocessing.connection import wait
from types import FrameType
from typing import NamedTuple, Protocol

from uvicorn.config import Config
from uvicorn.supervisors.multiprocess import SIGNALS, Multiprocess, Process

from mockserver.clock import monotonic
from mockserver.serving.accepting import NOT_ACCEPTING

log = logging.getLogger("mockserver")

# Signals that end all processes, as they end a server without workers.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
# Seconds that a worker has to end, of which half a second is for its requests; and from one attempt to replace a worker
# that does not start to the next.
_PATIENCE = 1.5
_PAUSE = 2.0


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


class _Worker(Process):
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


class Workers(Multiprocess):
    """The supervisor. `run` serves until a signal arrives, and then sets `ended_by` to its number.

    The other workers start when the first one has started. If that fails, `code` is its exit code, and nothing else is
    started. A worker that dies later is replaced.
    """

    def __init__(self, listener: socket.socket, count: int, work: Work) -> None:
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        # The application is part of the work. No logging is configured, because the workers configure their own.
        super().__init__(Config("", log_config=None, workers=count), [listener])
        # uvicorn reacts to more signals. All others keep their meaning.
        for number, name in SIGNALS.items():
            signal.signal(number, self._handle if f"SIG{name}" in _ENDING else handlers[number])
        self._handlers = handlers
        self._work = work
        self._counts: MutableSequence[int] = get_context("spawn").RawArray("i", count)
        self.code = 0
        self.ended_by: int | None = None
        self.should_exit = self._awake = _Wakeable(self._ends)

    def run(self) -> None:
        """Serve until a signal arrives. The handlers of signals are those from before afterwards."""
        try:
            super().run()
        finally:
            self._awake.close()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # As few as possible: this can interrupt any code of the main thread.
        self.signal_queue.append(number)
        self._awake.wake()

    def handle_signals(self) -> None:
        """End if a signal has arrived."""
        if self.signal_queue:
            self.ended_by = self.signal_queue[0]
            self.should_exit.set()

    def init_processes(self) -> None:
        """Start the first worker, and the others when it accepts connections."""
        # Started now, because its start would let interrupts pass in the middle of the start of a worker.
        resource_tracker.ensure_running()
        first = self._start(1, is_first=True)
        while not (first.has_listened() or self.signal_queue):
            if not first.process.is_alive():
                self.code = first.process.exitcode or 1
                self.should_exit.set()
                return
            self._awake.wait_for(first.listening, first.process.sentinel)
        for number in range(2, self.processes_num + 1):
            if not self.signal_queue:
                self._start(number)

    def _start(self, number: int, *, is_first: bool = False) -> _Worker:
        self._counts[number - 1] = NOT_ACCEPTING
        worker = _Worker(self.config, self.sockets, self._work, Place(number, is_first, self._counts))
        worker.start()
        self.processes[number - 1 : number] = [worker]
        return worker

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have died, or do not answer."""
        for worker in self._workers():
            if self.should_exit.is_set() or worker.is_alive(self.config.timeout_worker_healthcheck):
                continue
            is_hung = worker.process.is_alive()
            started = worker.has_listened()
            if not started and monotonic() - worker.began < _PAUSE:
                continue
            worker.kill()
            worker.join()
            # One that has not started has said why, and the next may say the same.
            if started:
                log.warning("worker %d %s and is replaced", worker.number, _end_of(worker, is_hung=is_hung))
            self._start(worker.number)

    def _workers(self) -> list[_Worker]:
        return [each for each in self.processes if isinstance(each, _Worker)]

    def _ends(self) -> list[int]:
        """Return what the system makes readable when a worker ends."""
        return [each.process.sentinel for each in self.processes if each.process.exitcode is None]

    def terminate_all(self) -> None:
        """Accept no more connections, and end all workers."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for the workers, and kill those that do not end."""
        deadline = monotonic() + _PATIENCE
        for each in self.processes:
            each.process.join(max(0.0, deadline - monotonic()))
            if each.process.is_alive():
                each.process.kill()
                each.process.join()


class _Wakeable(threading.Event):
    """An event whose `wait` also returns when a signal has arrived, or something of `more` has become readable.

    `set` is not called by handlers of signals, because it takes a lock that the interrupted code may hold.
    """

    def __init__(self, more: Callable[[], Sequence[int]]) -> None:
        super().__init__()
        self._more = more
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """Make `wait` return."""
        with suppress(OSError):
            self._writer.send(b"\0")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait. Return whether the event is set."""
        if not self.is_set():
            self.wait_for(*self._more(), timeout=timeout)
        return self.is_set()

    def wait_for(self, *readable: object, timeout: float | None = None) -> None:
        """Wait until one of these is readable, or a signal has arrived."""
        if self._reader in wait([self._reader, *readable], timeout):  # type: ignore[list-item]
            self._reader.recv(4_096)

    def close(self) -> None:
        """Close the sockets."""
        self._reader.close()
        self._writer.close()


def _end_of(worker: _Worker, *, is_hung: bool) -> str:
    code = worker.process.exitcode or 0
    if is_hung:
        return "did not answer"
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
