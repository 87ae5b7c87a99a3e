"""`serve --workers N`: several processes that accept connections on one socket, kept alive by uvicorn's supervisor."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, MutableSequence, Sequence
from contextlib import suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait
from types import FrameType

from uvicorn.config import Config
from uvicorn.supervisors.multiprocess import SIGNALS, Multiprocess

from mockserver.clock import monotonic
from mockserver.serving.accepting import NOT_ACCEPTING
from mockserver.serving.worker import Place, Work, Worker

log = logging.getLogger("mockserver")

# Signals that end all processes, as they end a server without workers.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
# Seconds that a worker has to end, of which half a second is for its requests; and from one attempt to replace a worker
# that does not start to the next.
_PATIENCE = 1.5
_PAUSE = 2.0


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
        self.should_exit = self._awake = _Wakeable(self._sentinels)

    def run(self) -> None:
        """Serve until a signal arrives. The handlers of signals are those from before afterwards."""
        try:
            super().run()
        finally:
            self._awake.close()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # As little as possible: this can interrupt any code of the main thread.
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
                self._not_started(first)
                return
            self._awake.wait_for(first.listening, first.process.sentinel)
        for number in range(2, self.processes_num + 1):
            if not self.signal_queue:
                self._start(number)

    def _not_started(self, first: Worker) -> None:
        self.should_exit.set()
        self.code = first.process.exitcode or 1
        if self.code < 0:
            self.code = 1
            log.warning("worker 1 %s before it accepted connections", first.end)

    def _start(self, number: int, *, is_first: bool = False) -> Worker:
        self._counts[number - 1] = NOT_ACCEPTING
        worker = Worker(self.config, self.sockets, self._work, Place(number, is_first, self._counts))
        worker.start()
        self.processes[number - 1 : number] = [worker]
        return worker

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have died, or do not answer."""
        for worker in self._workers():
            if self.should_exit.is_set() or worker.is_alive(self.config.timeout_worker_healthcheck):
                continue
            has_listened = worker.has_listened()
            if not has_listened and monotonic() - worker.began < _PAUSE:
                continue
            end = "did not answer" if worker.process.is_alive() else worker.end
            worker.kill()
            worker.join()
            # One that could not start has said why.
            if has_listened:
                log.warning("worker %d %s and is replaced", worker.number, end)
            self._start(worker.number)

    def _workers(self) -> list[Worker]:
        return [each for each in self.processes if isinstance(each, Worker)]

    def _sentinels(self) -> list[int]:
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
    """An event whose `wait` also returns when a signal has arrived, or one of `sources` has become readable.

    `set` is not called by handlers of signals, because it takes a lock that the interrupted code may hold.
    """

    def __init__(self, sources: Callable[[], Sequence[int]]) -> None:
        super().__init__()
        self._sources = sources
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
            self.wait_for(*self._sources(), timeout=timeout)
        return self.is_set()

    def wait_for(self, *readable: object, timeout: float | None = None) -> None:
        """Wait until one of these is readable, or a signal has arrived."""
        if self._reader in wait([self._reader, *readable], timeout):  # type: ignore[list-item]
            self._reader.recv(4_096)

    def close(self) -> None:
        """Close the sockets."""
        self._reader.close()
        self._writer.close()
