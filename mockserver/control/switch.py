"""Switching the scenario of a sandbox: one way for the control API and for the handles of tests."""

from mockserver.core.compile import Program
from mockserver.core.journal import Entry
from mockserver.core.scenario import ClockSpec
from mockserver.sandbox.sandbox import Sandbox


async def switch(sandbox: Sandbox, program: Program) -> None:
    """Follow another scenario from now on, and write it into the journal. Jobs that began keep their plans.

    The clock goes on from where it is, in the mode that the scenario names, if it names one.
    """
    await _settle(sandbox)
    sandbox.use(program)
    spec, clock = program.source.clock, sandbox.clock
    if spec is not None and (spec.mode != clock.mode or spec.speed != clock.speed):
        change_mode(sandbox, spec)
    await sandbox.store.append(Entry("control", clock.now(), note=f"the scenario is now {program.name}"))


def change_mode(sandbox: Sandbox, spec: ClockSpec) -> None:
    """Let the clock go on in another mode, and wake what waits for it: it may have waited for ever."""
    sandbox.clock.change(spec.mode, spec.speed)
    sandbox.courier.poke()


async def _settle(sandbox: Sandbox) -> None:
    """Do first what was to happen before: it happens by the scenario that is left.

    As before any request, an auto clock is not taken past a request that sleeps, and nobody waits for another's step.
    """
    idle = sandbox.clock.next_sleeper() is None and not sandbox.courier.stepping.locked()
    if sandbox.clock.mode == "auto" and idle:
        await sandbox.courier.catch_up()
    else:
        await sandbox.settle(sandbox.clock.now())
