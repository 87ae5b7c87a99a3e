"""`mockserver exec`: runs an unmodified program, which calls the providers' own hosts, against the sandbox."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from mockserver.intercept.background import background_server
from mockserver.intercept.report import count_calls, report
from mockserver.serving.serve import tune_garbage_collection
from mockserver.settings import Settings

# As in shells (POSIX, 2.8.2): the program cannot be run, does not exist, or was ended by a signal.
EXIT_NOT_RUN = 126
EXIT_NOT_FOUND = 127
EXIT_SIGNAL = 128

# These signals are passed on to the program, unless the terminal sends them to it too.
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


def execute(
    settings: Settings, command: Sequence[str], *, allow_external: bool = False, with_report: bool = False
) -> int:
    """Run `command` to its end and return its exit code. Raises what `background_server` raises."""
    # Only the program uses this server, and by the providers' own hosts: links in replies must have these hosts too.
    settings = replace(settings, host="127.0.0.1", public_url="", token="")
    with background_server(settings, allow_external=allow_external, notify=_print_error) as server:
        tune_garbage_collection()
        code = _run(command, {**os.environ, **server.interceptor.environment()})
        if with_report:
            for line in report(server.run(count_calls(server.app.sandboxes)), server.interceptor.refused):
                _print_error(line)
        return code


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program with the standard streams of this process, and return its exit code."""
    with _Signals() as signals:
        try:
            child = subprocess.Popen(command, executable=shutil.which(command[0]), env=environment)  # noqa: S603
        except FileNotFoundError:
            _print_error(f"{command[0]}: program not found")
            return EXIT_NOT_FOUND
        except OSError as error:
            _print_error(f"{command[0]}: {error.strerror or error}")
            return EXIT_NOT_RUN
        signals.pass_to(child)
        code = child.wait()
    return EXIT_SIGNAL - code if code < 0 else code


class _Signals:
    """Passes signals of this process on to the program. Signals that arrive before the program starts are kept."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "_Signals":
        for number in (getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)):
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def pass_to(self, child: "subprocess.Popen[bytes]") -> None:
        """Pass signals on to this program from now on, first those that are kept."""
        self._child = child
        for number in self._early:
            self._handle(number, None)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        elif not (number in (signal.SIGINT, getattr(signal, "SIGQUIT", None)) and _in_foreground()):
            self._child.send_signal(number)


def _in_foreground() -> bool:
    """Return true if Ctrl+C in the terminal reaches this process, and so the program, which is in the same group."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, AttributeError):
        return not hasattr(os, "tcgetpgrp")


def _print_error(text: str) -> None:
    sys.stderr.write(f"mockserver: {text}\n")
    sys.stderr.flush()
