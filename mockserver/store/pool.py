"""The memory that the stores of a server share, and how much each may use."""

from typing import Protocol

# What an empty sandbox costs, and how much a part of a store may grow before it is counted again.
EMPTY = 65_536
STEP = 16_384
MIB = 1_048_576
SANDBOX_MEMORY = 64 * MIB
SERVER_MEMORY = 512 * MIB


class Shrinkable(Protocol):
    """A store that can drop its oldest data."""

    def shrink(self, target: int) -> int:
        """Drop the oldest data until the store uses at most `target` bytes. Return how many it uses now."""


class MemoryPool:
    """The bytes that all stores of a server use. Above `limit` the largest store drops its oldest data.

    Of several that are equally large, the one that was created first is chosen.
    """

    def __init__(self, limit: int = SERVER_MEMORY) -> None:
        self.limit = limit
        self.used = 0
        self._stores: dict[Shrinkable, int] = {}

    def report(self, store: Shrinkable, used: int) -> None:
        """Note how many bytes a store uses. If that is too much for the server, the largest stores shrink."""
        self._note(store, used)
        # Each round frees some, or the largest store is empty.
        while self.used > self.limit:
            largest = max(self._stores, key=self._stores.__getitem__)
            before = self._stores[largest]
            self._note(largest, largest.shrink(before - max(self.used - self.limit, before // 64)))
            if self._stores[largest] >= before:
                return

    def _note(self, store: Shrinkable, used: int) -> None:
        self.used += used - self._stores.get(store, 0)
        self._stores[store] = used

    def leave(self, store: Shrinkable) -> None:
        """Forget a store, which was closed."""
        self.used -= self._stores.pop(store, 0)
