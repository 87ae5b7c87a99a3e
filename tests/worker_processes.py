"""A program with workers that need no server: each answers a connection with its number and the id of its process.

    python -m tests.worker_processes answer|fail

It prints its port first. `fail` is for workers that end at their start, with the exit code 2.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

from mockserver.serving.listening import listen
from mockserver.serving.worker import Place
from mockserver.serving.workers import Workers


class Ended(Exception):
    """The worker got a signal."""


def end(number: int, frame: object) -> None:
    raise Ended


def answer(listener: socket.socket, place: Place, on_listening: Callable[[], None]) -> int:
    """Answer each connection until SIGTERM arrives."""
    signal.signal(signal.SIGTERM, end)
    on_listening()
    with suppress(Ended):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(f"{place.number} {os.getpid()} {place.is_first}".encode())
    return 0


def fail(listener: socket.socket, place: Place, on_listening: Callable[[], None]) -> int:
    """Report that there is nothing to serve."""
    sys.stderr.write(f"worker {place.number} cannot start\n")
    return 2


if __name__ == "__main__":
    with listen("127.0.0.1", 0) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        workers = Workers(listener, 2, {"answer": answer, "fail": fail}[sys.argv[1]])
        workers.run()
    sys.stdout.write(f"{workers.code} {workers.ended_by}\n")
