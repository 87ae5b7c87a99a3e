"""The courier: does what falls due in one sandbox, and sends its deliveries.

A theory of operation
---------------------

**Who waits for what.** At most one background task a sandbox (`_run`) waits for the next instant at which there is
something to do. Each attempt of a delivery is a task of its own, at most `AT_ONCE` of them. `advance` (of the sandbox)
waits for the attempts that fall due on its way; nobody else waits for an attempt to end, but for those who asked to
(`change`, `settled`).

**Who may wake whom.** `poke` wakes the background task, or starts it: when something was handed in to be sent, when the
clock was changed, when an attempt is over, when a clock that jumps by itself has nothing in flight. `expect(at)` pokes
only where the task would otherwise sleep past `at`, and where there is none or it has ended. The task reads the clock
anew each time; nothing is handed to it.

**Who moves time.** On a clock that runs, nobody. On one that stands still, `advance` alone, and on one that jumps by
itself (`auto`) the background task as well, from event to event, while nothing is in flight. Both hold `stepping`
while they move it and do what falls due, so that never two of them do it at once and events come in order of time.

**Why nothing is sent twice.** There is one way out, `_start_due`, and it sends what the store has let it claim. A claim
is atomic and lasts until the delivery is saved with its attempt, so a delivery is in one hand at a time, however many
look for one. Nobody else takes a claim away: a replay that is asked for meanwhile (`replay_delivery`) is kept by the
store until the delivery is saved, and follows then. `stepping` has no part in this.

**What goes wrong inside stays there.** What a provider fails to do about a step or an answer is logged, and everything
else goes on (see `settling`); an attempt that breaks is a failed one.

**What has no effect wakes nobody.** On a clock that runs, the task waits for effects and deliveries alone; steps of
jobs without any are computed when somebody looks (see `settling`).
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
        self._rests = asyncio.Event()

    def poke(self) -> None:
        """Something was scheduled or the clock changed: look again, and start the background task if there is none."""
        if self._closed:
            return
        if not self._runs():
            self._ticker = Ticker(self._sandbox.clock)
            self._task = asyncio.get_running_loop().create_task(self._run(self._ticker))
        self._rests.clear()
        if self._ticker is not None:
            self._ticker.poke()

    def _runs(self) -> bool:
        task = self._task
        return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()

    async def settled(self) -> None:
        """Wait until the background task has done all that is due, and waits for time to pass."""
        self.poke()
        await self._rests.wait()

    def expect(self, at: int | None) -> None:
        """Something falls due at `at`: poke, unless the background task wakes by then anyway."""
        if at is not None and (self._waits_until is None or at < self._waits_until or not self._runs()):
            self._waits_until = at
            self.poke()

    async def _run(self, ticker: Ticker) -> None:
        while True:
            self._waits_until = at = await self.catch_up()
            if not self._sending:
                self._rests.set()
            await ticker.wait(at)

    async def catch_up(self) -> int | None:
        """Do all that is due, and on an auto clock all that is to come, until something is in flight.

        It waits for no attempt to end. Gives the instant of what is next.
        """
        clock = self._sandbox.clock
        while True:
            async with self.stepping:
                await self._settling.settle(clock.now())
                await self._start_due()
                # With its hands full it can only wait until an attempt is over, or for what is no delivery.
                free = len(self._sending) < AT_ONCE
                if clock.rate:
                    return await self._settling.next_due(deliveries=free)
                at = await self._settling.next_event(deliveries=free)
                # Looked at in the same turn as the jump: whoever had `stepping` in between could change all of it.
                if at is None or clock.mode != "auto" or self._sending or clock.busy:
                    return at
                clock.jump(at)

    async def send_due(self) -> None:
        """Send all that is due now, retries that fall due at once included, and wait until it is done."""
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
        """Set when the next attempt is over. To be taken before one looks, so that nothing is missed in between."""
        return self._change

    def sends(self, delivery_id: str) -> bool:
        """True while an attempt of that delivery is under way."""
        return delivery_id in self._sending.values()

    async def close(self) -> None:
        """End the background task and whatever it is sending."""
        self._closed = True
        tasks = [task for task in (self._task, *self._sending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._rests.set()
