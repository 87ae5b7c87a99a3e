"""Small values and armed faults in memory."""

from collections import OrderedDict
from collections.abc import Mapping
from sys import getsizeof
from typing import Any

from mockserver.core.match import key_matches
from mockserver.core.sizes import size_of

_ROW = 250
# Bytes of an armed fault, apart from its data.
FAULT_ROW = _ROW

Stored = tuple[Any, int | None, int]


class ValueTable:
    """Values by kind and key, each with its expiry and size. Each kind has at most `capacity`; the oldest are dropped.

    If memory is short, the kind with most bytes loses its oldest value.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._kinds: dict[str, OrderedDict[str, Stored]] = {}
        self._sizes: dict[str, int] = {}

    def put(self, kind: str, key: str, value: Any, expires_at: int | None) -> None:
        self.take(kind, key, 0)
        self._set(kind, key, value, expires_at)
        if len(self._kinds[kind]) > self.capacity:
            self._drop(kind)

    def get(self, kind: str, key: str, now: int) -> Any:
        kept = self._kinds.get(kind)
        stored = kept.get(key) if kept else None
        return stored[0] if stored is not None and (stored[1] is None or now < stored[1]) else None

    def has(self, kind: str, key: str) -> bool:
        """Return whether there is a value, which may have expired."""
        return key in self._kinds.get(kind, ())

    def take(self, kind: str, key: str, now: int) -> Any:
        value = self.get(kind, key, now)
        stored = self._kinds[kind].pop(key, None) if kind in self._kinds else None
        if stored is not None:
            self._count(kind, -stored[2])
        return value

    def replace(self, kind: str, key: str, old: Any, new: Any) -> bool:
        kept = self._kinds.get(kind)
        stored = kept.get(key) if kept else None
        if stored is None or stored[0] != old:
            return False
        self._count(kind, -stored[2])
        self._set(kind, key, new, stored[1])
        return True

    def every(self, kind: str, now: int) -> Mapping[str, Any]:
        kept = self._kinds.get(kind)
        if not kept:
            return {}
        return {k: v for k, (v, expires, _) in kept.items() if expires is None or now < expires}

    @property
    def empty(self) -> bool:
        return not any(self._kinds.values())

    def drop(self) -> None:
        """Drop the oldest value of the kind with most bytes."""
        self._drop(max(self._sizes, key=self._sizes.__getitem__))

    def _set(self, kind: str, key: str, value: Any, expires_at: int | None) -> None:
        size = _ROW + getsizeof(key) + size_of(value)
        self._kinds.setdefault(kind, OrderedDict())[key] = (value, expires_at, size)
        self._count(kind, size)

    def _drop(self, kind: str) -> None:
        _, (_, _, size) = self._kinds[kind].popitem(last=False)
        self._count(kind, -size)

    def _count(self, kind: str, size: int) -> None:
        self.size += size
        self._sizes[kind] = self._sizes.get(kind, 0) + size


class FaultTable:
    """Armed faults, oldest first, and for each operation that was asked for those that are armed for it."""

    def __init__(self) -> None:
        self.size = 0
        self.ceiling = 0
        self.faults: dict[str, Mapping[str, Any]] = {}
        self._armed = 0
        # By operation, the ids of its faults, as the keys of a dict.
        self._by_operation: dict[str, dict[str, None]] = {}

    def arm(self, fault: Mapping[str, Any]) -> str:
        """Add a fault, and return its id."""
        self._armed += 1
        name = f"f{self._armed}"
        self.faults[name] = fault
        self.size += FAULT_ROW + size_of(fault)
        for operation, names in self._by_operation.items():
            if key_matches(fault["operation"], operation):
                names[name] = None
        return name

    def strike(self, operation: str, key: str | None) -> tuple[str, Mapping[str, Any]] | None:
        """Return the oldest fault for a request of that operation and key, and use it once. None if there is none."""
        names = self._by_operation.get(operation)
        if names is None:
            meant = (name for name, fault in self.faults.items() if key_matches(fault["operation"], operation))
            names = self._by_operation[operation] = dict.fromkeys(meant)
        for name in names:
            fault = self.faults[name]
            account = fault.get("account")
            if account and (key is None or not key_matches(account, key)):
                continue
            self._use(name, fault)
            return name, fault
        return None

    def _use(self, name: str, fault: Mapping[str, Any]) -> None:
        if fault["times"] > 1:
            self.faults[name] = {**fault, "times": fault["times"] - 1}
        else:
            self._remove(name)

    def _remove(self, name: str) -> None:
        self.size -= FAULT_ROW + size_of(self.faults.pop(name))
        for names in self._by_operation.values():
            names.pop(name, None)

    def clear(self) -> None:
        """Remove all faults. Their ids are not used again."""
        self.faults.clear()
        self._by_operation.clear()
        self.size = 0

    @property
    def empty(self) -> bool:
        return not self.faults

    def drop(self) -> None:
        """Remove the oldest fault."""
        self._remove(next(iter(self.faults)))
