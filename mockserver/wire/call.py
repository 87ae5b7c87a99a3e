"""One request on its way through a provider: what is known of it, and what its operation may do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.core.credits import ONE
from mockserver.core.faults import Fault, Refusal
from mockserver.core.jobs import Job
from mockserver.core.journal import Entry
from mockserver.core.limits import Usage
from mockserver.core.match import Miss, Rule, View, candidates
from mockserver.core.plans import Plan
from mockserver.core.seeded import Seeded, crockford_of, token_of

if TYPE_CHECKING:
    from mockserver.core.accounts import Account
    from mockserver.kit.operations import Input, Operation
    from mockserver.kit.provider import Provider
    from mockserver.provenance.policy import Provenance
    from mockserver.sandbox.sandbox import Sandbox


# So many deviations of one request are told.
MOST_DEVIATIONS = 8


class Call:
    """A request with its sandbox, account, body and rule. `now` was read once and holds for all of it."""

    __slots__ = (
        "_account", "_number", "body", "data", "entry", "fault", "headers", "misses", "now", "operation", "origin",
        "path", "provenance", "provider", "query", "raw", "receive", "rule", "sandbox", "scope", "strict", "usage",
    )  # fmt: skip

    def __init__(self, provider: "Provider", sandbox: "Sandbox", now: int, headers: Mapping[str, str]) -> None:
        self.provider = provider
        self.sandbox = sandbox
        self.now = now
        self.headers = headers
        self.operation: Operation | None = None
        self.path: Mapping[str, str] = {}
        self.query: Mapping[str, str] = {}
        self.raw = b""
        self.data: Any = None
        self.body: Any = None
        self.usage: Sequence[Usage] = ()
        self.rule: Rule | None = None
        self.fault: Fault | None = None
        self.misses: list[Miss] = []
        self.origin = ""
        self.scope: Any = None
        self.receive: Any = None
        self.strict = False
        self.provenance: Provenance | None = None
        self._account: Account | None = None
        self._number = 0
        self.entry = Entry("request", now, provider=provider.name)

    @property
    def account(self) -> "Account":
        """The account of the request. Operations that are public have none: asking is a mistake of the provider."""
        if self._account is None:
            raise RuntimeError("this operation is public and has no account")
        return self._account

    @account.setter
    def account(self, account: "Account") -> None:
        self._account = account
        self.entry.account = account.id

    @property
    def known(self) -> bool:
        """True when the request has an account."""
        return self._account is not None

    @property
    def seeded(self) -> Seeded:
        """Values for this sandbox, to be named by what they are for."""
        return self.sandbox.seeded

    def option(self, name: str, default: Any = None) -> Any:
        """An option of this provider in the sandbox's scenario."""
        return self.sandbox.option(self.provider.name, name, default)

    def deviate(self, text: str) -> None:
        """Report what the provider's contract does not allow, but clients send. A request has few of them kept.

        Raises Refusal `invalid_request` where the server is strict.
        """
        if len(self.entry.deviations) < MOST_DEVIATIONS:
            self.entry.deviations = (*self.entry.deviations, text)
        if self.strict:
            raise Refusal("invalid_request", text)

    def rests_on(self, *rows: str) -> None:
        """Name rows of the provider's ledger that the reply rests on, before anything is done that rests on them.

        Raises Assumed for a row that is assumed, where the server assumes nothing.
        """
        named = self.provider.row_ids[rows]
        self.entry.rests_on += named
        if self.provenance is not None:
            self.provenance.admit(named)

    # Rules.

    def view(self, data: Any, about: "Input") -> View:
        """What rules see of the request, or of one item of it."""
        value: Any = about(data) if callable(about) else _at(data, about)
        assert self.operation is not None
        return View(
            operation=f"{self.provider.name}.{self.operation.name}",
            account=self._account.seen() if self._account else {},
            body=data,
            query=self.query,
            header=self.headers,
            path=self.path,
            input=value if isinstance(value, str) else None,
            now=self.now,
            age=self.now - self.sandbox.began,
        )

    async def choose(self, view: View, misses: list[Miss]) -> Rule | None:
        """The first rule that takes the request; the others that were tried are noted in `misses`."""
        rules = self.sandbox.program.by_operation.get(view.operation, ())
        for rule in candidates(rules, view, misses):
            if not rule.counted:
                return rule
            count = await self.sandbox.store.next_number("rule", rule.name, self._account.id if self._account else "")
            failed = rule.count_failure(count, self.seeded.unit("rule", rule.name, count) if rule.probability else 0.0)
            if failed is None:
                return rule
            misses.append(Miss(rule.name, failed))
        return None

    # Jobs.

    async def entry_number(self) -> int:
        """The number that this request has in the journal."""
        if not self._number:
            self._number = await self.sandbox.store.number_entry()
            self.entry.number = self._number
        return self._number

    async def new_id(
        self, prefix: str, length: int, *, fingerprint: bytes | None = None, crockford: bool = False
    ) -> str:
        """An id that the same request in the same state always gets, and no other job of the account has."""
        print_of = (self.raw if fingerprint is None else fingerprint).decode("latin-1")
        name = self.operation.name if self.operation else ""
        # One digest marks the request and says where its ids begin and how far apart they are.
        drawn = self.seeded.digest("id", self.account.id, name, prefix, print_of, size=64)
        mark, first, step = drawn[:8].hex(), int.from_bytes(drawn[8:36], "big"), int.from_bytes(drawn[36:], "big")
        spelled = crockford_of if crockford else token_of
        while True:
            count = await self.sandbox.store.next_number("id", mark)
            made = prefix + spelled(first + step * count, length)
            if await self.sandbox.store.get_job(self.provider.name, self.account.id, made) is None:
                return made

    def plan_for(self, job_id: str, rule: Rule | None) -> Plan:
        """The plan that a rule gives a job, its spreads resolved by the job's id."""
        plan = self.sandbox.program.plan(rule.plan if rule else None)
        seeded = self.seeded
        return self.sandbox.resolved(plan, lambda step: seeded.unit("plan", job_id, step))

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
        """Create a job: reserve its cost, keep it, and expect what follows. Raises Refusal without credits."""
        rule = rule or self.rule
        amount = round(cost * ONE)
        if amount:
            await self.reserve(job_id, amount)
        assert self.operation is not None
        job = Job(
            id=job_id,
            provider=self.provider.name,
            operation=self.operation.name,
            account=self.account.id,
            created_at=self.now,
            plan=plan or self.plan_for(job_id, rule),
            request=request,
            facts=facts or {},
            rule=rule.name if rule else None,
            cause=await self.entry_number(),
            cost=amount,
            priority=priority,
        )
        job = await self.sandbox.store.add_job(job)
        self.entry.job = job_id
        # A job that ends as it begins has its events at once.
        self.sandbox.courier.expect(job.since if job.plan.steps[job.base].terminal else job.next_change(0))
        return job

    async def job(self, job_id: str) -> Job:
        """The account's job with that id. Raises Refusal `not_found`, for another account's job too."""
        job = await self.sandbox.store.get_job(self.provider.name, self.account.id, job_id)
        if job is None:
            raise Refusal("not_found", f"No job {job_id!r}", {"id": job_id})
        self.entry.job = job_id
        return job

    async def poll(self, job: Job) -> None:
        """Count a status request, for plans that go by polls. To be called after the reply is made."""
        polled = job.polled(self.now)
        if polled is not job:
            await self.sandbox.store.replace_job(job, polled)
            self.sandbox.courier.expect(polled.next_change(job.base))

    # Credits and limits.

    async def balance(self) -> int | None:
        """The account's balance in hundredths of a credit; None when unlimited."""
        account = self.account
        return (await self.sandbox.store.open_credits(account.id, self.now, account.credits)).balance

    async def reserve(self, reference: str, amount: int) -> None:
        """Set hundredths of a credit aside. Raises Refusal `insufficient_credits` with `required`, `available`."""
        available = await self.balance()
        if not await self.sandbox.store.reserve(self.account.id, self.now, reference, amount):
            detail = {"required": amount / ONE, "available": (available or 0) / ONE}
            raise Refusal("insufficient_credits", "Insufficient credits", detail)

    async def spend(self, *limits: str, amount: int = 1, look: bool = False) -> Sequence[Usage]:
        """Count `amount` against limits of the account. Raises Refusal `rate_limited` when one is full."""
        account = self.account
        wanted = [account.limits[name] for name in limits]
        usage = await self.sandbox.store.hit(account.id, wanted, self.now, 0 if look else amount)
        full = [u for u in usage if not u.admitted or (look and u.remaining == 0)]
        if full:
            self.usage = [*full, *(u for u in usage if u not in full)]
            raise Refusal("rate_limited", f"The limit {full[0].limit.name} is used up", {"limit": full[0].limit.name})
        return usage

    def exhausted(self, retry_after: int | None) -> None:
        """Report the first limit as used up, as a rate-limit fault wants it; nothing is counted."""
        usage = self.usage or self.provider.stranger_usage(self.now)
        if usage:
            first = usage[0]
            allowed = first.limit.allowed if first.limit.allowed is not None else first.used
            resets = first.resets_at if retry_after is None else self.now + retry_after
            limit = replace(first.limit, allowed=allowed)
            self.usage = [Usage(limit, allowed, resets, admitted=False), *usage[1:]]


def _at(data: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
