"""The file of a store: opens and locks it, and writes the changes of all sandboxes together.

How it works
------------

**Memory first.** Reads never touch the file. A change is made in memory, and noted. At the end of the turn of the event
loop in which it was made, all noted changes are written in one transaction. So the requests that arrive together share
one commit.

**Replies wait.** What is written to a connection in a turn is held (`hold`) and sent after the commit. A reply that a
client has got therefore rests on state that is in the file.

**What survives.** After a commit, everything is in the files of the operating system (write-ahead log), so it survives
the end of the process in any way, such as `kill -9`. The log is flushed to the disk when it is merged into the file,
not at each commit: after a power failure the file is intact, but the last moments may be missing.

**When a commit fails.** The disk may be full or gone. Nothing of the transaction is kept, so the sandboxes in it go
back to what the file has: to clients, that turn did not happen. The held replies are replaced by 503. Until the file
can be written again, which is tried once a second, requests get 503 before they change anything (`failure`).

**One server.** The file is locked as long as it is open. The lock ends with the process.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mockserver.store.held import Held, Waiter
from mockserver.store.round_trips import RoundTrips
from mockserver.store.sqlite.opening import StoreError, opened, text_of_error
from mockserver.store.sqlite.schema import PLACED
from mockserver.store.sqlite.tracking import PLACE_BITS, Cursor, nothing

log = logging.getLogger("mockserver")

# Seconds between two tries to write after a failure.
_RETRY = 1.0


class Kept(Protocol):
    """What a file keeps: it writes its changes, and reads its state again after a failure."""

    def write(self, cursor: Cursor) -> None: ...

    def reload(self, cursor: Cursor) -> None: ...


class StoreFile:
    """An open file, which no other server can open. Raises StoreError if it cannot be opened.

    `failure` is the reason for which the last commit failed, or None. `round_trips` counts the commits.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: str | None = None
        self.round_trips = RoundTrips("sqlite")
        self.closed = False
        self._dirty: dict[Kept, None] = {}
        self._deleted: list[int] = []
        self._held: list[Held] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reload: set[Kept] = set()
        # Called when a commit has failed, so that nothing is taken as written.
        self.on_failure: Callable[[], None] = nothing
        self._connection = opened(path)

    # Reading.

    def read(self, load: Callable[[Cursor], Any]) -> Any:
        """Call `load` with a cursor. Raises StoreError if the file is damaged."""
        try:
            return load(self._connection)
        except StoreError:
            raise
        except (sqlite3.Error, KeyError, TypeError, ValueError, IndexError) as error:
            raise StoreError(
                f"{self.path} is damaged: {text_of_error(error)}. Move it away to start with an empty one; "
                f"`sqlite3 {self.path.name} .recover` may save what is in it"
            ) from error

    # Changes.

    def note(self, kept: Kept) -> None:
        """Write the changes of `kept` at the end of this turn of the event loop."""
        self._dirty[kept] = None
        self._schedule()

    def delete(self, sandbox: int) -> None:
        """Delete all rows of a sandbox at the end of this turn."""
        self._deleted.append(sandbox)
        self._schedule()

    def hold(self, held: Held) -> None:
        """Release or refuse `held` at the end of this turn, after everything noted has been written."""
        self._held.append(held)
        self._schedule()

    async def committed(self) -> None:
        """Return when everything noted so far has been written. If a commit fails, wait for one that does not."""
        if (self._dirty or self._deleted or self.failure is not None) and not self.closed:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            self._schedule()
            await waiter

    async def written(self) -> str | None:
        """Return when everything that is noted so far has been written, or the reason for which it was not."""
        if self.failure is None and (self._dirty or self._deleted):
            result = Waiter()
            self.hold(result)
            return await result.future
        return self.failure

    def _schedule(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # before the start; `flush` writes it
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._loop = None
        held, self._held = self._held, []
        before = self.failure
        if before is None:
            self.flush()
        for each in held:
            if self.failure is None:
                each.release()
            else:
                each.refuse(self.failure, known=before is not None)
        if self.failure is None:
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def flush(self) -> None:
        """Write everything that is noted. If that fails, `failure` is the reason."""
        if not (self._dirty or self._deleted):
            return
        dirty, self._dirty = self._dirty, {}
        try:
            self._commit(dirty)
        except Exception as error:  # noqa: BLE001 - whatever the reason is, nothing of the turn was written
            self._fail(error, dirty)

    def _commit(self, dirty: dict[Kept, None]) -> None:
        with self.round_trips.measured():
            self._write(dirty)
        self._deleted.clear()

    def _write(self, dirty: dict[Kept, None]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for sandbox in self._deleted:
                _delete_sandbox(connection, sandbox)
            for kept in dirty:
                kept.write(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    # Failures.

    def _fail(self, error: Exception, dirty: dict[Kept, None]) -> None:
        if self.failure is None:
            unexpected = None if isinstance(error, sqlite3.Error) else error
            message = f"{self.path} cannot be written: {text_of_error(error)}. Requests get 503 until it can"
            log.error(message, exc_info=unexpected)
        self.on_failure()
        self.failure = f"The state cannot be written to {self.path}: {text_of_error(error)}"
        self._reload |= set(dirty)
        self._read_again()
        with suppress(RuntimeError):
            asyncio.get_running_loop().call_later(_RETRY, self.retry)

    def _read_again(self) -> None:
        """Bring what could not be written back to what the file has."""
        for kept in list(self._reload):
            try:
                kept.reload(self._connection)
            except (sqlite3.Error, KeyError, TypeError, ValueError, IndexError) as error:
                log.error("%s cannot be read: %s", self.path, text_of_error(error))
                return
            self._reload.discard(kept)

    def retry(self) -> None:
        """Try to write again after a failure. Called once a second."""
        if self.closed or self.failure is None:
            return
        self._read_again()
        dirty, self._dirty = self._dirty, {}
        try:
            if self._reload:
                raise sqlite3.OperationalError("it cannot be read")
            with self.round_trips.measured():
                self._try_room()
            self._commit(dirty)
        except Exception as error:  # noqa: BLE001 - as in `flush`
            self._fail(error, dirty)
            return
        log.warning("%s can be written again", self.path)
        self.failure = None
        self._wake()

    def _try_room(self) -> None:
        """Write something and take it back, to find out whether there is room. Raises sqlite3.Error."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            row = ("room", "x" * 65_536)
            self._connection.execute("REPLACE INTO server VALUES (?, ?)", row)
            self._connection.execute("COMMIT")
            self._connection.execute("DELETE FROM server WHERE name = 'room'")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    # The end.

    def close(self) -> None:
        """Write everything, and close the file."""
        if self.closed:
            return
        if self.failure is None:
            self.flush()
        self.closed = True
        self._wake()
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


def _delete_sandbox(connection: sqlite3.Connection, sandbox: int) -> None:
    first = sandbox << PLACE_BITS
    for name in PLACED:
        sql = f"DELETE FROM {name} WHERE place >= ? AND place < ?"  # noqa: S608
        connection.execute(sql, (first, first + (1 << PLACE_BITS)))
    for name in ("sandboxes", "tallies"):
        connection.execute(f"DELETE FROM {name} WHERE id = ?", (sandbox,))  # noqa: S608
