"""`top`: the command that shows what a running server does, like the program `top`."""

import argparse
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error
from mockserver.cli.options import add_token, add_url
from mockserver.cli.remote import token_of, url_of
from mockserver.cli.tail import events_path, newest_offset
from mockserver.core.addresses import sandbox_prefix

if TYPE_CHECKING:
    from mockserver.cli.top_screen import Snapshot

_HISTORY = 5_000
# Seconds that a single screen waits for the earlier entries of the journal.
_PATIENCE = 3.0
_COLUMNS = 120

_DESCRIPTION = """\
Show what a running server does: the jobs of a sandbox, the requests a second of each operation, the limits and credits
of the accounts, and the deliveries. The screen is drawn again each second; Ctrl+C ends it. If the output is not a
terminal, one screen is printed.
"""
_EXAMPLES = """\
examples:
  mockserver top                         the server on http://localhost:8080
  mockserver top --sandbox alice         another sandbox
  mockserver top --once > state.txt      print one screen
"""


def add(commands: Any) -> None:
    """Add the command."""
    top = commands.add_parser(
        "top",
        help="show the jobs, requests, limits and deliveries of a running server",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--once", action="store_true", help="print one screen and end")
    top.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="SECONDS", help="time between screens (default: 1)"
    )
    top.add_argument("--sandbox", metavar="NAME", default="default", help="the sandbox (default: default)")
    add_token(top)
    add_url(top)
    top.set_defaults(run=_top)


def _seconds(text: str) -> float:
    """Parse a time between screens. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"must be seconds from 0.1 to 3600, not {text!r}")
    return value


def _top(options: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError

    try:
        with closing(_Watcher(url_of(options), options.sandbox, token_of(options))) as watcher:
            if options.once or not sys.stdout.isatty():
                _print_once(watcher)
            else:
                _draw_forever(watcher, options.interval)
    except RemoteError as error:
        return report_error(str(error))
    return 0


def _print_once(watcher: "_Watcher") -> None:
    from mockserver.cli.top_screen import screen

    watcher.wait_for_history()
    columns = shutil.get_terminal_size((_COLUMNS, 24)).columns if sys.stdout.isatty() else _COLUMNS
    print("\n".join(screen(watcher.snapshot(), columns)).rstrip())


def _draw_forever(watcher: "_Watcher", interval: float) -> None:
    from mockserver.cli.client import RemoteError
    from mockserver.cli.top_screen import screen
    from mockserver.serving.activity_log import has_colours

    colour = has_colours(sys.stdout, os.environ)
    shown = watcher.snapshot()
    with _whole_screen():
        while True:
            size = shutil.get_terminal_size()
            lines = screen(shown, size.columns, size.lines, colour=colour)
            # Each line is written over the old one and cleared to its end, so that nothing flickers.
            print("\x1b[H" + "\x1b[K\n".join(lines) + "\x1b[K\x1b[J", end="", flush=True)
            watcher.pause(interval)
            try:
                shown = watcher.snapshot()
            except RemoteError as error:
                shown = shown._replace(problem=f"{error}. This was the state before.")


@contextmanager
def _whole_screen() -> Iterator[None]:
    """Use the whole terminal, without a cursor, and restore it at the end."""
    print("\x1b[?1049h\x1b[?25l", end="", flush=True)
    try:
        yield
    finally:
        print("\x1b[?25h\x1b[?1049l", end="", flush=True)


class _Watcher:
    """Reads the journal of a sandbox in a thread, and the rest of its state when it is asked for a snapshot."""

    def __init__(self, base: str, sandbox: str, token: str) -> None:
        from mockserver.cli.event_stream import EventStream
        from mockserver.cli.traffic import Traffic

        self._base, self._sandbox, self._token = base, sandbox, token
        # Fails now, not in the thread, if there is no server, no such sandbox or a wrong token.
        self._history_ends = newest_offset(base, sandbox, token)
        self._traffic = Traffic()
        self._state: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._stream = EventStream(base, events_path(sandbox, _HISTORY), token, self._report)
        threading.Thread(target=self._read, name="top", daemon=True).start()

    def close(self) -> None:
        """Let the thread end when it loses its connection, instead of connecting again."""
        self._closed.set()

    def _report(self, message: str) -> None:
        from mockserver.cli.client import RemoteError

        if self._closed.is_set():
            raise RemoteError(message)

    def _get(self, path: str) -> dict[str, Any]:
        from mockserver.cli.client import get

        return get(self._base, f"{sandbox_prefix(self._sandbox)}/_mock{path}", self._token)

    def _read(self) -> None:
        from mockserver.cli.client import RemoteError
        from mockserver.clock import wall_ms

        try:
            for name, data in self._stream.events():
                with self._changed:
                    if name == "entries":
                        is_history = bool(data) and data[-1]["offset"] <= self._history_ends
                        self._traffic.add(data, None if is_history else wall_ms())
                    elif name == "cleared":
                        self._traffic.clear()
                    elif name == "state":
                        self._state = data
                    self._changed.notify_all()
        except RemoteError:
            return  # The next snapshot fails with the same error, which is shown.

    def wait_for_history(self) -> None:
        """Wait until the earlier entries of the journal are counted, for a limited time."""
        with self._changed:
            self._changed.wait_for(
                lambda: bool(self._state) and self._traffic.last_offset >= self._history_ends, _PATIENCE
            )

    def pause(self, seconds: float) -> None:
        """Wait until the next screen."""
        threading.Event().wait(seconds)

    def snapshot(self) -> "Snapshot":
        """Return the state now. Raises RemoteError."""
        from mockserver.cli.top_screen import Snapshot
        from mockserver.clock import wall_ms

        clock, jobs = self._get("/clock"), self._get("/jobs?limit=100")
        accounts, deliveries = self._get("/accounts"), self._get("/deliveries?limit=100")
        with self._changed:
            traffic, state = self._traffic.by_operation(wall_ms()), dict(self._state)
        return Snapshot(self._base, self._sandbox, clock, state, jobs, accounts, deliveries, traffic)
