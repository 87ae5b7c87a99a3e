"""Streams on the sandbox's clock: they wait for its time, and tests do not wait in real time."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.clock import Clock, Sleeper
from tests.conversation import Conversation
from tests.listener import Listener

PATH = "/nanophoto/api/sora-2/reverse-prompt"
BODY = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
ANY_KEY = {"key": "*", "limits": {"requests_per_hour": None}}


def scenario(text="one two three four", clock="manual", **stream):
    pace = {"first": "600ms", "every": "50ms", **stream.pop("pace", {})}
    rule = {"name": "stream", "operation": "nanophoto.reverse_prompt", "stream": {"text": text, "pace": pace, **stream}}
    return {"clock": {"mode": clock}, "accounts": [ANY_KEY], "rules": [rule]}


async def test_on_a_manual_clock_a_stream_waits_until_the_clock_is_advanced():
    async with Conversation(scenario()) as t:
        listener = await Listener(t, PATH, BODY).settled()
        assert (listener.status, listener.pieces) == (200, [])
        await t.advance(0.599)
        assert listener.pieces == []
        await t.advance(0.001)
        assert listener.pieces == [(600, b"one ")]
        await t.advance(0.06)
        assert listener.pieces == [(600, b"one "), (650, b"two ")]
        assert not listener.over
        await t.advance(60)
        assert listener.pieces[2:] == [(700, b"three "), (750, b"four")]
        assert listener.complete
        await listener.end()


async def test_on_a_manual_clock_the_next_event_is_the_next_chunk():
    async with Conversation(scenario()) as t:
        began = t.sandbox.clock.now()
        await Listener(t, PATH, BODY).settled()
        assert await t.sandbox.next_event() == began + 600
        await t.advance(0.6)
        assert await t.sandbox.next_event() == began + 650


async def test_many_streams_on_one_clock_have_their_own_pace():
    async with Conversation(scenario()) as t:
        first = await Listener(t, PATH, BODY).settled()
        await t.advance(0.63)
        others = [await Listener(t, PATH, BODY, key=f"key-{i}").settled() for i in range(20)]
        await t.advance(1)
        assert first.instants == [600, 650, 700, 750]
        for other in others:
            assert other.instants == [600, 650, 700, 750]


async def test_an_auto_clock_jumps_through_a_stream_of_hours():
    async with Conversation(scenario(clock="auto", pace={"first": "1h", "every": "1h"})) as t:
        listeners = [Listener(t, PATH, BODY) for _ in range(3)]
        for listener in listeners:
            assert (await listener.end()).instants == [3_600_000 * n for n in range(1, 5)]
            assert listener.complete


async def test_an_auto_clock_does_not_jump_past_a_stuck_stream():
    async with Conversation(scenario(clock="auto", fault={"kind": "stall", "at": "50%"})) as t:
        stuck = await Listener(t, PATH, BODY).settled()
        began = t.sandbox.clock.now()
        assert stuck.pieces
        assert not stuck.over
        assert await t.sandbox.next_event() is None
        assert t.sandbox.clock.now() == began
        await stuck.leave()


async def test_a_stream_without_gaps_is_sent_in_chunks_and_lets_other_requests_run():
    async with Conversation(scenario("x " * 5_000, pace={"first": "0s", "every": "0s"})) as t:
        long = Listener(t, PATH, BODY)
        short = Listener(t, "/nanophoto/nowhere", BODY)
        await short.end()
        assert not long.over
        await long.end()
        assert len(long.pieces) == 5_000
        assert set(long.instants) == {0}


async def test_a_stream_ends_when_its_client_disconnects():
    async with Conversation(scenario()) as t:
        listener = await Listener(t, PATH, BODY).settled()
        await t.advance(0.6)
        assert t.sandbox.clock.next_sleeper() is not None
        await listener.leave()
        assert listener.body == b"one "
        assert t.sandbox.clock.next_sleeper() is None
        assert t.sandbox.clock.busy == 0
        (entry,) = await t.sandbox.journal()
        assert entry.note == "the client disconnected after 4 bytes"
        assert entry.reply == b"one "


async def test_a_cancelled_request_leaves_no_sleeper():
    clock = Clock("manual")
    clock.enter()
    task = asyncio.get_running_loop().create_task(Sleeper(clock, "token").until(clock.now() + 1_000))
    await asyncio.sleep(0)  # noqa: TID251 - a turn for the task
    assert clock.busy == 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.busy == 1
    clock.leave("token")
    assert clock.busy == 0
    assert clock.next_sleeper() is None


async def test_an_interrupted_sleeper_never_sleeps_again():
    clock = Clock("manual")
    clock.enter()
    sleeper = Sleeper(clock, "token")
    task = asyncio.get_running_loop().create_task(sleeper.until(None))
    await asyncio.sleep(0)  # noqa: TID251 - a turn for the task
    assert clock.next_sleeper() is None
    sleeper.interrupt()
    assert await task is False
    assert await sleeper.until(clock.now() + 1) is False
    assert clock.busy == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from(["stay", "leave", "cancel"])), max_size=200))
async def test_sleepers_wake_in_order_if_others_leave_early(naps):
    clock = Clock("manual")
    start, woken = clock.now(), []

    async def nap(number: int, length: int, sleeper: Sleeper) -> None:
        clock.enter()
        try:
            if await sleeper.until(start + length):
                woken.append((clock.now() - start, number))
        finally:
            clock.leave(number)

    sleepers = [Sleeper(clock, number) for number in range(len(naps))]
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(nap(i, length, s)) for i, ((length, _), s) in enumerate(zip(naps, sleepers, strict=True))]
    await asyncio.sleep(0)  # noqa: TID251 - a turn for the tasks
    for (_, what), sleeper, task in zip(naps, sleepers, tasks, strict=True):
        if what == "leave":
            sleeper.interrupt()
        elif what == "cancel":
            task.cancel()
    while (at := clock.next_sleeper()) is not None:
        clock.jump(at)
        await clock.quiet()
    await asyncio.gather(*tasks, return_exceptions=True)
    stayed = sorted((length, i) for i, (length, what) in enumerate(naps) if what == "stay")
    assert woken == stayed
    assert clock.busy == 0
