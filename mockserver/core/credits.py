"""The credits of an account: every change of the balance is an entry, and the entries always sum to the balance.

Amounts are whole hundredths of a credit, because one provider charges cents (FACTS section 4, billing).
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["opening", "grant", "reserve", "capture", "release"]

# Amounts are in hundredths of a credit.
CREDIT = 100
KEPT_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One change of a balance by `amount` hundredths of a credit. `reference` is the job that it is for."""

    at: int
    kind: Kind
    amount: int
    reference: str = ""


@dataclass(slots=True)
class CreditLedger:
    """The credits of one account. `reserved` maps the id of a job to its cost, and `held` is the sum of these costs.

    Reserved credits are not part of `balance`. If `unlimited`, every reservation succeeds and is still recorded.
    """

    unlimited: bool = False
    balance: int = 0
    held: int = 0
    entries: list[CreditEntry] = field(default_factory=list)
    reserved: dict[str, int] = field(default_factory=dict)
    compacted: bool = False

    @classmethod
    def opened(cls, at: int, credits: int | None) -> "CreditLedger":
        """Open an account with `credits` hundredths of a credit; None means unlimited."""
        ledger = cls(unlimited=credits is None)
        ledger._record(CreditEntry(at, "opening", credits or 0))
        return ledger

    def reserve(self, at: int, reference: str, amount: int) -> bool:
        """Reserve `amount` for `reference`. Return False, without an entry, when the balance is too small."""
        if amount < 0:
            raise ValueError(f"cannot reserve {amount} for {reference!r}: the amount must not be negative")
        if reference in self.reserved:
            raise ValueError(f"cannot reserve {amount} for {reference!r}: it already has a reservation")
        if amount > self.balance and not self.unlimited:
            return False
        self.reserved[reference] = amount
        self.held += amount
        self._record(CreditEntry(at, "reserve", -amount, reference))
        return True

    def capture(self, at: int, reference: str, amount: int | None = None) -> None:
        """Charge `amount` (default: all) of what is reserved for `reference`; release the rest. Ignore unknown ones."""
        held = self._end_reservation(reference)
        if held is None:
            return
        charged = held if amount is None else max(0, min(amount, held))
        self._record(CreditEntry(at, "capture", held - charged, reference))

    def release(self, at: int, reference: str) -> None:
        """Return the credits reserved for `reference` to the balance. Ignore unknown references."""
        held = self._end_reservation(reference)
        if held is not None:
            self._record(CreditEntry(at, "release", held, reference))

    def grant(self, at: int, credits: int | None) -> None:
        """Set the balance to `credits` hundredths with an entry of the difference; None makes it unlimited."""
        self.unlimited = credits is None
        if credits is not None:
            self._record(CreditEntry(at, "grant", credits - self.balance))

    def renew(self, at: int, credits: int | None) -> None:
        """Set the balance like `grant`, but without an entry if it has that value already."""
        if self.unlimited is not (credits is None) or (credits is not None and credits != self.balance):
            self.grant(at, credits)

    @property
    def changed(self) -> bool:
        """True unless the account was opened and nothing else. Opening it again gives an equal one then."""
        return self.compacted or len(self.entries) > 1

    def compact(self) -> None:
        """Replace the entries by one opening entry with their sum, which is the balance."""
        self.entries = [CreditEntry(self.entries[-1].at, "opening", self.balance)]
        self.compacted = True

    def _end_reservation(self, reference: str) -> int | None:
        amount = self.reserved.pop(reference, None)
        self.held -= amount or 0
        return amount

    def _record(self, entry: CreditEntry) -> None:
        self.balance += entry.amount
        self.entries.append(entry)
        if len(self.entries) > KEPT_ENTRIES * 2:
            # The oldest entries become one opening entry with their sum, so that the entries still sum to the balance.
            old, self.entries = self.entries[:-KEPT_ENTRIES], self.entries[-KEPT_ENTRIES:]
            self.entries.insert(0, CreditEntry(old[-1].at, "opening", sum(e.amount for e in old)))
