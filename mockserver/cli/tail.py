"""`tail`: the command that prints the journal of a running server as it is written."""

import argparse
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error
from mockserver.cli.options import add_token, add_url, whole_number
from mockserver.cli.remote import token_of, url_of
from mockserver.core.addresses import sandbox_prefix

if TYPE_CHECKING:
    from mockserver.cli.entry_filter import Summary
    from mockserver.core.journal import JournalEntry

_MOST = 5_000
# Seconds between two looks for new sandboxes.
_LOOK = 1.0

_DESCRIPTION = """\
Print what happens in a sandbox of a running server: a line for each request, webhook and change, in the form of the log
of `mockserver serve`. If the connection is lost, for example because the server is started again, the lines continue
where they ended. Ctrl+C ends the command.

Lines are printed if all of the FILTERs match: `status:429`, `status:5xx`, `status:none`, `op:TEXT`, `job:TEXT`,
`rule:TEXT`, `provider:TEXT`, `account:TEXT`, `fault:KIND`, `kind:KIND`, `method:GET`, `is:failed`, `is:deviating`, or
any text. A minus in front excludes. Steps of jobs are printed with `kind:transition`.
"""
_EXAMPLES = """\
examples:
  mockserver tail                             follow the server on http://localhost:8080
  mockserver tail status:4xx op:analyze       only refused requests to operations whose name contains analyze
  mockserver tail -n 100 --sandbox alice      begin with the last 100 lines of the sandbox alice
  mockserver tail --all                       all sandboxes; the name of each is in its lines
  mockserver tail --json | jq .duration_ms    one JSON object a line
  mockserver tail -- -op:get                  everything but polls: after --, a filter may begin with a minus
"""


def add(commands: Any) -> None:
    """Add the command."""
    tail = commands.add_parser(
        "tail",
        help="print the journal of a running server as it is written",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tail.add_argument("filter", metavar="FILTER", nargs="*", help="which entries to print (default: all)")
    tail.add_argument(
        "-n", "--lines", type=whole_number, default=10, metavar="N", help="begin with the last N lines (default: 10)"
    )
    tail.add_argument("--json", action="store_true", help="print one JSON object a line")
    tail.add_argument("--sandbox", metavar="NAME", default="default", help="the sandbox (default: default)")
    tail.add_argument("--all", action="store_true", help="all sandboxes, also those that are created later")
    add_token(tail)
    add_url(tail)
    tail.set_defaults(run=_tail)


def events_path(sandbox: str, history: int) -> str:
    """Return the path of the events of a sandbox, beginning with its last `history` entries."""
    return f"{sandbox_prefix(sandbox)}/_mock/events?history={history}"


def _tail(options: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError
    from mockserver.cli.entry_filter import WrongFilter

    if not 0 <= options.lines <= _MOST:
        return report_error(f"--lines must be from 0 to {_MOST}, not {options.lines}")
    try:
        for lines in (follow_all if options.all else follow)(options, url_of(options), token_of(options)):
            print("\n".join(lines), flush=True)
    except (RemoteError, WrongFilter) as error:
        return report_error(str(error))
    return 0


def follow(
    options: argparse.Namespace, base: str, token: str, report: Callable[[str], None] | None = None
) -> Iterator[list[str]]:
    """Yield the lines of what happens, several at a time. Raises RemoteError and WrongFilter.

    `report` gets messages about the connection, which are printed by default.
    """
    from mockserver.cli.event_stream import EventStream

    lines = _Lines(options)
    # A filter or a step of a job may leave lines out, so more entries than lines are read.
    lines.history_ends = newest_offset(base, options.sandbox, token) if options.lines else 0
    path = events_path(options.sandbox, _MOST if options.lines else 0)
    for name, data in EventStream(base, path, token, report or _report).events():
        if new := lines.of(name, data):
            yield new


def follow_all(options: argparse.Namespace, base: str, token: str) -> Generator[list[str], None, None]:
    """Yield the lines of what happens in all sandboxes. Raises RemoteError and WrongFilter like `follow`."""
    from mockserver.cli.client import RemoteError, get
    from mockserver.clock import monotonic

    queue: SimpleQueue[list[str]] = SimpleQueue()
    followed: set[str] = set()
    ended = threading.Event()

    def report(message: str) -> None:
        if ended.is_set():
            raise RemoteError(message)
        _report(message)

    def read(name: str) -> None:
        one = argparse.Namespace(**{**vars(options), "sandbox": name})
        # A sandbox that is deleted ends its lines. If the server has too many listeners, the next look tries again.
        with suppress(RemoteError):
            for lines in follow(one, base, token, report):
                queue.put(lines)
        followed.discard(name)

    newest_offset(base, "default", token)
    _Lines(options)
    try:
        while True:
            with suppress(RemoteError):
                names = {each["name"] for each in get(base, "/_mock/sandboxes", token)["sandboxes"]}
                for name in sorted(names - followed):
                    followed.add(name)
                    threading.Thread(target=read, args=(name,), daemon=True).start()
            yield from _until(queue, monotonic() + _LOOK)
    finally:
        ended.set()


def _until(queue: "SimpleQueue[list[str]]", deadline: float) -> Iterator[list[str]]:
    from mockserver.clock import monotonic

    while (left := deadline - monotonic()) > 0:
        with suppress(Empty):
            yield queue.get(timeout=left)


def newest_offset(base: str, sandbox: str, token: str) -> int:
    """Return the place of the newest entry in the journal of a sandbox; 0 if it is empty. Raises RemoteError."""
    from mockserver.cli.client import get

    newest = get(base, f"{sandbox_prefix(sandbox)}/_mock/journal?limit=1", token)["entries"]
    return int(newest[0]["offset"]) if newest else 0


class _Lines:
    """The lines of events: at first the last ones of the history, up to the offset `history_ends`, then all."""

    def __init__(self, options: argparse.Namespace) -> None:
        from mockserver.cli.entry_filter import entry_filter, kinds_of
        from mockserver.serving.activity_log import has_colours
        from mockserver.serving.log_lines import LOGGED, JsonLines, TextLines

        self._sandbox = options.sandbox
        self._matches, self._kinds = entry_filter(options.filter), {*LOGGED, *kinds_of(options.filter)}
        colour = has_colours(sys.stdout, os.environ)
        text = TextLines(colour=colour, masked=True)
        self._form: JsonLines | TextLines = JsonLines(masked=True) if options.json else text
        self._history: deque[str] = deque(maxlen=options.lines)
        self._is_real = False
        self.history_ends = 0

    def of(self, name: str, data: Any) -> list[str]:
        """Return the lines to print for an event."""
        if name == "missed":
            return [self._form.missed(data["entries"])]
        if name == "cleared":
            self.history_ends = 0
        elif name == "state":
            self._is_real = data["mode"] == "real"
        if name != "entries":
            return []
        new: list[str] = []
        for entry in data:
            if entry["kind"] in self._kinds and self._matches(entry):
                line = self._form(self._sandbox, entry_of(entry, real_clock=self._is_real))
                (self._history if entry["offset"] <= self.history_ends else new).append(line)
        # There are none if the journal was cleared.
        if data and data[-1]["offset"] < self.history_ends:
            return []
        lines = [*self._history, *new]
        self._history.clear()
        return lines


def entry_of(summary: "Summary", *, real_clock: bool) -> "JournalEntry":
    """Return the journal entry of a summary, with the fields that the log shows.

    With a `real_clock`, its time is that of the machine.
    """
    from mockserver.core.journal import JournalEntry

    fields = dict(summary)
    began, took = fields.pop("began", summary["at"] if real_clock else None), fields.pop("ms", 0)
    detail: dict[str, Any] = {name: fields.pop(name) for name in ("delivery", "attempt") if name in fields}
    fields["serial"] = fields.pop("offset")
    fields["deviations"] = tuple(fields.get("deviations", ()))
    known = {name: value for name, value in fields.items() if name in JournalEntry.__slots__}
    real = None if began is None else (began, began + took)
    return JournalEntry(**known, written_at=summary["at"] + took, detail=detail or None, real=real)


def _report(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
