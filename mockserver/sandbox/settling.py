"""What follows from time: credits, events and batches as jobs move on, and the journal of how they moved.

A theory of operation
---------------------

A job needs nobody to move it on: `job.at(now)` says what it is. Two things are done about its steps all the same, and
they are done apart, for one must happen at its time and the other need not.

**Effects** must happen. A step has one where something outside the job changes with it: credits are charged or given
back, an event is sent, a batch ends with its last analysis, a provider has to ask somebody. The job says which of its
steps have any (`Job.effects`), and the store keeps those, and no others, on a heap by time. `settle(now)` takes them
off that heap in order of time and does what follows. What follows may end other jobs at an instant that has passed,
which puts new steps on the heap, so it goes on until nothing is left.

- Every request settles before it is answered: what was to happen before it has happened.
- Where time passes without requests, the courier wakes for the next effect and settles.
- What fails to follow from one step is logged, and the steps after it have their effects all the same.
- Nothing is done twice: the store hands out each step once, and taking a step off the heap is one atomic operation,
  whoever takes it. Charging and giving back are idempotent besides (`core.credits`).

**Steps that somebody looks at** are written down when he does. `observe(now)` takes every step that was entered since
it was last called, moves the job between the lists of the store, and writes a line for each into the journal, where it
belongs by its time. It is called before the journal is read, before jobs are listed or counted by their status, before
a clock that stands still is moved, and before a reset forgets jobs. A server that nobody looks at does none of this: a
job that was polled to its end has cost its submission and its polls. Of a job that goes because the store is full, the
steps that nobody has looked at are never written, and those to come have no effect any more; what was set aside for it
is given back.

A job that is replaced by a successor (a poll that counts, a release, force) takes the steps with it that it has passed;
the store keeps those for the next `observe`, which the next `settle` makes: what a request did is in the journal before
what comes after it.
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from mockserver.core.accounts import Account, Tariff
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Effects, Job, State
from mockserver.core.journal import Entry
from mockserver.core.plans import Status
from mockserver.outgoing.call import CallResult
from mockserver.sandbox.attempts import Signing
from mockserver.sandbox.outbox import Outbox
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition

log = logging.getLogger("mockserver")

# A journal keeps fewer.
_MOST_WRITTEN = 10_000
_UNENDED: tuple[Status, ...] = ("queued", "running")
_MOST_JOBS = 1_000_000


class Simulation(Tariff, Signing, Protocol):
    """What a sandbox needs of a provider. Providers stand above sandboxes and are handed in."""

    def state_name(self, state: State) -> str | None: ...

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects: ...

    async def on_transition(self, settling: "Settling", transition: Transition) -> None: ...

    async def on_delivery(self, settling: "Settling", delivery: Delivery, result: CallResult) -> None: ...


class Settling:
    """Does what follows from the time of one sandbox. Providers are handed this to do their part."""

    def __init__(self, sandbox: SandboxState, outbox: Outbox, simulations: Mapping[str, Simulation]) -> None:
        self.sandbox = sandbox
        self.outbox = outbox
        self._simulations = simulations
        self._moved = False

    # Effects.

    async def settle(self, now: int) -> None:
        """Do what follows from every step with an effect that a job has entered up to `now`."""
        store = self.sandbox.store
        if self._moved:
            await self.observe(now)
        while transitions := await store.take_effects(now):
            for transition in transitions:
                try:
                    await self._follow(transition)
                except Exception:
                    job, state = transition.job, transition.state
                    log.exception("what follows from %s of %s job %s failed", state.status, job.provider, job.id)

    async def _follow(self, transition: Transition) -> None:
        job, state, store = transition.job, transition.state, self.sandbox.store
        if state.terminal and job.cost:
            if state.status == "succeeded":
                await store.capture(job.account, state.entered_at, job.id, job.facts.get("charge"))
            elif job.facts.get("refund", "failed") == "failed" or not job.has_run(state.entered_at):
                await store.release(job.account, state.entered_at, job.id)
            else:
                await store.capture(job.account, state.entered_at, job.id)
        simulation = self._simulations.get(job.provider)
        if simulation is not None:
            await simulation.on_transition(self, transition)

    async def replace(self, old: Job, new: Job) -> bool:
        """Put a job's successor in its place. False when somebody else was faster."""
        self._moved = True
        return await self.sandbox.store.replace_job(old, new)

    async def finish(
        self, job: Job, at: int, status: Status, error: str | None = None, code: str | None = None
    ) -> bool:
        """End a job that its provider ends for reasons of its own, at an instant that may have passed.

        False when somebody else was faster. Raises IllegalMove for a job that has ended.
        """
        return await self.replace(job, job.moved(at, status, error, code))

    async def answered(self, delivery: Delivery, result: CallResult) -> None:
        """An attempt of a delivery is over and written down: its provider may go on with the answer."""
        try:
            await self._simulations[delivery.provider].on_delivery(self, delivery, result)
        except Exception:
            log.exception("what follows from the answer to %s %s failed", delivery.event, delivery.id)

    async def reconsider(self) -> None:
        """Look anew which jobs have effects: accounts have changed, and with them where events are sent."""
        sandbox, now = self.sandbox, self.sandbox.clock.now()
        await self.observe(now)
        for status in _UNENDED:
            page = await sandbox.store.page_jobs(status=status, limit=_MOST_JOBS)
            for job in page.jobs:
                account = await sandbox.account(job.provider, job.account.partition(":")[2], now)
                effects = self._simulations[job.provider].effects(job.facts, account)
                if job.effects == "none" and effects != "none":
                    await sandbox.store.replace_job(job, job._replace(effects=effects))

    # What somebody looks at.

    async def observe(self, now: int) -> None:
        """Write down every step that jobs have entered up to `now`, and list the jobs by what they are now."""
        self._moved = False
        await self.settle(now)
        store = self.sandbox.store
        transitions = await store.take_transitions(now)
        if transitions:
            await store.insert([self._entry(transition) for transition in transitions[-_MOST_WRITTEN:]])

    def _entry(self, transition: Transition) -> Entry:
        job, state = transition.job, transition.state
        simulation = self._simulations.get(job.provider)
        spelled = None if simulation is None else simulation.state_name(state)
        # A step that was entered for another reason than time comes behind what was written at that instant.
        moved = state.index == job.base and job.base > 0
        return Entry(
            "transition", state.entered_at, written_at=state.entered_at + moved, cause=job.cause,
            provider=job.provider, operation=f"{job.provider}.{job.operation}", account=job.account, job=job.id,
            note=state.step.stage or state.status,
            rests_on=() if spelled is None else (f"{job.provider}.state.{spelled}",),
        )  # fmt: skip

    # What is to come.

    async def next_due(self, *, deliveries: bool = True) -> int | None:
        """The earliest instant at which there is something to do. Without `deliveries` those are not looked at."""
        store = self.sandbox.store
        delivery = await store.next_delivery() if deliveries else None
        known = (await store.next_effect(), delivery)
        return min((at for at in known if at is not None), default=None)

    async def next_event(self, *, deliveries: bool = True) -> int | None:
        """The earliest instant at which anything happens by itself: a step of a job, a delivery, a stream's chunk."""
        clock = self.sandbox.clock
        await self.observe(clock.now())
        # A clock that runs wakes its sleepers by itself; one that stands still must be taken to them.
        sleeper = None if clock.rate else clock.next_sleeper()
        known = (await self.sandbox.store.next_transition(), await self.next_due(deliveries=deliveries), sleeper)
        return min((at for at in known if at is not None), default=None)
