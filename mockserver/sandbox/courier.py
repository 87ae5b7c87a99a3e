"""The courier: the background task of a sandbox. It does what falls due, and sends deliveries.

How it works
------------

**Tasks.** A sandbox has at most one background task (`_run`). It waits for the next instant at which something is due.
Each attempt of a delivery is a separate task, and at most `AT_ONCE` run at a time. `Sandbox.advance` waits for the
attempts that fall due while it advances. Nothing else waits for attempts, except callers of `change` and `settled`.

**Waking.** `poke` wakes the background task, or starts it. It is called after a new delivery, after a change of the
clock, after an attempt, and when an auto clock has no request in flight. `expect(at)` pokes only if the task would
otherwise sleep past `at`, or does not run. The task always reads the clock and the store again.

**Moving the clock.** A running clock moves by itself. A manual clock is moved only by `Sandbox.advance`, an auto clock
also by the background task, from event to event, while no request is in flight. Both hold the lock `stepping` while
they move the clock and do what falls due, so that events happen one after the other and in order of time.

**Nothing is sent twice.** Only `_start_due` sends, and only deliveries that it has claimed from the store. A claim is
atomic and lasts until the delivery is saved with its attempt. Nothing else ends a claim: the store keeps a replay that
is requested in the meantime (`replay_delivery`) until the delivery is saved. This does not depend on `stepping`.

**Errors.** An exception that a provider raises while it handles a step or a reply is logged, and everything else
continues (see `settling`). An exception in an attempt makes it a failed attempt.

**Jobs without effects.** On a running clock the task waits only for effects and deliveries. The steps of jobs without
effects are computed when they are read (see `settling`).
"""

import asyncio

from mockserver.clock import Ticker
from mockserver.sandbox.attempts import Attempts
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState

AT_ONCE = 64


class Courier:
    """The background work of one sandbox."""

    def __init__(self, sandbox: SandboxState, settling: Settling, attempts: Attempts) -> None:
        self._sandbox = sandbox
        self._settling = settling
        self._attempts = attempts
        self.stepping = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._ticker: Ticker | None = None
        self._sending: dict[asyncio.Task[None], str] = {}
        self._change = asyncio.Event()
        self._waits_until: int | None = None
        self._closed = False
        self._idle = asyncio.Event()

    def poke(self) -> None:
        """Make the background task check again what is due. Start the task if it does not run."""
        if self._closed:
            return
        if not self._runs():
            self._ticker = Ticker(self._sandbox.clock)
            self._task = asyncio.get_running_loop().create_task(self._run(self._ticker))
        self._idle.clear()
        if self._ticker is not None:
            self._ticker.poke()

    def _runs(self) -> bool:
        task = self._task
        return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()

    async def settled(self) -> None:
        """Wait until the background task has done everything that is due and waits for time to pass."""
        self.poke()
        await self._idle.wait()

    def expect(self, at: int | None) -> None:
        """Poke if something is due at `at` and the background task would not wake by then."""
        if at is not None and (self._waits_until is None or at < self._waits_until or not self._runs()):
            self._waits_until = at
            self.poke()

    async def _run(self, ticker: Ticker) -> None:
        while True:
            self._waits_until = at = await self.catch_up()
            if not self._sending:
                self._idle.set()
            await ticker.wait(at)

    async def catch_up(self) -> int | None:
        """Do everything that is due. On an auto clock also do all later events, until a request is in flight.

        It does not wait for attempts to end. Return the instant of the next event.
        """
        clock = self._sandbox.clock
        while True:
            async with self.stepping:
                await self._settling.settle(clock.now())
                await self._start_due()
                # If the maximum number of attempts is running, no delivery can start, so only other events matter.
                free = len(self._sending) < AT_ONCE
                if clock.rate:
                    return await self._settling.next_due(deliveries=free)
                at = await self._settling.next_event(deliveries=free)
                # Checked without an `await` before the jump: another task could change all of it.
                if at is None or clock.mode != "auto" or self._sending or clock.busy:
                    return at
                clock.jump(at)

    async def send_due(self) -> None:
        """Send all deliveries that are due, including retries that fall due meanwhile, and wait until they are sent."""
        while True:
            await self._start_due()
            if not self._sending:
                return
            await asyncio.wait(set(self._sending), return_when=asyncio.FIRST_COMPLETED)

    async def _start_due(self) -> None:
        while len(self._sending) < AT_ONCE:
            delivery = await self._sandbox.store.claim_due(self._sandbox.clock.now())
            if delivery is None:
                return
            task = asyncio.get_running_loop().create_task(self._attempts.make(delivery))
            self._sending[task] = delivery.id
            task.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._sending.pop(task, None)
        self._change.set()
        self._change = asyncio.Event()
        if self._ticker is not None:
            self._ticker.poke()

    @property
    def change(self) -> asyncio.Event:
        """An event that is set when the next attempt ends. Get it before reading deliveries, so that none is missed."""
        return self._change

    def sends(self, delivery_id: str) -> bool:
        """Return True while an attempt of that delivery is in progress."""
        return delivery_id in self._sending.values()

    async def close(self) -> None:
        """Stop the background task and all attempts."""
        self._closed = True
        tasks = [task for task in (self._task, *self._sending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._idle.set()
