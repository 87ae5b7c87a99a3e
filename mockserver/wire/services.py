"""What a handler may ask for: jobs, credits, limits and ids of the account that makes the request."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.credits import ONE
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job, State
from mockserver.core.limits import Usage
from mockserver.core.match import Rule
from mockserver.core.plans import Plan
from mockserver.core.seeded import crockford_of, token_of
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import Store


class EntryNumber:
    """The number that the request has in the journal, taken when somebody first asks for it."""

    __slots__ = ("_store", "taken")

    def __init__(self, store: Store) -> None:
        self._store = store
        self.taken = 0

    async def take(self) -> int:
        """The number. Others name it as their cause before the entry is written."""
        if not self.taken:
            self.taken = await self._store.number_entry()
        return self.taken


class Jobs:
    """The jobs of one account, as one request of it sees them at one instant."""

    __slots__ = ("_account", "_now", "_number", "_operation", "_provider", "_rule", "_sandbox")

    def __init__(
        self,
        sandbox: Sandbox,
        provider: Provider,
        operation: Operation,
        account: Account,
        rule: Rule | None,
        now: int,
        number: EntryNumber,
    ) -> None:
        self._sandbox = sandbox
        self._provider = provider
        self._operation = operation
        self._account = account
        self._rule = rule
        self._now = now
        self._number = number

    async def submit(
        self,
        job_id: str,
        *,
        request: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
        rule: Rule | None = None,
        plan: Plan | None = None,
        cost: float = 0,
        priority: int | None = None,
    ) -> Job:
        """Create a job: set its cost (in credits) aside, keep it, and expect what follows from it.

        `rule` and `plan` are those of the request unless given. Raises Refusal `insufficient_credits`.
        """
        sandbox, account, rule = self._sandbox, self._account, rule or self._rule
        amount = round(cost * ONE)
        if amount:
            await Credits(sandbox, account, self._now).reserve(job_id, amount)
        facts = facts or {}
        effects = self._provider.effects(facts, account)
        job = Job(
            job_id, self._provider.name, self._operation.name, account.id, self._now,
            plan or sandbox.plan_for(job_id, rule.plan if rule else None), request, facts, rule.name if rule else None,
            await self._number.take(), amount, priority,
            # Credits are charged or given back at its end.
            effects="end" if amount and effects == "none" else effects,
        )  # fmt: skip
        job = await sandbox.store.add_job(job)
        sandbox.jobs_submitted += 1
        sandbox.newest_cause = job.cause
        if job.effects != "none":
            sandbox.courier.expect(job.next_effect(-1 if job.plan.steps[0].terminal else 0))
        return job

    async def get(self, job_id: str) -> Job:
        """The account's job with that id. Raises Refusal `not_found`, for another account's job too."""
        job = await self._sandbox.store.get_job(self._provider.name, self._account.id, job_id)
        if job is None:
            raise Refusal("not_found", note=f"No job {job_id!r}")
        return job

    async def poll(self, job: Job, state: State) -> None:
        """Count a status request that has seen the job in `state`, for plans that go by polls."""
        if state.step.polls is None:
            return
        polled = job.polled(self._now)
        if polled is not job:
            # The steps that time has brought are written down before the one that this request brings.
            await self._sandbox.settling.observe(self._now)
            await self._sandbox.settling.replace(job, polled)
            self._sandbox.courier.expect(polled.next_effect(job.base))


class Credits:
    """The credits of one account, in hundredths of a credit."""

    __slots__ = ("_account", "_now", "_store")

    def __init__(self, sandbox: Sandbox, account: Account, now: int) -> None:
        self._store = sandbox.store
        self._account = account
        self._now = now

    async def balance(self) -> int | None:
        """The balance; None when unlimited."""
        account = self._account
        return (await self._store.open_credits(account.id, self._now, account.credits)).balance

    async def reserve(self, reference: str, amount: int) -> None:
        """Set credits aside. Raises Refusal `insufficient_credits`."""
        available = await self.balance()
        if not await self._store.reserve(self._account.id, self._now, reference, amount):
            raise Refusal("insufficient_credits", "Insufficient credits", required=amount, available=available or 0)


async def spend(
    store: Store, account: Account, names: Sequence[str], now: int, amount: int = 1, *, look: bool = False
) -> Sequence[Usage]:
    """Count `amount` against limits of an account. Raises Refusal `rate_limited` when one is full."""
    wanted = [account.limits[name] for name in names]
    usage = await store.hit(account.id, wanted, now, 0 if look else amount)
    full = [u for u in usage if not u.admitted or (look and u.remaining == 0)]
    if full:
        name = full[0].limit.name
        shown = [*full, *(u for u in usage if u not in full)]
        raise Refusal("rate_limited", note=f"The limit {name} is used up", limit=name, usage=shown)
    return usage


class Ids:
    """Makes ids that the same request in the same state of the sandbox always gets, and that nothing else has."""

    __slots__ = ("_account", "_operation", "_provider", "_raw", "_sandbox")

    def __init__(
        self, sandbox: Sandbox, provider: Provider, operation: Operation, account: Account, raw: bytes
    ) -> None:
        self._sandbox = sandbox
        self._provider = provider
        self._operation = operation
        self._account = account
        self._raw = raw

    async def job(self, prefix: str, length: int, *, fingerprint: bytes | None = None, crockford: bool = False) -> str:
        """An id for a new job: `prefix`, and `length` characters.

        `fingerprint` is what tells the request from others, its body unless given.
        """
        print_of = (self._raw if fingerprint is None else fingerprint).decode("latin-1")
        account, sandbox, name = self._account.id, self._sandbox, ("id", self._account.id, self._operation.name, prefix)
        prefixed = sandbox.cached(name, lambda: sandbox.seeded.prefixed(*name, size=64))
        # One digest marks the request and says where its ids begin and how far apart they are.
        drawn = prefixed.digest(print_of)
        mark, first, step = drawn[:8].hex(), int.from_bytes(drawn[8:36], "big"), int.from_bytes(drawn[36:], "big")
        spelled: Callable[[int, int], str] = crockford_of if crockford else token_of
        while True:
            count = await sandbox.store.next_number("id", mark)
            made = prefix + spelled(first + step * count, length)
            if await sandbox.store.get_job(self._provider.name, account, made) is None:
                return made
