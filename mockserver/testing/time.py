"""The clock of a sandbox, which a test can read and move."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from mockserver.control.models import ClockChange
from mockserver.core import durations
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.jobs import Job
from mockserver.testing.values import instant, validated

if TYPE_CHECKING:
    from mockserver.testing.jobs import Jobs

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

Mode = Literal["real", "scaled", "manual", "auto"]
Duration = str | int | float | timedelta


def milliseconds(duration: Duration) -> int:
    """Convert `"10m"`, a number of seconds or a timedelta. Raises ValueError for anything else."""
    if isinstance(duration, timedelta):
        return round(duration.total_seconds() * 1000)
    return durations.parse(duration)


class SandboxClock:
    """The virtual time of a sandbox. Moving it processes all due events in order before it returns."""

    def __init__(self, hosted: HostedSandbox, jobs: "Jobs") -> None:
        self._hosted = hosted
        self._jobs = jobs

    def __repr__(self) -> str:
        return f"<clock {self.mode}, at {self.now.isoformat()}>"

    @property
    def now(self) -> datetime:
        """The current time of the sandbox, in UTC."""
        return instant(self._hosted.now)

    @property
    def mode(self) -> Mode:
        """The mode: `real`, `scaled`, `manual` (stands still) or `auto` (jumps to the next event)."""
        return self._hosted.mode

    @property
    def next(self) -> datetime | None:
        """The time of the next event, or None if there is none."""
        at = self._hosted.next_event()
        return None if at is None else instant(at)

    def change(self, mode: Mode, *, speed: float | None = None) -> None:
        """Change the mode, without changing the current time. `speed` is the factor of `scaled`."""
        self._move({"mode": mode} if speed is None else {"mode": mode, "speed": speed})

    def advance(self, by: Duration) -> int:
        """Advance by `"10m"`, `"1m30s"`, a number of seconds or a timedelta. Returns the number of events processed."""
        if isinstance(by, timedelta):
            by = f"{round(by.total_seconds() * 1000)}ms"
        return self._move({"advance": by})

    def to_next(self) -> int:
        """Advance to the next event. Returns the number of events processed: 0 if there is no next event."""
        return self._move({"to": "next"})

    def until(self, job: Job | str | int) -> Job:
        """Advance from event to event until a job has ended, and return the job.

        Raises MockServerError if time alone does not end the job.
        """
        current = self._jobs.get(job.id, job.provider) if isinstance(job, Job) else self._jobs[job]
        if not current.ended:
            self._move({"until": {"job": current.id}})
        return self._jobs.get(current.id, current.provider)

    def _move(self, change: Mapping[str, object]) -> int:
        return self._hosted.change_clock(validated(ClockChange, change))
