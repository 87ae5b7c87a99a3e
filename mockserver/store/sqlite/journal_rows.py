"""The journal that is kept in the file.

The entries that are written together are one row of the file. Its number is the serial of the last of them. They share
what they have in common: the rules that did not match, which are most of an entry, are usually the same for all, and so
are the headers of a client's requests.

Most entries follow the one before. A transition is inserted between others, and its record has the serial of the entry
that followed it then (`before`). As the oldest entries are dropped first, a transition whose follower is gone is gone,
too.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from mockserver.core.journal import JournalEntry
from mockserver.core.sizes import kept_entry
from mockserver.store.codec import ENTRY_ALONE, MISSES
from mockserver.store.journal_table import JournalTable
from mockserver.store.records import Unknown, plain_data, plain_text
from mockserver.store.sqlite.tracking import Cursor, Tracked

# The other fields that entries share.
_PARTS = ("headers", "rests_on")
# Rows of dropped entries are deleted when about so many entries were dropped.
_DROPPED = 500
_NONE: Unknown = {}


class TrackedJournal(Tracked, JournalTable):
    """The journal of a sandbox."""

    names = ("journal",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        # What was written since the last commit, in the order of serials: an entry and the serial of its follower.
        self._written: list[tuple[JournalEntry, int]] = []
        self._in_file = 0
        # The fields of entries in `_written` that this version does not know, by serial.
        self._unknown: dict[int, Unknown] = {}
        self._latest_misses: deque[tuple[Sequence[Any], list[Any]]] = deque(maxlen=8)

    def number(self) -> int:
        self.touch()
        return super().number()

    def append(self, entry: JournalEntry) -> None:
        if not self._written:
            self.touch()
        super().append(entry)
        self._written.append((entry, 0))

    def insert(self, entries: Sequence[JournalEntry]) -> None:
        before = self._serials
        super().insert(entries)
        if self._serials > before:
            self.touch()
            self._written += self._inserted(before)

    def _inserted(self, serial: int) -> list[tuple[JournalEntry, int]]:
        """Return the entries with a higher serial, the last one first, with the serials of their followers."""
        inserted, left, follower = [], self._serials - serial, 0
        for entry in reversed(self._entries):
            if entry.serial > serial:
                inserted.append((entry, follower))
                left -= 1
            if not left:
                break
            follower = entry.serial
        return inserted

    def clear(self) -> None:
        self.touch()
        self._written.clear()
        self._unknown.clear()
        self.fresh = True
        self._in_file = 0
        super().clear()

    def note_unknown(self, serial: int, unknown: Unknown) -> None:
        """Write these fields, which this version does not know, with the entry that was written last."""
        if unknown:
            self._unknown[serial] = unknown

    def drop(self) -> None:
        self.touch()
        super().drop()

    def record(self) -> dict[str, int]:
        """Return what is kept of the journal with its sandbox. `oldest` is the serial of its first entry."""
        oldest = self._entries[0].serial if self._entries else 0
        return {
            "numbers": self._numbers, "serials": self._serials, "cleared_at": self._cleared_at, "oldest": oldest,
        }  # fmt: skip

    def restore_numbers(self, record: dict[str, int]) -> None:
        """Continue with the numbers of `record`."""
        self._numbers, self._serials = record.get("numbers", 0), record.get("serials", 0)
        self._cleared_at = record.get("cleared_at", 0)

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        if self._written:
            last = max(entry.serial for entry, _ in self._written)
            cursor.execute("INSERT INTO journal VALUES (?, ?)", (base + last, plain_text(self._segment()).decode()))
            self._in_file += len(self._written)
            self._written.clear()
            self._unknown.clear()
        if self._in_file > len(self._entries) + _DROPPED:
            oldest = min((entry.serial for entry in self._entries), default=self._serials + 1)
            cursor.execute("DELETE FROM journal WHERE place > ? AND place < ?", (base, base + oldest))
            self._in_file = len(self._entries)

    def _segment(self) -> dict[str, Any]:
        misses: list[Sequence[Any]] = []
        parts: list[Sequence[Any]] = []
        entries = []
        for entry, before in self._written:
            data = ENTRY_ALONE.encode(entry, self._unknown.get(entry.serial, _NONE))
            if entry.misses:
                data["misses"] = _index(misses, entry.misses)
            if entry.others:
                data["others"] = _index(misses, entry.others)
            for name in _PARTS:
                if name in data:
                    data[name] = _index(parts, data[name])
            if before:
                data["before"] = before
            entries.append(data)
        return {"misses": [self._encoded_misses(each) for each in misses], "parts": parts, "entries": entries}

    def _encoded_misses(self, misses: Sequence[Any]) -> list[Any]:
        """Return the record of misses. The latest are kept, because the next requests often have the same."""
        for known, encoded in self._latest_misses:
            if len(known) == len(misses) and list(known) == list(misses):
                return encoded
        encoded = MISSES.encode(misses)
        self._latest_misses.append((misses, encoded))
        return encoded

    def load(self, cursor: Cursor, base: int) -> None:
        chain = _Chain()
        known: dict[Any, Any] = {}
        for _, text in self._select(cursor, "place, data", base):
            segment = plain_data(text)
            # Most are equal, and are kept in memory once.
            misses = [known.setdefault(each, each) for each in map(MISSES.decode, segment["misses"])]
            shared = {"misses": misses, "others": misses, **dict.fromkeys(_PARTS, segment["parts"])}
            for data in segment["entries"]:
                for name, each in shared.items():
                    if name in data:
                        data[name] = each[data[name]]
                chain.add(data["serial"], data, data.pop("before", 0))
                self._in_file += 1
        self._chain = chain
        self.fresh = False

    def take_loaded(self, oldest: int) -> None:
        """Fill the journal with what was loaded, from the serial `oldest` on. 0 means that it is empty."""
        for data in self._chain.since(oldest):
            misses, others = data.pop("misses", ()), data.pop("others", ())
            entry = ENTRY_ALONE.decode(data)
            entry.misses, entry.others = misses, others
            entry.size = kept_entry(entry)
            self.size += entry.size
            self._entries.append(entry)
        del self._chain


class _Chain:
    """Entries in the order of the journal, as it is built from the file."""

    def __init__(self) -> None:
        self._data: dict[int, Any] = {}
        self._next: dict[int, int] = {0: 0}
        self._previous: dict[int, int] = {0: 0}

    def add(self, serial: int, data: Any, before: int) -> None:
        """Add an entry before the one with the serial `before`, or at the end. It is left out if that is gone."""
        if before not in self._next:
            return
        previous = self._previous[before]
        self._data[serial] = data
        self._next[previous], self._previous[serial] = serial, previous
        self._next[serial], self._previous[before] = before, serial

    def since(self, oldest: int) -> list[Any]:
        """Return the entries from the one with the serial `oldest` on. None for 0."""
        entries, at = [], oldest
        while at:
            entries.append(self._data[at])
            at = self._next[at]
        return entries


def _index(shared: list[Sequence[Any]], part: Sequence[Any]) -> int:
    """Return the index of a part in the list of shared ones, to which it is added."""
    for index, each in enumerate(shared):
        if each is part or each == part or (len(each) == len(part) and list(each) == list(part)):
            return index
    shared.append(part)
    return len(shared) - 1
