"""Lineage: which requests belong to which job, which requests ask for the same, and what failed.

Requests are grouped by what they are about, never by a hash of method, path and body alone. Two submits have the same
intent only if the same account asked for the same.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from mockserver.core.verdict.facts import (
    Call,
    Charge,
    DeliveryFacts,
    Facts,
    JobFacts,
    OperationFacts,
    ProviderFacts,
)
from mockserver.core.verdict.failures import Failure, failure_of

_NO_OPERATION = OperationFacts()
JobKey = tuple[str, str, str]


class Lineage:
    """The facts by job, by account and by intent. Everything in it is computed when it is first needed."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def provider(self, name: str) -> ProviderFacts | None:
        """Return what a provider declares."""
        return self.facts.providers.get(name)

    def operation(self, call: Call) -> OperationFacts:
        """Return what the provider declares about the operation of a request."""
        provider = self.provider(call.provider)
        if provider is None or call.operation is None:
            return _NO_OPERATION
        return provider.operations.get(call.operation.partition(".")[2], _NO_OPERATION)

    def title(self, provider: str) -> str:
        """Return the name of a provider for messages."""
        known = self.provider(provider)
        return provider if known is None else known.title

    def advised_interval(self, call: Call) -> tuple[int, str | None]:
        """Return the shortest advised time between two polls, and the ledger row that says so (None: no advice)."""
        known = self.provider(call.provider)
        advised = self.operation(call).poll_every or (known.poll_every if known is not None else None)
        return (1_000, None) if advised is None else (advised.ms, f"{call.provider}.{advised.row}")

    def cost_row(self, call: Call) -> str | None:
        """Return the ledger row of the price of an operation."""
        row = self.operation(call).cost_row
        return None if row is None else f"{call.provider}.{row}"

    # Jobs.

    @cached_property
    def jobs(self) -> Mapping[JobKey, JobFacts]:
        """The jobs by provider, account and id."""
        return {(job.provider, job.account, job.id): job for job in self.facts.jobs}

    @cached_property
    def _jobs_by_id(self) -> Mapping[tuple[str, str], list[JobFacts]]:
        by_id: dict[tuple[str, str], list[JobFacts]] = defaultdict(list)
        for job in self.facts.jobs:
            by_id[job.provider, job.id].append(job)
        return by_id

    @cached_property
    def created(self) -> Mapping[int, list[JobFacts]]:
        """The jobs that each request created, by the number of the request."""
        created: dict[int, list[JobFacts]] = defaultdict(list)
        for job in self.facts.jobs:
            created[job.cause].append(job)
        return created

    def job_of(self, call: Call) -> JobFacts | None:
        """Return the job that a request is about. A request for a file has no account, and names the job alone."""
        if call.job is None:
            return None
        if call.account is not None:
            return self.jobs.get((call.provider, call.account, call.job))
        found = self._jobs_by_id.get((call.provider, call.job), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def by_job(self) -> Mapping[JobKey, list[Call]]:
        """The requests about each job, in order, without the one that created it."""
        calls: dict[JobKey, list[Call]] = defaultdict(list)
        for call in self.facts.calls:
            job = self.job_of(call)
            if job is not None and job.cause != call.number:
                calls[job.provider, job.account, job.id].append(call)
        return calls

    def about(self, job: JobFacts) -> list[Call]:
        """Return the requests about a job and about its batch, in order."""
        calls = self.by_job.get((job.provider, job.account, job.id), [])
        if job.parent is None:
            return calls
        return sorted([*calls, *self.by_job.get((job.provider, job.account, job.parent), [])], key=lambda c: c.number)

    def polls(self, job: JobFacts) -> list[Call]:
        """Return the polls of a job, in order."""
        calls = self.by_job.get((job.provider, job.account, job.id), [])
        return [call for call in calls if call.role == "poll"]

    @cached_property
    def creators(self) -> Mapping[int, Call]:
        """The requests by their number."""
        return {call.number: call for call in self.facts.calls}

    def creator(self, job: JobFacts) -> Call | None:
        """Return the request that created a job; None if it is not in the journal any more."""
        return self.creators.get(job.cause)

    @cached_property
    def deliveries(self) -> Mapping[JobKey, list[DeliveryFacts]]:
        """The webhooks of each job."""
        deliveries: dict[JobKey, list[DeliveryFacts]] = defaultdict(list)
        for delivery in self.facts.deliveries:
            if delivery.job is not None:
                deliveries[delivery.provider, delivery.account, delivery.job].append(delivery)
        return deliveries

    def webhooks(self, job: JobFacts) -> list[DeliveryFacts]:
        """Return the webhooks about a job and about its batch."""
        own = self.deliveries.get((job.provider, job.account, job.id), [])
        return own if job.parent is None else [*own, *self.deliveries.get((job.provider, job.account, job.parent), [])]

    def was_notified(self, job: JobFacts) -> bool:
        """Return True if the receiver of a webhook has acknowledged the result of a job."""
        return any(delivery.accepted for delivery in self.webhooks(job))

    # Accounts and intents.

    @cached_property
    def by_account(self) -> Mapping[str, list[Call]]:
        """The requests of each account, in order."""
        calls: dict[str, list[Call]] = defaultdict(list)
        for call in self.facts.calls:
            if call.account is not None:
                calls[call.account].append(call)
        return calls

    def after(self, account: str, call: Call) -> Iterator[Call]:
        """Yield the requests of an account after one of them."""
        calls = self.by_account.get(account, [])
        start = bisect_right(calls, call.number, key=lambda each: each.number)
        return (calls[at] for at in range(start, len(calls)))

    @cached_property
    def _last_lists(self) -> Mapping[str, int]:
        """When each account listed its jobs the last time."""
        lists = (call for call in self.facts.calls if call.role == "list" and call.number not in self.failures)
        return {call.account: call.at for call in lists if call.account is not None}

    def was_listed(self, job: JobFacts, at: int) -> bool:
        """Return True if the account listed its jobs at an instant or later. The list may have contained the job."""
        return self._last_lists.get(job.account, -1) >= at

    @cached_property
    def _times_asked(self) -> Mapping[tuple[str | None, str | None], int]:
        return Counter((call.account, call.intent) for call in self.facts.calls)

    def times_asked(self, call: Call) -> int:
        """Return how often the account asked for the same, before and after this request."""
        return self._times_asked[call.account, call.intent]

    @cached_property
    def intents(self) -> list[list[Call]]:
        """The submits that ask for the same, by account, each in order."""
        groups: dict[tuple[str, str], list[Call]] = defaultdict(list)
        for call in self.facts.calls:
            if call.role == "submit" and call.account is not None and call.intent is not None:
                groups[call.account, call.intent].append(call)
        return [calls for calls in groups.values() if len(calls) > 1]

    # Charges.

    @cached_property
    def _charges(self) -> Mapping[tuple[str, str], Charge]:
        return {(charge.account, charge.reference): charge for charge in self.facts.charges}

    def charge_of_job(self, job: JobFacts) -> Charge | None:
        """Return what is recorded about the credits of a job."""
        return self._charges.get((job.account, job.id))

    def charges_of(self, call: Call) -> list[Charge]:
        """Return what is recorded about the credits of the jobs and the work of a request."""
        if call.account is None:
            return []
        references = [job.id for job in self.created.get(call.number, ())]
        # Work without a job is recorded under the name of its operation and the number of its request.
        if call.operation is not None:
            references.append(f"{call.operation.partition('.')[2]} {call.number}")
        return [found for each in references if (found := self._charges.get((call.account, each))) is not None]

    def has_created(self, call: Call) -> bool:
        """Return True if a request created a job, or credits were reserved for it."""
        return bool(self.created.get(call.number)) or bool(self.charges_of(call))

    def is_charged(self, call: Call) -> bool:
        """Return True if a request created something that is paid for and was not refunded."""
        charges = self.charges_of(call)
        if charges:
            return any(charge.net > 0 for charge in charges)
        return self.operation(call).paid and bool(self.created.get(call.number))

    def cost(self, calls: list[Call]) -> int | None:
        """Return what requests cost, in hundredths of a credit; None if it cost no credits."""
        return sum(charge.net for call in calls for charge in self.charges_of(call)) or None

    # Failures.

    @cached_property
    def failures(self) -> Mapping[int, Failure]:
        """The class of each failed request, by its number."""
        classes = ((call, self._failure(call)) for call in self.facts.calls)
        return {call.number: failure for call, failure in classes if failure is not None}

    def _failure(self, call: Call) -> Failure | None:
        return failure_of(call, created=self.has_created(call), complete=self.facts.complete)
