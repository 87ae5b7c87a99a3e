"""Work that is done within one request: the client does not poll, so the reply waits until the work is over."""

from mockserver.core.plans import Step
from mockserver.wire.exchange import Exchange

_IMMEDIATE_SUCCESS = (Step("succeeded"),)


def steps_of(exchange: Exchange, work: str) -> tuple[Step, ...]:
    """Return the steps that the work goes through, from the plan of the request's rule.

    The last step is a final status, or one that time alone does not end: the work is stuck there. Without a plan the
    work succeeds immediately. Steps that count polls are left out. `work` identifies the work where the plan has
    random durations.
    """
    if exchange.rule is None or exchange.rule.plan is None:
        return _IMMEDIATE_SUCCESS
    steps: list[Step] = []
    for step in exchange.plan_for(work, exchange.rule).steps:
        if step.polls is None:
            steps.append(step)
            if step.duration is None or step.held:
                break
    return tuple(steps)


def due_of(steps: tuple[Step, ...], now: int) -> int | None:
    """Return the instant at which work that begins `now` ends, or None if it is stuck."""
    *earlier, last = steps
    return now + sum(step.duration or 0 for step in earlier) if last.terminal else None
