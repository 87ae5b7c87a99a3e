"""Rules about results: replies that ended early, and files that are not fetched."""

from collections.abc import Iterator

from mockserver.core.verdict.facts import Call, JobFacts
from mockserver.core.verdict.finding import Found
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.messages import ids, numbers


def truncation_unhandled(lineage: Lineage) -> Iterator[Found]:
    """Yield replies that ended early and that the client did not ask for again."""
    for call in lineage.facts.calls:
        # A paid request that is charged must not be repeated, so nothing can be asked of its client.
        if call.delivered != "part" or call.operation is None or lineage.is_charged(call):
            continue
        job = lineage.job_of(call)
        if _is_asked_again(lineage, call, job) or (job is not None and lineage.was_notified(job)):
            continue
        message = f"the reply to #{call.number} ({call.operation}) ended early, and no further request for it followed"
        jobs = () if call.job is None else (call.job,)
        yield Found(message, (call.number,), jobs, call.provider, call.operation, call.account)


def _is_asked_again(lineage: Lineage, call: Call, job: JobFacts | None) -> bool:
    """Return True if a later request is about the same, or if the client gave up after it had repeated the request."""
    about_job = [] if job is None or job.cause == call.number else lineage.about(job)
    if any(later.number > call.number for later in about_job):
        return True
    return call.intent is not None and lineage.times_asked(call) > 1


def asset_never_fetched(lineage: Lineage) -> Iterator[Found]:
    """Yield jobs whose file was not fetched before its link expired."""
    for job in lineage.facts.jobs:
        until = job.asset_until
        if job.status != "succeeded" or until is None or until > lineage.facts.now:
            continue
        fetches = [call for call in lineage.about(job) if call.role == "asset"]
        if any(call.number not in lineage.failures and call.at < until for call in fetches):
            continue
        if any(call.at >= until for call in fetches):
            continue  # asset_fetched_after_expiry
        calls = (job.cause, *ids(fetches))
        yield Found(
            f"the file of job {job.id} (#{job.cause}) was not fetched before its link expired", calls, (job.id,),
            job.provider, f"{job.provider}.{job.operation}", job.account, row=_row(lineage, job.provider),
        )  # fmt: skip


def asset_fetched_after_expiry(lineage: Lineage) -> Iterator[Found]:
    """Yield files that were fetched only after their link had expired."""
    for job in lineage.facts.jobs:
        until = job.asset_until
        if until is None:
            continue
        fetches = [call for call in lineage.about(job) if call.role == "asset"]
        late = [call for call in fetches if call.at >= until]
        if late and not any(call.number not in lineage.failures for call in fetches if call.at < until):
            message = f"{numbers(late)} fetched the file of job {job.id} after its link had expired"
            row = _row(lineage, job.provider)
            yield Found(message, ids(late), (job.id,), job.provider, late[0].operation, job.account, row=row)


def _row(lineage: Lineage, name: str) -> str | None:
    provider = lineage.provider(name)
    lifetime = provider.asset_lifetime if provider is not None else None
    return None if lifetime is None else f"{name}.{lifetime.row}"


def contract_deviation(lineage: Lineage) -> Iterator[Found]:
    """Yield what requests contain that the provider's contract does not allow, once for each operation."""
    groups: dict[tuple[str | None, str], list[int]] = {}
    for call in lineage.facts.calls:
        for text in call.deviations:
            groups.setdefault((call.operation, text), []).append(call.number)
    for (operation, text), calls in groups.items():
        first = lineage.creators[calls[0]]
        named = numbers([lineage.creators[number] for number in calls])
        yield Found(f"{named} deviate from the contract: {text}" if len(calls) > 1 else
                    f"{named} deviates from the contract: {text}",
                    tuple(calls), (), first.provider, operation, first.account)  # fmt: skip


def secret_in_url(lineage: Lineage) -> Iterator[Found]:
    """Yield requests with a key, a secret or a token in their URL."""
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for call in lineage.facts.calls:
        if call.secrets:
            groups.setdefault((call.operation or call.provider, call.secrets), []).append(call.number)
    for (_, names), calls in groups.items():
        first = lineage.creators[calls[0]]
        named = numbers([lineage.creators[number] for number in calls])
        verb = "has" if len(calls) == 1 else "have"
        message = f"{named} {verb} a credential in the URL: {', '.join(names)}"
        yield Found(message, tuple(calls), (), first.provider, first.operation, first.account)
