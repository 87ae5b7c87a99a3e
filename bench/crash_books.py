"""Compares the ledgers, charges and limits of a server, in the tables of an SQLite database, with a history."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bench.crash_clients import History


@dataclass(slots=True)
class Books:
    """What is wrong in the tables: ledgers, charges and limits, as texts."""

    unequal: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    open: int = 0
    uncounted: list[str] = field(default_factory=list)


def audited(connection: sqlite3.Connection, history: History) -> Books:
    """Compare the ledgers and limits in a database with the history."""
    books = Books()
    entries: dict[str, Counter[tuple[str, str]]] = {}
    for place, account, balance, held in connection.execute("SELECT place, account, balance, held FROM ledgers"):
        rows = list(connection.execute("SELECT kind, amount, reference FROM credit_entries WHERE ledger = ?", (place,)))
        reserved = connection.execute("SELECT total(amount) FROM reservations WHERE ledger = ?", (place,)).fetchone()
        if sum(amount for _, amount, _ in rows) != balance or reserved[0] != held:
            books.unequal.append(account)
        entries[account] = Counter((kind, reference) for kind, _, reference in rows if reference)
        books.double += _charged_twice(entries[account])
    (books.open,) = connection.execute("SELECT count(*) FROM reservations").fetchone()
    books.unpaid = list(_unpaid(entries, history))
    used = dict(connection.execute("SELECT account, used FROM counters WHERE name = 'analyses_per_day'"))
    for account, count in history.submits.items():
        if account.startswith("videotoprompt:") and not count <= used.get(account, 0) <= history.tries[account]:
            books.uncounted.append(f"{account}: {used.get(account, 0)} for {count} of {history.tries[account]}")
    return books


def _charged_twice(entries: Counter[tuple[str, str]]) -> Iterator[str]:
    for (kind, reference), count in entries.items():
        ends = entries["capture", reference] + entries["release", reference]
        if count > 1 or (kind == "reserve" and ends > 1):
            yield reference


def _unpaid(entries: Mapping[str, Counter[tuple[str, str]]], history: History) -> Iterator[str]:
    """Yield the acknowledged jobs and streams with credits that were not charged."""
    for job, account in history.jobs.items():
        if not account.startswith("videotoprompt:") and not entries.get(account, Counter())["capture", job]:
            yield job
    for account, count in history.streams.items():
        captured = sum(n for (kind, _), n in entries.get(account, Counter()).items() if kind == "capture")
        if captured < count:
            yield f"{account}: {captured} of {count} streams"
