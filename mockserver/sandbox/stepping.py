"""The lock that is held while a clock that stands still is moved, by one task of one process at a time."""

import asyncio

from mockserver.sandbox.state import SandboxState


class Stepping:
    """The lock of one sandbox. It goes to the tasks of a process in the order in which they ask for it.

    Nothing else moves a running clock, so other processes are not kept out then.
    """

    def __init__(self, sandbox: SandboxState) -> None:
        self._sandbox = sandbox
        self._lock = asyncio.Lock()
        self._is_shared = False

    @property
    def locked(self) -> bool:
        """True while a task of any process moves the clock."""
        return self._lock.locked() or self._sandbox.store.steps_taken

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            if not self._sandbox.clock.rate:
                await self._sandbox.store.begin_steps()
                self._is_shared = True
        except BaseException:
            self._lock.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._is_shared:
                self._is_shared = False
                await self._sandbox.store.end_steps()
        finally:
            self._lock.release()
