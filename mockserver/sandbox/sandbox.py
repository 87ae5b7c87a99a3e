"""What a sandbox does: it follows a scenario, lets time pass, changes jobs, and forgets."""

from collections.abc import Mapping, Sequence

from mockserver.core.compile import Program
from mockserver.core.jobs import Job
from mockserver.core.journal import Entry
from mockserver.core.scenario import ClockSpec
from mockserver.outgoing.call import Sender
from mockserver.sandbox.attempts import Attempts
from mockserver.sandbox.courier import Courier
from mockserver.sandbox.outbox import Outbox
from mockserver.sandbox.settling import Settling, Simulation
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Store, What


class Sandbox(SandboxState):
    """One isolated world with all that happens in it.

    `settling` does what follows from time, `outbox` takes what is to be sent, and `courier` sends it.
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
        super().__init__(name, program, store, simulations, seed, clock, unsaid)
        self.outbox = Outbox(self, self._poke)
        self.settling = Settling(self, self.outbox, simulations)
        self.courier = Courier(self, self.settling, Attempts(self, sender, simulations, self.settling.answered))
        self.clock.on_idle = self.courier.poke

    def _poke(self) -> None:
        self.courier.poke()

    async def use(self, program: Program) -> None:
        """Follow another scenario from now on, and write it into the journal. Jobs that began keep their plans.

        The clock goes on from where it is, in the mode that the scenario names, if it names one.
        """
        # What was to happen before happens by the scenario that is left.
        await self.catch_up()
        self.follow(program)
        await self.settling.reconsider()
        spec, clock = program.source.clock, self.clock
        if spec is not None and (spec.mode != clock.mode or spec.speed != clock.speed):
            self.change_clock(spec)
        await self.store.append(Entry("control", clock.now(), note=f"the scenario is now {program.name}"))

    def change_clock(self, spec: ClockSpec) -> None:
        """Let the clock go on in another mode, and wake what waits for it: it may have waited for ever."""
        self.clock.change(spec.mode, spec.speed)
        self.courier.poke()

    async def catch_up(self) -> None:
        """Do what was to happen before now, as before any request.

        An auto clock is taken to all that is to come, however soon the request comes after another: but not past a
        request that sleeps, as streams do, for it may have come at the same moment.
        """
        idle = self.clock.next_sleeper() is None and not self.courier.stepping.locked()
        if self.clock.mode == "auto" and idle:
            await self.courier.catch_up()
        else:
            await self.settling.settle(self.clock.now())

    # Looking.

    async def journal(self) -> Sequence[Entry]:
        """What happened, newest first."""
        await self.settling.observe(self.clock.now())
        return await self.store.entries()

    async def next_event(self) -> int | None:
        """The earliest instant at which something happens by itself: a step of a job, a delivery, a stream's chunk."""
        return await self.settling.next_event()

    # Time.

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
            await self.settling.settle(self.clock.now())
            # Also what was on its way before: the background task may have begun to send it.
            await self.courier.send_due()
        return passed

    async def _step(self, at: int) -> None:
        self.clock.jump(at)
        await self.settling.settle(self.clock.now())
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

    # Changing.

    async def replace_job(self, old: Job, new: Job) -> bool:
        """Put a job's successor in its place and do what follows. False when somebody else was faster."""
        await self.settling.observe(self.clock.now())
        done = await self.settling.replace(old, new)
        if done:
            await self.settling.settle(self.clock.now())
            self.courier.poke()
        return done

    async def reset(self, what: What) -> None:
        """Forget a part of the state, or all of it."""
        await self.settling.observe(self.clock.now())
        await self.store.clear(what)
        if what == "all":
            self.began = self.clock.now()
        self.forget_memos()
        self.courier.poke()

    async def close(self) -> None:
        """End the background work of this sandbox."""
        await self.courier.close()
