"""Each receiver has a queue of its own: one that hangs or is busy does not delay deliveries to others."""

import asyncio
from collections import Counter, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.clock import let_others_run
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.sandbox import courier
from mockserver.sandbox.sends import ROOM, Due, SandboxSends, Sends, receiver_of
from mockserver.store.memory import Bounds, MemoryStore
from tests.conversation import Conversation

SUBMIT = "/videotoprompt/v1/analyze/url"
GOOD, BAD = "http://good.test/hook", "http://bad.test:9000/hook"


def scenario(**more: Any) -> dict[str, Any]:
    bad = {"key": "bad*", "plan": "enterprise", "webhook": {"url": BAD, "secret": "whsec_1"}}
    good = {"key": "*", "plan": "enterprise", "webhook": {"url": GOOD, "secret": "whsec_1"}}
    return {"accounts": [bad, good], "plans": {"default": {"steps": [{"status": "succeeded"}]}}, **more}


class Network:
    """A network in which the receiver `bad.test` never answers, or answers as told."""

    def __init__(self, t: Conversation, bad: CallResult | None = None) -> None:
        self.bad = bad
        self.sent: list[str] = []
        t.receivers.send = self.send  # type: ignore[method-assign]

    async def send(self, call: OutgoingCall) -> CallResult:
        self.sent.append(call.url)
        if call.url != BAD:
            return CallResult("response", 200)
        if self.bad is None:
            await asyncio.get_running_loop().create_future()
        await let_others_run()
        assert self.bad is not None
        return self.bad


async def submit(t: Conversation, key: str, box: str = "", count: int = 1) -> None:
    for number in range(count):
        headers = {"Authorization": f"Bearer {key}-{number % 10}"}
        reply = await t.post(box + SUBMIT, {"url": "https://example.com/hike.mp4"}, headers=headers)
        assert reply.status_code < 300


async def deliveries(t: Conversation, url: str, box: str = "") -> list[Any]:
    reply = await t.get(f"{box}/_mock/deliveries", params={"url": url, "limit": 1_000})
    listed: list[Any] = reply.json()["deliveries"]
    return listed


async def turns(count: int = 60) -> None:
    for _ in range(count):
        await let_others_run()


@pytest.mark.parametrize("box", ["", "/~other"])
async def test_two_hundred_calls_that_hang_do_not_delay_other_receivers(box: str) -> None:
    async with Conversation(scenario()) as t:
        network = Network(t)
        other = {"name": "other", "scenario": {"scenario": "other", **scenario(clock={"mode": "manual"})}}
        await t.post("/_mock/sandboxes", other)
        await submit(t, "bad", count=200)
        await submit(t, "good", box, count=50)
        await turns()
        assert {each["outcome"] for each in await deliveries(t, GOOD, box)} == {"delivered"}
        assert network.sent.count(GOOD) == 50
        assert network.sent.count(BAD) == ROOM[0][0]


async def test_many_receivers_that_hang_leave_room_for_one_more() -> None:
    """Each batch names its own receiver."""
    async with Conversation(scenario()) as t:
        network = Network(t)

        async def hangs(call: OutgoingCall) -> CallResult:
            if "bad" in call.url:
                await asyncio.get_running_loop().create_future()
            return await Network.send(network, call)

        t.receivers.send = hangs  # type: ignore[method-assign]
        for number in range(26):
            account = {"webhook": {"url": f"http://bad{number}.test/hook", "secret": "whsec_1"}}
            await t.client.patch(f"/_mock/accounts/bad-{number}", json=account)
        for _ in range(10):
            for number in range(26):
                await t.post(SUBMIT, {"url": "https://x.test/a.mp4"}, headers={"Authorization": f"Bearer bad-{number}"})
        await submit(t, "good", count=20)
        await turns(200)
        assert network.sent.count(GOOD) == 20


async def test_410_ends_the_retries_of_a_delivery() -> None:
    async with Conversation(scenario()) as t:
        Network(t, CallResult("response", 410))
        await submit(t, "bad")
        await t.advance(7_200)
        [delivery] = await deliveries(t, BAD)
        assert (delivery["outcome"], [each["status"] for each in delivery["attempts"]]) == ("given_up", [410])
        [entry] = [e for e in (await t.get("/_mock/journal")).json()["entries"] if e["kind"] == "delivery"]
        assert entry["note"] == "analysis.completed attempt 1: response; 410 (Gone) ends the retries"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_receiver_postpones_its_deliveries_and_no_others(status: int) -> None:
    async with Conversation(scenario()) as t:
        network = Network(t, CallResult("response", status, (("Retry-After", "120"),)))
        start = t.sandbox.clock.now()
        await submit(t, "bad")
        await t.advance(1)
        network.bad = CallResult("response", 200)
        await submit(t, "bad")
        await submit(t, "good")
        await t.advance(1)
        assert [each["outcome"] for each in await deliveries(t, GOOD)] == ["delivered"]
        later, first = await deliveries(t, BAD)
        assert (later["attempts"], len(first["attempts"])) == ([], 1)
        assert later["next_attempt_at"] == first["next_attempt_at"]
        await t.advance(120)
        assert {each["outcome"] for each in await deliveries(t, BAD)} == {"delivered"}
        ats = [each.attempts[0].at - start for each in await t.sandbox.store.deliveries() if each.url == BAD]
        assert ats == [120_000, 0]


async def test_deliveries_that_wait_for_room_are_postponed_too() -> None:
    async with Conversation(scenario()) as t:
        network = Network(t, CallResult("response", 503, (("Retry-After", "60"),)))
        await submit(t, "bad", count=80)
        await turns()
        first = network.sent.count(BAD)
        assert first < 80
        network.bad = CallResult("response", 200)
        await t.advance(70)
        assert {each["outcome"] for each in await deliveries(t, BAD)} == {"delivered"}
        assert network.sent.count(BAD) == first + 80


async def test_other_statuses_and_replays_are_not_postponed() -> None:
    async with Conversation(scenario()) as t:
        network = Network(t, CallResult("response", 500, (("Retry-After", "120"),)))
        await submit(t, "bad")
        await turns()
        await submit(t, "bad")
        await turns()
        assert network.sent.count(BAD) == 2
        network.bad = CallResult("response", 429, (("Retry-After", "120"),))
        await submit(t, "bad")
        await turns()
        [*_, first] = await deliveries(t, BAD)
        await t.post(f"/_mock/deliveries/{first['id']}/replay", {})
        await turns()
        assert network.sent.count(BAD) == 4


def test_a_receiver_is_a_scheme_a_host_and_a_port() -> None:
    assert receiver_of("http://x.test/a") == receiver_of("HTTP://X.test:80/b?c") == "http://x.test:80"
    assert receiver_of("https://x.test/") == "https://x.test:443"
    assert receiver_of("gopher://x.test/") == receiver_of("http://127.1/") == ""


class Watched:
    """Two sandboxes with three receivers each, and all that was started."""

    def __init__(self) -> None:
        self.sends = Sends()
        self.active: dict[int, list[Due]] = {0: [], 1: []}
        self.boxes = [SandboxSends(self.sends, self.active[n].append) for n in (0, 1)]
        self.expected: dict[tuple[int, str], deque[str]] = {}
        self.number = 0

    def add(self, box: int, receiver: str) -> None:
        self.number += 1
        self.expected.setdefault((box, receiver), deque()).append(str(self.number))
        self.boxes[box].add(Due(str(self.number), 0, receiver))

    def end(self, box: int, index: int) -> None:
        if self.active[box]:
            due = self.active[box].pop(index % len(self.active[box]))
            self.boxes[box].done(due)

    def check(self) -> None:
        for n, box in enumerate(self.boxes):
            calls = Counter(due.receiver for due in self.active[n])
            assert box.active == len(self.active[n]) <= 128
            assert all(count <= ROOM[0][0] for count in calls.values())
            assert {due.receiver for due in box.entries()} <= set(calls)  # a receiver with no call does not wait
        assert self.sends.active == sum(map(len, self.active.values()))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1), st.sampled_from("abc"), st.integers(1, 60)), max_size=40))
def test_whatever_hangs_every_receiver_has_room_and_its_order(steps: list[tuple[bool, int, str, int]]) -> None:
    w = Watched()
    for adds, box, receiver, count in steps:
        for _ in range(count):
            w.add(box, receiver) if adds else w.end(box, count)
        w.check()
    while any(w.active.values()):
        for n in (0, 1):
            w.end(n, 0)
        w.check()
    assert not any(box.waiting for box in w.boxes)


async def test_deliveries_that_the_store_has_dropped_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "_SWEEP_ABOVE", 20)
    async with Conversation(scenario()) as t:
        Network(t)
        t.app.sandboxes.default.store = MemoryStore(Bounds(deliveries=50))
        for _ in range(40):
            await submit(t, "bad", count=10)
        await turns()
        # As many as the store keeps and claims, and not as many as were submitted.

        assert len(list(t.sandbox.courier.in_progress())) < 48 + 3 * 50
