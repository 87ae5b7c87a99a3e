"""A credit ledger: every change of a balance is an entry, and the entries always sum to the balance.

`held` is what is reserved and neither captured nor released yet; it is no longer part of the balance.

Amounts are whole hundredths of a credit, because one provider charges cents (FACTS section 4, billing).
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["opening", "grant", "reserve", "capture", "release"]

ONE = 100
KEPT_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: `amount` hundredths of a credit, negative when it lessens the balance, and what it was for."""

    at: int
    kind: Kind
    amount: int
    reference: str = ""


@dataclass(slots=True)
class Ledger:
    """The credits of one account. `unlimited` admits every reservation and still writes it down."""

    unlimited: bool = False
    balance: int = 0
    held: int = 0
    entries: list[Entry] = field(default_factory=list)
    reserved: dict[str, int] = field(default_factory=dict)

    @classmethod
    def opened(cls, at: int, credits: int | None) -> "Ledger":
        """A ledger that starts with `credits` hundredths, or without a limit for None."""
        ledger = cls(unlimited=credits is None)
        ledger._write(Entry(at, "opening", credits or 0))
        return ledger

    def reserve(self, at: int, reference: str, amount: int) -> bool:
        """Set `amount` aside for `reference`; False, and no entry, when the balance is too small."""
        if amount < 0 or reference in self.reserved:
            raise ValueError(f"cannot reserve {amount} for {reference!r}")
        if amount > self.balance and not self.unlimited:
            return False
        self.reserved[reference] = amount
        self.held += amount
        self._write(Entry(at, "reserve", -amount, reference))
        return True

    def capture(self, at: int, reference: str, amount: int | None = None) -> None:
        """Charge what was reserved for `reference`, or less; the rest goes back. Unknown references: no effect."""
        held = self._let_go(reference)
        if held is None:
            return
        charged = held if amount is None else max(0, min(amount, held))
        self._write(Entry(at, "capture", held - charged, reference))

    def release(self, at: int, reference: str) -> None:
        """Give back what was reserved for `reference`. Unknown references: no effect."""
        held = self._let_go(reference)
        if held is not None:
            self._write(Entry(at, "release", held, reference))

    def grant(self, at: int, credits: int | None) -> None:
        """Set the balance to `credits` hundredths by an entry of the difference; None makes it unlimited."""
        self.unlimited = credits is None
        if credits is not None:
            self._write(Entry(at, "grant", credits - self.balance))

    def _let_go(self, reference: str) -> int | None:
        amount = self.reserved.pop(reference, None)
        self.held -= amount or 0
        return amount

    def _write(self, entry: Entry) -> None:
        self.balance += entry.amount
        self.entries.append(entry)
        if len(self.entries) > KEPT_ENTRIES * 2:
            # The oldest entries become one opening entry of their sum, so that the sum stays the balance.
            old, self.entries = self.entries[:-KEPT_ENTRIES], self.entries[-KEPT_ENTRIES:]
            self.entries.insert(0, Entry(old[-1].at, "opening", sum(e.amount for e in old)))
