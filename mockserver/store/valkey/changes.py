"""The changes of a store as plain data, and how another process makes them in its copy.

A change is a list: its name, and what a copy needs to come to the same state. Wherever a result depends on something
that is not in every copy, such as memory or who asked, the change has the result.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mockserver.core.journal import JournalEntry
from mockserver.store.codec import ENTRY_ALONE, MISSES

Change = list[Any]

# What belongs to a process until it is finished: attempts of deliveries, open replies, and reservations for requests.
CLAIM, REPLY, RESERVATION = "claim", "reply", "reservation"
Owned = tuple[str, ...]
# So many lists of rules that did not match are shared by entries of the journal.
MOST_SHARED = 32


class SharedMisses:
    """The rules that did not match, which are most of an entry of the journal, and are the same for most entries.

    An entry has the index of its own among those that were written before, so that they are written once.
    """

    def __init__(self, data: Sequence[Any] = ()) -> None:
        # As plain data, and decoded.
        self.data: list[Any] = list(data)
        self._decoded: list[Sequence[Any]] = [MISSES.decode(each) for each in data]

    def index(self, misses: Sequence[Any]) -> int | None:
        """Return the index of these, or None if they were not written before."""
        for index, each in enumerate(self._decoded):
            if each is misses or (len(each) == len(misses) and list(each) == list(misses)):
                return index
        return None

    def add(self, data: list[Any]) -> int:
        """Add some, and return their index. If there are too many, all others are forgotten."""
        if len(self.data) >= MOST_SHARED:
            self.data.clear()
            self._decoded.clear()
        self.data.append(data)
        self._decoded.append(MISSES.decode(data))
        return len(self.data) - 1

    def __getitem__(self, index: int) -> Sequence[Any]:
        return self._decoded[index]


def encoded_entry(entry: JournalEntry, shared: SharedMisses, change: Callable[..., None]) -> dict[str, Any]:
    """Return an entry as plain data. `change` is called with the changes that have to be made before it is decoded."""
    data = ENTRY_ALONE.encode(entry)
    for name in ("misses", "others"):
        if misses := getattr(entry, name):
            index = shared.index(misses)
            if index is None:
                new = MISSES.encode(misses)
                change("share_misses", new)
                index = shared.add(new)
            data[name] = index
    return data
