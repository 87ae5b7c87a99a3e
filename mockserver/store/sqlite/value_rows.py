"""Small values and armed faults that are kept in the file."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.sizes import size_of
from mockserver.store.records import plain_data, plain_text
from mockserver.store.sqlite.tracking import Cursor, Tracked, number_of, sql_text, text_of
from mockserver.store.value_tables import FAULT_ROW, FaultTable, ValueTable


class TrackedValues(Tracked, ValueTable):
    """Values by kind and key. Their places are in the order of their age."""

    names = ("small_values",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        # True if the value is new, false if it has replaced another one of the same age.
        self._changed: dict[tuple[str, str], bool] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._last = 0

    def put(self, kind: str, key: str, value: Any, expires_at: int | None) -> None:
        super().put(kind, key, value, expires_at)
        self._note(kind, key, is_new=True)

    def take(self, kind: str, key: str, now: int) -> Any:
        if key in self._kinds.get(kind, ()):
            self._note(kind, key, is_new=False)
        return super().take(kind, key, now)

    def replace(self, kind: str, key: str, old: Any, new: Any) -> bool:
        replaced = super().replace(kind, key, old, new)
        if replaced:
            self._note(kind, key, is_new=False)
        return replaced

    def _drop(self, kind: str) -> None:
        self._note(kind, next(iter(self._kinds[kind])), is_new=False)
        super()._drop(kind)

    def _note(self, kind: str, key: str, *, is_new: bool) -> None:
        if not self._changed:
            self.touch()
        before = self._changed.pop((kind, key), False)
        self._changed[kind, key] = is_new or before

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        for (kind, key), is_new in self._changed.items():
            kept = self._kinds.get(kind)
            stored = kept.get(key) if kept else None
            place = self._places.get((kind, key))
            if place is not None and (stored is None or is_new):
                cursor.execute("DELETE FROM small_values WHERE place = ?", (base + place,))
                del self._places[kind, key]
                place = None
            if stored is None:
                continue
            if place is None:
                self._last += 1
                place = self._places[kind, key] = self._last
            row = (base + place, kind, sql_text(key), plain_text(stored[0]).decode(), stored[1])
            cursor.execute("REPLACE INTO small_values VALUES (?, ?, ?, ?, ?)", row)
        self._changed.clear()

    def load(self, cursor: Cursor, base: int) -> None:
        for place, kind, key, text, expires_at in self._select(cursor, "place, kind, name, data, expires_at", base):
            self._set(kind, text_of(key), plain_data(text), expires_at)
            self._places[kind, text_of(key)] = self._last = number_of(place)
        self.fresh = False


class TrackedFaults(Tracked, FaultTable):
    """Armed faults. Their places are the numbers in their ids."""

    names = ("faults",)

    def __init__(self) -> None:
        super().__init__()
        self._changed: set[str] = set()

    @property
    def armed(self) -> int:
        """How many faults have been armed so far. The ids of new ones continue from there."""
        return self._armed

    def start_after(self, armed: int) -> None:
        """Let the ids of new faults continue from there."""
        self._armed = armed

    def arm(self, fault: Mapping[str, Any]) -> str:
        return self._note(super().arm(fault))

    def clear(self) -> None:
        super().clear()
        self._changed.clear()
        self.fresh = True
        self.touch()

    def _use(self, name: str, fault: Mapping[str, Any]) -> None:
        super()._use(self._note(name), fault)

    def _remove(self, name: str) -> None:
        super()._remove(self._note(name))

    def _note(self, name: str) -> str:
        if not self._changed:
            self.touch()
        self._changed.add(name)
        return name

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        for name in self._changed:
            place, fault = base + int(name[1:]), self.faults.get(name)
            if fault is None:
                cursor.execute("DELETE FROM faults WHERE place = ?", (place,))
            else:
                cursor.execute("REPLACE INTO faults VALUES (?, ?)", (place, plain_text(fault).decode()))
        self._changed.clear()

    def load(self, cursor: Cursor, base: int) -> None:
        for place, text in self._select(cursor, "place, data", base):
            fault = plain_data(text)
            self.faults[f"f{number_of(place)}"] = fault
            self.size += FAULT_ROW + size_of(fault)
            self._armed = max(self._armed, number_of(place))
        self.fresh = False
