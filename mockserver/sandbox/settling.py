"""Applies the effects of job steps (credits, events, batches), and writes the steps into the journal.

How it works
------------

Time alone moves a job on: `job.at(now)` computes its state. Two things still have to be done about its steps. They are
separate, because the first must happen on time and the second can wait until it is needed.

**Effects.** A step has an effect if something outside the job changes with it: credits are charged or released, an
event is sent, a batch ends with its last analysis, or a provider makes a call-out. The job says which of its steps have
effects (`Job.effects`), and the store keeps only those on a heap, by time. `settle(now)` takes them from the heap in
order of time and applies them. An effect can end other jobs at a past instant, which adds steps to the heap, so
`settle` repeats until no step is due.

- Every request calls `settle` first, so that everything due before the request has happened.
- If time passes without requests, the courier wakes for the next effect and calls `settle`.
- An effect that raises an exception is logged, and the later steps still have their effects.
- No effect is applied twice: taking a step from the heap is one atomic operation of the store. Charging and releasing
  are also idempotent (`core.credits`).

**The journal and the lists.** `observe(now)` takes every step that was entered since its last call, moves the job
between the lists of the store, and inserts a journal entry for each step by its time. It is called before the journal
is read, before jobs are listed or counted by status, before a manual or auto clock is moved, and before jobs are
deleted. Without these nothing is done: a job that is polled to its end costs only the requests. If a job is dropped
because the store is full, its unobserved steps are not written, its later steps have no effects, and its reserved
credits are released.

When a job is replaced (by a counted poll, a release or a forced status), the store keeps the steps that the old version
has passed. The next `settle` calls `observe` for them, so that they are in the journal before any later entry.
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from mockserver.clock import let_others_run
from mockserver.core.accounts import Account, Tariff
from mockserver.core.deliveries import Delivery
from mockserver.core.instants import LATEST
from mockserver.core.jobs import Effects, Job, State
from mockserver.core.journal import JournalEntry
from mockserver.core.plans import Status
from mockserver.outgoing.call import CallResult
from mockserver.sandbox.attempts import Signing
from mockserver.sandbox.outbox import Outbox
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition

log = logging.getLogger("mockserver")

# How many steps are written into the journal at once, and how many jobs are looked at.
_AT_ONCE = 200
_ACTIVE: tuple[Status, ...] = ("queued", "running")


class Simulation(Tariff, Signing, Protocol):
    """The part of a provider that a sandbox needs."""

    def state_name(self, state: State, operation: str) -> str | None: ...

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects: ...

    async def on_transition(self, settling: "Settling", transition: Transition) -> None: ...

    async def on_delivery(self, settling: "Settling", delivery: Delivery, result: CallResult) -> None: ...


class Settling:
    """Applies the effects of one sandbox's jobs. Providers get it as an argument to apply their own effects.

    `has_replaced` is true if a job was replaced whose passed steps are not in the journal yet.
    """

    def __init__(self, sandbox: SandboxState, outbox: Outbox, simulations: Mapping[str, Simulation]) -> None:
        self.sandbox = sandbox
        self.outbox = outbox
        self._simulations = simulations
        self.has_replaced = False

    # Effects.

    async def settle(self, now: int) -> None:
        """Apply the effect of every step that a job has entered up to `now`."""
        store = self.sandbox.store
        if self.has_replaced:
            await self.observe(now)
        while transitions := await store.take_effects(now):
            for transition in transitions:
                try:
                    await self._apply(transition)
                except Exception:
                    job, state = transition.job, transition.state
                    log.exception("the effects of status %s of %s job %s failed", state.status, job.provider, job.id)

    async def _apply(self, transition: Transition) -> None:
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
        """Replace a job by its new version. Return False when the job has been replaced since."""
        self.has_replaced = True
        return await self.sandbox.store.replace_job(old, new)

    async def finish(
        self, job: Job, at: int, status: Status, error: str | None = None, code: str | None = None
    ) -> bool:
        """End a job for its provider at an instant that may have passed.

        Return False when the job has been replaced since. Raises IllegalMove for a job that has ended.
        """
        return await self.replace(job, job.moved(at, status, error, code))

    async def on_answer(self, delivery: Delivery, result: CallResult) -> None:
        """Pass the result of an attempt to the provider, after the attempt is recorded."""
        try:
            await self._simulations[delivery.provider].on_delivery(self, delivery, result)
        except Exception:
            log.exception("the provider failed to process the answer to %s %s", delivery.event, delivery.id)

    async def reconsider(self) -> None:
        """Check again which jobs have effects, because a change of accounts can add a webhook URL."""
        sandbox, now = self.sandbox, self.sandbox.clock.now()
        await self.observe(now)
        for status in _ACTIVE:
            before = None
            while jobs := (await sandbox.store.page_jobs(status=status, limit=_AT_ONCE, before=before)).jobs:
                for job in jobs:
                    account = await sandbox.account(job.provider, job.account.partition(":")[2], now)
                    effects = self._simulations[job.provider].effects(job.facts, account)
                    if job.effects == "none" and effects != "none":
                        await sandbox.store.replace_job(job, job._replace(effects=effects))
                if len(jobs) < _AT_ONCE:
                    break
                before = jobs[-1].sequence
                await let_others_run()

    # The journal and the lists.

    async def observe(self, now: int) -> None:
        """Write every step that jobs have entered up to `now` into the journal, and update the lists of jobs."""
        self.has_replaced = False
        await self.settle(now)
        store = self.sandbox.store
        while transitions := await store.take_transitions(now, _AT_ONCE):
            await store.insert([self._entry(transition) for transition in transitions])
            if len(transitions) < _AT_ONCE:
                return
            # After a long time without reads these are many, and other requests go on meanwhile.
            await let_others_run()

    def _entry(self, transition: Transition) -> JournalEntry:
        job, state = transition.job, transition.state
        simulation = self._simulations.get(job.provider)
        state_name = None if simulation is None else simulation.state_name(state, job.operation)
        # A step that was entered for another reason than time comes after the entries of the same instant.
        late = state.index == job.base and job.base > 0
        return JournalEntry(
            "transition", state.entered_at, written_at=state.entered_at + late, cause=job.cause,
            provider=job.provider, operation=f"{job.provider}.{job.operation}", account=job.account, job=job.id,
            note=state.step.stage or state.status,
            rests_on=() if state_name is None else (f"{job.provider}.state.{state_name}",),
        )  # fmt: skip

    # Future events.

    async def next_due(self) -> int | None:
        """Return the earliest instant at which an effect or a delivery is due."""
        store = self.sandbox.store
        instants = (await store.next_effect(), await store.next_delivery())
        return min((at for at in instants if at is not None), default=None)

    async def next_event(self) -> int | None:
        """Return the instant of the next event: a step of a job, a delivery or a chunk of a stream.

        None if there is none that the clock can reach.
        """
        clock = self.sandbox.clock
        await self.observe(clock.now())
        # A running clock wakes its sleepers by itself. A stopped clock must be advanced to them.
        sleeper = None if clock.rate else clock.next_sleeper()
        instants = (await self.sandbox.store.next_transition(), await self.next_due(), sleeper)
        return min((at for at in instants if at is not None and at < LATEST), default=None)
