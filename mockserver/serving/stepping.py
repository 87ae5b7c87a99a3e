"""Coroutines that are begun at once: a task is made only for one that has to wait.

A coroutine runs to its first wait inside the call that begins it. Most requests never wait, so they are answered there
and then. Where one waits, a task takes over what is left of it: it is handed the future that the coroutine has yielded,
as if it had stepped the coroutine itself.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


def begin(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> "asyncio.Task[None] | None":
    """Run `work` to its first wait. None when it is over; else the task that does the rest.

    Raises what `work` raises before it waits. Until then it is in no task, so it must not use what needs one
    (`asyncio.timeout`, `asyncio.current_task`).
    """
    try:
        waited_for = work.send(None)
    except StopIteration:
        return None
    return loop.create_task(_rest(work, waited_for))


async def _rest(work: Coroutine[Any, Any, None], waited_for: Any) -> None:
    await _Rest(work, waited_for)


class _Rest:
    """What is left of a coroutine that has been stepped once and waits for `waited_for`."""

    def __init__(self, work: Coroutine[Any, Any, None], waited_for: Any) -> None:
        self._work = work
        self._waited_for = waited_for

    def __await__(self) -> Generator[Any, Any, None]:
        # The protocol of PEP 380, by hand: what is yielded goes to the task, what comes back to the coroutine.
        work, yielded = self._work, self._waited_for
        del self._waited_for
        while True:
            sent, thrown = None, None
            try:
                sent = yield yielded
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - whatever the task throws in is the coroutine's
                thrown = error
            try:
                yielded = work.send(sent) if thrown is None else work.throw(thrown)
            except StopIteration:
                return
