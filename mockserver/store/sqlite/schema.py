"""The tables of a store's file, their version, and how files of older versions are brought up to date.

A new version adds a step to `MIGRATIONS`, and a file of each released version is opened by a test.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

# Identifies the file of a store among SQLite files: "Mock" in ASCII.
APPLICATION_ID = 0x4D6F636B
VERSION = 1

_TABLES = """
CREATE TABLE server (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE scenarios (digest TEXT PRIMARY KEY, source TEXT NOT NULL);
CREATE TABLE sandboxes (id INTEGER PRIMARY KEY, name TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE tallies (id INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE jobs (
    place INTEGER PRIMARY KEY, seen INTEGER NOT NULL, followed INTEGER NOT NULL, status TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE passed (place INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE deliveries (
    place INTEGER PRIMARY KEY, pushed INTEGER NOT NULL, replay_at INTEGER, replay_url TEXT, data TEXT NOT NULL
);
CREATE TABLE journal (place INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE numbers (place INTEGER PRIMARY KEY, name TEXT NOT NULL, number INTEGER NOT NULL);
CREATE TABLE counters (
    place INTEGER PRIMARY KEY, account NOT NULL, name TEXT NOT NULL, starts_at INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE TABLE ledgers (
    place INTEGER PRIMARY KEY, account NOT NULL, unlimited INTEGER NOT NULL, balance INTEGER NOT NULL,
    held INTEGER NOT NULL, compacted INTEGER NOT NULL, with_entries INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE TABLE credit_entries (
    place INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    amount INTEGER NOT NULL, reference NOT NULL
);
CREATE INDEX credit_entries_of_ledger ON credit_entries (ledger);
CREATE TABLE reservations (
    place INTEGER PRIMARY KEY, ledger INTEGER NOT NULL, reference NOT NULL, amount INTEGER NOT NULL
);
CREATE TABLE forgotten_accounts (place INTEGER PRIMARY KEY);
CREATE TABLE small_values (
    place INTEGER PRIMARY KEY, kind TEXT NOT NULL, name NOT NULL, data TEXT NOT NULL, expires_at INTEGER
);
CREATE TABLE faults (place INTEGER PRIMARY KEY, data TEXT NOT NULL);
"""

# The tables whose rows have places, and so belong to a sandbox.
PLACED = (
    "jobs", "passed", "deliveries", "journal", "numbers", "counters", "ledgers", "credit_entries", "reservations",
    "forgotten_accounts", "small_values", "faults",
)  # fmt: skip

Migration = Callable[[sqlite3.Connection], Any]
# By version, what turns a file of that version into one of the next.
MIGRATIONS: Mapping[int, Migration] = {}


class OtherFile(Exception):
    """The file is not the file of a store, or a newer version of mockserver has written it. The message says which."""


def prepare(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file, or bring those of an older version up to date. Raises OtherFile.

    Runs within a transaction, so that a file is either old or new.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    is_empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if is_empty and not application and not version:
        _create(connection)
        return
    if application != APPLICATION_ID:
        raise OtherFile("it is the SQLite file of another program")
    if version > VERSION:
        readable = f"this version of mockserver reads files up to version {VERSION}"
        raise OtherFile(f"it has version {version}, and {readable}{_by(connection)}")
    for old in range(version, VERSION):
        MIGRATIONS[old](connection)
    if version < VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _create(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _by(connection: sqlite3.Connection) -> str:
    """Return which version of mockserver wrote the file, as the end of a message."""
    try:
        row = connection.execute("SELECT data FROM server WHERE name = 'written_by'").fetchone()
    except sqlite3.Error:
        return ""
    return f"; mockserver {str(row[0])[:40]} has written it" if row else ""
