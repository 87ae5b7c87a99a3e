"""The store protocol: every change of a sandbox's state is one of these atomic operations.

Instants are milliseconds since the epoch. Amounts are whole hundredths of a credit. Jobs, deliveries and entries are
values: a store may return another object than the one that was stored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from mockserver.core.credits import CreditEntry
from mockserver.core.deliveries import ALL_DELIVERIES, Delivery, DeliveryFilter
from mockserver.core.jobs import Job, State
from mockserver.core.journal import ALL_ENTRIES, EntryFilter, JournalEntry
from mockserver.core.limits import Limit, Usage
from mockserver.core.plans import Status

What = Literal["journal", "jobs", "counters", "faults", "all"]

# The kind of the small values that stand for deliveries which are held until the next event of their account.
HELD = "held"
# The kind of the small values that stand for requests whose reply is not complete. Their keys are the ids of jobs.
OPEN_REPLY = "open_reply"
# How many faults can be armed at a time.
MAX_FAULTS = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list of jobs, newest first unless the operation says otherwise, and the length of the whole list."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Transition:
    """A state that a job has entered. Each is returned once, in order of time."""

    job: Job
    state: State


class Written(NamedTuple):
    """Entries of the journal in the order of writing, and the serial of the `last` one that was read.

    `missed` counts the entries that were dropped since. `cleared` is true if the journal was cleared since, and `more`
    if there are more entries.
    """

    entries: Sequence[JournalEntry]
    last: int
    missed: int = 0
    cleared: bool = False
    more: bool = False


class DeliveryCount(NamedTuple):
    """The number of deliveries, and of those of them that have ended."""

    total: int
    ended: int


@dataclass(frozen=True, slots=True)
class Credits:
    """The credits of an account at one instant; `balance` is None when unlimited."""

    balance: int | None
    reserved: int
    entries: tuple[CreditEntry, ...] = ()


class Store(Protocol):
    """The state of one sandbox. Every operation is atomic.

    A store is bounded in bytes: above that, the oldest data is dropped. Long texts are cut where they are stored
    (`core.kept`).
    """

    @property
    def durable(self) -> bool:
        """True if the state is still there after the process has ended."""

    async def close(self) -> None:
        """Delete everything, and free what the store occupies."""

    async def leave(self) -> None:
        """Stop to use the store. What a durable one keeps stays there."""

    async def committed(self) -> None:
        """Return when all changes so far are kept, as durably as the store keeps anything."""

    # Several processes. All but a shared store return at once.

    async def entered(self) -> None:
        """Return when this process has all changes of others, whose next changes come after those of the caller.

        That lasts until the caller waits for something.
        """

    async def begin_steps(self) -> None:
        """Wait until no other process moves the clock of the sandbox. Until `end_steps` no other process does."""

    async def end_steps(self) -> None:
        """Let other processes move the clock."""

    @property
    def steps_taken(self) -> bool:
        """True while another process moves the clock."""

    def follow(self) -> None:
        """Take on the changes of other processes as soon as they are made, for a while: something waits for them."""

    def due_elsewhere(self) -> bool:
        """Return True if another process does what falls due by the passing of time: it has made the latest change."""

    def known_due(self) -> int | None:
        """Return when something is due next, as far as this process knows without asking; 0 if it has to ask."""

    # Jobs. Operations that depend on statuses use those as of the last `take_transitions`.

    async def add_job(self, job: Job) -> Job:
        """Add a new job with the next `sequence`. The oldest jobs are dropped when the store is full.

        Credits reserved for a dropped job are released. Long texts in its request and facts are cut.
        """

    async def get_job(self, provider: str, account: str, job_id: str) -> Job | None:
        """Return the job of that account, or None. Jobs of other accounts are not found."""

    async def find_jobs(self, job_id: str) -> Sequence[Job]:
        """Return all jobs with that id, of any provider and account."""

    async def replace_job(self, old: Job, new: Job) -> bool:
        """Replace `old` by `new`. Return False, and change nothing, when the stored job is not `old`."""

    async def take_transitions(self, now: int, limit: int | None = None) -> Sequence[Transition]:
        """Return every state that a job has entered up to `now` and that was not returned before, in order of time.

        With a limit about so many are returned, the earliest ones, and the others by the next calls. They are only
        needed for lists and the journal. States with effects are also returned by `take_effects`.
        """

    async def next_transition(self) -> int | None:
        """Return the earliest instant of a transition that `take_transitions` has not returned yet."""

    async def take_effects(self, now: int) -> Sequence[Transition]:
        """Return every state with an effect outside its job that was entered up to `now`, once, in order of time."""

    async def next_effect(self) -> int | None:
        """Return the earliest instant at which a job enters a state with an effect outside it."""

    async def page_jobs(
        self,
        provider: str | None = None,
        account: str | None = None,
        status: Status | None = None,
        offset: int = 0,
        limit: int = 20,
        before: int | None = None,
    ) -> Page:
        """Return jobs, newest first: those with a sequence below `before`, without the first `offset` of them.

        With provider and account the time does not depend on the number of jobs.
        """

    async def count_by_status(self, provider: str) -> Mapping[Status, int]:
        """Return the number of jobs of a provider, of all accounts, by status."""

    async def queue_position(self, job: Job) -> int:
        """Return the position of a queued job in its provider's queue, by priority, then age. 1 is next."""

    async def waiting_jobs(self, provider: str, account: str, limit: int) -> Page:
        """Return at most `limit` of the account's jobs in its provider's queue, the next first, and their number."""

    # Counters and limits.

    async def next_number(self, *key: str) -> int:
        """Return 1 for the first call with that key, then 2, and so on."""

    async def hit(self, account: str, limits: Sequence[Limit], now: int, amount: int = 1) -> Sequence[Usage]:
        """Count `amount` in the current window of every limit, or in none if one of them is full.

        An amount of 0 only reads the counts. A negative amount reduces them, at most to 0.
        """

    # Credits.

    async def open_credits(self, account: str, at: int, credits: int | None) -> Credits:
        """Return the account's credits. A new account starts with `credits` (None: unlimited).

        Credits that were spent never come back because other accounts are used: the entries of an account may be
        dropped, but not its balance. If that has to be dropped, too, the account opens with no credits.
        """

    async def reserve(self, account: str, at: int, reference: str, amount: int) -> bool:
        """Reserve credits. Return False when the balance is too small or the account has no credits.

        Raises ValueError for a negative amount, and for a reference that already has a reservation.
        """

    async def capture(self, account: str, at: int, reference: str, amount: int | None = None) -> None:
        """Charge the credits reserved for `reference`, or `amount` of them and release the rest."""

    async def release(self, account: str, at: int, reference: str) -> None:
        """Return the credits reserved for `reference` to the balance."""

    async def grant(self, account: str, at: int, credits: int | None) -> None:
        """Set the balance; None makes it unlimited."""

    async def renew_credits(self, at: int, opening: Callable[[str], int | None]) -> None:
        """Set the balance of every account to what `opening` returns for its id; None makes it unlimited.

        Reservations stay. An account that was dropped, or that has not been used for a long time, opens again.
        """

    async def credits(self, account: str) -> Credits | None:
        """Return the account's credits with their entries, or None when the account has not been opened."""

    async def accounts(self, limit: int) -> Sequence[str]:
        """Return the ids of at most `limit` accounts with counts or credits, those that were used last first."""

    # Small values: tokens, codes, overrides of accounts. A value is JSON data.

    async def put_value(self, kind: str, key: str, value: Any, expires_at: int | None = None) -> None:
        """Store a value until it expires. The oldest of its kind is dropped when there are too many."""

    async def get_value(self, kind: str, key: str, now: int) -> Any:
        """Return the value, or None when there is none or it has expired."""

    async def take_value(self, kind: str, key: str, now: int) -> Any:
        """Remove and return the value, so that only one caller gets it. Return None when there is none."""

    async def replace_value(self, kind: str, key: str, old: Any, new: Any) -> bool:
        """Replace `old` by `new`, with the same age and expiry. Return False when the stored value is not `old`."""

    async def values(self, kind: str, now: int) -> Mapping[str, Any]:
        """Return all values of a kind, oldest first."""

    # Armed faults: JSON data with `operation` and `account`, both patterns, and `times`.

    async def arm_fault(self, fault: Mapping[str, Any]) -> str | None:
        """Arm a fault for its next `times` requests, and return its id. None when `MAX_FAULTS` are armed."""

    async def take_fault(self, operation: str, key: str | None) -> tuple[str, Mapping[str, Any]] | None:
        """Return the oldest fault that is armed for a request, with its id. Only one caller gets each of its times.

        `key` is the API key. The time does not depend on the number of faults for other operations.
        """

    async def armed_faults(self) -> Mapping[str, Mapping[str, Any]]:
        """Return all armed faults with the times that are left, oldest first."""

    # Deliveries.

    async def schedule(self, delivery: Delivery) -> Delivery:
        """Store a new delivery, or one whose `due_at` has changed. A claimed delivery stays claimed."""

    async def claim_due(self, now: int) -> Delivery | None:
        """Claim the earliest delivery due by `now`. No other caller gets it until it is saved."""

    async def save_delivery(self, delivery: Delivery) -> None:
        """Save a claimed delivery with its new attempts, and end the claim. Its `due_at` says when it is due again."""

    async def replay_delivery(self, delivery_id: str, at: int, url: str | None = None) -> None:
        """Schedule a replay of a stored delivery, due at `at` (`Delivery.with_replay`).

        If the delivery is claimed, the replay is scheduled when it is saved.
        """

    async def next_delivery(self) -> int | None:
        """Return the earliest instant at which an unclaimed delivery is due."""

    async def get_delivery(self, delivery_id: str) -> Delivery | None:
        """Return the delivery with this id, or None."""

    async def deliveries(
        self, wanted: DeliveryFilter = ALL_DELIVERIES, after: str | None = None, limit: int | None = None
    ) -> Sequence[Delivery]:
        """Return at most `limit` deliveries, newest first, that are older than the one with the id `after`.

        If that was dropped, there are none. The time depends on the number of those that are returned.
        """

    async def count_deliveries(self, wanted: DeliveryFilter = ALL_DELIVERIES) -> DeliveryCount:
        """Count deliveries. The time does not depend on their number."""

    # The journal.

    async def number_entry(self) -> int:
        """Reserve the next number of the journal, for an entry that is a cause before it is written."""

    async def append(self, entry: JournalEntry) -> int:
        """Write an entry and number it unless it has a number. The oldest is dropped when the journal is full."""

    async def insert(self, entries: Sequence[JournalEntry]) -> None:
        """Insert transitions by their time: before entries that were written later, and after their cause.

        They have no numbers.
        """

    async def entries(
        self, wanted: EntryFilter = ALL_ENTRIES, after: int | None = None, limit: int | None = None
    ) -> Sequence[JournalEntry]:
        """Return at most `limit` entries, newest first, that are older than the one with the serial `after`.

        If that was dropped, there are none.
        """

    @property
    def last_serial(self) -> int:
        """The serial of the last entry that was written to the journal; 0 if there was none."""

    @property
    def first_serial(self) -> int:
        """The serial of the last entry when this process got its copy of a store that it shares; otherwise 0."""

    async def entries_since(self, serial: int, limit: int) -> Written:
        """Return at most `limit` entries that were written after the one with this serial, in the order of writing.

        The time depends on the number of those that are returned. A serial that this journal never had stands for its
        beginning, as if the journal had been cleared.
        """

    def call_at_next_entry(self, call: Callable[[], None]) -> None:
        """Call `call` once when the next entries are written or the journal is cleared. Asking twice calls once."""

    async def clear(self, what: What) -> None:
        """Delete the journal, the jobs (with deliveries), the counters (with credits), the faults, or everything.

        Credits reserved for deleted jobs are released.
        """
