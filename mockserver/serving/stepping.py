"""Start coroutines without a task, and create a task only if one has to wait.

`begin` runs a coroutine up to its first wait. Most requests never wait, so they are answered within that call. If one
waits, a new task continues it: the task awaits the future that the coroutine has yielded, as if it had run the
coroutine from its start.
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


def begin(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> "asyncio.Task[None] | None":
    """Run `work` up to its first wait. Returns None if it is finished, or the task that continues it.

    Raises what `work` raises before its first wait. Up to there no task exists, so `work` must not use anything that
    needs one (`asyncio.timeout`, `asyncio.current_task`).
    """
    try:
        awaited = work.send(None)
    except StopIteration:
        return None
    return loop.create_task(_continue(work, awaited))


async def _continue(work: Coroutine[Any, Any, None], awaited: Any) -> None:
    await _Remainder(work, awaited)


class _Remainder:
    """The remainder of a coroutine that has run up to its first wait, for the future `awaited`."""

    def __init__(self, work: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._work = work
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, None]:
        # What `yield from` does (PEP 380), except that the first value has been yielded already.
        work, yielded = self._work, self._awaited
        del self._awaited
        while True:
            value, exception = None, None
            try:
                value = yield yielded
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - the coroutine handles everything that the task throws in
                exception = error
            try:
                yielded = work.send(value) if exception is None else work.throw(exception)
            except StopIteration:
                return
