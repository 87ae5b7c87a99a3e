"""The credits of accounts that are kept in the file: a row for each account, entry and reservation.

Only new entries are written, so that a charge costs the same however long the ledger is.
"""

from collections.abc import Callable

from mockserver.core.credits import CreditEntry, CreditLedger
from mockserver.store.account_tables import BITS, LedgerTable, measure_ledger
from mockserver.store.sqlite.tracking import Cursor, Tracked, number_of, sql_text, text_of


class TrackedLedgers(Tracked, LedgerTable):
    """The credits of the accounts of a sandbox."""

    names = ("ledgers", "credit_entries", "reservations", "forgotten_accounts")

    def __init__(self, capacity: int, balances: int) -> None:
        super().__init__(capacity, balances)
        self._changed: dict[str, None] = {}
        self._references: dict[tuple[str, str], None] = {}
        self._forgotten: set[int] = set()
        # The number of each account's row, when it was last used, and of the entries in the file the number and first.
        self._numbers: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._written: dict[str, tuple[int, CreditEntry]] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._last = self._last_entry = self._last_place = self._uses = 0

    # Changes.

    def open(self, account: str, at: int, credits: int | None) -> CreditLedger:
        ledger = super().open(account, at, credits)
        self._use(account)
        return ledger

    def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        reserved = super().reserve(account, at, reference, amount)
        if reserved:
            self._note(account, reference)
        return reserved

    def capture(self, account: str, at: int, reference: str, amount: int | None) -> None:
        super().capture(account, at, reference, amount)
        self._note(account, reference)

    def release(self, account: str, at: int | None, reference: str) -> None:
        super().release(account, at, reference)
        self._note(account, reference)

    def grant(self, account: str, at: int, credits: int | None) -> None:
        super().grant(account, at, credits)
        self._note(account)

    def renew(self, at: int, opening: Callable[[str], int | None]) -> None:
        for account in (*self._ledgers, *self._balances):
            self._note(account)
        if self._dropped is not None:
            self._forgotten = {-1}
        super().renew(at, opening)
        self.touch()

    def _compact(self) -> None:
        account = next(iter(self._ledgers))
        super()._compact()
        self._use(account)

    def _drop_balance(self) -> None:
        self._note(next(iter(self._balances)))
        super()._drop_balance()

    def _note_dropped(self, bit: int) -> None:
        super()._note_dropped(bit)
        self._forgotten.add(bit)
        self.touch()

    def _use(self, account: str) -> None:
        self._uses += 1
        self._used[account] = self._uses
        self._note(account)

    def _note(self, account: str, reference: str | None = None) -> None:
        if not self._changed:
            self.touch()
        self._changed[account] = None
        if reference is not None:
            self._references[account, reference] = None

    def reservations(self) -> list[tuple[str, str]]:
        """Return the account and reference of every reservation."""
        ledgers = (*self._ledgers.items(), *self._balances.items())
        return [(account, reference) for account, ledger in ledgers for reference in ledger.reserved]

    # Writing.

    def write(self, cursor: Cursor, base: int) -> None:
        self.begin_write(cursor, base)
        if self._changed:
            for account in self._changed:
                self._write_account(cursor, base, account)
            for account, reference in self._references:
                self._write_reservation(cursor, base, account, reference)
            self._changed.clear()
            self._references.clear()
        if self._forgotten:
            self._write_forgotten(cursor, base)

    def _write_account(self, cursor: Cursor, base: int, account: str) -> None:
        ledger = self.get(account)
        if ledger is None:
            self._delete(cursor, base, account)
            return
        if account not in self._numbers:
            self._last += 1
            self._numbers[account] = self._last
        place = base + self._numbers[account]
        used = self._used.get(account, 0)
        cursor.execute(
            "REPLACE INTO ledgers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                place, sql_text(account), ledger.unlimited, ledger.balance, ledger.held, ledger.compacted,
                account in self._ledgers, used,
            ),
        )  # fmt: skip
        self._write_entries(cursor, base, account, ledger, place)

    def _write_entries(self, cursor: Cursor, base: int, account: str, ledger: CreditLedger, place: int) -> None:
        count, first = self._written.get(account, (0, None))
        entries = ledger.entries
        if count and (len(entries) < count or entries[0] is not first):
            # The oldest entries have become one.
            cursor.execute("DELETE FROM credit_entries WHERE ledger = ?", (place,))
            count = 0
        rows = []
        for entry in entries[count:]:
            self._last_entry += 1
            rows.append((base + self._last_entry, place, entry.at, entry.kind, entry.amount, sql_text(entry.reference)))
        if rows:
            cursor.executemany("INSERT INTO credit_entries VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._written[account] = (len(entries), entries[0])

    def _write_reservation(self, cursor: Cursor, base: int, account: str, reference: str) -> None:
        ledger = self.get(account)
        place = self._places.pop((account, reference), None)
        if place is not None:
            cursor.execute("DELETE FROM reservations WHERE place = ?", (base + place,))
        if ledger is not None and reference in ledger.reserved:
            self._last_place += 1
            self._places[account, reference] = self._last_place
            row = (
                base + self._last_place, base + self._numbers[account], sql_text(reference), ledger.reserved[reference],
            )  # fmt: skip
            cursor.execute("INSERT INTO reservations VALUES (?, ?, ?, ?)", row)

    def _delete(self, cursor: Cursor, base: int, account: str) -> None:
        self._used.pop(account, None)
        self._written.pop(account, None)
        number = self._numbers.pop(account, None)
        if number is not None:
            cursor.execute("DELETE FROM ledgers WHERE place = ?", (base + number,))
            cursor.execute("DELETE FROM credit_entries WHERE ledger = ?", (base + number,))
            cursor.execute("DELETE FROM reservations WHERE ledger = ? AND place > ?", (base + number, base))
        self._places = {key: place for key, place in self._places.items() if key[0] != account}

    def _write_forgotten(self, cursor: Cursor, base: int) -> None:
        if -1 in self._forgotten:
            # All are known again, apart from those that were forgotten since.
            cursor.execute("DELETE FROM forgotten_accounts WHERE place > ? AND place <= ?", (base, base + BITS))
            self._forgotten.discard(-1)
        rows = [(base + 1 + bit,) for bit in self._forgotten]
        cursor.executemany("INSERT OR IGNORE INTO forgotten_accounts VALUES (?)", rows)
        self._forgotten.clear()

    # Reading.

    def load(self, cursor: Cursor, base: int) -> None:
        ledgers: dict[int, CreditLedger] = {}
        accounts: dict[int, str] = {}
        found = []
        columns = "place, account, unlimited, balance, held, compacted, with_entries, used"
        for place, account, unlimited, balance, held, compacted, with_entries, used in self._select(
            cursor, columns, base, "ledgers"
        ):
            ledger = CreditLedger(bool(unlimited), balance, held, compacted=bool(compacted))
            ledgers[place], accounts[place] = ledger, text_of(account)
            found.append((used, place, with_entries))
            self._last = max(self._last, number_of(place))
        self._load_entries(cursor, base, ledgers)
        self._load_reservations(cursor, base, ledgers, accounts)
        for used, place, with_entries in sorted(found):
            self._restore(accounts[place], ledgers[place], number_of(place), used, with_entries=with_entries)
        for (place,) in self._select(cursor, "place", base, "forgotten_accounts"):
            LedgerTable._note_dropped(self, number_of(place) - 1)
        self.fresh = False

    def _load_entries(self, cursor: Cursor, base: int, ledgers: dict[int, CreditLedger]) -> None:
        columns = "place, ledger, at, kind, amount, reference"
        for place, ledger, at, kind, amount, reference in self._select(cursor, columns, base, "credit_entries"):
            ledgers[ledger].entries.append(CreditEntry(at, kind, amount, text_of(reference)))
            self._last_entry = number_of(place)

    def _load_reservations(
        self, cursor: Cursor, base: int, ledgers: dict[int, CreditLedger], accounts: dict[int, str]
    ) -> None:
        columns = "place, ledger, reference, amount"
        for place, ledger, reference, amount in self._select(cursor, columns, base, "reservations"):
            ledgers[ledger].reserved[text_of(reference)] = amount
            self._places[accounts[ledger], text_of(reference)] = self._last_place = number_of(place)

    def _restore(self, account: str, ledger: CreditLedger, number: int, used: int, *, with_entries: bool) -> None:
        (self._ledgers if with_entries else self._balances)[account] = ledger
        self.size += measure_ledger(account, ledger)
        self._numbers[account], self._used[account] = number, used
        self._written[account] = (len(ledger.entries), ledger.entries[0])
        self._uses = max(self._uses, used)
