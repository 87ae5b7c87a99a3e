"""The store of one sandbox in a file."""

from mockserver.store.memory import Bounds
from mockserver.store.pool import MemoryPool
from mockserver.store.protocol import What
from mockserver.store.round_trips import RoundTrips
from mockserver.store.sqlite.file import StoreFile
from mockserver.store.sqlite.tracked_store import TrackedStore
from mockserver.store.sqlite.tracking import Cursor


class SqliteStore(TrackedStore):
    """The store of the sandbox with this number and name in a file."""

    durable = True
    _noted = False
    _closed_for_file = False

    def __init__(
        self, file: StoreFile, sandbox: int, name: str, bounds: Bounds | None = None, pool: MemoryPool | None = None
    ) -> None:
        self.file = file
        super().__init__(sandbox, name, bounds, pool)

    @property
    def round_trips(self) -> RoundTrips:
        """The commits of the file."""
        return self.file.round_trips

    def touch(self) -> None:
        if not self._noted and not self._closed_for_file:
            self._noted = True
            self.file.note(self)

    async def committed(self) -> None:
        await self.file.committed()

    async def clear(self, what: What) -> None:
        await super().clear(what)
        self.touch()

    async def close(self) -> None:
        self._closed_for_file = True
        self.file.delete(self.sandbox)
        await super().close()

    async def leave(self) -> None:
        self._closed_for_file = True
        self._closed = True
        self._pool.leave(self)

    # The file.

    def write(self, cursor: Cursor) -> None:
        self._noted = False
        if not self._closed_for_file:
            super().write(cursor)

    def reload(self, cursor: Cursor) -> None:
        """Go back to what the file has. Attempts of deliveries that are in progress stay so."""
        claimed = self.claimed
        self._noted = True  # nothing that happens to the new tables is a change
        waiting = self._waiting
        self._renew_tables()
        self.load(cursor)
        self.keep_claims(claimed)
        self._waiting = waiting
        self._noted = False
        self._call_waiting()
