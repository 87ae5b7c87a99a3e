"""Ends the server together with the program that has started it."""

import os
import signal
import sys
import threading


def stop_with_stdin() -> None:
    """Interrupt this process, as Ctrl+C does, as soon as its standard input is closed.

    The system closes the pipe when the program at its other end ends, however it ends. So no server stays behind.
    """
    threading.Thread(target=_wait, name="stop-with-stdin", daemon=True).start()


def _wait() -> None:
    stdin = None if sys.stdin is None else sys.stdin.fileno()
    try:
        while stdin is not None and os.read(stdin, 4_096):
            pass
    except OSError:
        pass
    # To the process and not to this thread, so that the event loop wakes. Windows has only the latter.
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)
