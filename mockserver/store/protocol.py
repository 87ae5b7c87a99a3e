"""The store protocol: every change of a sandbox's state is one of these atomic operations.

Instants are milliseconds since the epoch, amounts of credit whole hundredths. Jobs, deliveries and entries are
frozen values: what comes out of a store need not be the object that went in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mockserver.core.credits import Entry as LedgerEntry
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job, State
from mockserver.core.journal import Entry
from mockserver.core.limits import Limit, Usage
from mockserver.core.plans import Status

What = Literal["journal", "jobs", "counters", "faults", "all"]

# Kinds of small values: faults that wait for a request, and deliveries that wait for the next event of their account.
ARMED = "fault"
HELD = "held"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a longer list, newest first unless told otherwise, and how long the whole list is."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Transition:
    """A job entered a state. Each is handed out once, in order of time."""

    job: Job
    state: State


@dataclass(frozen=True, slots=True)
class Credits:
    """The credits of an account at one instant; `balance` is None when unlimited."""

    balance: int | None
    reserved: int
    entries: tuple[LedgerEntry, ...] = ()


class Store(Protocol):
    """The state of one sandbox. No operation suspends half done: each is atomic."""

    # Jobs. What an operation says of statuses is as of the last `take_transitions`.

    async def add_job(self, job: Job) -> Job:
        """Keep a new job and give it the next `sequence`. The oldest jobs go when the store is full.

        What was set aside for a job that goes is given back.
        """

    async def get_job(self, provider: str, account: str, job_id: str) -> Job | None:
        """The job of that account, or None; another account's job is not found."""

    async def find_jobs(self, job_id: str) -> Sequence[Job]:
        """All jobs with that id, whatever their provider and account."""

    async def replace_job(self, old: Job, new: Job) -> bool:
        """Put `new` in the place of `old`; False, and no change, when `old` is not what is kept."""

    async def take_transitions(self, now: int) -> Sequence[Transition]:
        """Every state that a job has entered up to `now` and that was not handed out before, in order of time.

        Nothing follows from them that `take_effects` does not hand out as well: they are taken when somebody looks.
        """

    async def next_transition(self) -> int | None:
        """The earliest instant at which time moves a job on, of those that were not handed out yet."""

    async def take_effects(self, now: int) -> Sequence[Transition]:
        """Every state with an effect outside its job that was entered up to `now`, once, in order of time."""

    async def next_effect(self) -> int | None:
        """The earliest instant at which time takes a job to a state with an effect outside it."""

    async def page_jobs(
        self,
        provider: str | None = None,
        account: str | None = None,
        status: Status | None = None,
        offset: int = 0,
        limit: int = 20,
    ) -> Page:
        """Jobs newest first. With both provider and account given the cost does not grow with what is kept."""

    async def tally(self, provider: str) -> Mapping[Status, int]:
        """How many jobs of a provider, of all accounts, have each status."""

    async def queue_position(self, job: Job) -> int:
        """The place of a queued job in the queue of its provider: 1 is next. By priority, then age."""

    async def waiting_jobs(self, provider: str, account: str, limit: int) -> Page:
        """The account's jobs in its provider's queue, the next first, at most `limit`; and how many there are."""

    # Counters and limits.

    async def next_number(self, *key: str) -> int:
        """1 for the first call with that key, then 2, and so on."""

    async def hit(self, account: str, limits: Sequence[Limit], now: int, amount: int = 1) -> Sequence[Usage]:
        """Count `amount` in the present window of every limit, or in none when one is full.

        0 only looks. Less than 0 gives back, no more than was counted.
        """

    # Credits.

    async def open_credits(self, account: str, at: int, credits: int | None) -> Credits:
        """The account's credits; an account that has none yet starts with `credits` (None: unlimited)."""

    async def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        """Set credits aside; False when the balance is too small or the account has no ledger.

        Raises ValueError for a negative amount, and for a reference that something is set aside for already.
        """

    async def capture(self, account: str, at: int, reference: str, amount: int | None = None) -> None:
        """Charge what was set aside, or `amount` of it and give back the rest."""

    async def release(self, account: str, at: int, reference: str) -> None:
        """Give back what was set aside."""

    async def grant(self, account: str, at: int, credits: int | None) -> None:
        """Set the balance; None makes it unlimited."""

    async def credits(self, account: str) -> Credits | None:
        """The account's credits with their entries, or None when it has no ledger yet."""

    # Small values: tokens, codes, overrides of accounts, armed faults. A value is JSON data.

    async def put_value(self, kind: str, key: str, value: Any, expires_at: int | None = None) -> None:
        """Keep a value until it expires; the oldest of its kind goes when there are too many."""

    async def get_value(self, kind: str, key: str, now: int) -> Any:
        """The value, or None when there is none or it has expired."""

    async def take_value(self, kind: str, key: str, now: int) -> Any:
        """The value, removed in the same step, so that only one caller ever gets it; else None."""

    async def replace_value(self, kind: str, key: str, old: Any, new: Any) -> bool:
        """Put `new` in the place of `old`, with its age and its end; False, and no change, when `old` is not kept."""

    async def values(self, kind: str, now: int) -> Mapping[str, Any]:
        """All values of a kind, oldest first."""

    # Deliveries.

    async def schedule(self, delivery: Delivery) -> Delivery:
        """Keep a delivery, due at its `due_at`: a new one, or one that is due at another instant now.

        One that is claimed stays claimed.
        """

    async def claim_due(self, now: int) -> Delivery | None:
        """The earliest delivery due by `now`, claimed so that no other caller gets it until it is saved."""

    async def save_delivery(self, delivery: Delivery) -> None:
        """Put back a claimed delivery with its new attempts; it is due again if it says so."""

    async def replay_delivery(self, delivery_id: str, at: int, url: str | None = None) -> None:
        """Make one more attempt of a kept delivery out of turn, due at `at` (`Delivery.again`).

        Of one that is claimed, once it has been put back.
        """

    async def next_delivery(self) -> int | None:
        """The earliest instant at which an unclaimed delivery falls due."""

    async def get_delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""

    async def deliveries(self) -> Sequence[Delivery]:
        """All kept deliveries, newest first."""

    # The journal.

    async def number_entry(self) -> int:
        """The next number of the journal, for an entry that is written later but named as a cause before."""

    async def append(self, entry: Entry) -> int:
        """Write an entry, numbered unless it has a number; the oldest goes when the journal is full."""

    async def insert(self, entries: Sequence[Entry]) -> None:
        """Write transitions, in order of time, where they belong: before what was written when they had happened.

        They come behind the entry that caused them, and have no numbers.
        """

    async def entries(self) -> Sequence[Entry]:
        """All kept entries, newest first."""

    async def clear(self, what: What) -> None:
        """Forget the journal, the jobs (with deliveries), the counters (with credits), the faults, or all.

        What was set aside for jobs that are forgotten is given back.
        """
