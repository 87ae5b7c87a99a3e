"""The feed: lets listeners follow the journals of the sandboxes of one server.

How it works
------------

**Listeners read, the journal keeps.** A listener has an offset in each journal, the serial of the last entry that it
has read, and reads the entries after it. No entries are queued for it, so a slow listener costs nothing. If the journal
drops entries before they are read, the listener learns how many.

**Waking.** Before a listener waits, it asks the store of each sandbox to be called for the next entry. The store calls
once and forgets the listener, so a write to the journal costs one comparison, whether anybody listens or not. Steps of
jobs are written when somebody looks (see `settling`); the listener looks when the next one is due, and each second.

**Pace.** Reads are at least `interval` seconds apart, so that a busy journal is read in batches.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from mockserver.clock import let_others_run, monotonic
from mockserver.core.journal import JournalEntry
from mockserver.sandbox.sandbox import Sandbox

# Seconds between two reads.
INTERVAL = 0.1
# Entries of one sandbox in a batch. The rest is in the next batch.
MAX_BATCH = 1_000
# Seconds after which a listener looks at the journals if nothing has woken it.
_LONGEST_WAIT = 1.0
# After a read of more entries, the next one comes later, because each read costs something.
_MANY = 20
MAX_LISTENERS = 100


class TooManyListeners(Exception):
    """The server has the maximum number of listeners."""


class Batch(NamedTuple):
    """What was written into the journal of one sandbox, in the order of writing.

    `offset` is the serial of the last entry that was read. `missed` counts the entries that were dropped before the
    listener could read them. `cleared` is true if the journal was cleared before these entries, and also if the sandbox
    is another one of the same name.
    """

    sandbox: Sandbox
    entries: Sequence[JournalEntry]
    offset: int
    missed: int = 0
    cleared: bool = False


class JournalFeed:
    """All listeners to the journals of these sandboxes. A listener to all of them also follows sandboxes made later."""

    def __init__(self, sandboxes: Mapping[str, Sandbox]) -> None:
        self._sandboxes = sandboxes
        self._listeners: set[Listener] = set()
        self.closed = False

    def listen(
        self, name: str | None = None, after: int | None = None, interval: float = INTERVAL, *, steps: bool = True
    ) -> "Listener":
        """Return a new listener to one sandbox, or to all of them for None. Close it at the end.

        It gets the entries after the serial `after`, by default those that are written from now on. Without `steps` it
        does not have the steps of jobs written, which costs a store something, and gets them when somebody looks at the
        jobs. Raises TooManyListeners.
        """
        if len(self._listeners) >= MAX_LISTENERS:
            raise TooManyListeners(f"{MAX_LISTENERS} clients follow the journals of this server, the maximum")
        listener = Listener(self, self._sandboxes, name, after, interval, steps=steps)
        self._listeners.add(listener)
        return listener

    @property
    def listeners(self) -> int:
        """The number of listeners."""
        return len(self._listeners)

    def remove(self, listener: "Listener") -> None:
        """Remove a listener."""
        self._listeners.discard(listener)

    def wake(self) -> None:
        """Make all listeners look again: a sandbox was created or deleted, or something outside a journal changed."""
        for listener in self._listeners:
            listener.wake()

    def close(self) -> None:
        """End all listeners: their next `read` returns None."""
        self.closed = True
        self.wake()


class _Place(NamedTuple):
    """Where a listener is in the journal of a sandbox. The serial is None at the start of the listener."""

    sandbox: Sandbox
    serial: int


class Listener:
    """Follows one journal or all of them. Not to be used by several tasks at a time."""

    def __init__(
        self,
        feed: JournalFeed,
        sandboxes: Mapping[str, Sandbox],
        name: str | None,
        after: int | None,
        interval: float,
        *,
        steps: bool = True,
    ) -> None:
        self._steps = steps
        self._feed = feed
        self._sandboxes = sandboxes
        self._name = name
        self._is_from_now = after is None
        self._interval = interval
        self._woken = asyncio.Event()
        self._ended = asyncio.Event()
        self._next_read = monotonic()
        self._closed = False
        self._places = {
            each.name: _Place(each, each.store.last_serial if after is None else after) for each in self._followed()
        }

    def _followed(self) -> Sequence[Sandbox]:
        if self._name is None:
            return list(self._sandboxes.values())
        sandbox = self._sandboxes.get(self._name)
        return [] if sandbox is None else [sandbox]

    def wake(self) -> None:
        """Make a `read` that waits look at the journals."""
        self._woken.set()
        if self.ended:
            self._ended.set()

    def close(self) -> None:
        """End this listener."""
        self._closed = True
        self._feed.remove(self)
        self.wake()

    @property
    def ended(self) -> bool:
        """True if there will be no more entries: closed, the server stops, or the one sandbox was deleted."""
        return self._closed or self._feed.closed or (self._name is not None and not self._followed())

    async def read(self, wait: float | None = None) -> Sequence[Batch] | None:
        """Wait for entries, and return them by sandbox. None means that there will be no more.

        With `wait`, the result is empty if there are no entries for so many seconds, or if the feed was woken.
        """
        deadline = None if wait is None else monotonic() + wait
        while True:
            await _wait(self._ended, self._next_read - monotonic())
            if self.ended:
                return None
            self._woken.clear()
            self._next_read = monotonic() + self._interval
            batches = await self._batches()
            if sum(len(batch.entries) for batch in batches) > _MANY:
                self._next_read += self._interval * 1.5
            if batches or (deadline is not None and (monotonic() >= deadline or self._woken.is_set())):
                return batches
            seconds = min([_LONGEST_WAIT, *(await self._until_steps())])
            await _wait(self._woken, seconds if deadline is None else min(seconds, deadline - monotonic()))
            if deadline is not None and self._woken.is_set():
                deadline = monotonic()

    async def rest(self) -> Sequence[Batch]:
        """Return what has been written since the last read, without waiting, also after the end."""
        return await self._batches()

    async def _batches(self) -> list[Batch]:
        batches = []
        for sandbox in self._followed():
            place = self._places.get(sandbox.name)
            is_other = place is not None and place.sandbox is not sandbox
            serial = 0 if place is None or is_other else place.serial
            if self._is_from_now:
                # What another process had written before this one got its copy is not new.
                serial = max(serial, sandbox.store.first_serial)
            if self._steps:
                sandbox.store.follow()
                await sandbox.settling.observe(sandbox.clock.now())
            sandbox.store.call_at_next_entry(self.wake)
            written = await sandbox.store.entries_since(serial, MAX_BATCH)
            self._places[sandbox.name] = _Place(sandbox, written.last)
            if written.more:
                self._woken.set()
            if written.entries or written.missed or written.cleared or is_other:
                cleared = written.cleared or is_other
                batches.append(Batch(sandbox, written.entries, written.last, written.missed, cleared))
        if len(self._places) > len(self._sandboxes):
            self._places = {name: place for name, place in self._places.items() if name in self._sandboxes}
        return batches

    async def _until_steps(self) -> list[float]:
        """Return the seconds until the next step of a job, for each sandbox that has one."""
        delays = []
        for sandbox in self._followed() if self._steps else ():
            at = await sandbox.store.next_transition()
            delay = None if at is None else sandbox.clock.real_delay(at)
            if delay is not None:
                delays.append(delay)
        return delays


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, for at most so many seconds. Other tasks always get a turn."""
    await let_others_run()
    if seconds > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
