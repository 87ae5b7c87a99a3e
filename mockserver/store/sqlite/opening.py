"""Opening the file of a store: every reason why that is not possible is reported in words."""

import os
import sqlite3
from pathlib import Path

from mockserver.settings import SettingsError
from mockserver.store.sqlite.schema import OtherFile, prepare

# Seconds to wait for another server that is about to end.
_LOCK_WAIT = 0.5
# The write-ahead log is merged into the file when it has about so many pages of 4 KiB. Most pages of a busy file are
# written again and again, so that merging seldom costs little.
_LOG_PAGES = 16_000


class StoreError(SettingsError):
    """The file cannot be used. The message says which file, why, and what to do."""


def opened(path: Path) -> sqlite3.Connection:
    """Open, lock and prepare the file. Raises StoreError."""
    _check_access(path)
    try:
        connection = sqlite3.connect(path, timeout=_LOCK_WAIT, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be opened: {text_of_error(error)}") from error
    try:
        # With this lock, no shared memory is needed beside the file.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("BEGIN IMMEDIATE")
        prepare(connection)
        connection.execute("COMMIT")
    except OtherFile as error:
        connection.close()
        raise StoreError(f"{path} cannot be used as a store: {error}. Give the path of another file") from None
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(_refusal(path, error)) from error
    return connection


def _refusal(path: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_BUSY"):
        return f"{path} is in use by another server. Stop it, or give each server a file of its own"
    if name.startswith("SQLITE_NOTADB"):
        return f"{path} cannot be used as a store: it is not an SQLite file. Give the path of another file"
    if name.startswith("SQLITE_CORRUPT"):
        return f"{path} is damaged: {text_of_error(error)}. Move it away to start with an empty one"
    hint = ". The server must be able to write into its directory, too" if name.startswith("SQLITE_READONLY") else ""
    return f"{path} cannot be used as a store: {text_of_error(error)}{hint}"


def _check_access(path: Path) -> None:
    """Raise StoreError with the system's own reason if the file cannot be read and written. Creates it if necessary."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        hint = ". Give the path of a file" if path.is_dir() else ""
        if isinstance(error, FileNotFoundError):
            hint = f". Create the directory {path.parent} first"
        raise StoreError(f"{path} cannot be used as a store: {error.strerror}{hint}") from None


def text_of_error(error: Exception) -> str:
    """Return the text of an error, or its type if it has none."""
    return str(error) or type(error).__name__
