"""Waits of a request on its sandbox's clock, which end when the client goes away."""

import asyncio

from mockserver.clock import Clock, Sleeper
from mockserver.wire.request import Connection, Disconnected, Ended


class Waits:
    """The waits of one request, one after the other. They share one watch for the client; `close` ends it.

    `token` is what the clock knows the request by. The watch begins with the first real wait, so that a request that
    never waits pays nothing. It takes what is left of a request's body, so nothing may want that any more:
    `watching=False` waits without it.
    """

    __slots__ = ("_clock", "_connection", "_sleeper", "_watch", "_watching")

    def __init__(self, clock: Clock, connection: Connection, token: object, *, watching: bool = True) -> None:
        self._clock = clock
        self._connection = connection
        self._sleeper = Sleeper(clock, token)
        self._watching = watching
        self._watch: asyncio.Task[None] | None = None

    async def until(self, at: int | None) -> bool:
        """Wait for the instant `at` (None: for ever); True when that took time.

        Raises Disconnected when the client goes away first, and Ended when the sandbox is reset or deleted.
        """
        if self._sleeper.is_over():
            raise Ended
        if at is not None and at <= self._clock.now():
            return False
        if self._watching and self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._until_gone())
        if not await self._sleeper.until(at):
            raise Ended if self._sleeper.is_over() else Disconnected
        return True

    async def _until_gone(self) -> None:
        await self._connection.gone()
        self._sleeper.interrupt()

    def close(self) -> None:
        """End the watch."""
        if self._watch is not None:
            self._watch.cancel()
