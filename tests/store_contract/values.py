"""Small values: JSON data that expires, and that only one caller can take."""

import asyncio
from typing import Any

import pytest

from mockserver.store.protocol import Store
from tests.store_contract.samples import T0

DATA: Any = {"text": "é😀", "list": [1, 2.5, None, True, {"deep": []}], "empty": {}}


class ValuesContract:
    """The contract of small values."""

    async def test_a_value_is_stored_unchanged(self, store: Store) -> None:
        await store.put_value("token", "a", DATA)
        assert await store.get_value("token", "a", T0) == DATA
        assert await store.get_value("token", "b", T0) is None
        assert await store.get_value("code", "a", T0) is None

    async def test_a_value_is_gone_at_the_instant_it_expires(self, store: Store) -> None:
        await store.put_value("token", "a", 1, T0 + 1_000)
        assert await store.get_value("token", "a", T0 + 999) == 1
        assert await store.get_value("token", "a", T0 + 1_000) is None
        assert await store.take_value("token", "a", T0 + 1_000) is None
        assert await store.values("token", T0 + 1_000) == {}

    async def test_a_value_that_is_put_again_replaces_value_and_expiry(self, store: Store) -> None:
        await store.put_value("token", "a", 1, T0 + 1_000)
        await store.put_value("token", "a", 2)
        assert await store.get_value("token", "a", T0 + 10**9) == 2

    async def test_a_value_is_taken_once(self, store: Store) -> None:
        await store.put_value("fault", "f1", DATA)
        taken = await asyncio.gather(*(store.take_value("fault", "f1", T0) for _ in range(20)))
        assert [t for t in taken if t is not None] == [DATA]
        assert await store.get_value("fault", "f1", T0) is None
        assert await store.take_value("never", "f1", T0) is None

    async def test_the_values_of_a_kind_are_listed_oldest_first(self, store: Store) -> None:
        assert await store.values("fault", T0) == {}
        for n, name in enumerate("cab"):
            await store.put_value("fault", name, n, T0 + 1_000 * (n + 1))
        await store.put_value("token", "x", 9)
        assert list((await store.values("fault", T0)).items()) == [("c", 0), ("a", 1), ("b", 2)]
        assert list(await store.values("fault", T0 + 1_500)) == ["a", "b"]
        await store.put_value("fault", "a", 5)
        assert list((await store.values("fault", T0)).items()) == [("c", 0), ("b", 2), ("a", 5)]

    async def test_a_replaced_value_keeps_its_position_and_expiry(self, store: Store) -> None:
        await store.put_value("fault", "a", {"times": 3}, T0 + 1_000)
        await store.put_value("fault", "b", DATA)
        replacing = (store.replace_value("fault", "a", {"times": 3}, {"times": 2}) for _ in range(20))
        assert (await asyncio.gather(*replacing)).count(True) == 1
        assert list((await store.values("fault", T0)).items()) == [("a", {"times": 2}), ("b", DATA)]
        assert list(await store.values("fault", T0 + 1_000)) == ["b"]
        assert not await store.replace_value("fault", "c", DATA, 1)
        assert not await store.replace_value("never", "a", DATA, 1)

    @pytest.mark.bounds(values=10)
    async def test_the_oldest_values_of_a_kind_are_dropped_when_there_are_too_many(self, store: Store) -> None:
        await store.put_value("token", "other kind", 1)
        for n in range(30):
            await store.put_value("fault", str(n), n)
        assert list((await store.values("fault", T0)).values()) == list(range(20, 30))
        assert await store.get_value("token", "other kind", T0) == 1
