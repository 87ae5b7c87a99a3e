"""Rules about submits: jobs that are paid for more than once."""

from collections.abc import Iterator, Sequence

from mockserver.core.verdict.facts import Call, JobFacts
from mockserver.core.verdict.failures import is_final, is_retryable
from mockserver.core.verdict.finding import MOST_CALLS, Found
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.messages import credits, ids, numbers, result
from mockserver.core.verdict.order import follows

# Without a failure, equal requests are more often meant than repeated: they have to be further apart, in nanoseconds.
_WITHOUT_FAILURE = 500_000


def duplicate_paid_job(lineage: Lineage) -> Iterator[Found]:
    """Yield submits that were repeated after an ambiguous failure, if more than one of them is charged."""
    for calls in lineage.intents:
        chain: list[Call] = []
        for call in (each for each in calls if lineage.is_charged(each)):
            if chain and not (_is_repetition(lineage, chain[-1], call)):
                yield from _duplicates(lineage, chain)
                chain = []
            chain.append(call)
        yield from _duplicates(lineage, chain)


def _is_repetition(lineage: Lineage, earlier: Call, later: Call) -> bool:
    """Return True if the client repeated a request whose job it could not know, instead of finding the job."""
    if lineage.failures.get(earlier.number) != "ambiguous" or not follows(later, earlier):
        return False
    jobs = lineage.created.get(earlier.number, [])
    return not any(call.number < later.number for job in jobs for call in lineage.about(job))


def _duplicates(lineage: Lineage, chain: Sequence[Call]) -> Iterator[Found]:
    if len(chain) < 2:
        return
    first, calls = chain[0], list(chain)
    cost = lineage.cost(calls)
    price = f", {credits(cost)} together" if cost is not None else ""
    message = (
        f"{numbers(calls[1:])} sent {first.operation} of #{first.number} again, after {result(first)}; "
        f"{'both' if len(calls) == 2 else f'all {len(calls)}'} were charged{price}"
    )
    jobs = tuple(job.id for call in calls for job in lineage.created.get(call.number, ()))
    yield Found(
        message, ids(calls), jobs, first.provider, first.operation, first.account, cost, lineage.cost_row(first),
        advice=_advice(lineage, calls),
    )  # fmt: skip


def _advice(lineage: Lineage, calls: Sequence[Call]) -> str | None:
    """Return more specific advice if the client sent an Idempotency-Key that the provider does not document."""
    provider = lineage.provider(calls[0].provider)
    if provider is None or provider.idempotency_header is not None or not any(c.idempotency_key for c in calls):
        return None
    return (
        f"{provider.title} documents no Idempotency-Key, so the one that was sent does not prevent a second job. After "
        "a submit without a readable reply, look for the job first (in the list of jobs, if there is one), and report "
        "the failure instead of paying again"
    )


def resubmitted_instead_of_polled(lineage: Lineage) -> Iterator[Found]:
    """Yield submits that were repeated without any failure while the job of the first was pending or running."""
    for calls in lineage.intents:
        made = [call for call in calls if lineage.created.get(call.number)]
        for at, earlier in enumerate(made):
            later = [call for call in made[at + 1 : at + MOST_CALLS] if _while_active(lineage, earlier, call)]
            if later:
                yield _resubmitted(lineage, [earlier, *later])
                break


def _while_active(lineage: Lineage, earlier: Call, later: Call) -> bool:
    if earlier.number in lineage.failures or not follows(later, earlier, opened=_WITHOUT_FAILURE):
        return False
    jobs = lineage.created[earlier.number]
    if any(job.ended_at is not None and job.ended_at <= later.at for job in jobs):
        return False
    return not any(_is_wanted_too(lineage, job, later) or _is_given_up(lineage, job, later) for job in jobs)


def _is_wanted_too(lineage: Lineage, job: JobFacts, later: Call) -> bool:
    """Return True if a job is looked at later, or its webhook arrives: it is wanted in addition to the second one."""
    return any(call.number > later.number for call in lineage.about(job)) or lineage.was_notified(job)


def _is_given_up(lineage: Lineage, job: JobFacts, later: Call) -> bool:
    """Return True if the provider refused to say more about a job, or the job took longer than jobs can take."""
    provider = lineage.provider(job.provider)
    patience = provider.patience if provider is not None else None
    longest = lineage.facts.longest_poll if patience is None else patience.ms
    return later.at - job.created_at >= longest or any(
        is_final(call) for call in lineage.polls(job) if call.number < later.number
    )


def _resubmitted(lineage: Lineage, calls: list[Call]) -> Found:
    first = calls[0]
    job = lineage.created[first.number][0]
    cost = lineage.cost(calls)
    price = f"; together they cost {credits(cost)}" if cost is not None else ""
    message = (
        f"the equal request {numbers(calls[1:])} was sent while the job {job.id} of #{first.number} had not ended, and "
        f"that job was not looked at afterwards{price}"
    )
    jobs = tuple(each.id for call in calls for each in lineage.created[call.number])
    row = lineage.cost_row(first)
    return Found(message, ids(calls), jobs, first.provider, first.operation, first.account, cost, row)


def resubmitted_after_download_failure(lineage: Lineage) -> Iterator[Found]:
    """Yield submits that were repeated after the download of the result had failed, although it could be repeated."""
    for job in lineage.facts.jobs:
        creator = lineage.creator(job)
        if creator is None or creator.intent is None:
            continue
        fetches = [call for call in lineage.about(job) if call.role == "asset"]
        failed = next((call for call in fetches if is_retryable(call) and not _is_over(job, call)), None)
        if failed is None:
            continue
        again = next(
            (call for call in lineage.by_account[job.account] if _repeats(lineage, creator, failed, call)), None
        )
        fetched = any(c.number > failed.number and c.number not in lineage.failures for c in fetches)
        if again is not None and not fetched:
            yield _regenerated(lineage, job, failed, again)


def _is_over(job: JobFacts, call: Call) -> bool:
    return job.asset_until is not None and call.at >= job.asset_until


def _repeats(lineage: Lineage, creator: Call, failed: Call, call: Call) -> bool:
    return call.intent == creator.intent and follows(call, failed, 0) and lineage.has_created(call)


def _regenerated(lineage: Lineage, job: JobFacts, failed: Call, again: Call) -> Found:
    cost = lineage.cost([again])
    price = f" for {credits(cost)}" if cost is not None else ""
    message = (
        f"the download of the result of job {job.id} failed in #{failed.number} ({result(failed)}), and "
        f"#{again.number} generated it again{price}"
    )
    calls = (job.cause, failed.number, again.number)
    return Found(
        message, calls, (job.id,), job.provider, again.operation, job.account, cost, lineage.cost_row(again)
    )  # fmt: skip


def wasted_credits(lineage: Lineage) -> Iterator[Found]:
    """Yield paid work that has succeeded and whose result the client has not received."""
    for job in lineage.facts.jobs:
        charge, creator = lineage.charge_of_job(job), lineage.creator(job)
        if charge is None or charge.net <= 0 or charge.pending or job.status != "succeeded":
            continue
        if creator is None or is_collected(lineage, job) or _is_out_of_reach(lineage, creator):
            continue
        if any(is_final(call) for call in lineage.polls(job)):
            continue  # the provider refused to give the result
        yield Found(
            f"job {job.id} of #{job.cause} succeeded and cost {credits(charge.net)}, and its result was not collected",
            (job.cause,), (job.id,), job.provider, creator.operation, job.account, charge.net,
            lineage.cost_row(creator),
        )  # fmt: skip
    for call in lineage.facts.calls:
        charges = [] if lineage.created.get(call.number) else lineage.charges_of(call)
        paid = sum(charge.net for charge in charges if not charge.pending)
        if paid > 0 and call.number in lineage.failures and not _is_out_of_reach(lineage, call):
            message = f"#{call.number} cost {credits(paid)}, and the client has no result of it: {result(call)}"
            yield Found(
                message, (call.number,), (), call.provider, call.operation, call.account, paid, lineage.cost_row(call)
            )


def _is_out_of_reach(lineage: Lineage, submit: Call) -> bool:
    """Return True if the client cannot get the result: the reply was lost on the way, and nothing else shows it.

    A list of jobs shows it, but not if only the reply itself has the result.
    """
    failure = lineage.failures.get(submit.number)
    if failure not in ("ambiguous", "unknown") or submit.delivered == "client_left":
        return False
    if lineage.operation(submit).immediate:
        return True
    provider = lineage.provider(submit.provider)
    return provider is None or all(operation.role != "list" for operation in provider.operations.values())


def is_collected(lineage: Lineage, job: JobFacts) -> bool:
    """Return True if the client has received the result of a job: in a reply, as a file or by a webhook."""
    creator = lineage.creator(job)
    if creator is not None and lineage.operation(creator).immediate:
        return creator.number not in lineage.failures
    if any(
        c.seen == "succeeded" or (c.role == "asset" and c.number not in lineage.failures) for c in lineage.about(job)
    ):
        return True
    return lineage.was_notified(job) or lineage.was_listed(job, job.ended_at or job.created_at)
