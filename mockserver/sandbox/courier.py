"""The courier: the background task of a sandbox. It does what falls due, and sends deliveries.

How it works
------------

**Tasks.** A sandbox has at most one background task (`_run`). It waits for the next instant at which something is due.
Each attempt of a delivery is a separate task. How many run at a time is decided for all sandboxes together (see
`sends`). `Advance` waits for the attempts that fall due while it advances. Nothing else waits for attempts, except
callers of `change` and `settled`.

**Waking.** `poke` wakes the background task, or starts it. It is called after a new delivery, after a change of the
clock, after an attempt, and when an auto clock has no request in flight. `expect(at)` pokes only if the task would
otherwise sleep past `at`, or does not run. The task always reads the clock and the store again.

**Moving the clock.** A running clock moves by itself. A manual clock is moved only by `Advance`, an auto clock also by
the background task, from event to event, while no request is in flight. Both hold the lock `stepping` while they move
the clock and do what falls due, so that events happen one after the other and in order of time. The lock goes to its
callers in the order of their calls, so advances are made one after the other and add up.

**Nothing is sent twice.** Only `_start_due` sends, and only deliveries that it has claimed from the store. A claim is
atomic and lasts until the delivery is saved with its attempt. Nothing else ends a claim: the store keeps a replay that
is requested in the meantime (`replay_delivery`) until the delivery is saved. This does not depend on `stepping`. All
deliveries that are due are claimed; those for which there is no room wait in the queue of their receiver.

**Generations.** A reset that deletes deliveries begins a new generation. `drop` cancels the attempts of the old one. An
attempt that ends nevertheless changes nothing, because its delivery is of an old generation (see `attempts`).

**A busy receiver.** A receiver that answers a webhook with 429 or 503 and a Retry-After gets no webhooks until then,
except replays: those that wait for it, and those that fall due, are due again at that instant. Other receivers do not
notice.

**Errors.** An exception that a provider raises while it handles a step or a reply is logged, and everything else
continues (see `settling`). An exception in an attempt makes it a failed attempt.

**Jobs without effects.** On a running clock the task waits only for effects and deliveries. The steps of jobs without
effects are computed when they are read (see `settling`).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from mockserver.clock import Ticker
from mockserver.sandbox.attempts import Attempts
from mockserver.sandbox.sends import Due, SandboxSends, Sends
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.sandbox.stepping import Stepping

# So many deliveries wait for room before those that the store has dropped are looked for.
_SWEEP_ABOVE = 5_000
# Receivers that asked for a pause, at most.
_MAX_PAUSES = 1_000


class Courier:
    """The background work of one sandbox. `closed` is true once the sandbox is deleted."""

    def __init__(self, sandbox: SandboxState, settling: Settling, attempts: Attempts, sends: Sends) -> None:
        self._sandbox = sandbox
        self._settling = settling
        self._attempts = attempts
        self._sends = SandboxSends(sends, self._start)
        self.stepping = Stepping(sandbox)
        self._task: asyncio.Task[None] | None = None
        self._ticker: Ticker | None = None
        self._sending: dict[asyncio.Task[None], Due] = {}
        # Until when receivers asked for no more webhooks.
        self.pauses: dict[str, int] = {}
        self._sweep_above = _SWEEP_ABOVE
        self._change = asyncio.Event()
        self._waits_until: int | None = None
        # The deliveries that an advance waits for. Their ids are removed when their attempts end.
        self.awaited: set[str] = set()
        self.closed = False
        self._idle = asyncio.Event()

    def poke(self) -> None:
        """Make the background task check again what is due. Start the task if it does not run."""
        if self.closed:
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
        store = self._sandbox.store
        while True:
            self._waits_until = at = store.known_due() if self._nothing_due() else await self.catch_up()
            if not self.is_sending:
                self._idle.set()
            await ticker.wait(None if store.due_elsewhere() else at)

    def _nothing_due(self) -> bool:
        """Return True if nothing is due now, as is known without asking a store of several processes."""
        clock, store = self._sandbox.clock, self._sandbox.store
        if clock.mode == "auto" or store.due_elsewhere():
            return False
        at = store.known_due()
        return at is None or at > clock.now()

    async def catch_up(self) -> int | None:
        """Do everything that is due. On an auto clock also do all later events, until a request is in flight.

        It does not wait for attempts to end. Return the instant of the next event.
        """
        clock = self._sandbox.clock
        await self._sandbox.store.entered()
        while True:
            async with self.stepping:
                await self._settling.settle(clock.now())
                await self.start_due()
                if clock.rate:
                    return await self._settling.next_due()
                at = await self._settling.next_event()
                # Checked without an `await` before the jump: another task could change all of it.
                if at is None or clock.mode != "auto" or self.is_sending or clock.busy:
                    return at
                clock.jump(at)

    # Attempts.

    @property
    def is_sending(self) -> bool:
        """True while an attempt is in progress, or a delivery that is due waits for room."""
        return bool(self._sending) or self._sends.waiting > 0

    def in_progress(self) -> Iterator[Due]:
        """Yield the deliveries whose attempt is in progress or waits for room."""
        yield from self._sending.values()
        yield from self._sends.entries()

    def sends(self, delivery_id: str) -> bool:
        """Return True while an attempt of that delivery is in progress."""
        return any(due.id == delivery_id for due in self._sending.values())

    @property
    def change(self) -> asyncio.Event:
        """An event that is set when the next attempt ends, or the deliveries are deleted.

        Get it before reading deliveries, so that none is missed.
        """
        return self._change

    async def start_due(self) -> None:
        """Claim all deliveries that are due, and send them as far as there is room."""
        store, now = self._sandbox.store, self._sandbox.clock.now()
        while not self.closed and (delivery := await store.claim_due(now)) is not None:
            due = Due.of(delivery)
            until = self.pauses.get(due.receiver, 0) if self.pauses else 0
            if until > now and delivery.kind == "webhook" and not due.is_replay:
                await store.save_delivery(replace(delivery, due_at=until))
            else:
                self._sends.add(due)
        if self._sends.waiting > self._sweep_above:
            await self._sweep()

    async def _sweep(self) -> None:
        """Forget deliveries that wait for room and that the store has dropped, so that the queues are bounded."""
        store = self._sandbox.store
        dropped = {due.id for due in list(self._sends.entries()) if await store.get_delivery(due.id) is None}
        self._sends.remove(dropped)
        self.awaited -= dropped
        self._sweep_above = max(_SWEEP_ABOVE, 2 * self._sends.waiting)

    def _start(self, due: Due) -> None:
        task = asyncio.get_running_loop().create_task(self._attempt(due))
        self._sending[task] = due
        task.add_done_callback(self._sent)

    async def _attempt(self, due: Due) -> None:
        store = self._sandbox.store
        # Nothing is sent about a job that the end of the server could undo.
        await store.committed()
        delivery = await store.get_delivery(due.id)
        # A delivery can be dropped while it waits, because the store is full.
        if delivery is not None:
            pause = await self._attempts.make(delivery)
            if pause:
                await self._pause(due.receiver, self._sandbox.clock.now() + pause)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        due = self._sending.pop(task)
        self.awaited.discard(due.id)
        self._sends.done(due)
        self._notify()
        if self._ticker is not None:
            self._ticker.poke()

    def changed_elsewhere(self) -> None:
        """Make those that wait for a change look again, because another process has changed the sandbox."""
        self._waits_until = None
        self._notify()

    def _notify(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def _pause(self, receiver: str, until: int) -> None:
        now, store = self._sandbox.clock.now(), self._sandbox.store
        self.pauses = {name: at for name, at in self.pauses.items() if at > now and name != receiver}
        if len(self.pauses) >= _MAX_PAUSES:
            return
        self.pauses[receiver] = until
        for due in self._sends.take_waiting(receiver):
            delivery = await store.get_delivery(due.id)
            if delivery is not None and (delivery.kind != "webhook" or due.is_replay):
                self._sends.add(due)
                continue
            self.awaited.discard(due.id)
            if delivery is not None:
                await store.save_delivery(replace(delivery, due_at=until))

    # The end.

    def drop(self) -> None:
        """Cancel all attempts, and forget the deliveries that wait for room. Their sandbox has been reset."""
        self._sends.clear()
        self.pauses.clear()
        self.awaited.clear()
        current = asyncio.current_task()
        for task in list(self._sending):
            # A receiver in this process can reset the sandbox during its own attempt.
            if task is not current:
                task.cancel()
        self._notify()

    async def close(self) -> None:
        """Stop the background task and all attempts."""
        self.closed = True
        self.drop()
        tasks = set(self._sending)
        if self._task is not None:
            self._task.cancel()
            tasks.add(self._task)
        current = asyncio.current_task()
        await asyncio.gather(*(task for task in tasks if task is not current), return_exceptions=True)
        self._idle.set()
