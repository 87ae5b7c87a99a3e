"""Credits: opened once, reserved, charged or released, and never spent twice."""

import asyncio

import pytest

from mockserver.store.protocol import Store
from tests.store_contract.samples import T0


async def balance_and_reserved(store: Store, account: str = "k1") -> tuple[int | None, int]:
    credits = await store.credits(account)
    assert credits is not None
    return credits.balance, credits.reserved


class CreditsContract:
    """The contract of credits."""

    async def test_an_account_opens_once(self, store: Store) -> None:
        assert await store.credits("k1") is None
        assert (await store.open_credits("k1", T0, 500)).balance == 500
        assert (await store.open_credits("k1", T0, 900)).balance == 500
        assert (await store.open_credits("k2", T0, 900)).balance == 900
        assert await balance_and_reserved(store) == (500, 0)

    async def test_reserved_credits_are_charged_or_released(self, store: Store) -> None:
        await store.open_credits("k1", T0, 1_000)
        for reference, amount in (("a", 100), ("b", 200), ("c", 300)):
            assert await store.reserve("k1", T0, reference, amount)
        assert await balance_and_reserved(store) == (400, 600)
        await store.capture("k1", T0, "a")
        await store.capture("k1", T0, "b", 50)
        await store.release("k1", T0, "c")
        assert await balance_and_reserved(store) == (850, 0)

    async def test_a_reservation_above_the_balance_is_refused(self, store: Store) -> None:
        await store.open_credits("k1", T0, 299)
        assert not await store.reserve("k1", T0, "a", 300)
        assert await balance_and_reserved(store) == (299, 0)

    async def test_concurrent_reservations_never_exceed_the_balance(self, store: Store) -> None:
        await store.open_credits("k1", T0, 1_000)
        done = await asyncio.gather(*(store.reserve("k1", T0, f"j{n}", 300) for n in range(20)))
        assert done.count(True) == 3
        assert await balance_and_reserved(store) == (100, 900)

    async def test_ending_a_reservation_twice_changes_nothing(self, store: Store) -> None:
        await store.open_credits("k1", T0, 1_000)
        await store.reserve("k1", T0, "a", 300)
        await asyncio.gather(*(store.capture("k1", T0, "a") for _ in range(5)), store.release("k1", T0, "a"))
        await store.release("k1", T0, "never")
        assert await balance_and_reserved(store) == (700, 0)

    async def test_a_reference_has_at_most_one_reservation(self, store: Store) -> None:
        await store.open_credits("k1", T0, 1_000)
        await store.reserve("k1", T0, "a", 300)
        for reference, amount in (("a", 1), ("b", -1)):
            with pytest.raises(ValueError, match="cannot reserve"):
                await store.reserve("k1", T0, reference, amount)
        assert await balance_and_reserved(store) == (700, 300)
        await store.release("k1", T0, "a")
        assert await store.reserve("k1", T0, "a", 300)

    async def test_an_account_that_was_not_opened_reserves_nothing(self, store: Store) -> None:
        assert not await store.reserve("k1", T0, "a", 1)
        await store.capture("k1", T0, "a")
        await store.release("k1", T0, "a")
        assert await store.credits("k1") is None

    async def test_unlimited_credits_have_no_balance(self, store: Store) -> None:
        assert (await store.open_credits("k1", T0, None)).balance is None
        assert await store.reserve("k1", T0, "a", 10**9)
        assert await balance_and_reserved(store) == (None, 10**9)

    async def test_a_grant_sets_the_balance(self, store: Store) -> None:
        await store.open_credits("k1", T0, 100)
        await store.reserve("k1", T0, "a", 60)
        await store.grant("k1", T0, 500)
        assert await balance_and_reserved(store) == (500, 60)
        await store.grant("k1", T0, None)
        assert await balance_and_reserved(store) == (None, 60)
        await store.grant("k1", T0, 5)
        assert await balance_and_reserved(store) == (5, 60)
        await store.grant("new", T0, 7)
        assert await balance_and_reserved(store, "new") == (7, 0)

    async def test_every_change_is_an_entry(self, store: Store) -> None:
        await store.open_credits("k1", T0, 1_000)
        await store.reserve("k1", T0 + 1, "a", 300)
        await store.capture("k1", T0 + 2, "a", 100)
        await store.grant("k1", T0 + 3, 0)
        credits = await store.credits("k1")
        assert credits is not None
        assert [(e.at - T0, e.kind, e.amount, e.reference) for e in credits.entries] == [
            (0, "opening", 1_000, ""),
            (1, "reserve", -300, "a"),
            (2, "capture", 200, "a"),
            (3, "grant", -900, ""),
        ]

    @pytest.mark.bounds(credit_ledgers=10)
    async def test_a_recently_used_account_keeps_its_credits(self, store: Store) -> None:
        spent = 0
        for n in range(50):
            await store.open_credits("k1", T0, 10)
            spent += await store.reserve("k1", T0, f"j{n}", 1)
            await store.open_credits(f"other-{n}", T0, 10)
        assert spent == 10

    @pytest.mark.bounds(credit_ledgers=10)
    async def test_an_account_that_is_not_used_loses_its_entries_and_keeps_its_balance(self, store: Store) -> None:
        for n in range(50):
            await store.grant(f"granted-{n}", T0, 10)
            await store.open_credits(f"opened-{n}", T0, 10)
        granted = [await store.credits(f"granted-{n}") for n in range(50)]
        assert [c and c.balance for c in granted] == [10] * 50
        assert [len(c.entries) for c in granted if c] == [1] * 45 + [2] * 5
        opened = [await store.credits(f"opened-{n}") for n in range(50)]
        assert sum(c is not None for c in opened) <= 10

    @pytest.mark.bounds(credit_ledgers=10)
    async def test_spent_credits_do_not_come_back_when_other_accounts_are_used(self, store: Store) -> None:
        await store.open_credits("k1", T0, 10)
        assert await store.reserve("k1", T0, "held", 3)
        assert await store.reserve("k1", T0, "spent", 5)
        await store.capture("k1", T0, "spent")
        for turn in range(3):
            for n in range(30):
                await store.open_credits(f"other-{turn}-{n}", T0, 10)
            assert (await store.open_credits("k1", T0, 10)).balance == 2
        await store.release("k1", T0, "held")
        assert await balance_and_reserved(store) == (5, 0)

    @pytest.mark.bounds(credit_ledgers=10, balances=10)
    async def test_an_account_whose_balance_was_dropped_opens_without_credits(self, store: Store) -> None:
        for n in range(200):
            await store.open_credits(f"k{n}", T0, 10)
            assert await store.reserve(f"k{n}", T0, "a", 1)
        assert (await store.open_credits("k0", T0, 10)).balance == 0
        assert (await store.open_credits("k199", T0, 10)).balance == 9
        assert (await store.open_credits("new", T0, 10)).balance == 10
        await store.clear("counters")
        assert (await store.open_credits("k0", T0, 10)).balance == 10

    async def test_renewed_credits_replace_the_balance_and_keep_reservations(self, store: Store) -> None:
        await store.open_credits("k1", T0, 1_000)
        await store.open_credits("k2", T0, None)
        await store.reserve("k1", T0, "a", 300)
        await store.renew_credits(T0 + 1, {"k1": 500, "k2": 20}.get)
        assert await balance_and_reserved(store) == (500, 300)
        assert await balance_and_reserved(store, "k2") == (20, 0)
        await store.release("k1", T0 + 2, "a")
        assert await balance_and_reserved(store) == (800, 0)
        credits = await store.credits("k1")
        assert credits is not None
        assert sum(entry.amount for entry in credits.entries) == 800
        await store.renew_credits(T0 + 3, lambda account: None)
        assert await balance_and_reserved(store) == (None, 0)
