"""Following a sandbox: its changes by other processes are taken on as soon as they are made, while something waits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from mockserver.clock import monotonic
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.connection import Valkey

# Seconds for which a sandbox is followed after something has waited in it.
_FOLLOWED = 10.0


class Following:
    """Follows the sandbox called `name` while that is wanted. `catch_up` takes on the changes until now."""

    def __init__(self, valkey: Valkey, name: str, catch_up: Callable[[], Awaitable[None]]) -> None:
        self._valkey = valkey
        self._channel = f"changes:{name}"
        self._catch_up = catch_up
        self._until = 0.0
        self.is_on = False
        self._task: asyncio.Task[None] | None = None

    def wanted_for_a_while(self) -> None:
        """Follow the sandbox from now on, for some seconds."""
        self._until = monotonic() + _FOLLOWED
        if not self.is_on and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._begin())

    async def _begin(self) -> None:
        # While the server is away, this is tried again with the next sign of life of the process.
        with suppress(Unavailable):
            await self.update(waits=True)

    async def update(self, *, waits: bool) -> None:
        """Follow the sandbox if something `waits` or has waited a moment ago, or end that. Raises Unavailable."""
        wanted = waits or monotonic() < self._until
        if wanted == self.is_on:
            return
        self.is_on = wanted
        if not wanted:
            await self._valkey.unsubscribe(self._channel)
            return
        try:
            await self._valkey.subscribe(self._channel)
        except Unavailable:
            self.is_on = False
            raise
        await self._catch_up()
