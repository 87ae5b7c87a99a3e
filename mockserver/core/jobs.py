"""Jobs: what was asked, when, and a plan. What a job is at an instant is a pure function of the two.

A job stands at a base: the step that it was last seen to enter for a reason other than time (its creation, a poll,
a release, force) and the instant of that. From there on time alone decides, so `job.at(now)` needs no timer and
asking twice changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mockserver.core.plans import RANK, Plan, Status, Step

# Which steps of a job have an effect outside it: credits to charge or give back, an event to send, a batch to close.
Effects = Literal["none", "end", "each"]

_NOTHING: Mapping[str, Any] = {}


class IllegalMove(ValueError):
    """A status was asked for that the job can no longer take: statuses never go backwards."""


# Not frozen, though nobody changes one: one is made with every look at a job, and frozen ones take three times as long.
@dataclass(slots=True)
class State:
    """What a job is at one instant: its step, and when it entered it (milliseconds since the epoch)."""

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

    `priority` is its place before others in the queue of its provider; without one it stands in none. `effects` says
    which of its steps have an effect outside it: a job without any needs nobody to notice that it moves on. `since`
    is the instant at which it entered its base; None for its creation.
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

    def kept(self, sequence: int) -> "Job":
        """This job with its place among all jobs of its sandbox, standing at its creation unless it says otherwise."""
        # By position, for every new job comes by here.
        return Job(*self[:12], sequence, self.base, self.entered_base, *self[15:])

    @property
    def entered_base(self) -> int:
        """The instant at which the job entered the step that it stands at."""
        return self.created_at if self.since is None else self.since

    def at(self, now: int) -> State:
        """The state at `now`; before its creation a job is in its first step."""
        index, entered, steps = self.base, self.entered_base, self.plan.steps
        step = steps[index]
        while step.duration is not None and now - entered >= step.duration:
            entered += step.duration
            index += 1
            step = steps[index]
        return State(index, step, entered, _progress(step, now - entered, self.polls if index == self.base else 0))

    def passed(self, seen: int, now: int) -> Iterator[State]:
        """The states entered after step `seen`, in order, up to `now`. A step jumped over is not among them."""
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
        """The instant at which time takes the job beyond step `seen`, or None when time alone never does."""
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
        """The instant at which the job enters its next step beyond `seen` that has an effect outside it, or None."""
        if self.effects == "none":
            return None
        if self.effects == "each":
            return self.next_change(seen)
        last = len(self.plan.steps) - 1
        return self.next_change(last - 1) if seen < last and self.plan.steps[last].terminal else None

    def polled(self, now: int) -> "Job":
        """The job after one more status request has seen it; itself where its step counts none."""
        state = self.at(now)
        if state.step.polls is None or state.step.held:
            return self
        polls = (self.polls if state.index == self.base else 0) + 1
        if polls >= state.step.polls:
            return self._replace(base=state.index + 1, since=max(now, state.entered_at), polls=0)
        return self._replace(base=state.index, since=state.entered_at, polls=polls)

    def released(self, now: int) -> "Job":
        """The job let go of the step that holds it. Raises IllegalMove when none does.

        A step that also has a length (`lasts` or `polls`) goes on until that has passed; the wait counts towards it.
        """
        state = self.at(now)
        step = state.step
        if not step.held:
            raise IllegalMove(f"job {self.id} is {state.status} and nothing holds it")
        if step.lasts is not None or step.polls is not None:
            waited = max(0, now - state.entered_at)
            duration = None if step.lasts is None else max(waited, step.lasts.base)
            free = step._replace(held=False, duration=duration)
            plan = Plan(self.plan.name, (*self.plan.steps[: state.index], free, *self.plan.steps[state.index + 1 :]))
            return self._replace(plan=plan, base=state.index, since=state.entered_at, polls=0)
        return self._replace(base=state.index + 1, since=max(now, state.entered_at), polls=0)

    def moved(self, now: int, status: Status, error: str | None = None, code: str | None = None) -> "Job":
        """The job forced into `status` at `now`, for good. Raises IllegalMove when that would go backwards."""
        state = self.at(now)
        if state.terminal or RANK[status] < RANK[state.status]:
            raise IllegalMove(f"job {self.id} is {state.status} and cannot become {status}")
        steps = (*self.plan.steps[: state.index + 1], Step(status, error=error, code=code))
        plan = Plan(self.plan.name, steps)
        # A request that read the clock before another one moved the job must not enter a step before the last one.
        since = max(now, state.entered_at)
        return self._replace(plan=plan, base=state.index + 1, since=since, polls=0, forced=True)

    def ran(self, now: int) -> bool:
        """True when the job has been running at some instant up to `now`."""
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
