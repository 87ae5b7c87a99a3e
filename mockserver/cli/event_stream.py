"""Reads the journal of a running server as it is written: server-sent events, over connections that are renewed."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import IO, Any, NamedTuple

from mockserver.cli.client import RemoteError, connection_to, problem_of

# The server sends something at least every 15 seconds.
_SILENCE = 40.0
# Seconds before the next try to connect, by the number of tries before.
_DELAYS = (0.2, 0.5, 1.0, 2.0)
# Statuses after which another try is useless: a wrong token, a sandbox that was deleted.
_FINAL = range(400, 500)
_TOO_MANY_LISTENERS = 429


class Event(NamedTuple):
    """One event: its name and its JSON. `entries` has summaries of journal entries."""

    name: str
    data: Any


class EventStream:
    """The events of one sandbox. `path` is that of `/_mock/events` with its query.

    After a lost connection it continues at the place where it was. `report` gets messages about that.
    """

    def __init__(
        self,
        base: str,
        path: str,
        token: str,
        report: Callable[[str], None],
        *,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._base = base
        self._path = path
        self._token = token
        self._report = report
        self._pause = pause or threading.Event().wait
        self._place = ""

    def events(self) -> Iterator[Event]:
        """Yield events for ever. Raises RemoteError if the server cannot be reached at first, or refuses the request.

        A sandbox that is deleted ends the events with RemoteError too.
        """
        failures = 0
        while True:
            try:
                for event in self._connected():
                    if failures:
                        self._report("connected again")
                        failures = 0
                    yield event
            except ConnectionError as error:
                if not self._place and not failures:
                    raise RemoteError(f"no answer from {self._base}: {error}") from None
            if not failures:
                self._report("the connection was lost; trying to connect again (Ctrl+C ends)")
            self._pause(_DELAYS[min(failures, len(_DELAYS) - 1)])
            failures += 1

    def _connected(self) -> Iterator[Event]:
        """Yield the events of one connection. Raises ConnectionError when it is lost."""
        headers = {"X-Mock-Token": self._token} if self._token else {}
        if self._place:
            headers["Last-Event-ID"] = self._place
        connection, prefix = connection_to(self._base, _SILENCE)
        with closing(connection):
            try:
                connection.request("GET", prefix + self._path, headers=headers)
                response = connection.getresponse()
                if response.status in _FINAL and response.status != _TOO_MANY_LISTENERS:
                    raise RemoteError(problem_of(self._base, response.status, response.read()))
                if response.status != 200:
                    raise ConnectionError(problem_of(self._base, response.status, response.read()))
                yield from self._frames(response)
            except (OSError, http.client.HTTPException) as error:
                reason = (error.strerror if isinstance(error, OSError) else None) or error
                raise ConnectionError(str(reason)) from None

    def _frames(self, lines: IO[bytes]) -> Iterator[Event]:
        name, data, place = "", "", ""
        for line in lines:
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data += value
            elif field == "id":
                place = value
            elif not field and data:
                yield Event(name, json.loads(data))
                # After the event was handled: if that fails, it comes again.
                self._place = place or self._place
                name, data, place = "", "", ""
