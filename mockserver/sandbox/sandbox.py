"""The operations of a sandbox: switch the scenario, advance the clock, change jobs, and reset."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mockserver.core.accounts import Origin
from mockserver.core.compile import Program
from mockserver.core.instants import LATEST, rfc3339
from mockserver.core.jobs import Job
from mockserver.core.journal import ALL_ENTRIES, EntryFilter, JournalEntry
from mockserver.core.scenario import ClockSpec
from mockserver.outgoing.call import Sender
from mockserver.sandbox.advance import Advance
from mockserver.sandbox.attempts import Attempts
from mockserver.sandbox.courier import Courier
from mockserver.sandbox.outbox import Outbox
from mockserver.sandbox.sends import Sends
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
        generation: int = 0,
        sends: Sends | None = None,
        additive: bool = False,
        origin: Origin | None = None,
        began_at: int | None = None,
    ) -> None:
        super().__init__(
            name, program, store, simulations, seed, clock, disallowed_rows, generation, additive, origin, began_at
        )
        self.outbox = Outbox(self, self._poke)
        self.settling = Settling(self, self.outbox, simulations)
        attempts = Attempts(self, sender, simulations, self.settling.on_answer)
        self.courier = Courier(self, self.settling, attempts, sends or Sends())
        self.clock.on_idle = self.courier.poke
        self.matching = asyncio.Lock()
        # For people: what the sandbox is for, such as the name of a test, and how that has ended.
        self.title = ""
        # True for one that shows a bundle: it takes no requests, and the control API does not change it.
        self.read_only = False
        self.outcome = ""

    def facts(self) -> dict[str, Any]:
        """Return what a durable store keeps of the sandbox itself (see `SandboxState.facts`)."""
        own = {"title": self.title, "outcome": self.outcome, "outbox_generation": self.outbox.generation}
        return {**super().facts(), **own, "pauses": self.courier.pauses, "has_replaced": self.settling.has_replaced}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take on the facts that a store has kept, before the sandbox is used."""
        super().restore(facts)
        self.title, self.outcome = facts.get("title", ""), facts.get("outcome", "")
        self.outbox.generation = facts["outbox_generation"]
        self.courier.pauses = dict(facts["pauses"])
        # Older files do not say.
        self.settling.has_replaced = facts.get("has_replaced", True)

    def _poke(self) -> None:
        self.courier.poke()

    async def switch_scenario(self, program: Program) -> None:
        """Switch to another scenario and note it in the journal. Existing jobs keep their plans.

        Every account gets the credits that the scenario gives it, and the matches of rules are counted from 1 again.
        The clock keeps its time, and changes to the mode of the scenario if that sets one.
        """
        # Everything that is due happens under the old scenario first.
        await self.catch_up()
        self.load_program(program)
        await self.store.renew_credits(self.clock.now(), self.opening_credits)
        await self.settling.reconsider()
        spec, clock = program.source.clock, self.clock
        if spec is not None and (spec.mode != clock.mode or spec.speed != clock.speed):
            self.change_clock(spec)
        note, action = f"switched to the scenario {program.name}", {"do": "scenario", "activation": self.activations}
        await self.store.append(JournalEntry("control", clock.now(), note=note, action=action))

    async def set_clock(self, spec: ClockSpec) -> None:
        """Change the mode of the clock, with all changes of other processes so far."""
        await self.store.entered()
        self.change_clock(spec)

    def change_clock(self, spec: ClockSpec) -> None:
        """Change the mode of the clock, and wake the background work, which may have been waiting for ever."""
        self.clock.change(spec.mode, spec.speed)
        self.courier.poke()

    async def catch_up(self) -> None:
        """Do everything that is due by now. Called before each request.

        An auto clock first jumps through all future events, but not past a sleeping request such as a stream, which
        may have arrived at the same moment.
        """
        idle = self.clock.next_sleeper() is None and not self.courier.stepping.locked
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

    async def advance(self, by: int) -> int:
        """Advance the clock by `by` milliseconds and do everything that falls due, in order of time (see `advance`).

        Return the number of events on the way. If another advance is in progress, this one follows it. Raises
        OverflowError if the clock would go past its last instant.
        """
        async with self.courier.stepping:
            now = self.clock.now()
            if now + by >= LATEST:
                raise OverflowError(f"The clock is at {rfc3339(now)} and ends with the year 8999")
            advance = self._advance()
            await advance.to(now + by)
        return advance.events

    async def advance_to_next(self) -> int:
        """Advance the clock to the next event. Return the number of events, which is 0 if there is none."""
        async with self.courier.stepping:
            advance = self._advance()
            at = await self.next_event()
            await advance.to(max(at or 0, self.clock.now()))
        return advance.events

    async def advance_until_terminal(self, job: Job) -> Job | None:
        """Advance from event to event until `job` has ended. Return None when there are no more events."""
        async with self.courier.stepping:
            return await self._advance().until_terminal(job)

    def _advance(self) -> Advance:
        return Advance(self, self.courier, self.settling, self._arrivals)

    def _arrivals(self) -> int:
        return self.jobs_submitted + self.clock.sleepers + self.outbox.replays

    # Changing.

    async def replace_job(self, old: Job, new: Job) -> bool:
        """Replace a job and apply the effects. Return False when the job has been replaced since."""
        await self.settling.observe(self.clock.now())
        replaced = await self.settling.replace(old, new)
        if replaced:
            await self.settling.settle(self.clock.now())
            self.courier.poke()
        return replaced

    async def reset(self, what: What | Literal["credits"]) -> None:
        """Delete a part of the state, or all of it. `credits` gives every account the credits of the scenario again.

        If jobs are deleted, attempts that are in progress and requests that wait, such as streams, end at once.
        """
        await self.settling.observe(self.clock.now())
        before = self.generation
        if what == "credits":
            await self.store.renew_credits(self.clock.now(), self.opening_credits)
            await self._note_reset(what, before)
            return
        if what in ("jobs", "counters", "all"):
            self.generation = self.next_generation
        if what in ("jobs", "all"):
            self.first_generation = self.generation
            self.courier.drop()
            self.clock.end_waits()
        await self.store.clear(what)
        if what == "all":
            self.started_at = self.opened_at = self.clock.now()
        elif what != "journal":
            await self._note_reset(what, before)
        self.clear_cache()
        self.courier.poke()

    async def _note_reset(self, what: str, generation: int) -> None:
        note = f"cleared the {what}" if what != "credits" else "gave every account the credits of the scenario"
        action = {"do": "reset", "what": what, "generation": generation}
        await self.store.append(JournalEntry("control", self.clock.now(), note=note, action=action))

    @property
    def next_generation(self) -> int:
        """The generation after a reset: another one if ids of deliveries could recur."""
        return self.generation + (self.outbox.generation == self.generation)

    async def close(self) -> None:
        """Stop the background work of this sandbox, end the requests that wait, and delete its state."""
        self.first_generation = self.generation + 1
        await self._stop()
        await self.store.close()

    async def leave(self) -> None:
        """Stop the background work of this sandbox and end the requests that wait. A durable store keeps its state."""
        await self._stop()
        await self.store.leave()

    async def _stop(self) -> None:
        self.clock.end_waits(close=True)
        await self.courier.close()
