"""Numbers and limits: counted one by one, or in several windows at once."""

import asyncio

import pytest

from mockserver.core.limits import Limit
from mockserver.store.protocol import Store
from tests.store_contract.samples import T0

MINUTE, DAY = Limit("requests", "minute", 3), Limit("analyses", "day", 5)
FREE = Limit("free", "day", None)


async def used(store: Store, now: int = T0) -> list[int]:
    return [u.used for u in await store.hit("k1", (MINUTE, DAY), now, 0)]


class LimitsContract:
    """The contract of counters."""

    async def test_numbers_count_from_1_for_each_key(self, store: Store) -> None:
        assert [await store.next_number("a") for _ in range(3)] == [1, 2, 3]
        assert [await store.next_number(*key) for key in (("a", ""), ("", "a"), ("ab", "c"), ("a", "bc"))] == [1] * 4
        assert await store.next_number("a") == 4

    async def test_no_number_is_returned_twice(self, store: Store) -> None:
        numbers = await asyncio.gather(*(store.next_number("a", "b") for _ in range(100)))
        assert sorted(numbers) == list(range(1, 101))

    @pytest.mark.bounds(counters=10)
    async def test_a_recently_used_number_keeps_counting(self, store: Store) -> None:
        for n in range(1, 50):
            assert await store.next_number("used") == n
            await store.next_number("other", str(n))

    async def test_a_hit_counts_in_every_window(self, store: Store) -> None:
        minute, day = await store.hit("k1", (MINUTE, DAY), T0)
        assert (minute.limit, minute.used, minute.resets_at, minute.admitted) == (MINUTE, 1, T0 + 60_000, True)
        assert (day.limit, day.used, day.resets_at, day.admitted) == (DAY, 1, T0 + 12 * 3_600_000, True)
        assert await used(store) == [1, 1]

    async def test_a_hit_that_one_window_refuses_counts_in_none(self, store: Store) -> None:
        await store.hit("k1", (DAY,), T0, 4)
        refused = await store.hit("k1", (MINUTE, DAY), T0, 2)
        assert [(u.used, u.admitted) for u in refused] == [(0, True), (4, False)]
        assert await used(store) == [0, 4]
        assert all(u.admitted for u in await store.hit("k1", (MINUTE, DAY), T0, 1))
        assert await used(store) == [1, 5]

    async def test_a_hit_of_zero_counts_nothing(self, store: Store) -> None:
        await store.hit("k1", (MINUTE,), T0, 3)
        usages = await store.hit("k1", (MINUTE, DAY), T0, 0)
        assert [(u.used, u.remaining, u.admitted) for u in usages] == [(3, 0, True), (0, 5, True)]
        assert await used(store) == [3, 0]

    async def test_a_negative_hit_reduces_the_counts(self, store: Store) -> None:
        await store.hit("k1", (MINUTE, DAY), T0, 3)
        assert [(u.used, u.admitted) for u in await store.hit("k1", (MINUTE, DAY), T0, -2)] == [(1, True), (1, True)]
        await store.hit("k1", (DAY,), T0 + 60_000, 4)
        await store.hit("k1", (MINUTE, DAY), T0 + 60_000, -3)
        assert await used(store, T0 + 60_000) == [0, 2]
        lowered = Limit("analyses", "day", 0)
        await store.hit("k1", (lowered,), T0 + 60_000, -1)
        assert await used(store, T0 + 60_000) == [0, 1]

    async def test_the_next_window_begins_empty(self, store: Store) -> None:
        for _ in range(3):
            await store.hit("k1", (MINUTE, DAY), T0)
        assert not (await store.hit("k1", (MINUTE, DAY), T0 + 59_999))[0].admitted
        assert await used(store, T0 + 60_000) == [0, 3]
        assert all(u.admitted for u in await store.hit("k1", (MINUTE, DAY), T0 + 60_000))

    async def test_a_clock_that_was_set_back_admits_nothing_twice(self, store: Store) -> None:
        for _ in range(3):
            await store.hit("k1", (MINUTE,), T0 + 60_000)
        assert not (await store.hit("k1", (MINUTE,), T0))[0].admitted

    async def test_accounts_and_limits_are_counted_separately(self, store: Store) -> None:
        await store.hit("k1", (MINUTE,), T0, 3)
        assert (await store.hit("k2", (MINUTE,), T0))[0].admitted
        assert (await store.hit("k1", (DAY,), T0))[0].used == 1

    async def test_an_unlimited_limit_admits_and_counts_everything(self, store: Store) -> None:
        await store.hit("k1", (FREE,), T0, 1_000_000)
        (usage,) = await store.hit("k1", (FREE,), T0)
        assert (usage.used, usage.remaining, usage.admitted) == (1_000_001, None, True)

    async def test_a_hit_without_limits_returns_no_usage(self, store: Store) -> None:
        assert list(await store.hit("k1", (), T0)) == []

    async def test_hits_at_the_same_time_never_exceed_the_limit(self, store: Store) -> None:
        hits = await asyncio.gather(*(store.hit("k1", (MINUTE, DAY), T0) for _ in range(50)))
        assert sum(all(u.admitted for u in hit) for hit in hits) == 3
        assert await used(store) == [3, 3]

    @pytest.mark.bounds(counters=10)
    async def test_a_recently_used_window_keeps_its_count(self, store: Store) -> None:
        admitted = 0
        for n in range(50):
            admitted += (await store.hit("k1", (DAY,), T0))[0].admitted
            await store.hit(f"other-{n}", (DAY,), T0)
        assert admitted == 5
