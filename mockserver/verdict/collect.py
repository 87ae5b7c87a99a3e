"""Collects the facts of a sandbox: from its journal, jobs, credits and deliveries. Nothing is changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from mockserver.clock import Mode
from mockserver.core.credits import CreditEntry
from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking
from mockserver.core.verdict.facts import (
    AttemptFacts,
    Charge,
    DeliveryFacts,
    Facts,
    Grant,
    JobFacts,
    ProviderFacts,
)
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import Credits
from mockserver.verdict.calls import CallReader
from mockserver.verdict.declared import provider_facts

# The newest jobs that are looked at. A journal has fewer entries.
_MOST_JOBS = 20_000


# Changes through the control API that give a client no reason to send a refused request again.
_NO_REASON = ("fault", "job", "replay", "resume")


class Records(NamedTuple):
    """What a sandbox has recorded: all of it, oldest first. `credits` are by account.

    `now` and `clock` are the time and the mode of its clock, and `own_receivers` the hosts of its own receivers.
    """

    entries: Sequence[JournalEntry]
    jobs: Sequence[Job]
    credits: Mapping[str, Credits]
    deliveries: Sequence[Delivery]
    now: int
    clock: Mode
    own_receivers: Collection[str] = ()


async def collect(sandbox: Sandbox, providers: Iterable[Provider], masking: Masking | None = None) -> Facts:
    """Return the facts of a sandbox as of now. The journal is brought up to date for that.

    Only `providers` are judged. `masking` knows the names of credentials.
    """
    return facts_of(await records_of(sandbox), providers, masking)


def facts_of(records: Records, providers: Iterable[Provider], masking: Masking | None = None) -> Facts:
    """Return the facts in the records of a sandbox or of a bundle. See `collect`."""
    now, providers = records.now, tuple(providers)
    declared = {provider.name: provider_facts(provider) for provider in providers}
    jobs = _jobs(records.jobs, declared, now)
    reader = CallReader(
        declared, {provider.name: provider for provider in providers}, masking or Masking(), records.jobs
    )
    return Facts(
        now=now,
        providers=declared,
        calls=reader.calls(records.entries),
        jobs=jobs,
        charges=tuple(_charges(records.credits)),
        grants=tuple(_grants(records.credits)),
        deliveries=tuple(
            _delivery(each, records.own_receivers) for each in records.deliveries if each.kind == "webhook"
        ),
        changes=tuple(entry.number for entry in records.entries if _is_reason(entry)),
        complete=min((entry.number for entry in records.entries if entry.number), default=1) == 1,
        clock=records.clock,
    )


def _is_reason(entry: JournalEntry) -> bool:
    """Return True for a change that can make a refused request succeed, such as more credits."""
    return entry.kind == "control" and (entry.action is None or entry.action.get("do") not in _NO_REASON)


async def records_of(sandbox: Sandbox) -> Records:
    """Return what a sandbox has recorded until now. The journal is brought up to date for that."""
    entries = list(reversed(await sandbox.journal()))
    store = sandbox.store
    jobs = list(reversed((await store.page_jobs(limit=_MOST_JOBS)).jobs))
    accounts = {entry.account for entry in entries if entry.account is not None} | {job.account for job in jobs}
    credits = {}
    for account in sorted(accounts):
        found = await store.credits(account)
        if found is not None:
            credits[account] = found
    deliveries = list(reversed(await store.deliveries()))
    return Records(
        entries, jobs, credits, deliveries, sandbox.clock.now(), sandbox.clock.mode, tuple(sandbox.own_receivers)
    )


def _jobs(jobs: Iterable[Job], declared: Mapping[str, ProviderFacts], now: int) -> tuple[JobFacts, ...]:
    return tuple(_job(job, declared.get(job.provider), now) for job in jobs)


def _job(job: Job, provider: ProviderFacts | None, now: int) -> JobFacts:
    state = job.at(now)
    ended_at = state.entered_at if state.terminal else None
    lifetime = provider.asset_lifetime if provider is not None else None
    expires = lifetime is not None and state.status == "succeeded"
    return JobFacts(
        job.id,
        job.provider,
        job.operation,
        job.account,
        job.cause,
        job.created_at,
        state.status,
        ended_at,
        job.cost,
        job.facts.get("batch"),
        state.entered_at + lifetime.ms if expires and lifetime is not None else None,
    )


def _charges(credits: Mapping[str, Credits]) -> Iterator[Charge]:
    for account, entries in _entries(credits):
        by_reference: dict[str, list[CreditEntry]] = defaultdict(list)
        for entry in entries:
            if entry.reference:
                by_reference[entry.reference].append(entry)
        for reference, own in by_reference.items():
            # A reference whose reservation was dropped says nothing about the price.
            if own[0].kind == "reserve":
                yield Charge(account, reference, -sum(each.amount for each in own), len(own) == 1, own[0].at)


def _entries(credits: Mapping[str, Credits]) -> Iterator[tuple[str, Sequence[CreditEntry]]]:
    return ((account, each.entries) for account, each in credits.items())


def _grants(credits: Mapping[str, Credits]) -> Iterator[Grant]:
    for account, entries in _entries(credits):
        for entry in entries:
            if entry.kind in ("grant", "release") and entry.amount > 0:
                yield Grant(account, entry.at)


def _delivery(delivery: Delivery, own_receivers: Collection[str]) -> DeliveryFacts:
    return DeliveryFacts(
        delivery.id,
        delivery.provider,
        delivery.account,
        delivery.event,
        delivery.outcome,
        delivery.job,
        delivery.cause,
        tuple(map(_attempt, delivery.attempts)),
        urlsplit(delivery.url).netloc in own_receivers,
    )


def _attempt(attempt: Attempt) -> AttemptFacts:
    forged = next((text.removeprefix("signature ") for text in attempt.tampering if text.startswith("signature ")), "")
    return AttemptFacts(
        attempt.number,
        attempt.at,
        attempt.outcome,
        attempt.status,
        attempt.elapsed_ms,
        _FORGERIES.get(forged, forged),
        any(text.startswith("copy of") for text in attempt.tampering),
    )


_FORGERIES = {"wrong key": "made with another secret"}
