"""Deliveries: due in order of time, each claimed by one caller, and due again when they are put back so."""

import asyncio
from dataclasses import replace

import pytest

from mockserver.core.deliveries import Attempt
from mockserver.store.protocol import Store
from tests.store_contract.samples import T0, delivery


async def claimed(store: Store, now: int) -> str:
    """The ids of all that can be claimed by `now`, in order."""
    found = []
    while (one := await store.claim_due(now)) is not None:
        found.append(one.id)
    return "".join(found)


class DeliveriesContract:
    """What is promised of deliveries."""

    async def test_a_delivery_is_kept_as_it_was_given(self, store: Store) -> None:
        given = delivery("a", job="job_1", cause=7, extra={"deep": [1, None]})
        assert await store.schedule(given) == given
        assert await store.get_delivery("a") == given
        assert await store.get_delivery("b") is None

    async def test_deliveries_are_listed_newest_first(self, store: Store) -> None:
        for name, wait in (("a", 5), ("b", 1), ("c", 3)):
            await store.schedule(delivery(name, T0 + wait))
        assert [d.id for d in await store.deliveries()] == ["c", "b", "a"]

    async def test_they_are_claimed_in_the_order_in_which_they_fall_due(self, store: Store) -> None:
        for name, wait in (("a", 5), ("b", 1), ("c", 3), ("d", 3)):
            await store.schedule(delivery(name, T0 + wait))
        assert await store.next_delivery() == T0 + 1
        assert await store.claim_due(T0) is None
        assert await claimed(store, T0 + 3) == "bcd"
        assert await store.next_delivery() == T0 + 5
        assert await claimed(store, T0 + 5) == "a"
        assert await store.next_delivery() is None

    async def test_what_is_never_due_is_never_claimed(self, store: Store) -> None:
        await store.schedule(delivery("a", None))
        assert await store.next_delivery() is None
        assert await claimed(store, T0 + 10**12) == ""

    async def test_each_is_claimed_by_one(self, store: Store) -> None:
        for n in range(10):
            await store.schedule(delivery(f"d{n}"))
        found = await asyncio.gather(*(store.claim_due(T0) for _ in range(30)))
        assert sorted(d.id for d in found if d) == [f"d{n}" for n in range(10)]

    async def test_a_claimed_delivery_is_nobody_elses_until_it_is_put_back(self, store: Store) -> None:
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

    async def test_a_delivery_that_is_done_is_not_due_again(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        one = await store.claim_due(T0)
        assert one is not None
        await store.save_delivery(one.attempted(Attempt(1, T0, (), "response", 200), success=True, now=T0))
        assert await store.next_delivery() is None
        kept = await store.get_delivery("a")
        assert kept is not None
        assert (kept.outcome, kept.attempts[0].status) == ("delivered", 200)

    async def test_a_delivery_may_be_due_again_at_the_same_instant(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        for _ in range(3):
            one = await store.claim_due(T0)
            assert one is not None
            assert await store.claim_due(T0) is None
            await store.save_delivery(one)

    async def test_one_that_is_done_can_be_sent_anew(self, store: Store) -> None:
        await store.schedule(delivery("a", None))
        await store.schedule(delivery("b", T0 + 500))
        await store.save_delivery(replace(delivery("a"), due_at=T0 + 100))
        assert await claimed(store, T0 + 1_000) == "ab"

    async def test_an_instant_that_was_changed_holds_alone(self, store: Store) -> None:
        await store.schedule(delivery("a", T0 + 100))
        await store.save_delivery(delivery("a", T0 + 900))
        assert await store.next_delivery() == T0 + 900
        assert await claimed(store, T0 + 899) == ""
        assert await claimed(store, T0 + 900) == "a"

    async def test_one_that_is_put_back_twice_is_claimed_once(self, store: Store) -> None:
        for _ in range(3):
            await store.save_delivery(await store.schedule(delivery("a")))
        assert await claimed(store, T0) == "a"

    async def test_one_that_is_not_kept_is_not_put_back(self, store: Store) -> None:
        await store.save_delivery(delivery("a"))
        assert await store.get_delivery("a") is None
        assert await claimed(store, T0) == ""

    @pytest.mark.bounds(deliveries=10)
    async def test_the_oldest_go_when_there_are_too_many(self, store: Store) -> None:
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

    async def test_one_that_is_scheduled_anew_while_it_is_claimed_stays_claimed(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        assert await store.claim_due(T0) is not None
        await store.schedule(delivery("a", T0 + 10))
        assert await store.next_delivery() is None
        assert await claimed(store, T0 + 10) == ""

    async def test_a_replay_is_one_more_attempt(self, store: Store) -> None:
        await store.schedule(delivery("a", T0 + 900))
        await store.replay_delivery("a", T0 + 100, "http://y.test/")
        assert await store.claim_due(T0 + 100) == delivery("a", T0 + 900).again(T0 + 100, "http://y.test/")
        await store.replay_delivery("never", T0)
        assert [d.id for d in await store.deliveries()] == ["a"]

    async def test_a_replay_of_a_claimed_delivery_follows_when_that_is_put_back(self, store: Store) -> None:
        await store.schedule(delivery("a"))
        one = await store.claim_due(T0)
        assert one is not None
        for _ in range(2):
            await store.replay_delivery("a", T0 + 100)
        assert await store.next_delivery() is None
        assert await claimed(store, T0 + 100) == ""
        done = one.attempted(Attempt(1, T0, (), "response", 200), success=True, now=T0 + 200)
        await store.save_delivery(done)
        assert await store.claim_due(T0 + 200) == done.again(T0 + 100)
        await store.save_delivery(done)
        assert await store.next_delivery() is None
