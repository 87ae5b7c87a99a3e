"""Deadlines of connections: a request that does not arrive in time is refused, and its connection is closed.

Nothing is done for a request in time to arrive. Once a second, while there are connections, each is looked at: what
it waits for, and since when. A deadline is therefore never early, and at most two seconds late.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

# Bytes per second that count as a body that comes: less is a client that drips to hold its connection.
SLOWEST = 512


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may take: seconds for its head, seconds without progress of its body, bytes and fields of head.

    `body_timeout` is also how long a reply may be left unread, `linger` how long a client that was refused has to read
    why. `every` is how often connections are looked at, in seconds.
    """

    head_timeout: float = 10.0
    body_timeout: float = 30.0
    head_bytes: int = 65_536
    head_fields: int = 100
    linger: float = 2.0
    every: float = 1.0

    @property
    def progress(self) -> int:
        """The bytes of a body that have to come in each `body_timeout`."""
        return int(self.body_timeout * SLOWEST)


class Watched(Protocol):
    """A connection that has deadlines."""

    def check(self, now: float) -> None:
        """Look whether the connection is late, as of `now` on the event loop's clock."""


class Deadlines:
    """The one timer of a server's connections. It runs while there are any."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        """There is a connection: see to it that all `connections` are looked at, once a second."""
        if self._timer is None:
            self._timer = loop.call_later(self.limits.every, self._look, connections, loop)

    def _look(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for connection in list(connections):
            connection.check(now)
        if connections:
            self.watch(connections, loop)


class Lateness:
    """How long one connection has waited for the same thing."""

    __slots__ = ("_mark", "_since", "_what")

    def __init__(self) -> None:
        self._what: object = None
        self._since = 0.0
        self._mark = 0

    def of(self, what: object, now: float, progress: int = 0, enough: int = 1) -> float:
        """Seconds since `what` was first waited for, or since `progress` last grew by `enough`."""
        if what != self._what or progress - self._mark >= enough:
            self._what, self._since, self._mark = what, now, progress
        return now - self._since
