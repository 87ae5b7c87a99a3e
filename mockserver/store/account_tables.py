"""What a store in memory keeps of accounts: numbers, counts of limits, and credits. The oldest are those not used."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from itertools import islice
from sys import getsizeof

from mockserver.core.credits import CreditLedger
from mockserver.core.limits import Counter

# Bytes of a row without its key, of an entry of a ledger and of a reservation.
_ROW, _ENTRY, _RESERVED = 250, 130, 200
_LEDGER = 500
# Bits, of which each dropped account sets one. After 20,000 accounts a new one finds its bit set in 1 of 100 cases.
BITS = 1 << 21


class NumberTable:
    """Numbers that count up, by key."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._numbers: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def next(self, key: tuple[str, ...]) -> int:
        """Return 1 for the first call with that key, then 2, and so on."""
        number = self._numbers.get(key, 0) + 1
        self._numbers[key] = number
        if number == 1:
            self.size += _ROW + sum(map(getsizeof, key))
            if len(self._numbers) > self.capacity:
                self.drop()
        else:
            self._numbers.move_to_end(key)
        return number

    @property
    def empty(self) -> bool:
        return not self._numbers

    def drop(self) -> None:
        """Drop the number that was not used for the longest time."""
        key, _ = self._numbers.popitem(last=False)
        self.size -= _ROW + sum(map(getsizeof, key))


class CounterTable:
    """The counts of limits, by account and limit."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.ceiling = 0
        self._counters: OrderedDict[tuple[str, str], Counter] = OrderedDict()

    def get(self, account: str, name: str) -> Counter:
        """Return the counter of an account's limit, which is created if there is none."""
        # The least recently used are dropped first. Otherwise the busiest accounts would lose their counts first.
        counter = self._counters.get((account, name))
        if counter is None:
            counter = self._counters[account, name] = Counter()
            self.size += _ROW + getsizeof(account)
            if len(self._counters) > self.capacity:
                self.drop()
        else:
            self._counters.move_to_end((account, name))
        return counter

    def newest_accounts(self, limit: int) -> list[str]:
        """Return the ids of the accounts that were used last, at most `limit`."""
        accounts: dict[str, None] = {}
        for account, _ in reversed(self._counters):
            accounts[account] = None
            if len(accounts) >= limit:
                break
        return list(accounts)

    @property
    def empty(self) -> bool:
        return not self._counters

    def drop(self) -> None:
        """Drop the counter that was not used for the longest time."""
        (account, _), _ = self._counters.popitem(last=False)
        self.size -= _ROW + getsizeof(account)


class LedgerTable:
    """The credits of accounts.

    Credits that were spent do not come back. Above `capacity` accounts, and when memory is short, an account that has
    not been used for the longest time loses its entries but keeps its balance. If it never changed, it is dropped: it
    opens with the same credits again. Only when no entries are left are balances dropped. Such an account opens with no
    credits, and so may, rarely, an account that is new.
    """

    def __init__(self, capacity: int, balances: int) -> None:
        self.capacity = capacity
        self._most_balances = balances
        self.size = 0
        self.ceiling = 0
        self._ledgers: OrderedDict[str, CreditLedger] = OrderedDict()
        self._balances: OrderedDict[str, CreditLedger] = OrderedDict()
        self._dropped: bytearray | None = None

    def get(self, account: str) -> CreditLedger | None:
        """Return the credits of an account, or None when it has not been opened."""
        return self._ledgers.get(account) or self._balances.get(account)

    def open(self, account: str, at: int, credits: int | None) -> CreditLedger:
        """Return the credits of an account. A new account starts with `credits` (None: unlimited)."""
        ledger = self._ledgers.get(account)
        if ledger is not None:
            self._ledgers.move_to_end(account)
            return ledger
        ledger = self._balances.pop(account, None)
        if ledger is None:
            ledger = CreditLedger.opened(at, 0 if self._was_dropped(account) else credits)
            self.size += measure_ledger(account, ledger)
        self._ledgers[account] = ledger
        if len(self._ledgers) > self.capacity:
            self._compact()
        return ledger

    def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        """Reserve credits. Return False when the balance is too small or the account has no credits."""
        ledger = self.get(account)
        if ledger is None:
            return False
        before = _entries_size(ledger)
        reserved = ledger.reserve(at, reference, amount)
        self.size += _entries_size(ledger) - before
        return reserved

    def capture(self, account: str, at: int, reference: str, amount: int | None) -> None:
        """Charge reserved credits, and release the rest."""
        ledger = self.get(account)
        if ledger is not None:
            before = _entries_size(ledger)
            ledger.capture(at, reference, amount)
            self.size += _entries_size(ledger) - before

    def release(self, account: str, at: int | None, reference: str) -> None:
        """Release reserved credits at an instant, or at that of the account's last entry."""
        ledger = self.get(account)
        if ledger is not None:
            before = _entries_size(ledger)
            ledger.release(ledger.entries[-1].at if at is None else at, reference)
            self.size += _entries_size(ledger) - before

    def grant(self, account: str, at: int, credits: int | None) -> None:
        """Set the balance; None makes it unlimited."""
        ledger = self.open(account, at, 0)
        before = _entries_size(ledger)
        ledger.grant(at, credits)
        self.size += _entries_size(ledger) - before

    def newest_accounts(self, limit: int) -> list[str]:
        """Return the ids of the accounts that were used last, at most `limit`."""
        return list(islice((*reversed(self._ledgers), *reversed(self._balances)), limit))

    def renew(self, at: int, opening: Callable[[str], int | None]) -> None:
        """Set the balance of each account that has entries to `opening`. All others open again when they are used."""
        for account, ledger in self._ledgers.items():
            before = _entries_size(ledger)
            ledger.renew(at, opening(account))
            self.size += _entries_size(ledger) - before
        for account, ledger in self._balances.items():
            self.size -= measure_ledger(account, ledger)
        self._balances.clear()
        if self._dropped is not None:
            self._dropped = None
            self.size -= BITS // 8

    @property
    def empty(self) -> bool:
        return not self._ledgers and not self._balances

    def drop(self) -> None:
        """Drop the entries of the account that was not used for the longest time, or else a balance."""
        if self._ledgers:
            self._compact()
        else:
            self._drop_balance()

    def _drop_balance(self) -> None:
        account, ledger = self._balances.popitem(last=False)
        self.size -= measure_ledger(account, ledger)
        if not ledger.unlimited:
            self._note_dropped(_bit_of(account))

    def _compact(self) -> None:
        account, ledger = self._ledgers.popitem(last=False)
        self.size -= measure_ledger(account, ledger)
        if ledger.changed:
            ledger.compact()
            self._balances[account] = ledger
            self.size += measure_ledger(account, ledger)
            if len(self._balances) > self._most_balances:
                self._drop_balance()

    def _note_dropped(self, bit: int) -> None:
        if self._dropped is None:
            self._dropped = bytearray(BITS // 8)
            self.size += BITS // 8
        self._dropped[bit >> 3] |= 1 << (bit & 7)

    def _was_dropped(self, account: str) -> bool:
        if self._dropped is None:
            return False
        bit = _bit_of(account)
        return bool(self._dropped[bit >> 3] & 1 << (bit & 7))


def measure_ledger(account: str, ledger: CreditLedger) -> int:
    """Return the number of bytes that are counted for the credits of an account."""
    return _LEDGER + getsizeof(account) + _entries_size(ledger)


def _entries_size(ledger: CreditLedger) -> int:
    return _ENTRY * len(ledger.entries) + _RESERVED * len(ledger.reserved)


def _bit_of(account: str) -> int:
    """Return which bit a dropped account sets."""
    return int.from_bytes(blake2b(account.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") % BITS
