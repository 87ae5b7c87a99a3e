"""What a store's file has of a server and its sandboxes, as it is read at the start."""

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from mockserver.store.records import plain_data
from mockserver.store.sqlite.tracking import Cursor


class SavedServer(NamedTuple):
    """What the file keeps of a server: its scenario, by reference and as data, and the counters of its sandboxes."""

    reference: str = ""
    source: Mapping[str, Any] | None = None
    names: int = 0
    generations: Mapping[str, int] = {}
    tally: Mapping[str, Any] | None = None


class SavedSandbox(NamedTuple):
    """What the file keeps of a sandbox. `follows` is true if it used the scenario of the server."""

    number: int
    name: str
    digest: str
    follows: bool
    facts: Mapping[str, Any]


def server_in(cursor: Cursor) -> Mapping[str, Any]:
    row = cursor.execute("SELECT data FROM server WHERE name = 'server'").fetchone()
    data: Mapping[str, Any] = {} if row is None else plain_data(row[0])
    return data


def sandboxes_in(cursor: Cursor) -> list[SavedSandbox]:
    rows = cursor.execute("SELECT id, name, data FROM sandboxes ORDER BY id")
    facts = ((number, name, plain_data(text)) for number, name, text in rows)
    return [SavedSandbox(number, name, data["scenario"], data["follows"], data) for number, name, data in facts]


def tally_in(cursor: Cursor, number: int) -> Any:
    row = cursor.execute("SELECT data FROM tallies WHERE id = ?", (number,)).fetchone()
    return None if row is None else plain_data(row[0])


def drop_unused_scenarios(cursor: Cursor) -> None:
    """Delete the scenarios that no sandbox uses any more, if there is anything to write to."""
    used = {server_in(cursor).get("scenario")}
    for each in sandboxes_in(cursor):
        used |= {each.digest, *each.facts.get("programs", {}).values()}
    digests = [digest for (digest,) in cursor.execute("SELECT digest FROM scenarios")]
    with suppress(sqlite3.Error):
        sql = "DELETE FROM scenarios WHERE digest = ?"
        cursor.executemany(sql, [(digest,) for digest in digests if digest not in used])
