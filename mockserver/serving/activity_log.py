"""The log of `serve`: a line for each request, each attempt to deliver a webhook, and each change of a sandbox."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal, TextIO

from mockserver.sandbox.journal_feed import Batch, JournalFeed, Listener
from mockserver.serving.line_writer import LineWriter
from mockserver.serving.log_lines import LOGGED, JsonLines, TextLines

# Seconds between two reads of the journals. After a read of many entries it is longer (see `Listener`), so that up to
# 25,000 entries a second are read. A journal keeps 5,000.
_INTERVAL = 0.016

Form = Literal["text", "json"]


class ActivityLog:
    """Follows the journals of all sandboxes and writes lines to a file descriptor, in batches.

    `shared` is for an output into which other processes write too.
    """

    def __init__(
        self, form: Form, output: TextIO, environment: Mapping[str, str] = os.environ, *, shared: bool = False
    ) -> None:
        self._lines = JsonLines() if form == "json" else TextLines(colour=has_colours(output, environment))
        self._writer = LineWriter(output.fileno(), self._lines.missed, shared=shared)
        self._listener: Listener | None = None
        self._task: asyncio.Task[None] | None = None

    def follow(self, feed: JournalFeed) -> None:
        """Log what is written into the journals from now on."""
        self._listener = feed.listen(interval=_INTERVAL, steps=False)

    def start(self) -> None:
        """Write what `follow` has found so far, and go on. Call this in the event loop of the server."""
        assert self._listener is not None
        self._writer.start()
        self._task = asyncio.get_running_loop().create_task(self._run(self._listener))

    async def close(self) -> None:
        """Write what has not been written, and end."""
        if self._listener is None or self._task is None:
            return
        self._listener.close()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        while batches := await self._listener.rest():
            self._write(batches)
        self._writer.close()

    async def _run(self, listener: Listener) -> None:
        while not self._writer.ended and (batches := await listener.read()) is not None:
            self._write(batches)
        listener.close()

    def _write(self, batches: Sequence[Batch]) -> None:
        lines = []
        for batch in batches:
            name = batch.sandbox.name
            # Other processes that share the store have logs of their own.
            lines += [self._lines(name, entry) for entry in batch.entries if entry.kind in LOGGED and entry.is_own]
            if batch.missed:
                lines.append(self._lines.missed(batch.missed))
        self._writer.write(lines)


def activity_log(form: str, *, shared: bool = False) -> ActivityLog | None:
    """Return the log in this form, or None for `off` or if the process has no output.

    `shared` is for an output into which other processes write too.
    """
    if sys.stdout is None or form not in ("text", "json"):
        return None
    try:
        sys.stdout.fileno()
    except (OSError, ValueError):
        return None
    return ActivityLog("json" if form == "json" else "text", sys.stdout, shared=shared)


def has_colours(output: TextIO, environment: Mapping[str, str]) -> bool:
    """Return true if the output is a terminal that shows colours, and the user wants them (https://no-color.org)."""
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or (output.isatty() and environment.get("TERM") != "dumb")
