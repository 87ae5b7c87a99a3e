"""Rules about polls: too fast, too many, too long, and jobs that are forgotten."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from mockserver.core.verdict.facts import Call, JobFacts
from mockserver.core.verdict.failures import is_retryable
from mockserver.core.verdict.finding import Found
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.messages import credits, ids, many, numbers, result, seconds
from mockserver.core.verdict.order import waited

# More than so many polls have to come too early.
_PATIENT = 3
# A poll may come this much earlier than advised, because timers and networks vary.
_TOLERANCE = 0.9
_STORM = 10
_SECOND = 1_000
# Polls of the same job within this time belong to one storm.
_AGAIN_WITHIN = 10_000
# So many polls after the end are one too many, if they come within this time.
_AFTER_END = 2
_GOES_ON = 60_000


def poll_too_fast(lineage: Lineage) -> Iterator[Found]:
    """Yield jobs whose polls come closer together than the provider advises."""
    for job in lineage.facts.jobs:
        polls = lineage.polls(job)
        if len(polls) <= _PATIENT:
            continue
        advised, row = lineage.advised_interval(polls[0])
        gaps = [(waited(a, b), b) for a, b in pairwise(polls) if _is_answered(a)]
        early = [(gap, call) for gap, call in gaps if gap < advised * _TOLERANCE]
        if len(early) <= _PATIENT:
            continue
        calls, typical = [call for _, call in early], sorted(gap for gap, _ in early)[len(early) // 2]
        who = f"{lineage.title(job.provider)} advises" if row is not None else "without the provider's advice, wait"
        message = (
            f"{many(len(calls), 'poll')} of job {job.id} came about {seconds(typical)} after the one before: "
            f"{numbers(calls)}; {who} at least {seconds(advised)}"
        )
        yield Found(message, ids(calls), (job.id,), job.provider, polls[0].operation, job.account, row=row)


def _is_answered(poll: Call) -> bool:
    # How soon a failed poll may be repeated is a matter of Retry-After.
    return poll.delivered == "whole" and poll.status is not None and poll.status < 400 and poll.seen == "active"


def poll_storm(lineage: Lineage) -> Iterator[Found]:
    """Yield accounts that poll more than ten times a second, and those whose polls use up a limit."""
    for account, calls in lineage.by_account.items():
        polls = [call for call in calls if call.role == "poll"]
        burst = _burst(polls)
        if burst:
            jobs = tuple(dict.fromkeys(call.job for call in burst if call.job is not None))
            message = (
                f"{len(burst)} polls of {many(len(jobs), 'job')} came within {seconds(waited(burst[0], burst[-1]))}, "
                f"more than ten a second: {numbers(burst)}"
            )
            first = burst[0]
            row = lineage.advised_interval(first)[1]
            yield Found(message, ids(burst), jobs, first.provider, first.operation, account, row=row)
        else:
            yield from _past_limit(lineage, account, calls)


def _burst(polls: Sequence[Call]) -> Sequence[Call]:
    """Return the longest series with more than ten polls a second, in which jobs are polled again."""
    series: list[Sequence[Call]] = []
    start = 0
    for end in range(_STORM, len(polls)):
        if waited(polls[end - _STORM], polls[end]) <= _SECOND:
            continue
        if end - start > _STORM:
            series.append(polls[start:end])
        start = end - _STORM + 1
    if len(polls) - start > _STORM:
        series.append(polls[start:])
    repeated = (each for each in series if _is_repeated(each, polls))
    return max(repeated, key=len, default=())


def _is_repeated(burst: Sequence[Call], polls: Sequence[Call]) -> bool:
    """Return True if a job is polled again that had not ended. To look at many jobs once is no storm."""
    first = burst[0]
    before = (c for c in polls if c.number < first.number and waited(c, first) <= _AGAIN_WITHIN)
    seen = {call.job for call in before if call.seen in (None, "active")}
    for call in burst:
        if call.job in seen:
            return True
        if call.seen in (None, "active"):
            seen.add(call.job)
    return False


def _past_limit(lineage: Lineage, account: str, calls: Sequence[Call]) -> Iterator[Found]:
    """Yield windows of a limit that were used up mostly by polls of several jobs."""
    windows: set[tuple[str, int]] = set()
    for at, refused in enumerate(calls):
        usage = refused.usage
        if refused.status != 429 or refused.scripted or refused.role != "poll" or usage is None:
            continue
        if (usage.limit.name, usage.resets_at) in windows:
            continue
        windows.add((usage.limit.name, usage.resets_at))
        window = [c for c in calls[:at] if _same_window(c, refused)]
        polls = [c for c in window if c.role == "poll"]
        jobs = tuple(dict.fromkeys(c.job for c in polls if c.job is not None))
        if len(jobs) > 1 and 2 * len(polls) > len(window) and len(polls) > 2 * len(jobs):
            message = (
                f"{len(polls)} polls of {len(jobs)} jobs used up the limit {usage.limit.name} "
                f"({usage.limit.allowed} per {usage.limit.period}), and #{refused.number} was refused with 429"
            )
            row = f"{refused.provider}.limit.{usage.limit.name}"
            yield Found(message, ids([*polls, refused]), jobs, refused.provider, refused.operation, account, row=row)
            return


def _same_window(call: Call, refused: Call) -> bool:
    a, b = call.usage, refused.usage
    return a is not None and b is not None and a.limit.name == b.limit.name and a.resets_at == b.resets_at


def polled_after_terminal(lineage: Lineage) -> Iterator[Found]:
    """Yield jobs that are polled on after a reply that said that they have ended."""
    for job, last, after in _polled_on(lineage):
        if last.has_link or last.seen != "succeeded":
            state = "completed" if last.seen == "succeeded" else "failed"
            message = (
                f"#{last.number} reported that job {job.id} has {state}, and {many(len(after), 'poll')} of it "
                f"followed: {numbers(after)}"
            )
            yield Found(message, ids([last, *after]), (job.id,), job.provider, last.operation, job.account)


def completed_without_asset_polled(lineage: Lineage) -> Iterator[Found]:
    """Yield jobs that are polled on after a reply that said that they have completed, but had no link to the result."""
    for job, last, after in _polled_on(lineage):
        if last.seen == "succeeded" and not last.has_link:
            message = (
                f"#{last.number} reported that job {job.id} has completed, without a link to the result, and "
                f"{many(len(after), 'poll')} of it followed: {numbers(after)}"
            )
            yield Found(message, ids([last, *after]), (job.id,), job.provider, last.operation, job.account)


def _polled_on(lineage: Lineage) -> Iterator[tuple[JobFacts, Call, list[Call]]]:
    """Yield jobs with the first reply that said that they have ended, and the polls that go on after it."""
    for job in lineage.facts.jobs:
        polls = lineage.polls(job)
        last = next((call for call in polls if call.seen in ("succeeded", "ended")), None)
        if last is None:
            continue
        after, before = [], last
        for call in polls[polls.index(last) + 1 :]:
            # To show a result again later is not polling.
            if waited(before, call) > _GOES_ON:
                break
            # A failed poll and its repetition are one look.
            if before.number not in lineage.failures:
                after.append(call)
            before = call
        if len(after) >= _AFTER_END:
            yield job, last, after


def unbounded_poll(lineage: Lineage) -> Iterator[Found]:
    """Yield jobs that do not end and that are polled for longer than the maximum."""
    for job in lineage.facts.jobs:
        polls, provider = lineage.polls(job), lineage.provider(job.provider)
        longest, row = lineage.facts.longest_poll, None
        if provider is not None and provider.longest is not None:
            longest, row = provider.longest.ms, f"{job.provider}.{provider.longest.row}"
        late = [call for call in polls if call.at - job.created_at > longest]
        if len(late) < 2 or (job.ended_at is not None and job.ended_at <= late[-1].at):
            continue
        last = late[-1]
        message = (
            f"job {job.id} does not end, and #{last.number} still polled it {seconds(last.at - job.created_at)} after "
            f"it was created ({many(len(polls), 'poll')}); the maximum is {seconds(longest)}"
        )
        yield Found(message, ids(late), (job.id,), job.provider, last.operation, job.account, row=row)


def gave_up_early(lineage: Lineage) -> Iterator[Found]:
    """Yield running jobs that are not polled any more before the documented time, although the client goes on."""
    for job in lineage.facts.jobs:
        provider, polls = lineage.provider(job.provider), lineage.polls(job)
        if provider is None or provider.patience is None or len(polls) < 2:
            continue
        last, patience = polls[-1], provider.patience
        if last.seen != "active" or last.at - job.created_at >= patience.ms or not _clock_moves(polls):
            continue
        pause = max(waited(a, b) for a, b in pairwise(polls))
        # The next poll would have come after that time.
        if last.at - job.created_at + pause >= patience.ms:
            continue
        later = lineage.after(job.account, last)
        alive = next((call for call in later if waited(last, call) > 3 * pause), None)
        # Without any later request, the program or the test may simply have ended.
        if alive is None or lineage.was_notified(job) or lineage.was_listed(job, last.ended_at):
            continue
        message = (
            f"#{last.number} reported that job {job.id} is not finished {seconds(last.at - job.created_at)} after it "
            f"was created, and it was not polled again; {lineage.title(job.provider)} documents up to "
            f"{seconds(patience.ms)}"
        )
        row = f"{job.provider}.{patience.row}"
        yield Found(message, ids([last, alive]), (job.id,), job.provider, last.operation, job.account, row=row)


def _clock_moves(polls: Sequence[Call]) -> bool:
    """Return False if the sandbox's clock stood still between polls: then it does not say how long a client waited."""
    return all(b.at > a.at for a, b in pairwise(polls))


def _still_waits(lineage: Lineage, refused: Call) -> bool:
    """Return True if a limit is used up, and the time at which the client can come back has not come yet."""
    if refused.scripted or refused.status != 429 or refused.retry_at is None:
        return False
    return lineage.facts.now < refused.retry_at


def abandoned_paid_job(lineage: Lineage) -> Iterator[Found]:
    """Yield paid jobs that have succeeded, and whose last request was a poll that failed."""
    for job in lineage.facts.jobs:
        creator, calls = lineage.creator(job), lineage.about(job)
        if job.status != "succeeded" or creator is None or not calls or not lineage.is_charged(creator):
            continue
        last = calls[-1]
        if last.role != "poll" or last.number not in lineage.failures or not is_retryable(last):
            continue
        if any(call.seen == "succeeded" for call in calls) or lineage.was_notified(job):
            continue
        if lineage.was_listed(job, last.ended_at) or _still_waits(lineage, last):
            continue
        charge = lineage.charge_of_job(job)
        cost = charge.net if charge is not None and charge.net > 0 else None
        price = f" and cost {credits(cost)}" if cost is not None else ""
        message = (
            f"#{last.number} was the last request about job {job.id}: {result(last)}, and the job succeeded{price} "
            "without being collected"
        )
        yield Found(
            message, (job.cause, last.number), (job.id,), job.provider, creator.operation, job.account, cost,
            lineage.cost_row(creator),
        )  # fmt: skip
