"""Credits: every change of a balance is an entry, and the entries always sum to the balance."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mockserver.core import credits as module
from mockserver.core.credits import KEPT_ENTRIES, CreditEntry, CreditLedger

# --- one reservation ---


def test_a_ledger_opens_with_its_credits() -> None:
    ledger = CreditLedger.opened(1, 500)
    assert (ledger.balance, ledger.held, ledger.unlimited) == (500, 0, False)
    assert ledger.entries == [CreditEntry(1, "opening", 500)]


def test_reserved_credits_are_held_and_then_charged() -> None:
    ledger = CreditLedger.opened(1, 500)
    assert ledger.reserve(2, "job_1", 300)
    assert (ledger.balance, ledger.held) == (200, 300)
    ledger.capture(3, "job_1")
    assert (ledger.balance, ledger.held) == (200, 0)
    assert [(e.kind, e.amount, e.reference) for e in ledger.entries[1:]] == [
        ("reserve", -300, "job_1"),
        ("capture", 0, "job_1"),
    ]


def test_released_credits_return_to_the_balance() -> None:
    ledger = CreditLedger.opened(1, 500)
    ledger.reserve(2, "job_1", 300)
    ledger.release(3, "job_1")
    assert (ledger.balance, ledger.held, ledger.entries[-1]) == (500, 0, CreditEntry(3, "release", 300, "job_1"))


@pytest.mark.parametrize(("charged", "balance"), [(100, 400), (0, 500), (300, 200), (1_000, 200), (-5, 500)])
def test_a_capture_can_charge_less_than_was_reserved_but_never_more(charged: int, balance: int) -> None:
    ledger = CreditLedger.opened(1, 500)
    ledger.reserve(2, "job_1", 300)
    ledger.capture(3, "job_1", charged)
    assert (ledger.balance, ledger.held) == (balance, 0)


def test_a_reservation_beyond_the_balance_is_refused_without_an_entry() -> None:
    ledger = CreditLedger.opened(1, 299)
    assert not ledger.reserve(2, "job_1", 300)
    assert (ledger.balance, ledger.held, ledger.reserved, len(ledger.entries)) == (299, 0, {}, 1)
    assert ledger.reserve(2, "job_1", 299)


def test_ending_a_reservation_twice_has_no_effect() -> None:
    ledger = CreditLedger.opened(1, 500)
    ledger.reserve(2, "job_1", 300)
    ledger.capture(3, "job_1", 100)
    written = list(ledger.entries)
    for end in (ledger.capture, ledger.release):
        end(4, "job_1")
        end(4, "never reserved")
    assert (ledger.balance, ledger.held, ledger.entries) == (400, 0, written)


@pytest.mark.parametrize(
    ("reference", "amount", "reason"),
    [("job_2", -1, "the amount must not be negative"), ("job_1", 1, "it already has a reservation")],
)
def test_an_invalid_reservation_raises_an_error(reference: str, amount: int, reason: str) -> None:
    ledger = CreditLedger.opened(1, 500)
    ledger.reserve(2, "job_1", 300)
    with pytest.raises(ValueError, match=f"cannot reserve {amount} for '{reference}': {reason}"):
        ledger.reserve(3, reference, amount)
    assert (ledger.balance, ledger.held) == (200, 300)


# --- unlimited credits and grants ---


def test_unlimited_credits_admit_and_record_every_reservation() -> None:
    ledger = CreditLedger.opened(1, None)
    assert ledger.reserve(2, "job_1", 10**9)
    assert (ledger.unlimited, ledger.balance, ledger.held) == (True, -(10**9), 10**9)


def test_a_grant_sets_the_balance_with_an_entry_of_the_difference() -> None:
    ledger = CreditLedger.opened(1, 500)
    ledger.reserve(2, "job_1", 300)
    ledger.grant(3, 1_000)
    assert (ledger.balance, ledger.held, ledger.entries[-1]) == (1_000, 300, CreditEntry(3, "grant", 800))


def test_credits_can_become_unlimited_and_limited_again() -> None:
    ledger = CreditLedger.opened(1, 0)
    assert not ledger.reserve(2, "job_1", 1)
    ledger.grant(3, None)
    assert ledger.reserve(4, "job_1", 1)
    ledger.grant(5, 0)
    assert not ledger.reserve(6, "job_2", 1)
    assert ledger.balance == sum(e.amount for e in ledger.entries) == 0


# --- the oldest entries are merged into one ---


def test_old_entries_become_one_opening_entry_with_their_sum() -> None:
    ledger = CreditLedger.opened(0, 10**9)
    for at in range(1, 2 * KEPT_ENTRIES + 1):
        ledger.reserve(at, f"job_{at}", at)
    assert len(ledger.entries) == KEPT_ENTRIES + 1
    assert ledger.entries[0] == CreditEntry(KEPT_ENTRIES, "opening", 10**9 - sum(range(KEPT_ENTRIES + 1)))
    assert ledger.entries[1].reference == f"job_{KEPT_ENTRIES + 1}"
    assert ledger.balance == sum(e.amount for e in ledger.entries)


references = st.sampled_from(("job_1", "job_2", "job_3"))
amounts = st.integers(0, 400)


class LedgerMachine(RuleBasedStateMachine):
    """Any sequence of changes, compared with two numbers and a dict. Only three entries are kept, so they merge."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "KEPT_ENTRIES", 3)
        self.ledger, self.total, self.reserved, self.at = CreditLedger.opened(0, 1_000), 1_000, dict[str, int](), 0

    def teardown(self) -> None:
        self.patch.undo()

    def tick(self) -> int:
        self.at += 1
        return self.at

    @rule(reference=references, amount=amounts)
    def reserve(self, reference: str, amount: int) -> None:
        if reference in self.reserved:
            with pytest.raises(ValueError):
                self.ledger.reserve(self.tick(), reference, amount)
            return
        fits = self.ledger.unlimited or amount <= self.total - sum(self.reserved.values())
        assert self.ledger.reserve(self.tick(), reference, amount) is fits
        if fits:
            self.reserved[reference] = amount

    @rule(reference=references, amount=st.none() | amounts)
    def capture(self, reference: str, amount: int | None) -> None:
        self.ledger.capture(self.tick(), reference, amount)
        held = self.reserved.pop(reference, 0)
        self.total -= held if amount is None else min(amount, held)

    @rule(reference=references)
    def release(self, reference: str) -> None:
        self.ledger.release(self.tick(), reference)
        self.reserved.pop(reference, None)

    @precondition(lambda self: self.at % 3 == 0)
    @rule(credits=st.none() | amounts)
    def grant(self, credits: int | None) -> None:
        self.ledger.grant(self.tick(), credits)
        if credits is not None:
            self.total = credits + sum(self.reserved.values())

    @invariant()
    def the_entries_sum_to_the_balance(self) -> None:
        assert sum(e.amount for e in self.ledger.entries) == self.ledger.balance

    @invariant()
    def the_held_amount_is_the_sum_of_the_reservations(self) -> None:
        assert self.ledger.held == sum(self.reserved.values()) >= 0
        assert self.ledger.reserved == self.reserved

    @invariant()
    def no_credits_appear_or_disappear(self) -> None:
        assert self.ledger.balance + self.ledger.held == self.total
        assert self.ledger.unlimited or self.ledger.balance >= 0

    @invariant()
    def entries_are_bounded_and_in_order(self) -> None:
        assert len(self.ledger.entries) <= 7
        assert [e.at for e in self.ledger.entries] == sorted(e.at for e in self.ledger.entries)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(deadline=None, max_examples=60)
