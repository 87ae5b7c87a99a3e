"""Advances the clock of a sandbox, and does what falls due on the way.

How it works
------------

**From event to event.** An advance moves the clock to the next event, does what is due, waits until it is done, and
goes on to the next event, up to its target. So everything happens in order of time and at its own time, including what
is caused on the way: the next chunk of a stream, the retry of a webhook, the job that a receiver of a webhook submits.

**One after the other.** An advance begins when the previous one is done (`Courier.stepping`). Its target is computed
then, so advances add up.

**Under load.** Clients that submit jobs all the time cause new events all the time, and waiting for all of them would
never end. An advance is under load when more than `_ARRIVALS` jobs, streams and replays have begun since its start.
From then on it makes at most `_STEPS` more steps of equal length, and waits only for deliveries of jobs that existed
when it began. Everything else that is due is done in order of time as well, but the advance does not wait for it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from mockserver.core.jobs import Job
from mockserver.sandbox.courier import Courier
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState

# So many jobs, streams and replays may begin during an advance before it is under load.
_ARRIVALS = 100
# So many steps are made under load.
_STEPS = 25
# Seconds of real time after which an advance looks again whether it is under load.
_GLANCE = 0.1
# Seconds of real time in which the requests that were woken may go on, for the whole advance.
_PATIENCE = 5.0


class Advance:
    """One advance of a sandbox's clock. Its caller holds `courier.stepping`. `events` counts the events on the way."""

    def __init__(
        self, sandbox: SandboxState, courier: Courier, settling: Settling, arrivals: Callable[[], int]
    ) -> None:
        self._sandbox = sandbox
        self._courier = courier
        self._settling = settling
        self._arrivals = arrivals
        self._arrived = arrivals()
        self._cause = sandbox.newest_cause
        self._patience = _PATIENCE
        self._length = 0
        self.events = 0

    @property
    def is_under_load(self) -> bool:
        """True when so much has begun since the start of the advance that it does not wait for it."""
        return self._arrivals() - self._arrived > _ARRIVALS

    async def to(self, to: int) -> None:
        """Advance to the instant `to`."""
        clock = self._sandbox.clock
        # Attempts that have begun can cause more events before `to`.
        await self._send_due()
        while not self._courier.closed:
            at = await self._settling.next_event()
            if at is None or at > to:
                break
            self.events += 1
            await self.step(min(to, max(at, self._shortest_step(to))))
        clock.jump(to)
        await self._settling.settle(clock.now())
        # This also waits for attempts that the background task has begun.
        await self._send_due()

    async def until_terminal(self, job: Job, limit: int = 10_000) -> Job | None:
        """Advance from event to event until `job` has ended. Return None when there are no more events."""
        clock, store = self._sandbox.clock, self._sandbox.store
        steps = 0
        while self.events < limit and steps < 10 * _STEPS and not self._courier.closed:
            current = await store.get_job(job.provider, job.account, job.id)
            if current is None or current.at(clock.now()).terminal:
                return current
            at = await self._settling.next_event()
            if at is None:
                return None
            if self.is_under_load:
                # The events of other jobs need not be met one by one.
                steps += 1
                at = current.next_change(current.at(clock.now()).index) or at
            self.events += 1
            await self.step(max(at, clock.now()))
        return None

    async def step(self, at: int) -> None:
        """Move the clock to `at` and do what is due by then."""
        clock = self._sandbox.clock
        clock.jump(at)
        await self._settling.settle(clock.now())
        await self._send_due()
        self._patience -= await clock.quiet(self._patience)

    def _shortest_step(self, to: int) -> int:
        """Return the earliest instant of the next step. Under load that is a part of the way to `to` ahead."""
        if not self.is_under_load:
            return 0
        now = self._sandbox.clock.now()
        self._length = self._length or max(1, -(-(to - now) // _STEPS))
        return now + self._length

    async def _send_due(self) -> None:
        """Send what is due, including retries that fall due meanwhile, and wait until it is sent.

        Under load, wait only for the deliveries of jobs that existed at the start of the advance.
        """
        courier = self._courier
        await courier.start_due()
        while courier.is_sending and not courier.closed:
            if self.is_under_load:
                await self._wait_for_old()
                return
            # The wait ends early, because the sandbox can come under load while an attempt hangs.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GLANCE):
                    await courier.change.wait()
            await courier.start_due()

    async def _wait_for_old(self) -> None:
        courier = self._courier
        courier.awaited = {due.id for due in courier.in_progress() if due.cause <= self._cause}
        while courier.awaited and not courier.closed:
            await courier.change.wait()
