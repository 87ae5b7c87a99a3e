"""Numbers and the counts of limits that are kept in the file.

Both get a new place each time they are used, so that the places are in the order of their last use, as
the rows in memory are.
"""

from collections.abc import Hashable, Iterator
from typing import Any, Generic, TypeVar

from mockserver.core.limits import Counter
from mockserver.store.account_tables import CounterTable, NumberTable
from mockserver.store.records import plain_data, plain_text
from mockserver.store.sqlite.tracking import Cursor, Tracked, number_of, sql_text, text_of

K = TypeVar("K", bound=Hashable)


class Places(Generic[K]):
    """The places of rows in the order of their last use, and the keys that were used since the last commit."""

    def __init__(self) -> None:
        self.changed: dict[K, None] = {}
        self._places: dict[K, int] = {}
        self._gone: list[int] = []
        self._last = 0

    def note(self, key: K) -> bool:
        """Note that a row was used. Return whether it is the first since the last commit."""
        is_first = not self.changed
        self.changed.pop(key, None)
        self.changed[key] = None
        return is_first

    def drop(self, key: K) -> None:
        """Note that a row was dropped."""
        self.changed.pop(key, None)
        place = self._places.pop(key, None)
        if place is not None:
            self._gone.append(place)

    def put(self, key: K, place: int) -> None:
        """Note the place of a row that was read from the file."""
        self._places[key] = self._last = place

    def take_gone(self, base: int) -> list[tuple[int]]:
        """Return the places of the rows that are dropped or get a new place, and forget them."""
        gone = [*self._gone, *(self._places.pop(key) for key in self.changed if key in self._places)]
        self._gone.clear()
        return [(base + place,) for place in gone]

    def take_changed(self) -> Iterator[tuple[K, int]]:
        """Yield the rows that have changed with their new places, and forget that they have."""
        for key in self.changed:
            self._last += 1
            self._places[key] = self._last
            yield key, self._last
        self.changed.clear()


class TrackedNumbers(Tracked, NumberTable):
    """Numbers that count up."""

    names = ("numbers",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._places: Places[tuple[str, ...]] = Places()

    def next(self, key: tuple[str, ...]) -> int:
        number = super().next(key)
        if self._places.note(key):
            self.touch()
        return number

    def drop(self) -> None:
        self.touch()
        self._places.drop(next(iter(self._numbers)))
        super().drop()

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        if gone := self._places.take_gone(base):
            cursor.executemany("DELETE FROM numbers WHERE place = ?", gone)
        if self._places.changed:
            rows = [
                (base + place, plain_text(key).decode(), self._numbers[key])
                for key, place in self._places.take_changed()
            ]
            cursor.executemany("INSERT INTO numbers VALUES (?, ?, ?)", rows)

    def load(self, cursor: Cursor, base: int) -> None:
        for place, text, number in self._select(cursor, "place, name, number", base):
            key = tuple(plain_data(text))
            NumberTable.next(self, key)
            self._numbers[key] = number
            self._places.put(key, number_of(place))
        self.fresh = False


class TrackedCounters(Tracked, CounterTable):
    """The counts of limits."""

    names = ("counters",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._places: Places[tuple[str, str]] = Places()

    def get(self, account: str, name: str) -> Counter:
        counter = super().get(account, name)
        # Every caller counts, or at least uses the account.
        if self._places.note((account, name)):
            self.touch()
        return counter

    def drop(self) -> None:
        self.touch()
        self._places.drop(next(iter(self._counters)))
        super().drop()

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        if gone := self._places.take_gone(base):
            cursor.executemany("DELETE FROM counters WHERE place = ?", gone)
        if self._places.changed:
            rows = [self._row(key, base + place) for key, place in self._places.take_changed()]
            cursor.executemany("INSERT INTO counters VALUES (?, ?, ?, ?, ?)", rows)

    def _row(self, key: tuple[str, str], place: int) -> tuple[Any, ...]:
        counter = self._counters[key]
        return place, sql_text(key[0]), key[1], counter.starts_at, counter.used

    def load(self, cursor: Cursor, base: int) -> None:
        for place, account, name, starts_at, used in self._select(
            cursor, "place, account, name, starts_at, used", base
        ):
            counter = CounterTable.get(self, text_of(account), name)
            counter.starts_at, counter.used = starts_at, used
            self._places.put((text_of(account), name), number_of(place))
        self.fresh = False
