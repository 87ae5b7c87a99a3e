"""The journal in memory: entries in the order in which they were written, with transitions by their time."""

from collections import deque
from collections.abc import Sequence

from mockserver.core.journal import EntryFilter, JournalEntry
from mockserver.core.sizes import kept_entry
from mockserver.store.protocol import Written


class JournalTable:
    """The newest entries of a sandbox. `size` is the number of bytes in them."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._entries: deque[JournalEntry] = deque()
        self._numbers = 0
        self._serials = 0
        self._cleared_at = 0

    @property
    def last_serial(self) -> int:
        """The serial of the last entry that was written; 0 if there was none."""
        return self._serials

    def number(self) -> int:
        """Return the next number."""
        self._numbers += 1
        return self._numbers

    def append(self, entry: JournalEntry) -> None:
        """Write an entry and number it unless it has a number. The oldest is dropped when there are too many."""
        # This is done for every request, so it is written for speed.
        if not entry.number:
            self._numbers += 1
            entry.number = self._numbers
        self._serials = entry.serial = self._serials + 1
        entry.size = size = kept_entry(entry)
        entries = self._entries
        if len(entries) >= self.capacity:
            size -= entries.popleft().size
        entries.append(entry)
        self.size += size

    def insert(self, entries: Sequence[JournalEntry]) -> None:
        """Insert transitions by their time, in their order."""
        journal, later = self._entries, deque[JournalEntry]()
        if len(journal) >= self.capacity:
            # Those before the oldest entry would be dropped at once.
            entries = [entry for entry in entries if entry.written_at >= journal[0].written_at]
        ordered = sorted(entries, key=lambda e: (e.written_at, e.cause or 0))
        for entry in ordered:
            self._serials = entry.serial = self._serials + 1
        for entry in reversed(ordered):
            while journal and journal[-1].written_at >= entry.written_at and not _causes(journal[-1], entry):
                later.appendleft(journal.pop())
            entry.size = kept_entry(entry)
            self.size += entry.size
            later.appendleft(entry)
        journal.extend(later)
        while len(journal) > self.capacity:
            self.drop()

    def page(self, wanted: EntryFilter, after: int | None, limit: int | None) -> list[JournalEntry]:
        """Return at most `limit` entries, newest first, that are older than the one with the serial `after`."""
        page: list[JournalEntry] = []
        entries = reversed(self._entries)
        if after is not None:
            for entry in entries:
                if entry.serial == after:
                    break
        for entry in entries:
            if limit is not None and len(page) >= limit:
                break
            if wanted.matches(entry):
                page.append(entry)
        return page

    def since(self, serial: int, limit: int) -> Written:
        """Return at most `limit` entries that were written after the one with this serial, in the order of writing."""
        last = self._serials
        if not 0 <= serial <= last:
            # It is the serial of another journal.
            return self.since(0, limit)._replace(cleared=True)
        entries: list[JournalEntry] = []
        if expected := last - serial:
            # Only transitions are not in the order of writing, so the newest entries are usually all.
            for entry in reversed(self._entries):
                if entry.serial > serial:
                    entries.append(entry)
                    if len(entries) == expected:
                        break
            entries.sort(key=lambda entry: entry.serial)
        if more := len(entries) > limit:
            del entries[limit:]
            last = entries[-1].serial
        missed = last - max(serial, self._cleared_at) - len(entries)
        return Written(entries, last, max(0, missed), serial < self._cleared_at, more)

    def clear(self) -> None:
        """Drop all entries. Numbers continue."""
        # Takes a serial of its own, so that readers that have read everything learn of it, too.
        self._cleared_at = self._serials = self._serials + 1
        self._entries.clear()
        self.size = 0

    @property
    def empty(self) -> bool:
        return not self._entries

    def drop(self) -> None:
        """Drop the oldest entry."""
        self.size -= self._entries.popleft().size


def _causes(written: JournalEntry, transition: JournalEntry) -> bool:
    # A request that took time is written after the transitions during it, even if it caused them.
    return written.number == transition.cause and written.at >= transition.at
