"""Writes the changes of all sandboxes of this process to Valkey, together, and holds replies until they are written.

How it works
------------

**Together.** Changes are noted during a turn of the event loop. At its end the changes of each sandbox become one
batch, and all batches are sent in one round trip. What happens meanwhile is in the next one.

**Replies wait.** What is written to a connection is held (`hold`) and sent when everything noted before it is written.
A reply that a client has got therefore rests on state that every process sees.

**When it fails.** The server cannot be reached, or another process had the turn meanwhile. Then the copies of the
sandboxes concerned are read again before they are used, and the held replies are replaced by 503. If the server cannot
be reached, requests get 503 (`failure`) until it can, which is tried several times a second. A batch that was written
although its reply was lost is recognised when it is sent again.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from mockserver.store.held import Held, Waiter
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.connection import EXPIRES, SPACE, Run, Valkey
from mockserver.store.valkey.scripts import COMMIT
from mockserver.store.valkey.turn import LEASE, Turn

log = logging.getLogger("mockserver")

_TURN_LOST = "another process has changed the sandbox while this one was stopped"


class Shared(Protocol):
    """What is committed: the changes of one sandbox."""

    turn: Turn

    async def prepare(self) -> None: ...

    def take_batch(self) -> bytes: ...

    async def written(self, logged: int, imaged: int) -> None: ...


class _Part(NamedTuple):
    store: Shared
    run: Run


class Commits:
    """The commits of one process. `failure` is the reason why nothing can be written, or None."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self.failure: str | None = None
        self.commits = 0
        self.closed = False
        self._dirty: dict[Shared, None] = {}
        self._held: list[Held] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None

    def note(self, store: Shared) -> None:
        """Write the changes of a sandbox at the end of this turn of the event loop."""
        self._dirty[store] = None
        self._schedule()

    def hold(self, held: Held) -> None:
        """Release or refuse `held` after everything that is noted so far has been written."""
        self._held.append(held)
        self._schedule()

    async def committed(self) -> None:
        """Return when everything that is noted so far has been written, or was given up."""
        if (self._dirty or self._is_busy) and not self.closed:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            self._schedule()
            await waiter

    async def written(self) -> str | None:
        """Return when everything that is noted so far has been written, or the reason for which it was not."""
        if self.failure is None and (self._dirty or self._is_busy):
            result = Waiter()
            self.hold(result)
            return await result.future
        return self.failure

    @property
    def _is_busy(self) -> bool:
        return self._task is not None and not self._task.done()

    def _schedule(self) -> None:
        if not self._is_busy and not self.closed:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._dirty or self._held or self._waiting:
            dirty, self._dirty = self._dirty, {}
            held, self._held = self._held, []
            waiting, self._waiting = self._waiting, []
            before = self.failure
            reason = await self._tried(list(dirty)) if dirty else self.failure
            if reason is not None:
                # What was done meanwhile may rest on what was not written.
                held, self._held = [*held, *self._held], []
            for each in held:
                try:
                    if reason is None:
                        each.release()
                    else:
                        each.refuse(reason, known=before is not None)
                except Exception:
                    log.exception("a reply could not be sent")
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    async def _tried(self, stores: Sequence[Shared]) -> str | None:
        try:
            return await self._write(stores)
        except Exception as error:
            log.exception("the changes of this process could not be written")
            return f"The state cannot be written: {str(error) or type(error).__name__}"

    async def _write(self, stores: Sequence[Shared]) -> str | None:
        """Write the changes of these sandboxes. Return the reason if those of one of them could not be written."""
        parts: list[_Part] = []
        # Those whose turns are neither taken nor passed on until the commit ends.
        begun: list[Shared] = []
        try:
            for store in stores:
                await store.turn.begin_commit()
                begun.append(store)
                if store.turn.dirty and not store.turn.closed:
                    await store.prepare()
                    parts.append(self._part(store))
                else:
                    begun.remove(store)
                    store.turn.end_commit(written=True)
            if not parts:
                return None
            self.commits += 1
            replies = await self._valkey.run_all([part.run for part in parts])
        except BaseException as error:
            await self._give_up(stores, begun)
            if not isinstance(error, Unavailable):
                raise
            self.unavailable(error)
            return self.failure
        reasons = [self._end(part, reply) for part, reply in zip(parts, replies, strict=True)]
        for part, reply in zip(parts, replies, strict=True):
            if reply[0] == b"written":
                await part.store.written(reply[1], reply[2])
        return next(filter(None, reasons), None)

    @staticmethod
    async def _give_up(stores: Sequence[Shared], begun: Sequence[Shared]) -> None:
        """Note that the changes of none of these sandboxes were written. All copies are read again."""
        for store in stores:
            if store not in begun:
                await store.turn.begin_commit()
            store.turn.end_commit(written=False)

    def _part(self, store: Shared) -> _Part:
        turn = store.turn
        passes, version = turn.passes, turn.version
        batch = store.take_batch()
        arguments = (
            turn.holder,
            turn.id,
            version,
            batch,
            int(passes),
            LEASE,
            EXPIRES,
            SPACE,
            turn.sandbox,
            int(turn.renews()),
        )
        turn.commit(passes=passes)
        return _Part(store, Run(COMMIT, turn.sandbox, arguments))

    def _end(self, part: _Part, reply: Sequence[Any]) -> str | None:
        turn = part.store.turn
        is_written = reply[0] == b"written"
        turn.end_commit(written=is_written)
        if is_written or reply[0] == b"gone":
            return None
        log.warning("a change of the sandbox %s was refused: %s", turn.sandbox, _TURN_LOST)
        return f"The state cannot be written: {_TURN_LOST}"

    # Failures.

    def unavailable(self, error: Unavailable) -> None:
        """Refuse requests until the server can be reached again."""
        if self.failure is None:
            log.error("%s. Requests get 503 until it can", error)
            self.failure = f"The state cannot be read and written: {error}"
            self._recovery = asyncio.get_running_loop().create_task(self._recover())

    async def _recover(self) -> None:
        await self._valkey.available()
        if self.closed:
            return
        self.failure = None
        log.warning("%s can be reached again", self._valkey.url)

    async def close(self) -> None:
        """Write what is noted, and stop."""
        if self.failure is None:
            await self.committed()
        self.closed = True
        if self._recovery is not None:
            self._recovery.cancel()
