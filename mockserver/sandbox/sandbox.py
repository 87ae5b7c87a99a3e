"""One isolated world: a scenario, a seed, a clock, and a store with its jobs, credits, deliveries and journal."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from mockserver.clock import Clock, Mode, parse_rfc3339
from mockserver.core.accounts import Account, Accounts, Tariff
from mockserver.core.compile import Program
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job, State
from mockserver.core.journal import Entry
from mockserver.core.plans import Plan, Status
from mockserver.core.scenario import ClockSpec
from mockserver.core.seeded import Seeded
from mockserver.coverage.tally import Tally
from mockserver.outgoing.call import CallResult
from mockserver.sandbox.courier import Courier, Sender
from mockserver.sandbox.outbox import Outbox
from mockserver.store.protocol import Store, Transition

KEPT_MEMOS = 4_096

T = TypeVar("T")


class Simulation(Tariff, Protocol):
    """What a sandbox needs of a provider. Providers stand above sandboxes and are handed in."""

    def state_name(self, state: State) -> str | None: ...

    async def on_transition(self, sandbox: "Sandbox", transition: Transition) -> None: ...

    async def on_delivery(self, sandbox: "Sandbox", delivery: Delivery, result: CallResult) -> None: ...

    @property
    def webhook_timeout(self) -> float: ...

    @property
    def stamped_field(self) -> str | None: ...

    def signed(self, delivery: Delivery, at: int) -> Any: ...


class Sandbox:
    """One world. Everything that changes is in its store; what else is here is fixed or derived, but for the tally.

    `unsaid` are rows of the ledger that nothing may rest on, for no provider says them.
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
        unsaid: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.unsaid = unsaid
        self.store = store
        self.tally = Tally()
        self.simulations = simulations
        self._given_seed = seed
        self._memo: dict[tuple[Any, ...], Any] = {}
        self._plans: dict[str, tuple[Plan, Plan, bool]] = {}
        self.clock = _clock(clock or program.source.clock or ClockSpec())
        self.courier = Courier(self, sender)
        self.outbox = Outbox(self)
        self.clock.on_idle = self.courier.poke
        self.use(program)

    def use(self, program: Program) -> None:
        """Follow another scenario from now on. Jobs that began keep their plans; the clock stays as it is."""
        self.program = program
        seed = self._given_seed if self._given_seed is not None else program.source.seed
        self.seed = 0 if seed is None else seed
        self.seeded = Seeded(self.seed, self.name)
        self.began = self.clock.now()
        self._accounts = Accounts(program, self.simulations)
        self._memo.clear()

    def option(self, provider: str, name: str, default: Any) -> Any:
        """A provider's option in this scenario."""
        return self.program.options.get(provider, {}).get(name, default)

    def resolved(self, plan: Plan, unit: Callable[[int], float]) -> Plan:
        """A plan with its spreads resolved. What does not vary in it is resolved once and shared."""
        found = self._plans.get(plan.name)
        if found is None or found[0] is not plan:
            found = self._plans[plan.name] = (plan, plan.resolved(unit), plan.varies)
        _, settled, varies = found
        return settled.resolved(unit) if varies else settled

    def memo(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """A value that is a pure function of `key` in this world, kept so that polls do not make it again."""
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= KEPT_MEMOS:
                self._memo.pop(next(iter(self._memo)))
            found = self._memo[key] = make()
        return found

    async def account(self, provider: str, key: str, now: int) -> Account | None:
        """The account of an API key, or None when the scenario knows no such key."""
        changed = await self.store.get_value("account", f"{provider}:{key}", now)
        found = self._accounts[provider, key]
        return found if changed is None or found is None else self._accounts.changed(found, changed)

    # Time and what follows from it.

    async def settle(self, now: int) -> None:
        """Do what follows from every state that a job has entered up to `now`: credits, journal, webhooks."""
        while True:
            transitions = await self.store.take_transitions(now)
            if not transitions:
                return
            for transition in transitions:
                await self._follow(transition)

    async def _follow(self, transition: Transition) -> None:
        job, state = transition.job, transition.state
        if state.terminal and job.cost:
            if state.status == "succeeded":
                await self.store.capture(job.account, state.entered_at, job.id, job.facts.get("charge"))
            elif job.facts.get("refund", "failed") == "failed" or not job.ran(state.entered_at):
                await self.store.release(job.account, state.entered_at, job.id)
            else:
                await self.store.capture(job.account, state.entered_at, job.id)
        entry = Entry(
            "transition", state.entered_at, cause=job.cause, provider=job.provider, job=job.id, account=job.account,
            operation=f"{job.provider}.{job.operation}", note=state.step.stage or state.status,
        )  # fmt: skip
        simulation = self.simulations.get(job.provider)
        spelled = None if simulation is None else simulation.state_name(state)
        if spelled is not None:
            entry.rests_on = (f"{job.provider}.state.{spelled}",)
        await self.store.append(entry)
        if simulation is not None:
            await simulation.on_transition(self, transition)

    async def next_event(self, *, deliveries: bool = True) -> int | None:
        """The earliest instant at which something happens by itself: a transition, a delivery, a stream's chunk.

        Without `deliveries` those are not looked at.
        """
        # A clock that runs wakes its sleepers by itself; one that stands still must be taken to them.
        sleeper = None if self.clock.rate else self.clock.next_sleeper()
        delivery = await self.store.next_delivery() if deliveries else None
        known = (await self.store.next_transition(), delivery, sleeper)
        return min((at for at in known if at is not None), default=None)

    async def advance(self, to: int) -> int:
        """Take the clock to `to`, doing on the way, in order of time, all that falls due. Gives the events passed."""
        passed = 0
        async with self.courier.stepping:
            # What is under way already may bring about more before `to`.
            await self.courier.send_due()
            while True:
                at = await self.next_event()
                if at is None or at > to:
                    break
                passed += 1
                await self._step(at)
            self.clock.jump(to)
            await self.settle(self.clock.now())
            # Also what was on its way before: the background task may have begun to send it.
            await self.courier.send_due()
        return passed

    async def _step(self, at: int) -> None:
        self.clock.jump(at)
        await self.settle(self.clock.now())
        await self.courier.send_due()
        await self.clock.quiet()

    async def advance_until_terminal(self, job: Job, limit: int = 10_000) -> Job | None:
        """Advance from event to event until `job` has ended. None when no event brings it nearer to its end."""
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

    # Changes of jobs.

    async def replace_job(self, old: Job, new: Job) -> bool:
        """Put a job's successor in its place and do what follows. False when somebody else was faster."""
        done = await self.store.replace_job(old, new)
        if done:
            await self.settle(self.clock.now())
            self.courier.poke()
        return done

    async def finish(
        self, job: Job, at: int, status: Status, error: str | None = None, code: str | None = None
    ) -> bool:
        """End a job that its provider ends for reasons of its own, at an instant that may have passed.

        False when somebody else was faster. Raises IllegalMove for a job that has ended.
        """
        return await self.store.replace_job(job, job.moved(at, status, error, code))

    async def reset(self, what: Any) -> None:
        """Forget a part of the state, or all of it."""
        await self.store.clear(what)
        if what == "all":
            self.began = self.clock.now()
        self._memo.clear()
        self.courier.poke()

    async def close(self) -> None:
        """End the background work of this sandbox."""
        await self.courier.close()


def _clock(spec: ClockSpec) -> Clock:
    mode: Mode = spec.mode
    start = None if spec.start is None else parse_rfc3339(spec.start)
    return Clock(mode, spec.speed, start)
