"""The operations of a sandbox: switch the scenario, advance the clock, change jobs, and reset."""

import asyncio
from collections.abc import Mapping, Sequence

from mockserver.core.compile import Program
from mockserver.core.jobs import Job
from mockserver.core.journal import ALL_ENTRIES, EntryFilter, JournalEntry
from mockserver.core.scenario import ClockSpec
from mockserver.outgoing.call import Sender
from mockserver.sandbox.attempts import Attempts
from mockserver.sandbox.courier import Courier
from mockserver.sandbox.outbox import Outbox
from mockserver.sandbox.settling import Settling, Simulation
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Store, What


class Sandbox(SandboxState):
    """One sandbox with its background work.

    `settling` applies the effects of job steps, `outbox` takes new deliveries, and `courier` sends them. `matching` is
    held while a thread matches rules for a request, so that one sandbox does not take all threads.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        store: Store,
        simulations: Mapping[str, Simulation],
        sender: Sender,
        seed: int | None = None,
        clock: ClockSpec | None = None,
        disallowed_rows: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(name, program, store, simulations, seed, clock, disallowed_rows)
        self.outbox = Outbox(self, self._poke)
        self.settling = Settling(self, self.outbox, simulations)
        self.courier = Courier(self, self.settling, Attempts(self, sender, simulations, self.settling.on_answer))
        self.clock.on_idle = self.courier.poke
        self.matching = asyncio.Lock()

    def _poke(self) -> None:
        self.courier.poke()

    async def switch_scenario(self, program: Program) -> None:
        """Switch to another scenario and note it in the journal. Existing jobs keep their plans.

        The clock keeps its time, and changes to the mode of the scenario if that sets one.
        """
        # Everything that is due happens under the old scenario first.
        await self.catch_up()
        self.load_program(program)
        await self.settling.reconsider()
        spec, clock = program.source.clock, self.clock
        if spec is not None and (spec.mode != clock.mode or spec.speed != clock.speed):
            self.change_clock(spec)
        await self.store.append(JournalEntry("control", clock.now(), note=f"switched to the scenario {program.name}"))

    def change_clock(self, spec: ClockSpec) -> None:
        """Change the mode of the clock, and wake the background work, which may have been waiting for ever."""
        self.clock.change(spec.mode, spec.speed)
        self.courier.poke()

    async def catch_up(self) -> None:
        """Do everything that is due by now. Called before each request.

        An auto clock first jumps through all future events, but not past a sleeping request such as a stream, which
        may have arrived at the same moment.
        """
        idle = self.clock.next_sleeper() is None and not self.courier.stepping.locked()
        if self.clock.mode == "auto" and idle:
            await self.courier.catch_up()
        else:
            await self.settling.settle(self.clock.now())

    # Reading.

    async def journal(
        self, wanted: EntryFilter = ALL_ENTRIES, after: int | None = None, limit: int | None = None
    ) -> Sequence[JournalEntry]:
        """Return at most `limit` entries of the journal, newest first, older than the one with the serial `after`."""
        await self.settling.observe(self.clock.now())
        return await self.store.entries(wanted, after, limit)

    async def next_event(self) -> int | None:
        """Return the instant of the next event: a step of a job, a delivery or a chunk of a stream."""
        return await self.settling.next_event()

    # Time.

    async def advance(self, to: int) -> int:
        """Advance the clock to `to` and do everything that falls due, in order of time. Return the number of events."""
        passed = 0
        async with self.courier.stepping:
            # Attempts that have begun can cause more events before `to`.
            await self.courier.send_due()
            while True:
                at = await self.next_event()
                if at is None or at > to:
                    break
                passed += 1
                await self._step(at)
            self.clock.jump(to)
            await self.settling.settle(self.clock.now())
            # This also waits for attempts that the background task has begun.
            await self.courier.send_due()
        return passed

    async def _step(self, at: int) -> None:
        self.clock.jump(at)
        await self.settling.settle(self.clock.now())
        await self.courier.send_due()
        await self.clock.quiet()

    async def advance_until_terminal(self, job: Job, limit: int = 10_000) -> Job | None:
        """Advance from event to event until `job` has ended. Return None when there are no more events."""
        for _ in range(limit):
            current = await self.store.get_job(job.provider, job.account, job.id)
            if current is None or current.at(self.clock.now()).terminal:
                return current
            at = await self.next_event()
            if at is None:
                return None
            async with self.courier.stepping:
                await self._step(max(at, self.clock.now()))
        return None

    # Changing.

    async def replace_job(self, old: Job, new: Job) -> bool:
        """Replace a job and apply the effects. Return False when the job has been replaced since."""
        await self.settling.observe(self.clock.now())
        replaced = await self.settling.replace(old, new)
        if replaced:
            await self.settling.settle(self.clock.now())
            self.courier.poke()
        return replaced

    async def reset(self, what: What) -> None:
        """Delete a part of the state, or all of it."""
        await self.settling.observe(self.clock.now())
        await self.store.clear(what)
        if what == "all":
            self.started_at = self.clock.now()
        self.clear_cache()
        self.courier.poke()

    async def close(self) -> None:
        """Stop the background work of this sandbox, and delete its state."""
        await self.courier.close()
        await self.store.close()
