"""The image of a sandbox: its whole state as one value, from which a process without a copy begins.

It is an SQLite database with the tables of `store.sqlite`, compressed. Each process has the database in memory, and
brings it up to date now and then, so that an image costs no more than what has changed.
"""

import sqlite3
import zlib
from typing import Any

from mockserver.store.sqlite.schema import prepare
from mockserver.store.sqlite.tracked_store import TrackedStore

# Changes of a store before its database is brought up to date. Until then the store keeps notes of them.
_MOST_NOTED = 1_000
# Small, because most sandboxes are.
_PAGE = 1_024


class Image:
    """The database in which one process writes its copy of a sandbox."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._noted = 0

    def note(self, store: TrackedStore, changes: int) -> None:
        """Note that so many changes were made in the store."""
        self._noted += changes
        if self._noted > _MOST_NOTED:
            self.written(store)

    def written(self, store: TrackedStore) -> sqlite3.Connection:
        """Return the database, with all changes of the store."""
        if self._database is None:
            self._database = _database()
            self._database.execute(f"PRAGMA page_size = {_PAGE}")
            prepare(self._database)
        self._database.execute("BEGIN")
        store.write(self._database)
        self._database.execute("COMMIT")
        self._noted = 0
        return self._database

    def read(self, store: TrackedStore, data: bytes) -> dict[str, Any]:
        """Fill the store, which is empty, and return the facts about its sandbox. Without data there are none."""
        self._database, self._noted = None, 0
        if not data:
            return {}
        self._database = _database()
        self._database.deserialize(zlib.decompress(data))
        return dict(store.load(self._database))


def compressed(data: bytes) -> bytes:
    """Return the data of a database as `Image.read` takes it."""
    return zlib.compress(data, 1)


def _database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
