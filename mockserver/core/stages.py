"""Stages: named parts of a job's running time. A plan only says `running`; its time is divided among the stages."""

from collections.abc import Iterator, Mapping, Sequence

from mockserver.core.durations import Span
from mockserver.core.plans import Plan, Step


def with_stages(plan: Plan, stages: Sequence[str]) -> Plan:
    """Divide each running step without a stage among `stages`. The total length of the plan stays the same.

    `plan` is resolved. `stages` has at least one name and is in order. A step that names a stage keeps it, and the
    running steps before it only go through the stages before that one. A step without a length stays in its first
    stage: until it is released, and then it goes through the others at once, or for ever.
    """
    steps: list[Step] = []
    at, passed = 0, 0
    while at < len(plan.steps):
        end = at
        while end < len(plan.steps) and _unnamed(plan.steps[end]):
            end += 1
        if end > at:
            until = _next_named(plan.steps[end:], stages, passed)
            steps += _divide(plan.steps[at:end], stages[passed:until] or stages[max(0, passed - 1) :][:1])
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


def _divide(steps: Sequence[Step], stages: Sequence[str]) -> Iterator[Step]:
    """Give each step its part of the stages. With fewer stages than steps, a step continues the previous stage."""
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
        # With more stages than polls, the stages without a poll end at once.
        polls = _share(step.polls or 0, i, count)
        yield Step("running", polls=polls or None, stage=stage, progress=progress, duration=None if polls else 0)


def _progress(step: Step, i: int, count: int) -> tuple[int, int] | None:
    if step.progress is None:
        return None
    low, high = step.progress
    return low + _boundary(high - low, i, count), low + _boundary(high - low, i + 1, count)


def _share(whole: int, i: int, count: int) -> int:
    return _boundary(whole, i + 1, count) - _boundary(whole, i, count)


def _boundary(whole: int, i: int, count: int) -> int:
    return whole * i // count


def with_held_stages(plan: Plan, stages: Sequence[str]) -> tuple[Plan, Mapping[str, int]]:
    """Hold the job in each of `stages` until it is released. Return the plan and the index of each held step, by stage.

    A held step still lasts at least as long as before. If the plan itself holds the job in a stage, the new wait
    follows that one. A stage that the plan never reaches, or never leaves, gets no wait.
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
