"""The proxy: what its connections share, and how many there may be."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from mockserver.intercept.choice import Choices
from mockserver.intercept.heads import Refused

# How many different hosts that were refused are remembered.
_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """What clients of a proxy may take: connections, bytes of a head, seconds for a head, a handshake or a dial."""

    connections: int = 1_000
    head_bytes: int = 65_536
    head_timeout: float = 10.0
    handshake_timeout: float = 10.0
    dial_timeout: float = 10.0


class Connection(Protocol):
    """A connection that counts among those of its proxy."""

    transport: asyncio.Transport


class Proxy:
    """What the connections of one proxy share.

    `http` makes the protocol that answers requests, `context` is for TLS with clients of the providers' hosts,
    `others` counts the connections that were handed on and are still open, `say` tells a person.
    """

    def __init__(
        self,
        choices: Choices,
        http: Callable[[], Any],
        context: ssl.SSLContext,
        others: Callable[[], int],
        say: Callable[[str], None],
        bounds: Bounds | None = None,
    ) -> None:
        self.choices = choices
        self.http = http
        self.context = context
        self.bounds = bounds or Bounds()
        self.refused: Counter[str] = Counter()
        self._others = others
        self._say = say
        self._said: set[str] = set()
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def opened(self, connection: Connection) -> bool:
        """Whether there is room for a connection. It counts until it is `gone`."""
        room = len(self._open) + self._others() < self.bounds.connections
        self._open.add(connection)
        return room

    def gone(self, connection: Connection) -> None:
        """A connection has ended, or is somebody else's now."""
        self._open.discard(connection)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what takes time."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note_refusal(self, target: str, refused: Refused) -> None:
        """Count a refusal by what was asked for, and say the first of each."""
        if target in self.refused or len(self.refused) < _REMEMBERED:
            self.refused[target] += 1
        self.say_once(f"refused: {refused}")

    def say_once(self, text: str) -> None:
        """Tell a person, unless that was told before."""
        if text not in self._said and len(self._said) < _REMEMBERED:
            self._said.add(text)
            self._say(text)

    def close(self) -> None:
        """End every connection that was not handed to the server."""
        for task in list(self._tasks):
            task.cancel()
        for connection in list(self._open):
            connection.transport.abort()
