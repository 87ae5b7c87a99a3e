"""What the server writes to the terminal: its banner and its log. It also serves if they cannot be written."""

import logging
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

log = logging.getLogger("mockserver")
_access = logging.getLogger("mockserver.access")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for the user. An output that is closed or full is reported in the log."""
    try:
        print("\n".join(lines), flush=True)  # noqa: T201
    except (OSError, ValueError) as error:
        discard_output()
        log.warning("cannot write to the output: %s", error)


def discard_output() -> None:
    """Discard what is in the buffer of the output: the interpreter would fail to write it at its end."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def log_requests() -> None:
    """Print a line for each request."""
    if sys.stdout is None:  # it was closed before the start
        return
    handler = _AccessLog(sys.stdout)
    handler.setFormatter(logging.Formatter("%(levelname)s:     %(message)s"))
    _access.addHandler(handler)
    _access.setLevel(logging.INFO)
    _access.propagate = False


def forward_multipart_log() -> None:
    """Forward what python-multipart logs to the log of the server, for debugging only.

    It warns about mistakes in bodies. The client is told about these, so they do not belong on the terminal.
    """
    library = logging.getLogger("python_multipart")
    library.handlers[:] = [_Forward()]
    library.propagate = False


class _AccessLog(logging.StreamHandler[TextIO]):
    """Writes the access log to the output, until that is closed or full."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging uses
        """Stop logging if the line could not be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError | ValueError):
            super().handleError(record)
            return
        _access.removeHandler(self)
        discard_output()
        log.warning("the access log ends, because it cannot be written: %s", error)


class _Forward(logging.Handler):
    """Forwards records to the log of the server."""

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record."""
        log.debug("%s: %s", record.name, record.getMessage())
