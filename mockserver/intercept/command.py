"""`mockserver exec`: a program that names the providers' own hosts, run against the sandbox."""

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

from mockserver.intercept.background import intercepted
from mockserver.intercept.report import called, report
from mockserver.settings import Settings

# As shells have it: a program that cannot be run, one that is not there, one that a signal ended (POSIX, 2.8.2).
EXIT_NOT_RUN = 126
EXIT_NOT_FOUND = 127
EXIT_SIGNAL = 128

# Passed on to the program, unless a terminal tells it too.
_PASSED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


def execute(
    settings: Settings, command: Sequence[str], *, allow_external: bool = False, with_report: bool = False
) -> int:
    """Run `command` to its end and give its exit code. Raises what `intercepted` raises."""
    # The providers' own hosts lead here and links in replies name them; nobody else gets here.
    settings = replace(settings, host="127.0.0.1", public_url="", token="")
    with intercepted(settings, allow_external=allow_external, say=_say) as background:
        code = _run(command, {**os.environ, **background.interceptor.environment()})
        if with_report:
            for line in report(background.ask(called(background.app.sandboxes)), background.interceptor.refused):
                _say(line)
        return code


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of the program, which has this process' standard streams to itself."""
    with _Signals() as signals:
        try:
            child = subprocess.Popen(command, executable=shutil.which(command[0]), env=environment)  # noqa: S603
        except FileNotFoundError:
            _say(f"{command[0]}: there is no such program")
            return EXIT_NOT_FOUND
        except OSError as error:
            _say(f"{command[0]}: {error.strerror or error}")
            return EXIT_NOT_RUN
        signals.go_to(child)
        code = child.wait()
    return EXIT_SIGNAL - code if code < 0 else code


class _Signals:
    """While it lasts, what this process is told goes to the program, whose end is waited for."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "_Signals":
        for number in (getattr(signal, name) for name in _PASSED if hasattr(signal, name)):
            self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def go_to(self, child: "subprocess.Popen[bytes]") -> None:
        """The program is there: it is told what came before."""
        self._child = child
        for number in self._early:
            self._came(number, None)

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        elif not (number in (signal.SIGINT, getattr(signal, "SIGQUIT", None)) and _in_foreground()):
            self._child.send_signal(number)


def _in_foreground() -> bool:
    """True when a terminal sends its Ctrl+C to this process and so to the program, which is in the same group."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, AttributeError):
        return not hasattr(os, "tcgetpgrp")


def _say(text: str) -> None:
    sys.stderr.write(f"mockserver: {text}\n")
    sys.stderr.flush()
