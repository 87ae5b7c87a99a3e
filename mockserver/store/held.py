"""Replies that are held until the state that they rest on has been written."""

import asyncio
from typing import Protocol


class Held(Protocol):
    """Replies that wait for a commit."""

    def release(self) -> None:
        """Send them."""

    def refuse(self, reason: str, *, known: bool) -> None:
        """Send a refusal in place of each of them, for this reason.

        If that was `known` before, replies to requests that only read are sent as they are.
        """


class Waiter:
    """A task that waits for a commit in the same way. `future` has the reason if nothing could be written, or None."""

    def __init__(self) -> None:
        self.future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def release(self) -> None:
        if not self.future.done():
            self.future.set_result(None)

    def refuse(self, reason: str, *, known: bool) -> None:
        if not self.future.done():
            self.future.set_result(reason)
