"""Work that is done within its own request: nobody polls it, so the reply waits for it."""

from mockserver.core.plans import Step
from mockserver.wire.exchange import Exchange

_AT_ONCE = (Step("succeeded"),)


def steps_of(exchange: Exchange, work: str) -> tuple[Step, ...]:
    """The steps of the plan that the request's rule names, up to the first that time alone does not end.

    The last is how the work ends, or where it is stuck. Without such a plan the work succeeds at once. Steps that wait
    for polls take no time. `work` names the work, for spreads.
    """
    if exchange.rule is None or exchange.rule.plan is None:
        return _AT_ONCE
    steps: list[Step] = []
    for step in exchange.plan_for(work, exchange.rule).steps:
        if step.polls is None:
            steps.append(step)
            if step.duration is None or step.held:
                break
    return tuple(steps)


def due_of(steps: tuple[Step, ...], now: int) -> int | None:
    """The instant at which such work that begins `now` is over; None for work that is stuck."""
    *lead, end = steps
    return now + sum(step.duration or 0 for step in lead) if end.terminal else None
