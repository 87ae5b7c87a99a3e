"""The proxy: the shared state and the limits of its connections."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from mockserver.intercept.decision import HostPolicy
from mockserver.intercept.heads import RefusedByProxy

# At most this many different refused targets, and different messages, are kept.
_MAX_KEPT = 200


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """The limits of a proxy: connections, bytes of a head, and seconds for a head, a handshake and a connection."""

    connections: int = 1_000
    head_bytes: int = 65_536
    head_timeout: float = 10.0
    handshake_timeout: float = 10.0
    dial_timeout: float = 10.0


class OpenConnection(Protocol):
    """A connection that counts towards the limit of its proxy."""

    transport: asyncio.Transport


class Proxy:
    """The state that the connections of one proxy share.

    `new_protocol` creates the HTTP protocol for connections to the sandbox. `context` is the TLS context for the
    providers' hosts. `count_handed_over` returns the number of open connections that were passed to the server.
    `notify` is called with messages for the user.
    """

    def __init__(
        self,
        policy: HostPolicy,
        new_protocol: Callable[[], Any],
        context: ssl.SSLContext,
        count_handed_over: Callable[[], int],
        notify: Callable[[str], None],
        limits: ProxyLimits | None = None,
    ) -> None:
        self.policy = policy
        self.new_protocol = new_protocol
        self.context = context
        self.limits = limits or ProxyLimits()
        self.refused: Counter[str] = Counter()
        self._count_handed_over = count_handed_over
        self._notify = notify
        self._notified: set[str] = set()
        self._open: set[OpenConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, connection: OpenConnection) -> bool:
        """Count a connection until `remove`. Returns false if that exceeds the limit."""
        within_limit = len(self._open) + self._count_handed_over() < self.limits.connections
        self._open.add(connection)
        return within_limit

    def remove(self, connection: OpenConnection) -> None:
        """Stop counting a connection, because it has ended or was passed on."""
        self._open.discard(connection)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as a task, which ends with the proxy."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note_refusal(self, target: str, refused: RefusedByProxy) -> None:
        """Count a refusal by the target of the request, and notify the user of it once."""
        if target in self.refused or len(self.refused) < _MAX_KEPT:
            self.refused[target] += 1
        self.notify_once(f"refused: {refused}")

    def notify_once(self, text: str) -> None:
        """Send a message to the user, unless the same message was sent before."""
        if text not in self._notified and len(self._notified) < _MAX_KEPT:
            self._notified.add(text)
            self._notify(text)

    def close(self) -> None:
        """Close every connection that was not passed to the server."""
        for task in list(self._tasks):
            task.cancel()
        for connection in list(self._open):
            connection.transport.abort()
