"""The clock: it never goes back, runs at its rate, and counts sleeping and busy requests exactly."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver import clock as module
from mockserver.clock import START, Clock, Mode, Sleeper, Ticker

WALL = 1_800_000_000_000
MODES: list[Mode] = ["real", "scaled", "manual", "auto"]


class Machine:
    """Replaces the `time` module: tests set the time."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds

    def time_ns(self) -> int:
        return WALL * 1_000_000 + int((self.seconds - 1_000.0) * 1e9)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    replacement = Machine()
    monkeypatch.setattr(module, "time", replacement)
    return replacement


async def settled() -> None:
    """Run all tasks until they wait."""
    for _ in range(10):
        await module.let_others_run()


# --- the current instant ---


def test_a_running_clock_starts_at_the_time_of_the_machine(machine: Machine) -> None:
    assert Clock("real").now() == Clock("scaled", 60).now() == WALL


@pytest.mark.parametrize("mode", ["manual", "auto"])
def test_a_stopped_clock_starts_at_a_fixed_instant(machine: Machine, mode: Mode) -> None:
    assert Clock(mode).now() == START
    assert Clock(mode, start=5).now() == 5


@pytest.mark.parametrize(
    ("mode", "speed", "passed", "rate"),
    [
        ("real", 7.0, 1_500, 1.0),
        ("scaled", 60.0, 90_000, 60.0),
        ("scaled", 0.5, 750, 0.5),
        ("manual", 7.0, 0, 0.0),
        ("auto", 7.0, 0, 0.0),
    ],
)
def test_each_mode_has_its_rate(machine: Machine, mode: Mode, speed: float, passed: int, rate: float) -> None:
    clock = Clock(mode, speed, start=1_000)
    machine.seconds += 1.5
    assert clock.now() == 1_000 + passed
    assert clock.rate == rate


def test_a_change_of_mode_continues_from_the_current_instant(machine: Machine) -> None:
    clock = Clock("real", start=0)
    machine.seconds += 10
    clock.change("scaled", 60)
    machine.seconds += 1
    clock.change("manual")
    machine.seconds += 100
    assert clock.now() == 70_000
    clock.change("real")
    assert clock.now() == 70_000
    machine.seconds += 1
    assert clock.now() == 71_000


@pytest.mark.parametrize("mode", MODES)
def test_a_jump_goes_forward_only(machine: Machine, mode: Mode) -> None:
    clock = Clock(mode, start=1_000)
    clock.jump(5_000)
    assert clock.now() == 5_000
    clock.jump(2_000)
    assert clock.now() == 5_000


seconds = st.floats(0, 1e5, allow_nan=False)
events = st.lists(
    st.one_of(
        st.tuples(st.just("passes"), seconds),
        st.tuples(st.just("jump"), st.integers(-(10**6), 10**7)),
        st.tuples(st.sampled_from(MODES), st.floats(0.001, 1e6)),
    ),
    max_size=20,
)


@given(st.sampled_from(MODES), events)
def test_no_clock_ever_goes_back(mode: Mode, changes: list[tuple[Any, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine()
        patch.setattr(module, "time", machine)
        clock, before = Clock(mode, 60.0), 0
        for what, much in changes:
            if what == "passes":
                machine.seconds += much
            elif what == "jump":
                target = clock.now() + much
                clock.jump(target)
                assert clock.now() >= target
            else:
                now = clock.now()
                clock.change(what, much)
                assert clock.now() == now
            assert clock.now() >= before
            before = clock.now()


def test_the_wait_for_an_instant_is_given_in_real_seconds(machine: Machine) -> None:
    clock = Clock("scaled", 60, start=0)
    assert clock.real_delay(120_000) == 2.0
    assert clock.real_delay(0) == clock.real_delay(-5) == 0.0
    clock.change("manual")
    assert clock.real_delay(120_000) is None
    assert clock.real_delay(0) == 0.0


# --- sleeping requests ---


async def nap(clock: Clock, at: int | None, woken: list[str], name: str) -> None:
    """A request that sleeps once."""
    token = object()
    clock.enter()
    try:
        await Sleeper(clock, token).until(at)
        woken.append(name)
    finally:
        clock.leave(token)


async def test_a_past_instant_needs_no_wait() -> None:
    clock = Clock("manual", start=1_000)
    clock.enter()
    await Sleeper(clock, "token").until(1_000)
    await Sleeper(clock, "token").until(-1)
    assert (clock.busy, clock.next_sleeper()) == (1, None)


async def test_a_jump_wakes_the_sleepers_whose_instant_has_come_in_order() -> None:
    clock, woken = Clock("manual", start=0), list[str]()
    naps = [nap(clock, at, woken, f"{at}{n}") for n, at in enumerate((300, 100, 200, 100))]
    tasks = [asyncio.create_task(n) for n in naps]
    await settled()
    assert (clock.busy, clock.next_sleeper(), woken) == (0, 100, [])
    clock.jump(99)
    await settled()
    assert woken == []
    clock.jump(200)
    await settled()
    assert woken == ["1001", "1003", "2002"]
    assert clock.next_sleeper() == 300
    clock.jump(10**6)
    await asyncio.gather(*tasks)
    assert woken[3:] == ["3000"]
    assert (clock.busy, clock.next_sleeper()) == (0, None)


async def test_a_sleeper_is_not_busy_until_the_moment_it_is_woken() -> None:
    clock = Clock("manual", start=0)
    clock.enter()
    sleeping = asyncio.create_task(Sleeper(clock, "token").until(100))
    await settled()
    assert clock.busy == 0
    clock.jump(100)
    assert clock.busy == 1
    await sleeping
    assert clock.busy == 1
    clock.leave("token")
    assert clock.busy == 0


async def test_a_running_clock_wakes_its_sleepers_by_itself() -> None:
    clock, woken = Clock("scaled", 1_000_000, start=0), list[str]()
    await asyncio.gather(*(nap(clock, at, woken, str(at)) for at in (3_000_000, 1_000_000, 0)))
    assert sorted(woken) == ["0", "1000000", "3000000"]
    assert clock.now() >= 3_000_000


async def test_a_clock_that_is_started_wakes_requests_that_slept_while_it_was_stopped() -> None:
    clock, woken = Clock("manual", start=0), list[str]()
    task = asyncio.create_task(nap(clock, 1_000, woken, "a"))
    await settled()
    clock.change("scaled", 1_000_000)
    await task
    assert woken == ["a"]


async def test_a_clock_that_is_stopped_does_not_wake_its_sleepers(machine: Machine) -> None:
    clock, woken = Clock("real", start=0), list[str]()
    task = asyncio.create_task(nap(clock, 1_000, woken, "a"))
    await settled()
    clock.change("manual")
    machine.seconds += 3_600
    await settled()
    assert woken == []
    clock.jump(1_000)
    await task


# --- cancelled sleepers ---


async def test_a_sleeper_that_is_cancelled_is_busy_again_until_it_leaves() -> None:
    clock = Clock("manual", start=0)
    clock.enter()
    sleeping = asyncio.create_task(Sleeper(clock, "token").until(100))
    await settled()
    sleeping.cancel()
    await settled()
    assert (clock.busy, clock.next_sleeper()) == (1, None)
    clock.leave("token")
    assert clock.busy == 0


async def test_a_sleeper_that_is_cancelled_as_it_wakes_is_counted_once() -> None:
    clock = Clock("manual", start=0)
    clock.enter()
    sleeping = asyncio.create_task(Sleeper(clock, "token").until(100))
    await settled()
    clock.jump(100)
    sleeping.cancel()
    await settled()
    assert clock.busy == 1
    clock.leave("token")
    assert clock.busy == 0
    await asyncio.wait_for(clock.quiet(), 1)


async def test_a_jump_past_a_cancelled_sleeper_counts_it_once() -> None:
    clock = Clock("manual", start=0)
    clock.enter()
    sleeping = asyncio.create_task(Sleeper(clock, "token").until(100))
    await settled()
    sleeping.cancel()
    clock.jump(100)
    await settled()
    assert clock.busy == 1
    clock.leave("token")
    assert clock.busy == 0


lives = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 500)),
        st.tuples(st.just("jump"), st.integers(0, 300)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("settle"), st.just(0)),
    ),
    max_size=25,
)


@given(lives)
async def test_the_counts_of_sleeping_and_busy_requests_are_right_after_any_events(life: list[tuple[str, int]]) -> None:
    clock, woken = Clock("manual", start=0), list[str]()
    tasks: dict[int, tuple[int, asyncio.Task[None]]] = {}
    for what, n in [*life, ("settle", 0)]:
        if what == "start":
            at = clock.now() + n
            tasks[len(tasks)] = at, asyncio.create_task(nap(clock, at, woken, str(len(tasks))))
        elif what == "jump":
            clock.jump(clock.now() + n)
        elif what == "cancel" and n in tasks:
            tasks[n][1].cancel()
        elif what == "settle":
            await settled()
            asleep = [at for at, task in tasks.values() if not task.done()]
            assert clock.busy == 0
            assert all(at > clock.now() for at in asleep)
            assert clock.next_sleeper() == min(asleep, default=None)
    for _, task in tasks.values():
        task.cancel()
    await settled()
    assert (clock.busy, clock.next_sleeper()) == (0, None)


# --- idle clocks, for auto mode ---


def idle_counted(mode: Mode) -> tuple[Clock, list[int]]:
    clock, idle = Clock(mode, start=0), list[int]()
    clock.on_idle = lambda: idle.append(clock.busy)
    return clock, idle


def test_an_auto_clock_notifies_when_the_last_request_ends() -> None:
    clock, idle = idle_counted("auto")
    clock.enter()
    clock.enter()
    clock.leave("a")
    assert idle == []
    clock.leave("b")
    assert idle == [0]


async def test_a_request_that_sleeps_is_not_in_flight() -> None:
    clock, idle = idle_counted("auto")
    clock.enter()
    clock.enter()
    sleeping = asyncio.create_task(Sleeper(clock, "a").until(100))
    await settled()
    assert idle == []
    clock.leave("b")
    assert idle == [0]
    clock.jump(100)
    await sleeping
    clock.leave("a")
    assert idle == [0, 0]


def test_a_clock_that_becomes_auto_while_idle_notifies_at_once() -> None:
    clock, idle = idle_counted("manual")
    clock.enter()
    clock.leave("a")
    assert idle == []
    clock.change("auto")
    assert idle == [0]
    clock.enter()
    clock.change("auto")
    assert idle == [0]


# --- quiet ---


async def test_quiet_returns_at_once_if_no_request_was_woken() -> None:
    clock = Clock("manual", start=0)
    clock.enter()
    quiet = asyncio.create_task(clock.quiet())
    await settled()
    assert quiet.done()
    assert clock.busy == 1


@pytest.mark.parametrize("ends", ["sleeps again", "is done"])
async def test_quiet_returns_when_the_woken_request_sleeps_again_or_has_ended(ends: str) -> None:
    clock, go_on = Clock("manual", start=0), asyncio.Event()

    async def request() -> None:
        clock.enter()
        await Sleeper(clock, "token").until(100)
        await go_on.wait()
        if ends == "sleeps again":
            await Sleeper(clock, "token").until(200)
        clock.leave("token")

    task = asyncio.create_task(request())
    await settled()
    clock.jump(100)
    quiet = asyncio.create_task(clock.quiet())
    await settled()
    assert not quiet.done()
    go_on.set()
    await settled()
    assert quiet.done()
    assert (clock.busy, clock.next_sleeper()) == (0, 200 if ends == "sleeps again" else None)
    clock.jump(200)
    await task
    assert (clock.busy, clock.next_sleeper()) == (0, None)


async def test_quiet_gives_up_on_a_request_that_keeps_running() -> None:
    clock = Clock("manual", start=0)
    clock.enter()
    sleeping = asyncio.create_task(Sleeper(clock, "token").until(100))
    await settled()
    clock.jump(100)
    assert await sleeping
    await clock.quiet(seconds=0)
    # The request is given up for later calls, too, and still counts as busy.
    quiet = asyncio.create_task(clock.quiet())
    await settled()
    assert quiet.done()
    assert clock.busy == 1


# --- tickers ---


async def test_a_ticker_waits_for_an_instant_or_a_poke() -> None:
    clock = Clock("scaled", 1_000_000, start=0)
    await Ticker(clock).wait(clock.now() + 1_000)
    assert clock.now() >= 1_000

    ticker = Ticker(Clock("manual"))
    waiting = asyncio.create_task(ticker.wait(START + 1))
    await settled()
    assert not waiting.done()
    ticker.poke()
    await settled()
    assert waiting.done()


async def test_a_poke_before_a_wait_ends_exactly_one_wait() -> None:
    ticker = Ticker(Clock("manual"))
    ticker.poke()
    ticker.poke()
    first = asyncio.create_task(ticker.wait(None))
    await settled()
    assert first.done()
    waiting = asyncio.create_task(ticker.wait(None))
    await settled()
    assert not waiting.done()
    waiting.cancel()
    await settled()
    assert waiting.cancelled()


@pytest.mark.parametrize("instant", [1_000, 0])
async def test_a_ticker_does_not_wait_for_a_past_instant(instant: int) -> None:
    clock = Clock("manual", start=1_000)
    waiting = asyncio.create_task(Ticker(clock).wait(instant))
    await settled()
    assert waiting.done()
    assert clock.now() == 1_000
