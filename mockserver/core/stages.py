"""Stages: a plan says `running`, and a provider whose jobs pass named stages shares that time out among them."""

from collections.abc import Iterator, Mapping, Sequence

from mockserver.core.durations import Span
from mockserver.core.plans import Plan, Step


def staged(plan: Plan, stages: Sequence[str]) -> Plan:
    """The plan with each running step that names no stage shared out among `stages`, and as long as it was in all.

    `plan` is resolved; `stages` are at least one, in order. A step that names a stage keeps it, and what runs before
    it passes only the stages before that one. A step without a length of its own stays in its first stage: held until
    its release, and then passing the others at once, or stuck for ever.
    """
    steps: list[Step] = []
    at, passed = 0, 0
    while at < len(plan.steps):
        end = at
        while end < len(plan.steps) and _unnamed(plan.steps[end]):
            end += 1
        if end > at:
            until = _next_named(plan.steps[end:], stages, passed)
            steps += _shared(plan.steps[at:end], stages[passed:until] or stages[max(0, passed - 1) :][:1])
            passed = until
        for step in plan.steps[end : end + 1]:
            steps.append(step)
            passed = max(passed, stages.index(step.stage) + 1) if step.stage in stages else passed
        at = end + 1
    return Plan(plan.name, tuple(steps))


def _unnamed(step: Step) -> bool:
    return step.status == "running" and step.stage is None


def _next_named(steps: Sequence[Step], stages: Sequence[str], passed: int) -> int:
    named = (stages.index(s.stage) for s in steps if s.stage in stages)
    return next((i for i in named if i >= passed), len(stages))


def _shared(steps: Sequence[Step], stages: Sequence[str]) -> Iterator[Step]:
    """Several steps get their part of the stages each; where those are too few, one goes on in the stage before."""
    parts, count = len(steps), len(stages)
    for i, step in enumerate(steps):
        first = min(i * count // parts, count - 1)
        yield from _split(step, stages[first : max(first + 1, (i + 1) * count // parts)])


def _split(step: Step, stages: Sequence[str]) -> Iterator[Step]:
    if step.duration is None and step.polls is None:
        yield step._replace(stage=stages[0])
        if step.held:
            yield from (step._replace(stage=s, held=False, duration=0) for s in stages[1:])
        return
    count = len(stages)
    for i, stage in enumerate(stages):
        progress = _progress(step, i, count)
        if step.duration is not None:
            yield Step("running", stage=stage, progress=progress, duration=_share(step.duration, i, count))
            continue
        # More stages than polls: those that none is left for are passed at once.
        polls = _share(step.polls or 0, i, count)
        yield Step("running", polls=polls or None, stage=stage, progress=progress, duration=None if polls else 0)


def _progress(step: Step, i: int, count: int) -> tuple[int, int] | None:
    if step.progress is None:
        return None
    low, high = step.progress
    return low + _cut(high - low, i, count), low + _cut(high - low, i + 1, count)


def _share(whole: int, i: int, count: int) -> int:
    return _cut(whole, i + 1, count) - _cut(whole, i, count)


def _cut(whole: int, i: int, count: int) -> int:
    return whole * i // count


def waiting(plan: Plan, stages: Sequence[str]) -> tuple[Plan, Mapping[str, int]]:
    """The plan that stays in each of `stages` until it is released, and the step that is held in each, by stage.

    The length that such a step had stays the least that it lasts. Where the plan itself holds the job, the wait
    follows; where it is stuck, or never comes, there is none.
    """
    steps: list[Step] = []
    held: dict[str, int] = {}
    for step in plan.steps:
        stage = step.stage
        if step.status != "running" or stage is None or stage not in stages or stage in held or step.endless:
            steps.append(step)
            continue
        if step.held:
            steps += (step, Step("running", stage=stage, held=True, progress=step.progress))
        else:
            lasts = None if step.duration is None else Span(step.duration)
            steps.append(step._replace(held=True, lasts=lasts, duration=None))
        held[stage] = len(steps) - 1
    return Plan(plan.name, tuple(steps)), held
