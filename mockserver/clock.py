"""The clock of a sandbox, and the only code that reads the real clock. All other code gets `now` as an argument.

A clock is a rate and an offset. Instants are whole milliseconds since the Unix epoch. `real` runs at rate 1, `scaled`
at its speed. `manual` and `auto` stand still: `manual` until it is advanced, `auto` until no request is in flight; then
its sandbox advances it to the next event.

How it works
------------

**Waiting.** A request that waits (for a delayed response, or between two chunks of a stream) sleeps until an instant of
this clock with a `Sleeper`. The futures of all sleepers are in one heap, ordered by instant and then by arrival. The
sandbox's background task waits with a `Ticker`, for an instant or until it is poked. Nothing else waits on a clock, and
nothing polls one.

**Waking.** `_wake` resolves the futures of all sleepers whose instant has come. It is called by the alarm, a timer of
the event loop that is set for the earliest sleeper of a running clock, and by `jump`, which moves the clock.
`Sleeper.interrupt` ends a sleep early and for good, when the client has disconnected. The code that resolves a future
also counts its request as in flight at once, not when its task runs. Otherwise the sandbox would look idle in between.

**The end.** `end_waits` ends all sleeps of the requests that have begun, because their sandbox was reset or deleted.
A `Sleeper` belongs to the `generation` of the clock in which it was created; in a later one its sleeps end at once. On
a closed clock, nothing sleeps.

**Requests in flight.** `busy` counts the requests to providers that have begun, have not ended and do not sleep. When
it drops to 0, an `auto` clock calls `on_idle`, and the courier advances it to the next event. Requests that were woken
are also kept in `_awake`, so that code that advances the clock in steps can wait until each of them sleeps again or has
ended (`quiet`): everything that happens at one instant is finished before the next instant.

**Time ends.** The last instant is at the end of the year 8999, because dates have four digits. A running clock stops
there. Later events never happen: nothing waits for them, and they are not listed.

**Time never goes back.** `now` is the offset plus the time on the monotonic clock since then, times the rate. A change
of mode or rate first makes the current instant the new offset. `jump` ignores past instants.

**Remaining entries.** A sleep that ended early stays in the heap until it reaches the top, or until most entries are
such. The machine's time (`wall_ms`) is only used as the start of a running clock, in signatures, and to compare with
dates that receivers send.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Literal

from mockserver.core.instants import LATEST, parse_rfc3339, rfc3339

__all__ = ["START", "Clock", "Mode", "Ticker", "monotonic", "parse_rfc3339", "rfc3339", "wall_ms", "wall_ns"]

Mode = Literal["real", "scaled", "manual", "auto"]

# The default start of manual and auto clocks, so that runs can be compared byte by byte.
START = 1_748_779_200_000

# The instant at which a sleeper wakes, its order of arrival, the future to resolve, and the token of its request.
_Entry = tuple[int, int, "asyncio.Future[bool]", object]
_MIN_ENDED = 64


def wall_ms() -> int:
    """Return the machine's time, for values that other systems check, such as signature timestamps."""
    return time.time_ns() // 1_000_000


def wall_ns() -> int:
    """Return the machine's time in nanoseconds, to compare instants within one millisecond."""
    return time.time_ns()


def monotonic() -> float:
    """Return seconds on a clock that never goes back, for measuring durations."""
    return time.monotonic()


class Clock:
    """The clock of one sandbox."""

    def __init__(self, mode: Mode = "real", speed: float = 1.0, start: int | None = None) -> None:
        still = mode in ("manual", "auto")
        self._at = start if start is not None else START if still else wall_ms()
        self._since = time.monotonic()
        self._sleepers: list[_Entry] = []
        self._ended = 0
        self._order = count()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0
        self._awake: set[object] = set()
        self._quiet: asyncio.Event | None = None
        self._sleeping: set[Sleeper] = set()
        self.generation = 0
        self.closed = False
        # The number of requests so far that were prepared to sleep.
        self.sleepers = 0
        # The number of streamed replies that have begun and not ended.
        self.streams = 0
        self.busy = 0
        self.on_idle: Callable[[], None] | None = None
        # Called when the clock is moved or changed. A clock that moves by itself does not call it.
        self.on_change: Callable[[], None] | None = None
        self.mode: Mode = mode
        self.speed = speed

    @property
    def rate(self) -> float:
        """Virtual seconds per real second."""
        return {"real": 1.0, "scaled": self.speed}.get(self.mode, 0.0)

    @property
    def in_flight(self) -> int:
        """The number of requests to providers that have begun and have not ended, also of those that sleep."""
        return self.busy + len(self._sleeping)

    def now(self) -> int:
        """Return the current instant. It is never earlier than a previous result."""
        if self.mode == "real":
            return self._at + int((time.monotonic() - self._since) * 1000)
        return min(LATEST - 1, self._at + int((time.monotonic() - self._since) * 1000 * self.rate))

    def change(self, mode: Mode, speed: float = 1.0) -> None:
        """Continue from the current instant in another mode."""
        self._at, self._since = self.now(), time.monotonic()
        self.mode, self.speed = mode, speed
        self._arm(reset=True)
        self._notify_idle()
        if self.on_change is not None:
            self.on_change()

    def start_again(self, mode: Mode, speed: float, at: int) -> None:
        """Continue at the instant `at`, in a new process. Nothing waits on the clock yet."""
        self._at, self._since = min(at, LATEST - 1), time.monotonic()
        self.mode, self.speed = mode, speed

    def follow(self, mode: Mode, speed: float, at: int) -> None:
        """Continue at the instant `at`, as another process has set the clock, and wake whose instant has come."""
        self.start_again(mode, speed, at)
        self._drop_alarm()
        self._wake()
        self._notify_idle()

    def jump(self, to: int) -> None:
        """Move forward to `to`, and wake the sleepers whose instant has come. An earlier instant changes nothing.

        The last instant of a clock is in the year 8999.
        """
        now, to = self.now(), min(to, LATEST - 1)
        if to > now:
            self._at, self._since = to, time.monotonic()
            self._drop_alarm()
            if self.on_change is not None:
                self.on_change()
        self._wake()

    def real_delay(self, until: int) -> float | None:
        """Return the real seconds from now to the instant `until`; None if the clock does not reach it by itself."""
        if until <= self.now():
            return 0.0
        if not self.rate or until >= LATEST:
            return None
        # Not computed from `now`, which is rounded down to a millisecond: streams need more precision.
        return max(0.0, (until - self._at) / 1000 / self.rate - (time.monotonic() - self._since))

    # Requests in flight. An auto clock does not jump while there are any.

    def enter(self) -> None:
        """Count a request that begins."""
        self.busy += 1

    def leave(self, token: object) -> None:
        """Count the end of the request `token`."""
        self.busy -= 1
        self._awake.discard(token)
        self._check_quiet()
        self._notify_idle()

    def next_sleeper(self) -> int | None:
        """Return the instant of the earliest sleeper, or None."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
            self._ended -= 1
        return self._sleepers[0][0] if self._sleepers else None

    def add_sleeper(self, at: int | None, future: "asyncio.Future[bool]", token: object) -> None:
        """Resolve `future` at the instant `at` (None: never). Until then the request `token` is not in flight."""
        if at is not None:
            heapq.heappush(self._sleepers, (at, next(self._order), future, token))
            if self._alarm is None or at < self._alarm_at:
                self._arm()
        self.busy -= 1
        self._awake.discard(token)
        self._check_quiet()
        self._notify_idle()

    def remove_sleeper(self, at: int | None, token: object) -> None:
        """Count the request `token` as in flight again, because its sleep until `at` ended early."""
        self.busy += 1
        self._awake.add(token)
        if at is None:
            return
        self._ended += 1
        # Entries of sleeps that ended early stay in the heap until they are most of it.
        if self._ended > _MIN_ENDED and self._ended * 2 > len(self._sleepers):
            self._sleepers = [entry for entry in self._sleepers if not entry[2].done()]
            heapq.heapify(self._sleepers)
            self._ended = 0

    def end_waits(self, *, close: bool = False) -> None:
        """End the sleeps of all requests for good, also those that begin later if `close`."""
        self.generation += 1
        self.closed = self.closed or close
        for sleeper in list(self._sleeping):
            sleeper.interrupt()

    def register(self, sleeper: "Sleeper", *, asleep: bool) -> None:
        """Note whether a sleeper sleeps, for `end_waits`."""
        if asleep:
            self._sleeping.add(sleeper)
        else:
            self._sleeping.discard(sleeper)

    @property
    def held(self) -> int:
        """The number of requests whose replies are held in the middle."""
        return sum(sleeper.held for sleeper in self._sleeping)

    def resume_held(self) -> int:
        """Let every reply that is held go on. Return how many there were."""
        held = [sleeper for sleeper in self._sleeping if sleeper.held]
        for sleeper in held:
            sleeper.resume()
        return len(held)

    async def quiet(self, seconds: float = 5.0) -> float:
        """Wait until every woken request sleeps again or has ended, for at most `seconds` real seconds.

        Return the real seconds that it took.
        """
        await asyncio.sleep(0)
        if not self._awake:
            return 0.0
        began = time.monotonic()
        self._quiet = asyncio.Event()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._quiet.wait()
        except TimeoutError:
            self._awake.clear()
        finally:
            self._quiet = None
        return time.monotonic() - began

    def _check_quiet(self) -> None:
        if self._quiet is not None and not self._awake:
            self._quiet.set()

    def _notify_idle(self) -> None:
        if self.mode == "auto" and self.busy == 0 and self.on_idle is not None:
            self.on_idle()

    def _wake(self) -> None:
        now = self.now()
        while self._sleepers and self._sleepers[0][0] <= now:
            _, _, future, token = heapq.heappop(self._sleepers)
            if future.done():
                self._ended -= 1
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

    def _arm(self, *, reset: bool = False) -> None:
        """Set the alarm for the earliest sleeper, unless it is set early enough already."""
        if reset:
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
    """The waits of one request on a clock, any number of them, until it is interrupted."""

    __slots__ = ("_at", "_clock", "_future", "_generation", "_token", "held", "interrupted")

    def __init__(self, clock: Clock, token: object) -> None:
        self._clock = clock
        self._generation = clock.generation
        clock.sleepers += 1
        self._token = token
        self._at: int | None = None
        self._future: asyncio.Future[bool] | None = None
        self.interrupted = False
        self.held = False

    def is_over(self) -> bool:
        """Return True once the sandbox was reset or deleted, which ends all sleeps."""
        return self._generation != self._clock.generation or self._clock.closed

    async def until(self, at: int | None) -> bool:
        """Wait for the instant `at` (None: for ever). Return False, without waiting, once it is interrupted or over."""
        if self.interrupted or self.is_over():
            return False
        if at is not None and at <= self._clock.now():
            return True
        self._at = at
        self._future = future = asyncio.get_running_loop().create_future()
        self._clock.add_sleeper(at, future, self._token)
        self._clock.register(self, asleep=True)
        try:
            reached: bool = await future
        finally:
            self._clock.register(self, asleep=False)
            # Otherwise the code that resolved the future has counted the request as in flight.
            if future.cancelled():
                self._clock.remove_sleeper(at, self._token)
            self._future = None
        return reached

    async def until_resumed(self) -> bool:
        """Wait for `resume`. Return False once it is interrupted or over."""
        self.held = True
        try:
            return await self.until(None)
        finally:
            self.held = False

    def resume(self) -> None:
        """End the current wait, which is over as if its instant had come."""
        if self._future is not None and not self._future.done():
            self._future.set_result(True)
            self._clock.remove_sleeper(self._at, self._token)

    def interrupt(self) -> None:
        """End the current wait and all later ones."""
        self.interrupted = True
        if self._future is not None and not self._future.done():
            self._future.set_result(False)
            self._clock.remove_sleeper(self._at, self._token)


async def let_others_run() -> None:
    """Let the other tasks that are ready run, and the event loop send what was written."""
    await asyncio.sleep(0)


async def pause(seconds: float) -> None:
    """Wait in real time. Only for things outside the server, such as files and receivers."""
    await asyncio.sleep(seconds)


async def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait in real time until `done()` is true, checking every millisecond. Return False after `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(0.001)
    return True


class Ticker:
    """Wakes a task at an instant of a clock, or when it is poked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def poke(self) -> None:
        """Wake the waiting task, so that it checks again what to do."""
        self._event.set()

    async def wait(self, until: int | None) -> None:
        """Wait for the instant `until` (None: for ever) or a poke, whichever is first."""
        delay = None if until is None else self._clock.real_delay(until)
        # Not `wait_for`: in Python 3.11 it loses a cancellation that arrives together with a poke.
        with suppress(TimeoutError):
            async with asyncio.timeout(None if delay is None else min(delay, 3600.0)):
                await self._event.wait()
        self._event.clear()
