"""Deliveries: due in order of time, each claimed by one caller, and due again when they are saved so."""

import asyncio
from dataclasses import replace

import pytest

from mockserver.core.deliveries import Attempt
from mockserver.store.protocol import Store
from tests.store_contract.samples import T0, delivery


async def claimed(store: Store, now: int) -> str:
    """Claim all deliveries due by `now`, and return their ids in order."""
    ids = []
    while (one := await store.claim_due(now)) is not None:
        ids.append(one.id)
    return "".join(ids)


class DeliveriesContract:
    """The contract of deliveries."""

    async def test_a_delivery_is_stored_unchanged(self, store: Store) -> None:
        original = delivery("a", job="job_1", cause=7, extra={"deep": [1, None]})
        assert await store.schedule(original) == original
        assert await store.get_delivery("a") == original
        assert await store.get_delivery("b") is None

    async def test_deliveries_are_listed_newest_first(self, store: Store) -> None:
        for name, wait in (("a", 5), ("b", 1), ("c", 3)):
            await store.schedule(delivery(name, T0 + wait))
        assert [d.id for d in await store.deliveries()] == ["c", "b", "a"]

    async def test_deliveries_are_claimed_in_the_order_of_their_due_times(self, store: Store) -> None:
        for name, wait in (("a", 5), ("b", 1), ("c", 3), ("d", 3)):
            await store.schedule(delivery(name, T0 + wait))
        assert await store.next_delivery() == T0 + 1
        assert await store.claim_due(T0) is None
        assert await claimed(store, T0 + 3) == "bcd"
        assert await store.next_delivery() == T0 + 5
        assert await claimed(store, T0 + 5) == "a"
        assert await store.next_delivery() is None

    async def test_a_delivery_without_a_due_time_is_never_claimed(self, store: Store) -> None:
        await store.schedule(delivery("a", None))
        assert await store.next_delivery() is None
        assert await claimed(store, T0 + 10**12) == ""

    async def test_each_delivery_is_claimed_by_one_caller(self, store: Store) -> None:
        for n in range(10):
            await store.schedule(delivery(f"d{n}"))
        claims = await asyncio.gather(*(store.claim_due(T0) for _ in range(30)))
        assert sorted(d.id for d in claims if d) == [f"d{n}" for n in range(10)]

    async def test_a_claimed_delivery_cannot_be_claimed_again_until_it_is_saved(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        one = await store.claim_due(T0)
        assert one is not None
        assert await store.next_delivery() is None
        assert await store.get_delivery("a") == one
        again = one.attempted(Attempt(1, T0, (), "timeout"), success=False, now=T0 + 100)
        await store.save_delivery(again)
        assert await store.get_delivery("a") == again
        assert await store.next_delivery() == T0 + 5_100
        assert await claimed(store, T0 + 5_099) == ""
        assert await store.claim_due(T0 + 5_100) == again

    async def test_a_delivered_delivery_is_not_due_again(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        one = await store.claim_due(T0)
        assert one is not None
        await store.save_delivery(one.attempted(Attempt(1, T0, (), "response", 200), success=True, now=T0))
        assert await store.next_delivery() is None
        kept = await store.get_delivery("a")
        assert kept is not None
        assert (kept.outcome, kept.attempts[0].status) == ("delivered", 200)

    async def test_a_saved_delivery_can_be_due_again_at_the_same_instant(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        for _ in range(3):
            one = await store.claim_due(T0)
            assert one is not None
            assert await store.claim_due(T0) is None
            await store.save_delivery(one)

    async def test_a_delivery_without_a_due_time_can_be_given_one(self, store: Store) -> None:
        await store.schedule(delivery("a", None))
        await store.schedule(delivery("b", T0 + 500))
        await store.save_delivery(replace(delivery("a"), due_at=T0 + 100))
        assert await claimed(store, T0 + 1_000) == "ab"

    async def test_a_changed_due_time_replaces_the_old_one(self, store: Store) -> None:
        await store.schedule(delivery("a", T0 + 100))
        await store.save_delivery(delivery("a", T0 + 900))
        assert await store.next_delivery() == T0 + 900
        assert await claimed(store, T0 + 899) == ""
        assert await claimed(store, T0 + 900) == "a"

    async def test_a_delivery_that_is_saved_twice_is_claimed_once(self, store: Store) -> None:
        for _ in range(3):
            await store.save_delivery(await store.schedule(delivery("a")))
        assert await claimed(store, T0) == "a"

    async def test_an_unknown_delivery_is_not_saved(self, store: Store) -> None:
        await store.save_delivery(delivery("a"))
        assert await store.get_delivery("a") is None
        assert await claimed(store, T0) == ""

    @pytest.mark.bounds(deliveries=10)
    async def test_the_oldest_deliveries_are_dropped_when_there_are_too_many(self, store: Store) -> None:
        await store.schedule(delivery("first"))
        one = await store.claim_due(T0)
        for n in range(30):
            await store.schedule(delivery(f"d{n}", T0 + 10**9 - n))
        assert one is not None
        await store.save_delivery(one)
        assert await store.get_delivery("first") is None
        assert [d.id for d in await store.deliveries()] == [f"d{n}" for n in range(29, 19, -1)]
        assert await store.next_delivery() == T0 + 10**9 - 29
        assert await claimed(store, T0 + 10**9) == "".join(f"d{n}" for n in range(29, 19, -1))

    async def test_a_claimed_delivery_that_is_rescheduled_stays_claimed(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        assert await store.claim_due(T0) is not None
        await store.schedule(delivery("a", T0 + 10))
        assert await store.next_delivery() is None
        assert await claimed(store, T0 + 10) == ""

    async def test_a_replay_makes_the_delivery_due_at_its_time(self, store: Store) -> None:
        await store.schedule(delivery("a", T0 + 900))
        await store.replay_delivery("a", T0 + 100, "http://y.test/")
        assert await store.claim_due(T0 + 100) == delivery("a", T0 + 900).with_replay(T0 + 100, "http://y.test/")
        await store.replay_delivery("never", T0)
        assert [d.id for d in await store.deliveries()] == ["a"]

    async def test_a_replay_comes_after_those_that_were_due_at_that_time_before(self, store: Store) -> None:
        for name in ("a", "b"):
            await store.schedule(delivery(name))
        await store.replay_delivery("a", T0)
        assert await claimed(store, T0) == "ba"

    async def test_a_replay_of_a_claimed_delivery_is_scheduled_when_it_is_saved(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        one = await store.claim_due(T0)
        assert one is not None
        for _ in range(2):
            await store.replay_delivery("a", T0 + 100)
        assert await store.next_delivery() is None
        assert await claimed(store, T0 + 100) == ""
        done = one.attempted(Attempt(1, T0, (), "response", 200), success=True, now=T0 + 200)
        await store.save_delivery(done)
        assert await store.claim_due(T0 + 200) == done.with_replay(T0 + 100)
        await store.save_delivery(done)
        assert await store.next_delivery() is None
