"""Jobs: a request, when it was made, and a plan. The state of a job at an instant is a pure function of these.

A job has a base: the last step that it entered for a reason other than time (its creation, a poll, a release or a
forced status), and the instant at which it entered it. After that only time moves it on, so `job.at(now)` needs no
timer and has no side effect.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mockserver.core.durations import Span
from mockserver.core.plans import RANK, Plan, Status, Step

# Which steps of a job have an effect outside it: credits to charge or release, an event to send, a batch to close.
Effects = Literal["none", "end", "each"]

_NOTHING: Mapping[str, Any] = {}


class IllegalMove(ValueError):
    """A job cannot take the requested status, because statuses never go backwards."""


# Not frozen, although it is never changed: every look at a job creates one, and a frozen one takes three times as long.
@dataclass(slots=True)
class State:
    """The state of a job at one instant: its step, and when it entered the step (milliseconds since the epoch)."""

    index: int
    step: Step
    entered_at: int
    progress: int | None = None

    @property
    def status(self) -> Status:
        return self.step.status

    @property
    def terminal(self) -> bool:
        return self.step.terminal


class Job(NamedTuple):
    """One long-running piece of work of one account. Instants are milliseconds since the epoch.

    `priority` orders it in the queue of its provider, highest first; None means that it is in no queue. `effects` says
    which of its steps have an effect outside it; a job without effects moves on without any work. `since` is the
    instant at which it entered its base; None means its creation.
    """

    id: str
    provider: str
    operation: str
    account: str
    created_at: int
    plan: Plan
    request: Mapping[str, Any] = _NOTHING
    facts: Mapping[str, Any] = _NOTHING
    rule: str | None = None
    cause: int = 0
    cost: int = 0
    priority: int | None = None
    sequence: int = 0
    base: int = 0
    since: int | None = None
    polls: int = 0
    forced: bool = False
    effects: Effects = "none"

    def with_sequence(self, sequence: int) -> "Job":
        """Return this job with its number among the sandbox's jobs. Its base is its creation unless `since` is set."""
        # Arguments by position, because this runs for every new job and is faster.
        return Job(*self[:12], sequence, self.base, self.entered_base, *self[15:])

    @property
    def entered_base(self) -> int:
        """The instant at which the job entered its base."""
        return self.created_at if self.since is None else self.since

    def at(self, now: int) -> State:
        """Return the state at `now`. Before its creation a job is in its first step."""
        index, entered, steps = self.base, self.entered_base, self.plan.steps
        step = steps[index]
        while step.duration is not None and now - entered >= step.duration:
            entered += step.duration
            index += 1
            step = steps[index]
        return State(index, step, entered, _progress(step, now - entered, self.polls if index == self.base else 0))

    def passed(self, seen: int, now: int) -> Iterator[State]:
        """Yield the states entered after step `seen` up to `now`, in order, without steps that were skipped."""
        index, entered, steps = self.base, self.entered_base, self.plan.steps
        while True:
            step = steps[index]
            if index > seen:
                yield State(index, step, entered, _progress(step, 0, 0))
            if step.duration is None or now - entered < step.duration:
                return
            entered += step.duration
            index += 1

    def next_change(self, seen: int) -> int | None:
        """Return the instant at which time moves the job past step `seen`; None when time alone never does."""
        if self.base > seen:
            return self.entered_base
        index, entered, steps = self.base, self.entered_base, self.plan.steps
        while index <= seen:
            duration = steps[index].duration
            if duration is None:
                return None
            entered += duration
            index += 1
        return entered

    def next_effect(self, seen: int) -> int | None:
        """Return the instant at which the job enters its next step after `seen` with an effect outside it, or None."""
        if self.effects == "none":
            return None
        if self.effects == "each":
            return self.next_change(seen)
        last = len(self.plan.steps) - 1
        return self.next_change(last - 1) if seen < last and self.plan.steps[last].terminal else None

    def polled(self, now: int) -> "Job":
        """Count one more status request. Return the job itself if its step counts none."""
        state = self.at(now)
        if state.step.polls is None or state.step.held:
            return self
        polls = (self.polls if state.index == self.base else 0) + 1
        if polls >= state.step.polls:
            return self._replace(base=state.index + 1, since=max(now, state.entered_at), polls=0)
        return self._replace(base=state.index, since=state.entered_at, polls=polls)

    def released(self, now: int) -> "Job":
        """Release the job from the step that holds it. Raises IllegalMove when no step does.

        A step that also has a length (`lasts` or `polls`) continues until that has passed. The time held counts.
        """
        state = self.at(now)
        step = state.step
        if not step.held:
            raise IllegalMove(f"job {self.id} is {state.status} and not held, so it cannot be released")
        if step.lasts is not None or step.polls is not None:
            waited = max(0, now - state.entered_at)
            duration = None if step.lasts is None else max(waited, step.lasts.base)
            free = step._replace(held=False, duration=duration)
            plan = Plan(self.plan.name, (*self.plan.steps[: state.index], free, *self.plan.steps[state.index + 1 :]))
            return self._replace(plan=plan, base=state.index, since=state.entered_at, polls=0)
        return self._replace(base=state.index + 1, since=max(now, state.entered_at), polls=0)

    def holding(self, now: int) -> "Job":
        """Hold the job in its present step until it is released. Raises IllegalMove when it has ended or is held."""
        state = self.at(now)
        step = state.step
        if step.terminal or step.held:
            raise IllegalMove(f"job {self.id} is {'held' if step.held else step.status} and cannot be held")
        length = step.lasts if step.duration is None else Span(step.duration)
        held = step._replace(held=True, duration=None, lasts=length)
        plan = Plan(self.plan.name, (*self.plan.steps[: state.index], held, *self.plan.steps[state.index + 1 :]))
        return self._replace(plan=plan, base=state.index, since=state.entered_at, polls=0)

    def timeline(self) -> Iterator[tuple[int, int, int | None]]:
        """Yield the index of each step from the base on, when it begins, and when it ends by time alone (or None)."""
        entered: int = self.entered_base
        for index in range(self.base, len(self.plan.steps)):
            duration = self.plan.steps[index].duration
            yield index, entered, None if duration is None else entered + duration
            if duration is None:
                return
            entered += duration

    def moved(self, now: int, status: Status, error: str | None = None, code: str | None = None) -> "Job":
        """Force the job into `status` at `now`, where it stays. Raises IllegalMove when that would go backwards."""
        state = self.at(now)
        if state.terminal or RANK[status] < RANK[state.status]:
            raise IllegalMove(f"job {self.id} is {state.status} and cannot become {status}")
        steps = (*self.plan.steps[: state.index + 1], Step(status, error=error, code=code))
        plan = Plan(self.plan.name, steps)
        # This request may have read the clock before another request moved the job. Steps must stay in order of time.
        since = max(now, state.entered_at)
        return self._replace(plan=plan, base=state.index + 1, since=since, polls=0, forced=True)

    def has_run(self, now: int) -> bool:
        """Return True if the job was running at some instant up to `now`."""
        return any(s.status == "running" for s in self.plan.steps[: self.at(now).index + 1])


def _progress(step: Step, elapsed: int, polls: int) -> int | None:
    if step.progress is None:
        return None
    low, high = step.progress
    if step.duration:
        return low + (high - low) * max(0, min(elapsed, step.duration)) // step.duration
    if step.polls:
        return low + (high - low) * min(polls, step.polls) // step.polls
    return low
