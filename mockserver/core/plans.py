"""Plans: the ordered steps of a job. A step ends after a time, after a number of polls, or when it is released."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from mockserver.core.durations import Span, format_duration

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]

STATUSES: tuple[Status, ...] = ("queued", "running", "succeeded", "failed", "cancelled")
TERMINAL: frozenset[Status] = frozenset(("succeeded", "failed", "cancelled"))
RANK: dict[Status, int] = {"queued": 0, "running": 1, "succeeded": 2, "failed": 2, "cancelled": 2}


class Step(NamedTuple):
    """One step of a plan.

    It ends after `lasts` (a span, which a job resolves to the milliseconds of `duration`), after `polls` status
    requests, or, if `held`, when it is released, but not before its length has passed if it has one too. A step with
    none of the three never ends: it is terminal, or the job is stuck.
    """

    status: Status
    lasts: Span | None = None
    polls: int | None = None
    held: bool = False
    stage: str | None = None
    progress: tuple[int, int] | None = None
    error: str | None = None
    code: str | None = None
    duration: int | None = None

    @property
    def terminal(self) -> bool:
        """True when this step is the end of the job."""
        return self.status in TERMINAL

    @property
    def endless(self) -> bool:
        """True when only a forced status ends this step."""
        return self.duration is None and self.lasts is None and self.polls is None and not self.held


class Plan(NamedTuple):
    """A named sequence of steps whose statuses never go backwards."""

    name: str
    steps: tuple[Step, ...]

    @property
    def varying(self) -> tuple[int, ...]:
        """The indexes of the steps whose length is drawn for each job."""
        return tuple(i for i, s in enumerate(self.steps) if s.lasts is not None and s.lasts.spread)

    def resolved(self, unit: Callable[[int], float], only: Sequence[int] | None = None) -> "Plan":
        """Return this plan with its spans resolved to milliseconds. `unit(i)` chooses within the spread of step i.

        `only` lists the steps to resolve; None means all.
        """
        steps = list(self.steps)
        for i in range(len(steps)) if only is None else only:
            steps[i] = _resolved(steps[i], i, unit)
        return Plan(self.name, tuple(steps))

    def timeline(self) -> str:
        """Return the plan on one line, as `show` prints it: `queued 2s > running 13s ± 2s > succeeded`."""
        return " > ".join(_step_text(s) for s in self.steps)


def _resolved(step: Step, index: int, unit: Callable[[int], float]) -> Step:
    if step.lasts is None or (step.duration is not None and not step.lasts.spread):
        return step
    # The duration is the last field of a step.
    return Step(*step[:-1], step.lasts.pick(unit(index) if step.lasts.spread else 0.5))


def _step_text(step: Step) -> str:
    words: list[str] = [step.status if step.stage is None else f"{step.status}/{step.stage}"]
    if step.lasts is not None:
        words.append(str(step.lasts))
    elif step.duration is not None:
        words.append(format_duration(step.duration))
    elif step.polls is not None:
        words.append(f"{step.polls} poll{'' if step.polls == 1 else 's'}")
    elif step.held:
        words.append("until released")
    elif not step.terminal:
        words.append("for ever")
    if step.error:
        words.append(f'"{step.error}"')
    return " ".join(words)
