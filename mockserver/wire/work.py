"""Work that is done within its own request: nobody polls it, so the reply waits for it."""

from mockserver.core.plans import Step
from mockserver.wire.call import Call
from mockserver.wire.waits import Waits

_AT_ONCE = (Step("succeeded"),)


def steps_of(call: Call, work: str) -> tuple[Step, ...]:
    """The steps of the plan that the request's rule names, up to the first that time alone does not end.

    The last is how the work ends, or where it is stuck. Without such a plan the work succeeds at once. Steps that wait
    for polls take no time. `work` names the work, for spreads.
    """
    if call.rule is None or call.rule.plan is None:
        return _AT_ONCE
    steps: list[Step] = []
    for step in call.plan_for(work, call.rule).steps:
        if step.polls is None:
            steps.append(step)
            if step.duration is None or step.held:
                break
    return tuple(steps)


async def done(call: Call, steps: tuple[Step, ...]) -> Step:
    """The end of such work, once its time has come; work that is stuck has none. Raises Disconnected."""
    *lead, end = steps
    if end.terminal and not lead:
        return end
    waits = Waits(call)
    try:
        await waits.until(call.now + sum(step.duration or 0 for step in lead) if end.terminal else None)
    finally:
        waits.close()
    return end
