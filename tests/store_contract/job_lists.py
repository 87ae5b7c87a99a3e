"""Jobs as lists: pages, tallies and queues, all as of the last `take_transitions`."""

from collections.abc import Mapping

import pytest

from mockserver.core.plans import Status
from mockserver.store.protocol import Page, Store
from tests.store_contract.samples import HELD, STUCK, T0, job


def ids(page: Page) -> str:
    return "".join(j.id for j in page.jobs)


def nonzero(tally: Mapping[Status, int]) -> dict[Status, int]:
    return {status: count for status, count in tally.items() if count}


class JobListsContract:
    """The contract of pages, tallies and queues."""

    async def test_a_page_is_newest_first_and_has_the_total(self, store: Store) -> None:
        for name in "abcdefg":
            await store.add_job(job(name))
        for offset, limit, expected in (
            (0, 3, "gfe"),
            (3, 3, "dcb"),
            (6, 3, "a"),
            (7, 3, ""),
            (99, 3, ""),
            (0, 99, "gfedcba"),
        ):
            page = await store.page_jobs("v2p", "v2p:k1", None, offset, limit)
            assert (ids(page), page.total) == (expected, 7)
        assert ids(await store.page_jobs(limit=2)) == "gf"

    async def test_a_page_can_be_filtered_by_provider_and_account(self, store: Store) -> None:
        jobs = [("a", "v2p", "k1"), ("b", "p2v", "k1"), ("c", "v2p", "k2"), ("d", "v2p", "k1"), ("e", "p2v", "k1")]
        for name, at, key in jobs:
            await store.add_job(job(name, provider=at, key=key))
        for provider, account, expected in (
            (None, None, "edcba"),
            ("v2p", None, "dca"),
            (None, "v2p:k1", "da"),
            ("v2p", "v2p:k1", "da"),
            ("p2v", "p2v:k1", "eb"),
            ("p2v", "v2p:k1", ""),
            ("none", None, ""),
            (None, "none", ""),
        ):
            page = await store.page_jobs(provider, account)
            assert (ids(page), page.total) == (expected, len(expected))

    async def test_a_page_can_be_filtered_by_the_status_of_the_last_take(self, store: Store) -> None:
        for n, name in enumerate("abcd"):
            await store.add_job(job(name, at=T0 + 1_000 * n))
        assert ids(await store.page_jobs("v2p", "v2p:k1", "queued")) == "dcba"
        await store.take_transitions(T0 + 12_000)
        for status, expected in (("queued", ""), ("running", "dcb"), ("succeeded", "a"), ("failed", "")):
            for account in ("v2p:k1", None):
                page = await store.page_jobs("v2p", account, status, 0, 2)  # type: ignore[arg-type]
                assert (ids(page), page.total) == (expected[:2], len(expected))
        await store.take_transitions(T0 + 60_000)
        assert ids(await store.page_jobs("v2p", "v2p:k1", "succeeded")) == "dcba"

    async def test_a_page_shows_the_current_version_of_a_job(self, store: Store) -> None:
        first = await store.add_job(job("a", HELD))
        released = first.released(T0)
        assert await store.replace_job(first, released)
        assert (await store.page_jobs("v2p", "v2p:k1")).jobs == (released,)

    async def test_a_tally_counts_the_jobs_of_all_accounts_of_a_provider(self, store: Store) -> None:
        assert nonzero(await store.count_by_status("v2p")) == {}
        for n in range(6):
            await store.add_job(job(f"j{n}", STUCK if n < 2 else HELD, key=f"k{n}", at=T0))
        await store.add_job(job("other", provider="p2v"))
        before = await store.count_by_status("v2p")
        assert nonzero(before) == {"queued": 6}
        (held,) = await store.find_jobs("j5")
        assert await store.replace_job(held, held.released(T0))
        assert nonzero(await store.count_by_status("v2p")) == {"queued": 6}
        await store.take_transitions(T0)
        assert nonzero(await store.count_by_status("v2p")) == {"queued": 5, "running": 1}
        assert nonzero(await store.count_by_status("p2v")) == {"queued": 1}
        assert nonzero(before) == {"queued": 6}

    async def test_the_queue_is_ordered_by_priority_then_age(self, store: Store) -> None:
        kept = {}
        for name, priority, key in (("a", 0, "k1"), ("b", 2, "k2"), ("c", 0, "k3"), ("d", 2, "k1"), ("e", 1, "k1")):
            kept[name] = await store.add_job(job(name, HELD, key=key, priority=priority))
        await store.add_job(job("other", HELD, provider="p2v", priority=9))
        assert {n: await store.queue_position(j) for n, j in kept.items()} == {"b": 1, "d": 2, "e": 3, "a": 4, "c": 5}

        assert await store.replace_job(kept["b"], kept["b"].released(T0))
        await store.take_transitions(T0)
        assert {n: await store.queue_position(kept[n]) for n in "acde"} == {"d": 1, "e": 2, "a": 3, "c": 4}

    async def test_the_queue_of_an_account_has_only_its_jobs(self, store: Store) -> None:
        kept = {}
        for name, priority, key in (("a", 0, "k1"), ("b", 2, "k2"), ("c", 0, "k1"), ("d", 2, "k1"), ("e", 1, "k1")):
            kept[name] = await store.add_job(job(name, HELD, key=key, priority=priority))
        assert ids(await store.waiting_jobs("v2p", "v2p:k1", 9)) == "deac"
        part = await store.waiting_jobs("v2p", "v2p:k1", 2)
        assert (ids(part), part.total) == ("de", 4)
        assert (await store.waiting_jobs("v2p", "v2p:k3", 9)).total == 0

        assert await store.replace_job(kept["e"], kept["e"].released(T0))
        await store.take_transitions(T0)
        assert ids(await store.waiting_jobs("v2p", "v2p:k1", 9)) == "dac"

    async def test_a_job_without_a_priority_is_in_no_queue(self, store: Store) -> None:
        first = await store.add_job(job("a"))
        await store.add_job(job("b", priority=None))
        last = await store.add_job(job("c"))
        assert (await store.queue_position(first), await store.queue_position(last)) == (1, 2)
        assert ids(await store.waiting_jobs("v2p", "v2p:k1", 9)) == "ac"
        await store.take_transitions(T0 + 3_600_000)
        assert (await store.waiting_jobs("v2p", "v2p:k1", 9)).total == 0

    async def test_a_job_leaves_the_queue_with_time(self, store: Store) -> None:
        first, second = await store.add_job(job("a")), await store.add_job(job("b", at=T0 + 1_000))
        assert (await store.queue_position(first), await store.queue_position(second)) == (1, 2)
        await store.take_transitions(T0 + 2_000)
        assert await store.queue_position(second) == 1

    @pytest.mark.bounds(jobs=50)
    async def test_jobs_that_are_dropped_before_any_read_are_in_no_list(self, store: Store) -> None:
        for n in range(70):
            await store.add_job(job(f"early{n}", at=T0))
        assert nonzero(await store.count_by_status("v2p")) == {"queued": 50}
        for n in range(200):
            await store.add_job(job(f"j{n}", at=T0))
        page = await store.page_jobs("v2p", "v2p:k1", "queued")
        assert page.total == (await store.page_jobs("v2p", "v2p:k1")).total == (await store.page_jobs()).total == 50
        assert page.jobs[0].id == "j199"
        assert await store.queue_position(page.jobs[0]) == 50
        assert (await store.waiting_jobs("v2p", "v2p:k1", 10)).total == 50
        taken = await store.take_transitions(T0 + 12_000)
        assert {t.job.id for t in taken} == {j.id for j in (await store.page_jobs(limit=99)).jobs}
        assert nonzero(await store.count_by_status("v2p")) == {"succeeded": 50}
        assert await store.next_transition() is None
