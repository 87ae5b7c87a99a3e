"""Writes lines to the output in a thread, so that a slow terminal or a full pipe does not hold up the server."""

import logging
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Sequence

from mockserver.serving.output import discard_output

log = logging.getLogger("mockserver")

# Bytes that wait to be written. What exceeds them is dropped and counted.
MAX_WAITING = 1 << 20
# Seconds that `close` waits for an output that does not take the last lines, and a full output is waited for.
_PATIENCE = 0.25
_FULL = 0.1
# Bytes of one write; and of one that a pipe takes as a whole (POSIX, write: PIPE_BUF), so that the lines of several
# processes do not get into each other. Windows has no such promise.
_PIECE, _WHOLE = 65_536, getattr(select, "PIPE_BUF", 4_096)


class LineWriter:
    """Writes lines to a file descriptor until `close`, or until they cannot be written.

    `dropped` returns the line that stands for a number of lines that were dropped. If other processes write to a
    `shared` descriptor too, every line of up to `select.PIPE_BUF` bytes (4,096 on Linux) stays whole.
    """

    def __init__(self, descriptor: int, dropped: Callable[[int], str], *, shared: bool = False) -> None:
        self._descriptor = descriptor
        self._shared = shared
        self._dropped = dropped
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._changed = threading.Condition()
        self._closed = False
        self.ended = False
        self._thread = threading.Thread(target=self._run, name="mockserver-log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def write(self, lines: Sequence[str]) -> None:
        """Write lines soon. They are dropped if too much is waiting."""
        if self.ended or not lines:
            return
        data = ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
        with self._changed:
            if self._size + len(data) > MAX_WAITING:
                self._lost += len(lines)
                return
            if self._lost:
                data = f"{self._dropped(self._lost)}\n".encode() + data
                self._lost = 0
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    def close(self) -> None:
        """Write what is waiting, if the output takes it soon, and end."""
        with self._changed:
            if self._lost:
                self._waiting.append(f"{self._dropped(self._lost)}\n".encode())
                self._lost = 0
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            while data := self._next():
                self._write_all(data)
        except OSError as error:
            discard_output()
            log.warning("the log ends, because it cannot be written: %s", error)
        self.ended = True

    def _next(self) -> bytes:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
            return data

    def _write_all(self, data: bytes) -> None:
        view, start = memoryview(data), 0
        while start < len(data):
            end = _end_of_whole_lines(data, start) if self._shared else start + _PIECE
            try:
                start += os.write(self._descriptor, view[start:end])
            except BlockingIOError:  # another program has made the terminal non-blocking
                select.select([], [self._descriptor], [], _FULL)


def _end_of_whole_lines(data: bytes, start: int) -> int:
    """Return the end of the lines from `start` that one write takes as a whole, or of the first if it is longer."""
    end = data.rfind(b"\n", start, start + _WHOLE) + 1
    return end or data.find(b"\n", start) + 1
