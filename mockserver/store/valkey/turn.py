"""The turn of a process in a sandbox that several processes share.

How it works
------------

**One at a time.** Each process has a copy of the sandbox in memory. Only the process that has the turn reads and
changes its copy for requests. When it takes the turn it gets the changes of the other processes since its last turn, in
the same round trip. So a request sees the same state in every process, and changes it as if there was only one.

**Keeping the turn.** A process keeps the turn until another one wants it, because most requests for a sandbox come
together. Then a request costs one round trip, that of its commit. If processes alternate, a commit passes the turn on
at once, and each process takes it with a round trip of its own.

**Waiting.** A process that wants the turn is put into the queue of the sandbox, and the owner gets a message. When the
turn is passed to it, it gets a message. As messages can be lost, it also asks again after a while.

**The end of a process.** A turn ends by itself after `LEASE` milliseconds without a commit. A process that was stopped
for longer may find, when it commits, that another one had the turn meanwhile. Then its changes are refused, and its
copy is read again: see `commits`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

from mockserver.clock import monotonic, pause
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.connection import EXPIRES, SPACE, Run, Valkey
from mockserver.store.valkey.scripts import ENTER, PASS, READ

# Milliseconds after which the turn of a process that commits nothing can be taken by another one.
LEASE = 1_500
# Seconds for which the turn is used without asking.
_SURE = 0.75
# Seconds after which a commit lets the sandbox expire later.
_RENEWED = 60.0
# Seconds for which those that have waited for the turn use it at least.
_ONCE = 0.05
# So many times the turn is passed on although no other process has asked for it.
_ALTERNATES = 3
# Seconds after which a process that waits for the turn, or for the server, asks again.
_AGAIN = 0.2


class Changes(NamedTuple):
    """What has changed since the last turn: an `image` of the whole state, unless it is empty, and batches after it."""

    image: bytes
    batches: list[bytes]


# Takes on the changes of other processes.
TakeOn = Callable[[Changes], Awaitable[None]]


class Turn:
    """The turn of this process in one sandbox. `take_on` is called with the changes of the other processes.

    `holder` is the name of this process's copy, which begins with that of the process. `id` identifies the sandbox
    among those of its name. `version` is the one of the copy, -1 if it has none. `dirty` is true if it has changes that
    are not committed.
    """

    def __init__(self, valkey: Valkey, process: str, sandbox: str, take_on: TakeOn) -> None:
        self._valkey = valkey
        # A process that has dropped its copy can have another one already, which has turns of its own.
        self.holder = f"{process}/{valkey.next_copy()}"
        self.sandbox = sandbox
        self._take_on = take_on
        self.id = ""
        self.version = -1
        self.dirty = False
        self.gone = False
        # Called when it turns out that another process has deleted the sandbox.
        self.on_gone: Callable[[], None] | None = None
        self.closed = False
        self._has = False
        self._until = 0.0
        # When the last commit was sent.
        self._sent = 0.0
        # When the time at which the sandbox expires was last set.
        self._renewed = -_RENEWED
        self._waiting = 0
        self._wanted = False
        # A commit passes the turn on while this is not 0: another process had it before, or wants it.
        self._alternates = 0
        self._taking: asyncio.Task[None] | None = None
        self._line = asyncio.Lock()
        self._came = asyncio.Event()

    @property
    def held(self) -> bool:
        """True if the copy can be used now. Once the sandbox is closed, only its copy is left."""
        return (self._has and (self.dirty or monotonic() < self._until)) or self.closed

    async def take(self, *, patient: bool = True) -> None:
        """Take the turn, with the changes of the other processes.

        If the sandbox was deleted, `gone` is true, and changes of its copy have no effect. If the server cannot be
        reached, wait until it can, or raise Unavailable if not `patient`.
        """
        self._waiting += 1
        try:
            while not self.held:
                try:
                    await self._take_once()
                except Unavailable:
                    if not patient:
                        raise
                    await pause(_AGAIN)
        finally:
            self._waiting -= 1
            if self._wanted and not self._waiting:
                # The caller uses the turn before this is called.
                asyncio.get_running_loop().call_soon(self._pass_soon)

    async def _take_once(self) -> None:
        if self._taking is None or self._taking.done():
            self._taking = asyncio.get_running_loop().create_task(self._take())
            self._taking.add_done_callback(_read_exception)
        await asyncio.shield(self._taking)

    async def _take(self) -> None:
        while not self.closed:
            self._came.clear()
            async with self._line:
                if self.held:
                    return
                asked = monotonic()
                reply = await self._valkey.run(Run(ENTER, self.sandbox, self._arguments_of_enter()))
                if reply[0] != b"busy":
                    await self._taken(reply)
                    if self.gone:
                        return
                    # The lease begins when the server runs the script, however late the reply arrives. Those that wait
                    # for this reply can always use it, because it has everything until they asked.
                    self._has, self._until = True, max(asked + _SURE, monotonic() + _ONCE)
                    return
            self._alternates = _ALTERNATES
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN):
                    await self._came.wait()

    def _arguments_of_enter(self) -> tuple[str | int, ...]:
        return (self.holder, self.id, self.version, LEASE, EXPIRES, SPACE, self.sandbox)

    async def _taken(self, reply: list[Any]) -> None:
        if reply[0] == b"gone":
            self._end()
            return
        _, id_, version, base, image, batches, waiting = reply
        is_other = id_.decode() != self.id
        if is_other and self.id:
            # It was deleted and created again. This copy is of the one before.
            self._end()
            return
        self._wanted = waiting > 0
        everything = is_other or self.version < base
        self._alternates = _ALTERNATES if batches or everything else max(0, self._alternates - 1)
        if batches or everything:
            try:
                await self._take_on(Changes(image if everything else b"", batches))
            except BaseException:
                # The copy has a part of the changes, so it is read again.
                self.version = -1
                raise
        self.id, self.version = id_.decode(), version

    def _end(self) -> None:
        self.gone = self.closed = True
        if self.on_gone is not None:
            self.on_gone()

    async def follow(self) -> None:
        """Take on the changes of the other processes without the turn. Nothing happens if this process has it."""
        async with self._line:
            if self._has or self.closed or self.version < 0:
                return
            reply = await self._valkey.run(Run(READ, self.sandbox, (self.id, self.version)))
            await self._taken(reply)

    def exists(self) -> None:
        """Note that the sandbox exists now, although it may have been gone before."""
        self.gone = self.closed = False

    def created(self, id_: str) -> None:
        """Note that this process has created the sandbox, and has the turn."""
        self.id, self.version = id_, 0
        self.gone = self.closed = False
        self._has, self._until = True, monotonic() + _SURE

    # Passing it on.

    @property
    def passes(self) -> bool:
        """True if the next commit passes the turn on: another process wants it, or had it before."""
        return (self._wanted or self._alternates > 0) and not self._waiting

    def came(self) -> None:
        """Note that the turn was passed to this process."""
        self._came.set()

    def want(self) -> None:
        """Note that another process wants the turn. It is passed on after the next commit, or now if there is none."""
        self._wanted, self._alternates = True, _ALTERNATES
        self._pass_soon()

    def _pass_soon(self) -> None:
        if self._has and not self.dirty:
            asyncio.get_running_loop().create_task(self._pass())

    async def _pass(self) -> None:
        # If the server cannot be reached, the turn ends by itself.
        with suppress(Unavailable):
            await self.pass_on()

    async def pass_on(self) -> None:
        """Pass the turn on, unless something here still needs it. Raises Unavailable."""
        async with self._line:
            # Callers that have just got the turn come first; their commit passes it on.
            if self._has and not self.dirty and not self._waiting:
                self._drop()
                await self._valkey.run(Run(PASS, self.sandbox, (self.holder, LEASE, SPACE, self.sandbox)))

    def _drop(self) -> None:
        self._has = self._wanted = False

    # Commits. They hold the line, so that nothing is taken or passed at the same time.

    async def begin_commit(self) -> None:
        """Wait until the turn is neither taken nor passed on. `end_commit` ends the commit."""
        await self._line.acquire()

    def renews(self) -> bool:
        """Return True if the next commit lets the sandbox expire later. The last one that did was some time ago."""
        renews = monotonic() - self._renewed >= _RENEWED
        if renews:
            self._renewed = monotonic()
        return renews

    def commit(self, *, passes: bool) -> None:
        """Note that the changes so far are being written as the next version."""
        self.version += 1
        self.dirty = False
        self._sent = monotonic()
        if passes:
            self._drop()

    def end_commit(self, *, written: bool) -> None:
        """Note that the changes were written, or that they were not. Then this process has no copy any more."""
        if not written:
            self._has, self.dirty, self.version = False, False, -1
        elif self._has:
            self._until = max(self._until, self._sent + _SURE)
        self._line.release()


def _read_exception(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()


__all__ = ["LEASE", "Changes", "TakeOn", "Turn"]
