"""Services for handlers: the jobs, credits, limits and ids of the account that makes the request."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.core import trace
from mockserver.core.accounts import Account
from mockserver.core.credits import CREDIT
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

# Characters of a credential. A longer one belongs to no account.
_MAX_KEY = 4_096


def credential(provider: Provider, headers: Mapping[str, str]) -> str | Refusal:
    """Return the credential of a request, or why it has none. It determines the sandbox and the account."""
    try:
        key = provider.key(headers)
    except Refusal as refusal:
        return refusal
    if len(key) > _MAX_KEY:
        return Refusal("unauthorized", f"The credential is longer than {_MAX_KEY} bytes")
    return key


class EntryNumber:
    """The number of the request's journal entry. It is assigned when it is first needed; until then `taken` is 0."""

    __slots__ = ("_store", "taken")

    def __init__(self, store: Store) -> None:
        self._store = store
        self.taken = 0

    async def take(self) -> int:
        """Return the number. Jobs and deliveries name it as their cause before the entry is written."""
        if not self.taken:
            self.taken = await self._store.number_entry()
        return self.taken


class Jobs:
    """The jobs of one account, for one request at one instant."""

    __slots__ = ("_account", "_headers", "_now", "_number", "_operation", "_provider", "_rule", "_sandbox")

    def __init__(
        self,
        sandbox: Sandbox,
        provider: Provider,
        operation: Operation,
        account: Account,
        rule: Rule | None,
        now: int,
        number: EntryNumber,
        headers: Mapping[str, str],
    ) -> None:
        self._sandbox = sandbox
        self._provider = provider
        self._operation = operation
        self._account = account
        self._rule = rule
        self._now = now
        self._number = number
        self._headers = headers

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
        """Create a job: reserve its cost (in credits), store it, and schedule its effects.

        `rule` and `plan` default to those of the request. Raises Refusal `insufficient_credits`.
        """
        sandbox, account, rule = self._sandbox, self._account, rule or self._rule
        amount = round(cost * CREDIT)
        if amount:
            await Credits(sandbox, account, self._now).reserve(job_id, amount)
        facts = facts or {}
        if "traceparent" in self._headers and (context := trace.kept(self._headers)) is not None:
            facts = {**facts, trace.TRACE: context}
        effects = self._provider.effects(facts, account)
        job = Job(
            job_id, self._provider.name, self._operation.name, account.id, self._now,
            plan or sandbox.plan_for(job_id, rule.plan if rule else None), request, facts, rule.name if rule else None,
            await self._number.take(), amount, priority,
            # When the job ends, the credits are charged or released.
            effects="end" if amount and effects == "none" else effects,
        )  # fmt: skip
        job = await sandbox.store.add_job(job)
        sandbox.jobs_submitted += 1
        sandbox.newest_cause = job.cause
        if job.effects != "none":
            sandbox.courier.expect(job.next_effect(-1 if job.plan.steps[0].terminal else 0))
        return job

    async def get(self, job_id: str) -> Job:
        """Return the account's job with this id. Raises Refusal `not_found`, also for another account's job."""
        job = await self._sandbox.store.get_job(self._provider.name, self._account.id, job_id)
        if job is None:
            raise Refusal("not_found", note=f"No job {job_id!r}")
        return job

    async def get_and_poll(self, job_id: str) -> tuple[Job, State]:
        """Return a job and its state for a status request, and count the poll. Raises Refusal `not_found`."""
        job = await self.get(job_id)
        state = job.at(self._now)
        if state.step.polls is not None:
            await self.poll(job, state)
        return job, state

    async def poll(self, job: Job, state: State) -> None:
        """Count a status request that was answered with `state`, if the job's current step counts polls."""
        if state.step.polls is None:
            return
        polled = job.polled(self._now)
        if polled is not job:
            # Status changes that time has caused are recorded before the one that this poll causes.
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
        """Return the balance, or None if it is unlimited."""
        account = self._account
        return (await self._store.open_credits(account.id, self._now, account.credits)).balance

    async def reserve(self, reference: str, amount: int) -> None:
        """Reserve credits. Raises Refusal `insufficient_credits`."""
        available = await self.balance()
        if not await self._store.reserve(self._account.id, self._now, reference, amount):
            raise Refusal("insufficient_credits", "Insufficient credits", required=amount, available=available or 0)


async def spend(store: Store, account: Account, names: Sequence[str], now: int, amount: int = 1) -> Sequence[Usage]:
    """Count `amount` against limits of an account. Raises Refusal `rate_limited` if one would be exceeded."""
    usage = await store.hit(account.id, [account.limits[name] for name in names], now, amount)
    exceeded = [u for u in usage if not u.admitted]
    if exceeded:
        name = exceeded[0].limit.name
        exceeded_first = [*exceeded, *(u for u in usage if u.admitted)]
        raise Refusal("rate_limited", note=f"The limit {name} is used up", limit=name, usage=exceeded_first)
    return usage


async def current_usage(
    provider: Provider, sandbox: Sandbox, key: str | Refusal, now: int, account: Account | None = None
) -> Sequence[Usage]:
    """Return the usage to report to a request that was not counted. Nothing is counted for it.

    It is that of the account, or else of the account of the credential. If there is none, it is an unused one.
    """
    if account is None and isinstance(key, str):
        holder = await provider.holder(key, sandbox, now)
        account = await sandbox.account(provider.name, holder.key, now) if holder is not None else None
    if account is None:
        return provider.unused_limits(now)
    return await sandbox.store.hit(account.id, [account.limits[name] for name in provider.counts], now, 0)


class Ids:
    """Creates unique ids. The same request in the same state of the sandbox always gets the same id."""

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
        """Return an id for a new job: `prefix`, and `length` characters.

        `fingerprint` distinguishes the request from others; the default is its body.
        """
        identity = (self._raw if fingerprint is None else fingerprint).decode("latin-1")
        account, sandbox = self._account.id, self._sandbox
        name = ("id", sandbox.marks[account], self._operation.name, prefix)
        prefixed = sandbox.cached(name, lambda: sandbox.seeded.prefixed(*name, size=64))
        # One digest gives the name of the request's counter, its first id, and the distance between its ids.
        digest = prefixed.digest(identity)
        counter, first, step = digest[:8].hex(), int.from_bytes(digest[8:36], "big"), int.from_bytes(digest[36:], "big")
        encode: Callable[[int, int], str] = crockford_of if crockford else token_of
        while True:
            count = await sandbox.store.next_number("id", counter)
            job_id = prefix + encode(first + step * count, length)
            if await sandbox.store.get_job(self._provider.name, account, job_id) is None:
                return job_id
