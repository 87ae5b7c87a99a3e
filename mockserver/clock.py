"""The only reader of the real clock. A sandbox's clock is a rate and an offset; everything else is handed `now`.

Instants are whole milliseconds since the Unix epoch. `real` runs at rate 1, `scaled` at its speed; `manual` and
`auto` stand still: manual until it is told, auto until nothing is in flight, when its sandbox takes it to the
next event.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Literal

Mode = Literal["real", "scaled", "manual", "auto"]

# Clocks that stand still start here unless the scenario says otherwise, so that runs can be compared byte by byte.
START = 1_748_779_200_000


def wall_ms() -> int:
    """The time of the machine, for what must agree with the world outside: signature timestamps."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds on a clock that never goes back, for measuring how long something outside took."""
    return time.monotonic()


def rfc3339(at: int) -> str:
    """`2025-06-01T12:00:15Z`: an instant as RFC 3339 text in UTC, to the second."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 instant. Raises ValueError; an offset is required."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"expected an instant such as 2025-06-01T12:00:00Z, got {text!r}")
    return round(moment.timestamp() * 1000)


class Clock:
    """The time of one sandbox."""

    def __init__(self, mode: Mode = "real", speed: float = 1.0, start: int | None = None) -> None:
        still = mode in ("manual", "auto")
        self._at = start if start is not None else START if still else wall_ms()
        self._since = time.monotonic()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._alarm: asyncio.TimerHandle | None = None
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
        self._arm()
        self._tell_idle()

    def jump(self, to: int) -> None:
        """Move forward to `to`, and wake whoever slept until then. An earlier instant changes nothing."""
        now = self.now()
        if to > now:
            self._at, self._since = to, time.monotonic()
        self._wake()

    def real_delay(self, until: int) -> float | None:
        """Real seconds from now to the instant `until`; None when this clock stands still before it."""
        ahead = until - self.now()
        if ahead <= 0:
            return 0.0
        return ahead / 1000 / self.rate if self.rate else None

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

    async def sleep_until(self, at: int, token: object) -> None:
        """Wait for the instant `at` on behalf of the request `token`. Returns at once when it has passed."""
        if at <= self.now():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (at, next(self._order), future))
        self.busy -= 1
        self._awake.discard(token)
        self._settle_quiet()
        self._arm()
        self._tell_idle()
        woken = False
        try:
            await future
            woken = True
            self._awake.add(token)
        finally:
            if not woken:
                # Cancelled: it may have been counted as busy already by the waker, or not.
                self.busy += 0 if future.done() and not future.cancelled() else 1
                self._sleepers = [s for s in self._sleepers if s[2] is not future]
                heapq.heapify(self._sleepers)

    def next_sleeper(self) -> int | None:
        """The earliest instant that somebody sleeps until."""
        return self._sleepers[0][0] if self._sleepers else None

    async def quiet(self, patience: float = 5.0) -> None:
        """Wait until whoever was woken sleeps again or is done; give up after `patience` real seconds."""
        await asyncio.sleep(0)
        if not self._awake:
            return
        self._quiet = asyncio.Event()
        try:
            await asyncio.wait_for(self._quiet.wait(), patience)
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
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.busy += 1
                future.set_result(None)
        self._arm()

    def _arm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._sleepers:
            delay = self.real_delay(self._sleepers[0][0])
            if delay is not None:
                self._alarm = asyncio.get_running_loop().call_later(delay, self._wake)


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
        try:
            await asyncio.wait_for(self._event.wait(), None if delay is None else min(delay, 3600.0))
        except TimeoutError:
            pass
        self._event.clear()
