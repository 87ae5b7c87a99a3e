"""Ids of deliveries never recur, and an attempt that a reset or a deletion made obsolete changes nothing."""

import asyncio
from typing import Any

import pytest

from mockserver.clock import let_others_run
from mockserver.outgoing.call import CallResult, OutgoingCall
from tests.conversation import Conversation
from tests.descrideo_client import LIVE, brokered, by

SUBMIT = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://example.com/hike.mp4"}
HOOK = {"url": "http://receiver.test/hook", "secret": "whsec_1"}
AT_ONCE = {
    "accounts": [{"key": "*", "plan": "enterprise", "webhook": HOOK}],
    "plans": {"default": {"steps": [{"status": "succeeded"}]}},
}


class Slow:
    """A sender whose calls end when the test says so."""

    def __init__(self, t: Conversation) -> None:
        self.calls: list[tuple[OutgoingCall, asyncio.Future[CallResult]]] = []
        self.changed = asyncio.Event()
        # The status with which further calls are answered at once.
        self.at_once: int | None = None
        t.receivers.send = self.send  # type: ignore[method-assign]

    async def send(self, call: OutgoingCall) -> CallResult:
        result: asyncio.Future[CallResult] = asyncio.get_running_loop().create_future()
        self.calls.append((call, result))
        self.changed.set()
        if self.at_once is not None:
            return CallResult("response", self.at_once)
        # A receiver does not notice that a call was cancelled, and answers all the same.
        return await asyncio.shield(result)

    async def in_flight(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.calls) < count:
                self.changed.clear()
                await self.changed.wait()

    async def answer(self, index: int, status: int) -> None:
        self.calls[index][1].set_result(CallResult("response", status))
        for _ in range(5):
            await let_others_run()


async def deliveries(t: Conversation, box: str = "") -> list[Any]:
    listed: list[Any] = (await t.get(f"{box}/_mock/deliveries")).json()["deliveries"]
    return listed


async def submit(t: Conversation, box: str = "") -> str:
    return str((await t.post(box + SUBMIT, VIDEO)).json()["id"])


@pytest.mark.parametrize("what", ["all", "jobs"])
async def test_an_attempt_in_flight_at_a_reset_does_not_overwrite_the_new_delivery(what: str) -> None:
    async with Conversation(AT_ONCE) as t:
        slow = Slow(t)
        await submit(t)
        await slow.in_flight(1)
        [old] = await deliveries(t)
        assert (await t.post("/_mock/reset", {"what": what})).status_code == 204
        assert await deliveries(t) == []
        await submit(t)
        await slow.in_flight(2)
        await slow.answer(0, 200)
        [new] = await deliveries(t)
        assert (new["outcome"], new["attempts"]) == ("pending", [])
        assert new["id"] != old["id"]
        await slow.answer(1, 500)
        [new] = await deliveries(t)
        assert (new["outcome"], [each["status"] for each in new["attempts"]]) == ("pending", [500])
        advancing = asyncio.create_task(t.advance(5))
        await slow.in_flight(3)
        await slow.answer(2, 200)
        await advancing
        assert (await deliveries(t))[0]["outcome"] == "delivered"


async def test_the_answer_to_a_deleted_call_out_changes_no_job() -> None:
    """A provider uses the response to a call-out to move the job on."""
    async with Conversation() as t:
        slow = Slow(t)
        await t.post(LIVE, brokered(), headers=by())
        advances = [asyncio.create_task(t.advance(30))]
        await slow.in_flight(1)
        await t.post("/_mock/reset", {"what": "all"})
        after = (await t.post(LIVE, brokered(), headers=by())).json()["job_id"]
        advances.append(asyncio.create_task(t.advance(30)))
        await slow.in_flight(2)
        await slow.answer(0, 500)
        assert (await t.get(f"{LIVE}/{after}", headers=by())).json()["status"] != "failed"
        entries = (await t.get("/_mock/journal")).json()["entries"]
        assert not [entry for entry in entries if entry["kind"] == "delivery"]
        slow.at_once = 200
        await slow.answer(1, 500)
        await asyncio.gather(*advances)
        assert (await t.get(f"{LIVE}/{after}", headers=by())).json()["status"] == "failed"


async def test_an_attempt_in_flight_at_a_reset_of_the_counters_is_saved() -> None:
    async with Conversation(AT_ONCE) as t:
        slow = Slow(t)
        await submit(t)
        await slow.in_flight(1)
        await t.post("/_mock/reset", {"what": "counters"})
        await slow.answer(0, 200)
        assert (await deliveries(t))[0]["outcome"] == "delivered"


async def test_an_attempt_in_flight_at_a_change_of_the_scenario_is_saved_to_its_own_delivery() -> None:
    async with Conversation(AT_ONCE) as t:
        slow = Slow(t)
        await submit(t)
        await slow.in_flight(1)
        assert (await t.client.put("/_mock/scenario", json={"scenario": "other", **AT_ONCE})).status_code == 200
        await submit(t)
        await slow.in_flight(2)
        await slow.answer(0, 500)
        await slow.answer(1, 200)
        new, old = await deliveries(t)
        assert new["id"] != old["id"]
        assert (old["outcome"], old["attempts"][0]["status"]) == ("pending", 500)
        assert (new["outcome"], new["attempts"][0]["status"]) == ("delivered", 200)


async def test_a_sandbox_with_the_name_of_a_deleted_one_gets_new_ids_and_no_old_attempts() -> None:
    async with Conversation(AT_ONCE) as t:
        slow, new = Slow(t), {"name": "ci", "scenario": {"scenario": "ci", **AT_ONCE, "clock": {"mode": "manual"}}}
        ids = []
        for number in (1, 2):
            assert (await t.post("/_mock/sandboxes", new)).status_code == 201
            await submit(t, "/~ci")
            await slow.in_flight(number)
            ids += [each["id"] for each in await deliveries(t, "/~ci")]
            if number == 1:
                await t.client.delete("/_mock/sandboxes/ci")
        await slow.answer(0, 200)
        assert [each["outcome"] for each in await deliveries(t, "/~ci")] == ["pending"]
        assert len(set(ids)) == 2
        await slow.answer(1, 200)


async def test_ids_are_those_of_the_seed_in_the_first_generation_and_in_each_later_one() -> None:
    async def run() -> list[list[str]]:
        generations = []
        async with Conversation(AT_ONCE) as t:
            await t.post("/_mock/reset", {"what": "all"})  # of nothing
            for what in ("jobs", "counters", "all", "journal"):
                await submit(t)
                await submit(t)
                await t.advance(1)
                generations.append([each["id"] for each in await deliveries(t)])
                await t.post("/_mock/reset", {"what": what})
        return generations

    once, again = await run(), await run()
    assert once == again
    assert once[0] == ["dlv_61y8xskhfkrvparr6l03", "dlv_sdt969x82taxj2lp41a2"]
    ids = {each for generation in once for each in generation}
    assert len(ids) == 8


async def test_a_reset_ends_the_calls_that_hang_so_that_new_ones_have_room() -> None:
    async with Conversation(AT_ONCE) as t:
        slow = Slow(t)
        for _ in range(60):
            await submit(t)
        await slow.in_flight(48)
        await t.post("/_mock/reset", {"what": "all"})
        for _ in range(5):
            await let_others_run()
        await submit(t)
        await slow.in_flight(49)
        await slow.answer(48, 200)
        assert [each["outcome"] for each in await deliveries(t)] == ["delivered"]


async def test_a_deleted_sandbox_sends_nothing_more_during_an_advance() -> None:
    async with Conversation(AT_ONCE) as t:
        slow, new = Slow(t), {"name": "ci", "scenario": {"scenario": "ci", **AT_ONCE, "clock": {"mode": "manual"}}}
        await t.post("/_mock/sandboxes", new)
        for _ in range(60):
            await submit(t, "/~ci")
        await slow.in_flight(48)
        advancing = asyncio.create_task(t.post("/~ci/_mock/clock", {"advance": "1h"}))
        for _ in range(5):
            await let_others_run()
        await t.client.delete("/_mock/sandboxes/ci")
        assert (await asyncio.wait_for(advancing, 5)).status_code == 404
        assert len(slow.calls) == 48
