"""Clearing: each kind of state alone, or everything."""

from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit
from mockserver.store.protocol import Store, What
from tests.store_contract.samples import HELD, T0, delivery, job

LIMIT = Limit("requests", "day", 5)
EVERYTHING = {"journal", "jobs", "deliveries", "numbers", "limits", "credits", "faults", "tokens"}


async def filled(store: Store) -> None:
    await store.append(JournalEntry("request", T0))
    await store.add_job(job("a", HELD))
    await store.schedule(delivery("d"))
    await store.next_number("n")
    await store.hit("v2p:k1", (LIMIT,), T0)
    await store.open_credits("v2p:k1", T0, 1_000)
    await store.arm_fault({"operation": "*", "times": 1})
    await store.put_value("token", "t", "k1")


async def left(store: Store) -> set[str]:
    """Return the kinds of state that are still there."""
    present = {
        "journal": bool(await store.entries()),
        "jobs": (await store.page_jobs()).total > 0 and await store.get_job("v2p", "v2p:k1", "a") is not None,
        "deliveries": bool(await store.deliveries()) and await store.next_delivery() is not None,
        "numbers": await store.next_number("n") > 1,
        "limits": (await store.hit("v2p:k1", (LIMIT,), T0, 0))[0].used > 0,
        "credits": await store.credits("v2p:k1") is not None,
        "faults": bool(await store.armed_faults()),
        "tokens": bool(await store.values("token", T0)),
    }
    return {kind for kind, is_there in present.items() if is_there}


async def cleared(store: Store, what: What) -> set[str]:
    """Fill the store, clear `what`, and return the kinds of state that are gone."""
    await filled(store)
    assert await left(store) == EVERYTHING
    await store.clear(what)
    return EVERYTHING - await left(store)


class ClearingContract:
    """The contract of `clear`."""

    async def test_an_empty_store_can_be_cleared(self, store: Store) -> None:
        for what in ("journal", "jobs", "counters", "faults", "all"):
            await store.clear(what)
        assert await left(store) == set()

    async def test_the_journal_can_be_cleared(self, store: Store) -> None:
        assert await cleared(store, "journal") == {"journal"}

    async def test_jobs_are_cleared_with_their_deliveries(self, store: Store) -> None:
        assert await cleared(store, "jobs") == {"jobs", "deliveries"}

    async def test_counters_are_cleared_with_limits_and_credits(self, store: Store) -> None:
        assert await cleared(store, "counters") == {"numbers", "limits", "credits"}

    async def test_faults_can_be_cleared(self, store: Store) -> None:
        assert await cleared(store, "faults") == {"faults"}

    async def test_everything_can_be_cleared(self, store: Store) -> None:
        assert await cleared(store, "all") == EVERYTHING

    async def test_nothing_of_a_cleared_job_is_left(self, store: Store) -> None:
        old = await store.add_job(job("a"))
        await store.schedule(delivery("d"))
        claimed = await store.claim_due(T0)
        await store.clear("jobs")
        assert claimed is not None
        await store.save_delivery(claimed)
        assert await store.get_delivery("d") is None
        assert not await store.replace_job(old, old.moved(T0, "failed"))
        assert list(await store.find_jobs("a")) == []
        assert list(await store.take_transitions(T0 + 10**9)) == []
        assert await store.next_transition() is None
        assert sum((await store.count_by_status("v2p")).values()) == 0
        new = await store.add_job(job("a", HELD))
        assert await store.queue_position(new) == 1

    async def test_credits_reserved_for_cleared_jobs_are_released(self, store: Store) -> None:
        await store.open_credits("v2p:k1", T0, 1_000)
        for name, cost in (("a", 300), ("b", 200)):
            assert await store.reserve("v2p:k1", T0, name, cost)
            await store.add_job(job(name, HELD, cost=cost))
        await store.capture("v2p:k1", T0, "b")
        await store.clear("jobs")
        credits = await store.credits("v2p:k1")
        assert credits is not None
        assert (credits.balance, credits.reserved) == (800, 0)
