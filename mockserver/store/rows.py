"""What the table of jobs is made of: a row for each job, and a lane for each account."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mockserver.core.jobs import Job
from mockserver.core.plans import Status


@dataclass(slots=True)
class Row:
    """A job with the step that was last handed out, its status then, and when time moves it on.

    `followed` is the last step whose effects were handed out, and `effect_due` when the next one has some.
    """

    job: Job
    seen: int
    status: Status
    followed: int
    due: int | None = None
    effect_due: int | None = None


@dataclass(slots=True)
class Lane:
    """The sequences of one account's jobs of one provider, oldest first: all, and by status; and its queue."""

    every: list[int] = field(default_factory=list)
    queue: list[tuple[int, int]] = field(default_factory=list)
    by_status: dict[Status, list[int]] = field(default_factory=dict)

    def of(self, status: Status | None) -> list[int]:
        """The jobs in a status; None: all of them."""
        return self.every if status is None else self.by_status.setdefault(status, [])


class Rows:
    """The rows of the jobs that are kept, by sequence. The oldest go first.

    Sequences are consecutive, so that a list finds a row. A mapping from which the oldest go would be built anew,
    whole, each time its gaps were as many as its rows.
    """

    def __init__(self) -> None:
        self._kept: list[Row] = []
        self._first = 1

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._kept)

    def __getitem__(self, sequence: int) -> Row:
        return self._kept[sequence - self._first]

    def get(self, sequence: int) -> Row | None:
        """The row of a sequence, or None when it is not kept any more."""
        at = sequence - self._first
        return self._kept[at] if 0 <= at < len(self._kept) else None

    def since(self, sequence: int) -> list[Row]:
        """The rows from a sequence on."""
        return self._kept[sequence - self._first :]

    @property
    def next(self) -> int:
        """The sequence that the next row has."""
        return self._first + len(self._kept)

    def append(self, row: Row) -> None:
        """Keep the row of the sequence `next`."""
        self._kept.append(row)

    def take_oldest(self, count: int) -> list[Row]:
        """So many of the oldest, which are kept no longer."""
        taken = self._kept[:count]
        del self._kept[:count]
        self._first += count
        return taken
