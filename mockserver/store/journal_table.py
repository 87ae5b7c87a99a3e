"""The journal in memory: entries in the order in which they were written, with transitions by their time."""

from collections import deque
from collections.abc import Sequence

from mockserver.core.journal import EntryFilter, JournalEntry
from mockserver.core.sizes import kept_entry

# How many entries are measured at a time.
_AT_ONCE = 32


class JournalTable:
    """The newest entries of a sandbox. `size` is the number of bytes in them.

    New entries are measured some at a time, and at the latest when the journal is read.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._entries: deque[JournalEntry] = deque()
        self._new: list[JournalEntry] = []
        self._numbers = 0
        self._serials = 0

    def number(self) -> int:
        """Return the next number."""
        self._numbers += 1
        return self._numbers

    def append(self, entry: JournalEntry) -> None:
        """Write an entry and number it unless it has a number."""
        if not entry.number:
            self._numbers += 1
            entry.number = self._numbers
        new = self._new
        new.append(entry)
        if len(new) >= _AT_ONCE:
            self.measure()

    def measure(self) -> None:
        """Measure the new entries, and drop the oldest if there are too many."""
        new, self._new = self._new, []
        self._keep(new)
        self._entries.extend(new)
        self._drop_excess()

    def insert(self, entries: Sequence[JournalEntry]) -> None:
        """Insert transitions by their time, in their order."""
        self.measure()
        journal, later = self._entries, deque[JournalEntry]()
        if len(journal) >= self.capacity:
            # Those before the oldest entry would be dropped at once.
            entries = [entry for entry in entries if entry.written_at >= journal[0].written_at]
        self._keep(entries)
        ordered = sorted(entries, key=lambda e: (e.written_at, e.cause or 0))
        for entry in reversed(ordered):
            while journal and journal[-1].written_at >= entry.written_at and not _causes(journal[-1], entry):
                later.appendleft(journal.pop())
            later.appendleft(entry)
        journal.extend(later)
        self._drop_excess()

    def page(self, wanted: EntryFilter, after: int | None, limit: int | None) -> list[JournalEntry]:
        """Return at most `limit` entries, newest first, that are older than the one with the serial `after`."""
        self.measure()
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

    def clear(self) -> None:
        """Drop all entries. Numbers continue."""
        self._entries.clear()
        self._new.clear()
        self.size = 0

    @property
    def empty(self) -> bool:
        return not self._entries

    def drop(self) -> None:
        """Drop the oldest entry."""
        self.size -= self._entries.popleft().size

    def _keep(self, entries: Sequence[JournalEntry]) -> None:
        serial, total = self._serials, 0
        for entry in entries:
            serial += 1
            entry.serial = serial
            entry.size = size = kept_entry(entry)
            total += size
        self._serials = serial
        self.size += total

    def _drop_excess(self) -> None:
        while len(self._entries) > self.capacity:
            self.drop()


def _causes(written: JournalEntry, transition: JournalEntry) -> bool:
    # A request that took time is written after the transitions during it, even if it caused them.
    return written.number == transition.cause and written.at >= transition.at
