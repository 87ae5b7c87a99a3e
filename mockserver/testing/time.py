"""The clock of a sandbox, in the hand of a test."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from mockserver.control import actions
from mockserver.control.models import ClockChange
from mockserver.testing.jobs import Job
from mockserver.testing.session import World, instant, validated

if TYPE_CHECKING:
    from mockserver.testing.jobs import Jobs

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

Mode = Literal["real", "scaled", "manual", "auto"]
Duration = str | int | float | timedelta


class SandboxClock:
    """Virtual time. Whatever falls due on the way happens in order, and is done when a move returns."""

    def __init__(self, world: World, jobs: "Jobs") -> None:
        self._world = world
        self._jobs = jobs

    def __repr__(self) -> str:
        return f"<clock {self.mode}, at {self.now.isoformat()}>"

    @property
    def now(self) -> datetime:
        """The present instant of the sandbox, in UTC."""
        return instant(self._world.sandbox.clock.now())

    @property
    def mode(self) -> Mode:
        """How time passes: `real`, `scaled`, `manual` (it stands still) or `auto` (it jumps to what is next)."""
        return self._world.sandbox.clock.mode

    @property
    def next(self) -> datetime | None:
        """The instant at which something happens by itself next; None when nothing is to come."""
        at = self._world.run(self._world.sandbox.next_event())
        return None if at is None else instant(at)

    def change(self, mode: Mode, *, speed: float | None = None) -> None:
        """Go on from the present instant in another mode; `speed` is how many times faster, for `scaled`."""
        given = {"mode": mode} if speed is None else {"mode": mode, "speed": speed}
        self._moved(given)

    def advance(self, by: Duration) -> int:
        """Let time pass: `"10m"`, `"1m30s"`, a number of seconds or a timedelta. Gives the events on the way."""
        if isinstance(by, timedelta):
            by = f"{round(by.total_seconds() * 1000)}ms"
        return self._moved({"advance": by})

    def to_next(self) -> int:
        """Go to the next thing that happens by itself. Gives the events on the way: 0 when nothing is to come."""
        return self._moved({"to": "next"})

    def until(self, job: Job | str | int) -> Job:
        """Go from event to event until a job has ended, and give it as it is then.

        Raises MockServerError for a job that time alone does not end.
        """
        current = self._jobs.get(job.id, job.provider) if isinstance(job, Job) else self._jobs[job]
        if not current.ended:
            self._moved({"until": {"job": current.id}})
        return self._jobs.get(current.id, current.provider)

    def _moved(self, change: Mapping[str, object]) -> int:
        world, asked = self._world, validated(ClockChange, change)
        return world.act(lambda now: actions.change_clock(world.sandbox, asked))
