"""Deadlines of connections: a request that does not arrive in time is refused, and its connection is closed.

There is no timer per request. Once a second, while there are connections, each is checked: what it waits for, and
since when. A deadline is therefore never early, and at most two seconds late.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

# A client that sends its body more slowly than this, in bytes per second, is refused.
MIN_BODY_RATE = 512


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits for requests: seconds for the head, seconds without progress of the body, bytes and fields of the head.

    `body_timeout` is also the time for which a client may leave a reply unread. `linger` is the time that a refused
    client has to read the refusal. Connections are checked every `every` seconds.
    """

    head_timeout: float = 10.0
    body_timeout: float = 30.0
    head_bytes: int = 65_536
    head_fields: int = 100
    linger: float = 2.0
    every: float = 1.0

    @property
    def progress(self) -> int:
        """The bytes of a body that must arrive within each `body_timeout`."""
        return int(self.body_timeout * MIN_BODY_RATE)


class Watched(Protocol):
    """A connection that has deadlines."""

    def check(self, now: float) -> None:
        """Refuse or close the connection if it is late. `now` is the time of the event loop."""


class Deadlines:
    """The timer that all connections of a server share. It runs while there are connections."""

    def __init__(self, limits: ConnectionLimits | None = None) -> None:
        self.limits = limits or ConnectionLimits()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        """Start checking `connections` regularly, unless that has been started already."""
        if self._timer is None:
            self._timer = loop.call_later(self.limits.every, self._check, connections, loop)

    def _check(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for connection in list(connections):
            connection.check(now)
        if connections:
            self.watch(connections, loop)


class WaitTime:
    """Measures how long one connection has been waiting for the same thing."""

    __slots__ = ("_progress", "_since", "_waits_for")

    def __init__(self) -> None:
        self._waits_for: object = None
        self._since = 0.0
        self._progress = 0

    def update(self, waits_for: object, now: float, progress: int = 0, enough: int = 1) -> float:
        """Return the seconds since the wait for `waits_for` began, or since `progress` last grew by `enough`."""
        if waits_for != self._waits_for or progress - self._progress >= enough:
            self._waits_for, self._since, self._progress = waits_for, now, progress
        return now - self._since
