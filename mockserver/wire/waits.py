"""Waits of a request on its sandbox's clock. They end when the client disconnects."""

import asyncio
from collections.abc import Awaitable

from mockserver.clock import Clock, Sleeper
from mockserver.wire.request import Connection, Disconnected, Ended


class Waits:
    """The waits of one request, one after another. Call `close` at the end.

    `token` identifies the request to the clock. The first wait that takes time starts a task that watches for the
    client to disconnect. That task reads and discards the rest of the request's body: use `watching=False` if the body
    is still needed.
    """

    __slots__ = ("_clock", "_connection", "_sleeper", "_watch", "_watching")

    def __init__(self, clock: Clock, connection: Connection, token: object, *, watching: bool = True) -> None:
        self._clock = clock
        self._connection = connection
        self._sleeper = Sleeper(clock, token)
        self._watching = watching
        self._watch: asyncio.Task[None] | None = None

    async def until(self, at: int | None) -> bool:
        """Wait until the instant `at` (None: for ever). Returns true if it had to wait.

        Raises Disconnected if the client disconnects first, and Ended if the sandbox is reset or deleted.
        """
        if self._sleeper.is_over():
            raise Ended
        if at is not None and at <= self._clock.now():
            return False
        await self._wait(self._sleeper.until(at))
        return True

    async def until_resumed(self) -> None:
        """Wait until the reply is resumed (see `Clock.resume_held`). Raises Disconnected or Ended as `until` does."""
        if self._sleeper.is_over():
            raise Ended
        await self._wait(self._sleeper.until_resumed())

    async def _wait(self, reached: Awaitable[bool]) -> None:
        if self._watching and self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._watch_client())
        if not await reached:
            raise Ended if self._sleeper.is_over() else Disconnected

    async def _watch_client(self) -> None:
        await self._connection.wait_disconnected()
        self._sleeper.interrupt()

    def close(self) -> None:
        """Stop watching the client."""
        if self._watch is not None:
            self._watch.cancel()
