"""Waits of a request on its sandbox's clock, which end when the client goes away."""

import asyncio
from contextlib import suppress

from mockserver.clock import Sleeper
from mockserver.wire.body import Disconnected
from mockserver.wire.call import Call


class Waits:
    """The waits of one request, one after the other. They share one watch for the client; `close` ends it.

    The watch begins with the first real wait, so that a request that never waits pays nothing. It takes what is
    left of a request's body, so nothing may want that any more: `watching=False` waits without it.
    """

    __slots__ = ("_call", "_sleeper", "_watch", "_watching")

    def __init__(self, call: Call, *, watching: bool = True) -> None:
        self._call = call
        self._sleeper = Sleeper(call.sandbox.clock, call)
        self._watching = watching
        self._watch: asyncio.Task[None] | None = None

    async def until(self, at: int | None) -> bool:
        """Wait for the instant `at` (None: for ever); True when that took time.

        Raises Disconnected when the client goes away first.
        """
        if at is not None and at <= self._call.sandbox.clock.now():
            return False
        if self._watching and self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._until_gone())
        if not await self._sleeper.until(at):
            raise Disconnected
        return True

    async def _until_gone(self) -> None:
        # A client whose connection fails while it is read has gone as well.
        with suppress(OSError):
            while (await self._call.receive())["type"] != "http.disconnect":
                pass
        self._sleeper.rouse()

    def close(self) -> None:
        """End the watch."""
        if self._watch is not None:
            self._watch.cancel()
