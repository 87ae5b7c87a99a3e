"""The only reader of the real clock. A sandbox's clock is a rate and an offset; everything else is handed `now`.

Instants are whole milliseconds since the Unix epoch. `real` runs at rate 1, `scaled` at its speed; `manual` and
`auto` stand still: `manual` until somebody moves it, `auto` until no request is in flight, when its sandbox takes it to
the next event.

A theory of operation
---------------------

**Who waits for what.** A request that waits (a response that is delayed, a stream between two chunks) sleeps until an
instant of this clock: a `Sleeper`, whose future lies in one heap, ordered by instant and then by who came first. The
sandbox's background task waits with a `Ticker` instead: for an instant, or until it is poked. Nothing else waits on a
clock, and nothing polls one.

**Who may wake whom.** `_wake` resolves the futures of all sleepers whose instant has come. Two call it: the alarm,
which is one timer of the event loop, set for the earliest sleeper of a clock that runs, and `jump`, which moves a
clock by hand. `Sleeper.rouse` ends one sleep early and for good (its client has left). Whoever resolves a future
counts its request as in flight there and then, not when its task runs: between the two nobody may believe that the
sandbox is idle.

**Who is in flight.** `busy` counts the requests to providers that have begun, are not over and do not sleep. When it
falls to nothing, an `auto` clock says so by `on_idle`, and the courier takes it to the next event. The requests that
were woken are kept by name besides (`_awake`), so that whoever moves time step by step can wait until each has slept
again or ended (`quiet`) before the next step: what happens at one instant is over before the next instant comes.

**Why time never goes back.** `now` is an offset plus what the monotonic clock has run since, at the clock's rate.
Each change of mode or rate first takes the present instant as the new offset, and `jump` ignores instants that have
passed.

**What stays behind.** A sleep that ended early stays in the heap, resolved, until it comes to the top or until most
of the heap is made of such. The time of the machine (`wall_ms`) is the start of a clock that runs, and otherwise
stands in signatures and is compared with dates of receivers alone, for those live outside.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Literal

from mockserver.core.instants import parse_rfc3339, rfc3339

__all__ = ["START", "Clock", "Mode", "Ticker", "monotonic", "parse_rfc3339", "rfc3339", "wall_ms"]

Mode = Literal["real", "scaled", "manual", "auto"]

# Clocks that stand still start here unless the scenario says otherwise, so that runs can be compared byte by byte.
START = 1_748_779_200_000

# When a sleeper is to wake, its place among equals, what to resolve then, and the request it is.
_Bed = tuple[int, int, "asyncio.Future[bool]", object]
_LEFT_BEDS = 64


def wall_ms() -> int:
    """The time of the machine, for what must agree with the world outside: signature timestamps."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds on a clock that never goes back, for measuring how long something outside took."""
    return time.monotonic()


class Clock:
    """The time of one sandbox."""

    def __init__(self, mode: Mode = "real", speed: float = 1.0, start: int | None = None) -> None:
        still = mode in ("manual", "auto")
        self._at = start if start is not None else START if still else wall_ms()
        self._since = time.monotonic()
        self._sleepers: list[_Bed] = []
        self._left = 0
        self._order = count()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0
        self._awake: set[object] = set()
        self._quiet: asyncio.Event | None = None
        self.busy = 0
        self.on_idle: Callable[[], None] | None = None
        self.mode: Mode = mode
        self.speed = speed

    @property
    def rate(self) -> float:
        """Virtual seconds per real second."""
        return {"real": 1.0, "scaled": self.speed}.get(self.mode, 0.0)

    def now(self) -> int:
        """The present instant. Never earlier than any instant that this clock has told before."""
        if self.mode == "real":
            return self._at + int((time.monotonic() - self._since) * 1000)
        return self._at + int((time.monotonic() - self._since) * 1000 * self.rate)

    def change(self, mode: Mode, speed: float = 1.0) -> None:
        """Go on from the present instant in another mode."""
        self._at, self._since = self.now(), time.monotonic()
        self.mode, self.speed = mode, speed
        self._arm(anew=True)
        self._tell_idle()

    def jump(self, to: int) -> None:
        """Move forward to `to`, and wake whoever slept until then. An earlier instant changes nothing."""
        now = self.now()
        if to > now:
            self._at, self._since = to, time.monotonic()
            self._drop_alarm()
        self._wake()

    def real_delay(self, until: int) -> float | None:
        """Real seconds from now to the instant `until`; None when this clock stands still before it."""
        if until <= self.now():
            return 0.0
        if not self.rate:
            return None
        # Not from `now`, which is up to a millisecond old: a stream is to be on time.
        return max(0.0, (until - self._at) / 1000 / self.rate - (time.monotonic() - self._since))

    # What is in flight: a request that is not asleep keeps an auto clock from jumping.

    def enter(self) -> None:
        """A request begins."""
        self.busy += 1

    def leave(self, token: object) -> None:
        """The request known as `token` is over."""
        self.busy -= 1
        self._awake.discard(token)
        self._settle_quiet()
        self._tell_idle()

    def next_sleeper(self) -> int | None:
        """The earliest instant that somebody sleeps until."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
            self._left -= 1
        return self._sleepers[0][0] if self._sleepers else None

    def lie_down(self, at: int | None, future: "asyncio.Future[bool]", token: object) -> None:
        """Resolve `future` at the instant `at`; until then the request `token` is not in flight."""
        if at is not None:
            heapq.heappush(self._sleepers, (at, next(self._order), future, token))
            if self._alarm is None or at < self._alarm_at:
                self._arm()
        self.busy -= 1
        self._awake.discard(token)
        self._settle_quiet()
        self._tell_idle()

    def get_up(self, at: int | None, token: object) -> None:
        """The request `token` is in flight again, before the instant `at` that it slept until."""
        self.busy += 1
        self._awake.add(token)
        if at is None:
            return
        self._left += 1
        # Beds that were left early stay where they are in the heap, until most of it is made of them.
        if self._left > _LEFT_BEDS and self._left * 2 > len(self._sleepers):
            self._sleepers = [bed for bed in self._sleepers if not bed[2].done()]
            heapq.heapify(self._sleepers)
            self._left = 0

    async def quiet(self, patience: float = 5.0) -> None:
        """Wait until whoever was woken sleeps again or is done; give up after `patience` real seconds."""
        await asyncio.sleep(0)
        if not self._awake:
            return
        self._quiet = asyncio.Event()
        try:
            async with asyncio.timeout(patience):
                await self._quiet.wait()
        except TimeoutError:
            self._awake.clear()
        finally:
            self._quiet = None

    def _settle_quiet(self) -> None:
        if self._quiet is not None and not self._awake:
            self._quiet.set()

    def _tell_idle(self) -> None:
        if self.mode == "auto" and self.busy == 0 and self.on_idle is not None:
            self.on_idle()

    def _wake(self) -> None:
        now = self.now()
        while self._sleepers and self._sleepers[0][0] <= now:
            _, _, future, token = heapq.heappop(self._sleepers)
            if future.done():
                self._left -= 1
                continue
            self.busy += 1
            self._awake.add(token)
            future.set_result(True)
        self._arm()

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    def _drop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _arm(self, *, anew: bool = False) -> None:
        """Set the alarm for the earliest sleeper. With a good alarm set already this costs next to nothing."""
        if anew:
            self._drop_alarm()
        at = self.next_sleeper()
        if at is None or (self._alarm is not None and self._alarm_at <= at):
            return
        delay = self.real_delay(at)
        if delay is not None:
            self._drop_alarm()
            self._alarm_at = at
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)


class Sleeper:
    """One request that waits on a clock, as often as it likes, until somebody rouses it for good."""

    __slots__ = ("_at", "_clock", "_future", "_token", "roused")

    def __init__(self, clock: Clock, token: object) -> None:
        self._clock = clock
        self._token = token
        self._at: int | None = None
        self._future: asyncio.Future[bool] | None = None
        self.roused = False

    async def until(self, at: int | None) -> bool:
        """Wait for the instant `at` (None: for ever). False, without further waiting, once it was roused."""
        if self.roused:
            return False
        if at is not None and at <= self._clock.now():
            return True
        self._at = at
        self._future = future = asyncio.get_running_loop().create_future()
        self._clock.lie_down(at, future, self._token)
        try:
            came: bool = await future
        finally:
            # Cancelled in its sleep; whoever resolves the future counts the request as in flight there and then.
            if future.cancelled():
                self._clock.get_up(at, self._token)
            self._future = None
        return came

    def rouse(self) -> None:
        """End the present wait, and every later one."""
        self.roused = True
        if self._future is not None and not self._future.done():
            self._future.set_result(False)
            self._clock.get_up(self._at, self._token)


async def turn() -> None:
    """Let everybody else who is ready have a turn; what was written goes out to the network meanwhile."""
    await asyncio.sleep(0)


async def eventually(done: Callable[[], bool], seconds: float) -> bool:
    """Wait in real time for what the operating system does, looking every millisecond. False after `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(0.001)
    return True


class Ticker:
    """Wakes one waiting task at an instant of a clock, or when it is poked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def poke(self) -> None:
        """Something changed: whoever waits should look again."""
        self._event.set()

    async def wait(self, until: int | None) -> None:
        """Wait for the instant `until` (None: no end) or a poke, whichever is first."""
        delay = None if until is None else self._clock.real_delay(until)
        # Not `wait_for`: in Python 3.11 it loses a cancellation that comes together with a poke.
        with suppress(TimeoutError):
            async with asyncio.timeout(None if delay is None else min(delay, 3600.0)):
                await self._event.wait()
        self._event.clear()
