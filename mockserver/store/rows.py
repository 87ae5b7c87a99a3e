"""The parts of the job table: a row for each job, and the lists of each account."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mockserver.core.jobs import Job
from mockserver.core.plans import Status


@dataclass(slots=True)
class JobRow:
    """A job, with the step that `take` last returned for it and the status of that step.

    `due` is the instant of its next step. `followed` is the last step that `take_effects` returned, and `effect_due`
    the instant of the next step with an effect. `size` is the number of bytes that are counted for it.
    """

    job: Job
    seen: int
    status: Status
    followed: int
    size: int = 0
    due: int | None = None
    effect_due: int | None = None


@dataclass(slots=True)
class AccountJobs:
    """The jobs of one account at one provider, by sequence and oldest first: all, by status, and in the queue."""

    every: list[int] = field(default_factory=list)
    queue: list[tuple[int, int]] = field(default_factory=list)
    by_status: dict[Status, list[int]] = field(default_factory=dict)

    def of(self, status: Status | None) -> list[int]:
        """Return the sequences of the jobs with a status; None means all."""
        return self.every if status is None else self.by_status.setdefault(status, [])


class JobRows:
    """The rows of all jobs, by sequence. The oldest are dropped first.

    Sequences are consecutive, so that a list is enough. A dict whose oldest keys are removed would be rebuilt as a
    whole again and again.
    """

    def __init__(self) -> None:
        self._rows: list[JobRow] = []
        self._first = 1

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[JobRow]:
        return iter(self._rows)

    def __getitem__(self, sequence: int) -> JobRow:
        return self._rows[sequence - self._first]

    def get(self, sequence: int) -> JobRow | None:
        """Return the row of a sequence, or None when it was dropped."""
        at = sequence - self._first
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def newest_first(self, end: int) -> Iterator[JobRow]:
        """Yield the rows with a sequence below `end`, newest first."""
        last = min(end - self._first, len(self._rows)) - 1
        return map(self._rows.__getitem__, range(last, -1, -1))

    def since(self, sequence: int) -> list[JobRow]:
        """Return the rows from a sequence on."""
        return self._rows[sequence - self._first :]

    @property
    def next(self) -> int:
        """The sequence of the next row."""
        return self._first + len(self._rows)

    def start_at(self, sequence: int) -> None:
        """Let the next row have this sequence. There are no rows yet."""
        self._first = sequence

    def append(self, row: JobRow) -> None:
        """Add the row with the sequence `next`."""
        self._rows.append(row)

    def take_oldest(self, count: int) -> list[JobRow]:
        """Remove and return the `count` oldest rows."""
        oldest = self._rows[:count]
        del self._rows[:count]
        self._first += count
        return oldest
