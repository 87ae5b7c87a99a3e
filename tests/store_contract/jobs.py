"""Single jobs: stored, found, replaced, and their transitions."""

import asyncio
from copy import deepcopy

import pytest

from mockserver.core.durations import Span
from mockserver.core.plans import Step
from mockserver.store.protocol import Store
from tests.store_contract.samples import AT_ONCE, BY_POLLS, HELD, RENDER, STUCK, T0, job, plan


async def taken(store: Store, now: int) -> list[tuple[str, str, int]]:
    """Return the id, status and time since `T0` of each transition of `take_transitions`."""
    return [(t.job.id, t.state.status, t.state.entered_at - T0) for t in await store.take_transitions(now)]


class JobsContract:
    """The contract of single jobs."""

    # Stored and found.

    async def test_a_job_is_stored_unchanged(self, store: Store) -> None:
        new = job("a", cause=7, cost=300, priority=2, rule="r")
        kept = await store.add_job(new)
        assert kept == new.with_sequence(kept.sequence)
        assert await store.get_job("v2p", "v2p:k1", "a") == kept

    async def test_sequences_increase(self, store: Store) -> None:
        sequences = [(await store.add_job(job(f"j{n}", key=f"k{n % 3}"))).sequence for n in range(9)]
        assert sequences == sorted(set(sequences))
        assert min(sequences) > 0

    async def test_jobs_that_are_added_at_the_same_time_are_all_kept(self, store: Store) -> None:
        kept = await asyncio.gather(*(store.add_job(job(f"j{n}")) for n in range(50)))
        assert len({j.sequence for j in kept}) == 50
        assert (await store.page_jobs(limit=100)).total == 50

    async def test_a_job_is_found_only_by_its_own_account(self, store: Store) -> None:
        mine = await store.add_job(job("a"))
        assert await store.get_job("v2p", "v2p:k2", "a") is None
        assert await store.get_job("p2v", "v2p:k1", "a") is None
        assert await store.get_job("v2p", "v2p:k1", "b") is None
        theirs = await store.add_job(job("a", key="k2"))
        assert await store.get_job("v2p", "v2p:k1", "a") == mine
        assert await store.get_job("v2p", "v2p:k2", "a") == theirs

    async def test_jobs_of_all_accounts_are_found_by_id(self, store: Store) -> None:
        kept = [await store.add_job(job("a", provider=p, key=k)) for p in ("v2p", "p2v") for k in ("k1", "k2")]
        await store.add_job(job("b"))
        assert list(await store.find_jobs("a")) == kept
        assert list(await store.find_jobs("c")) == []

    # Replaced.

    async def test_a_job_is_replaced_only_if_the_old_version_is_current(self, store: Store) -> None:
        first = await store.add_job(job("a", BY_POLLS))
        second = first.polled(T0 + 1)
        assert await store.replace_job(deepcopy(first), second)
        assert await store.get_job("v2p", "v2p:k1", "a") == second
        assert not await store.replace_job(first, first.polled(T0 + 2))
        assert await store.get_job("v2p", "v2p:k1", "a") == second

    async def test_an_unknown_job_cannot_be_replaced(self, store: Store) -> None:
        unknown = job("a", BY_POLLS).with_sequence(1)
        assert not await store.replace_job(unknown, unknown.polled(T0))
        await store.add_job(job("b", BY_POLLS))
        assert not await store.replace_job(unknown, unknown.polled(T0))
        assert list(await store.find_jobs("a")) == []

    async def test_of_concurrent_replacements_one_succeeds(self, store: Store) -> None:
        first = await store.add_job(job("a", HELD))
        changes = [first.released(T0 + n) for n in range(20)]
        won = await asyncio.gather(*(store.replace_job(first, change) for change in changes))
        assert won.count(True) == 1
        assert await store.get_job("v2p", "v2p:k1", "a") == changes[won.index(True)]

    # Transitions.

    async def test_transitions_are_returned_once_and_in_order_of_time(self, store: Store) -> None:
        await store.add_job(job("late", at=T0 + 1_000))
        await store.add_job(job("early"))
        assert await taken(store, T0 + 1_999) == []
        assert await taken(store, T0 + 2_000) == [("early", "running", 2_000)]
        assert await taken(store, T0 + 2_000) == []
        assert await taken(store, T0 + 60_000) == [
            ("late", "running", 3_000),
            ("early", "succeeded", 12_000),
            ("late", "succeeded", 13_000),
        ]
        assert await taken(store, T0 + 10**9) == []

    async def test_transitions_of_different_jobs_are_in_order_of_time(self, store: Store) -> None:
        steps = (Step("queued", Span(1_000)), Step("running", Span(1_000)), Step("running", Span(1_000)))
        await store.add_job(job("a", plan(*steps, Step("succeeded"))))
        await store.add_job(job("b", plan(*steps, Step("failed")), at=T0 + 500))
        assert [at for _, _, at in await taken(store, T0 + 10_000)] == [1_000, 1_500, 2_000, 2_500, 3_000, 3_500]

    async def test_a_transition_has_the_job_and_the_state(self, store: Store) -> None:
        kept = await store.add_job(job("a"))
        (transition,) = await store.take_transitions(T0 + 2_000)
        assert transition.job == kept
        assert transition.state == kept.at(T0 + 2_000)

    async def test_creation_is_not_a_transition_but_the_end_always_is(self, store: Store) -> None:
        await store.add_job(job("waits", STUCK))
        await store.add_job(job("ends", AT_ONCE))
        assert await taken(store, T0 - 1) == []
        assert await taken(store, T0) == [("ends", "failed", 0)]

    async def test_a_step_of_zero_length_is_a_transition_too(self, store: Store) -> None:
        await store.add_job(job("a", plan(Step("queued", Span(0)), Step("running", Span(0)), Step("succeeded"))))
        assert await taken(store, T0) == [("a", "running", 0), ("a", "succeeded", 0)]

    async def test_concurrent_callers_get_each_transition_once(self, store: Store) -> None:
        for n in range(20):
            await store.add_job(job(f"j{n}", at=T0 + n))
        batches = await asyncio.gather(*(taken(store, T0 + 20_000) for _ in range(5)))
        transitions = [transition for batch in batches for transition in batch]
        assert len(transitions) == len(set(transitions)) == 40

    async def test_polls_releases_and_forced_statuses_are_transitions(self, store: Store) -> None:
        polled = await store.add_job(job("polled", BY_POLLS))
        held = await store.add_job(job("held", HELD))
        forced = await store.add_job(job("forced", RENDER))
        assert await store.replace_job(polled, polled.polled(T0 + 100))
        assert await store.replace_job(held, held.released(T0 + 200))
        assert await store.replace_job(forced, forced.moved(T0 + 300, "cancelled"))
        assert await taken(store, T0 + 99) == []
        assert await taken(store, T0 + 10_000) == [
            ("polled", "running", 100),
            ("held", "running", 200),
            ("forced", "cancelled", 300),
            ("held", "succeeded", 1_200),
        ]

    async def test_a_poll_within_a_step_is_not_a_transition(self, store: Store) -> None:
        first = await store.add_job(job("a", plan(Step("running", polls=3), Step("succeeded"))))
        assert await store.replace_job(first, first.polled(T0))
        assert await store.next_transition() is None
        assert await taken(store, T0 + 10**6) == []

    async def test_a_job_that_is_ended_at_an_earlier_instant_has_a_transition_then(self, store: Store) -> None:
        first = await store.add_job(job("a", plan(Step("queued", Span(1_000)), Step("running"))))
        assert await taken(store, T0 + 5_000) == [("a", "running", 1_000)]
        assert await store.replace_job(first, first.moved(T0 + 500, "cancelled"))
        assert await taken(store, T0 + 5_000) == [("a", "cancelled", 500)]
        assert (await store.count_by_status("v2p")).get("cancelled") == 1
        assert await taken(store, T0 + 10**6) == []

    async def test_the_next_transition_is_known_in_advance(self, store: Store) -> None:
        assert await store.next_transition() is None
        await store.add_job(job("b", at=T0 + 500))
        first = await store.add_job(job("a"))
        assert await store.next_transition() == T0 + 2_000
        await store.take_transitions(T0 + 2_499)
        assert await store.next_transition() == T0 + 2_500
        assert await store.replace_job(first, first.moved(T0 + 2_100, "failed"))
        assert await store.next_transition() == T0 + 2_100
        await store.take_transitions(T0 + 60_000)
        assert await store.next_transition() is None

    # Bounds.

    @pytest.mark.bounds(jobs=50)
    async def test_the_oldest_jobs_are_dropped_when_there_are_too_many(self, store: Store) -> None:
        for n in range(200):
            await store.add_job(job(f"j{n}", key=f"k{n % 2}", plan=STUCK if n % 3 else RENDER, priority=n % 4))
        page = await store.page_jobs(limit=1_000)
        assert 50 <= page.total <= 51
        assert [j.id for j in page.jobs] == [f"j{n}" for n in range(199, 199 - page.total, -1)]
        assert await store.get_job("v2p", "v2p:k0", "j100") is None
        assert list(await store.find_jobs("j100")) == []
        assert sum((await store.count_by_status("v2p")).values()) == page.total
        kept = await store.find_jobs("j199")
        assert await store.queue_position(kept[0]) <= page.total
        left = {j.id for j in page.jobs}
        assert {name for name, _, _ in await taken(store, T0 + 60_000)} == {j for j in left if int(j[1:]) % 3 == 0}

    @pytest.mark.bounds(jobs=50)
    async def test_a_dropped_job_cannot_be_replaced(self, store: Store) -> None:
        first = await store.add_job(job("first", HELD))
        for n in range(100):
            await store.add_job(job(f"j{n}"))
        assert not await store.replace_job(first, first.released(T0))

    @pytest.mark.bounds(jobs=50)
    async def test_a_newer_job_of_the_same_id_outlives_the_older(self, store: Store) -> None:
        await store.add_job(job("a", STUCK))
        for n in range(49):
            await store.add_job(job(f"j{n}"))
        newer = await store.add_job(job("a", HELD))
        for n in range(40):
            await store.add_job(job(f"k{n}"))
        assert await store.get_job("v2p", "v2p:k1", "a") == newer
        assert list(await store.find_jobs("a")) == [newer]

    @pytest.mark.bounds(jobs=50)
    async def test_credits_reserved_for_a_dropped_job_are_released(self, store: Store) -> None:
        await store.open_credits("v2p:k1", T0, 1_000)
        assert await store.reserve("v2p:k1", T0, "first", 300)
        await store.add_job(job("first", STUCK, cost=300))
        for n in range(100):
            await store.add_job(job(f"j{n}"))
        credits = await store.credits("v2p:k1")
        assert credits is not None
        assert (credits.balance, credits.reserved) == (1_000, 0)
