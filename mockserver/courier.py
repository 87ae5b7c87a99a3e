"""The courier: the one owner of what falls due. It settles jobs as time passes and sends their deliveries.

With a clock that runs, one background task waits for the next event and does it; with a clock that stands still,
`Sandbox.advance` does the same work in order of time. Each sends through `send_due`, so there is one way out.
"""

import asyncio
from typing import TYPE_CHECKING, Protocol

from mockserver.clock import Ticker, wall_ms
from mockserver.deliveries import Attempt, Delivery
from mockserver.journal import Entry
from mockserver.outgoing.call import CallResult, OutgoingCall

if TYPE_CHECKING:
    from mockserver.sandbox import Sandbox

AT_ONCE = 64
TIMEOUT = 10.0


class Sender(Protocol):
    """Makes one outgoing call. Never raises: what went wrong is in the result."""

    async def send(self, call: OutgoingCall) -> CallResult: ...


class Courier:
    """The deliveries of one sandbox."""

    def __init__(self, sandbox: "Sandbox", sender: Sender) -> None:
        self._sandbox = sandbox
        self._sender = sender
        self.stepping = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._ticker: Ticker | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._waits_until: int | None = None
        self._closed = False
        self._rests = asyncio.Event()

    def poke(self) -> None:
        """Something was scheduled or the clock changed: look again, and start the background task if there is none."""
        if self._closed:
            return
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._ticker = Ticker(self._sandbox.clock)
            self._task = asyncio.get_running_loop().create_task(self._run(self._ticker))
        self._rests.clear()
        if self._ticker is not None:
            self._ticker.poke()

    async def settled(self) -> None:
        """Wait until the background task has done all that is due, and waits for time to pass."""
        self.poke()
        await self._rests.wait()

    def expect(self, at: int | None) -> None:
        """Something falls due at `at`: poke, unless the background task wakes by then anyway."""
        if at is not None and (self._waits_until is None or at < self._waits_until):
            self._waits_until = at
            self.poke()

    async def _run(self, ticker: Ticker) -> None:
        while True:
            async with self.stepping:
                await self._sandbox.settle(self._sandbox.clock.now())
                await self._start_due()
            at = await self._sandbox.next_event()
            clock = self._sandbox.clock
            if at is not None and clock.mode == "auto" and not self._sending and clock.busy == 0:
                async with self.stepping:
                    clock.jump(at)
                continue
            self._waits_until = at
            if not self._sending:
                self._rests.set()
            await ticker.wait(at)

    async def send_due(self) -> None:
        """Send all that is due now, retries that fall due at once included, and wait until it is done."""
        while True:
            await self._start_due()
            if not self._sending:
                return
            await asyncio.wait(set(self._sending))

    async def _start_due(self) -> None:
        while len(self._sending) < AT_ONCE:
            delivery = await self._sandbox.store.claim_due(self._sandbox.clock.now())
            if delivery is None:
                return
            task = asyncio.get_running_loop().create_task(self._attempt(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        if self._ticker is not None:
            self._ticker.poke()

    async def _attempt(self, delivery: Delivery) -> None:
        sandbox = self._sandbox
        simulation = sandbox.simulations[delivery.provider]
        began = sandbox.clock.now()
        stamped = began if sandbox.program.source.signature_time == "sandbox" else wall_ms()
        headers = (*delivery.headers, *simulation.signed(delivery, stamped))
        call = OutgoingCall(delivery.method, delivery.url, headers, delivery.body, TIMEOUT, delivery.keep)
        result = await self._sender.send(call)
        attempt = Attempt(
            number=len(delivery.attempts) + 1,
            at=began,
            headers=headers,
            outcome=result.kind,
            status=result.status,
            reply=result.body,
            error=result.error,
            elapsed_ms=round(result.elapsed_ms),
        )
        success = result.kind == "response" and result.status is not None and 200 <= result.status < 300
        after = delivery.attempted(attempt, success, sandbox.clock.now())
        await sandbox.store.save_delivery(after)
        await self._write_down(after, attempt)
        await simulation.on_delivery(sandbox, after, result)

    async def _write_down(self, delivery: Delivery, attempt: Attempt) -> None:
        entry = Entry("delivery", attempt.at, cause=delivery.cause, provider=delivery.provider)
        entry.account, entry.job, entry.status = delivery.account, delivery.job, attempt.status
        entry.method, entry.path = delivery.method, delivery.url
        entry.note = f"{delivery.event} attempt {attempt.number}: {attempt.error or attempt.outcome}"
        await self._sandbox.store.append(entry)

    async def close(self) -> None:
        """End the background task and whatever it is sending."""
        self._closed = True
        tasks = [t for t in (self._task, *self._sending) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
