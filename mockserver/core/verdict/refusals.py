"""Rules about refused requests: limits, and errors that a repetition cannot change."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mockserver.core.limits import Usage
from mockserver.core.verdict.facts import Call
from mockserver.core.verdict.failures import is_final
from mockserver.core.verdict.finding import Found
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.messages import ids, many, numbers, seconds
from mockserver.core.verdict.order import follows, pause, waited

# A request that is sent again after this time is another one.
_FORGOTTEN = 3_600_000
# The request that ignores a refusal is among so many that follow it.
_NEXT = 100
# A smaller limit has no last tenth that headers could announce.
_SMALLEST = 10
# Requests that come within so many milliseconds, on connections of their own, can have been sent at the same time.
_AT_ONCE = 250
# Timers are not exact.
_EARLY = 250


def retry_after_ignored(lineage: Lineage) -> Iterator[Found]:
    """Yield requests that came before the time that a refusal named."""
    for account, calls in lineage.by_account.items():
        by_reason: dict[str | None, tuple[Call, list[Call]]] = {}
        for at, refused in enumerate(calls):
            if refused.retry_at is None or refused.delivered != "whole":
                continue
            later = (c for c in calls[at + 1 : at + _NEXT] if _counts_too(lineage, refused, c))
            early = next((c for c in later if _knew(c, refused)), None)
            if early is None or not _is_early(refused, early):
                continue
            by_reason.setdefault(_limit(refused) or refused.operation, (refused, []))[1].append(early)
        for refused, early_calls in by_reason.values():
            yield _ignored(lineage, account, refused, early_calls)


def _knew(early: Call, refused: Call) -> bool:
    """Return True if the client had a refusal when it sent a request. Unequal ones are often sent at the same time."""
    if early.turn is None or refused.turn is None or (early.intent is not None and early.intent == refused.intent):
        return follows(early, refused)
    answered_before = early.turn.reused and early.turn.free_at >= refused.turn.ended_at
    return answered_before or pause(refused, early) >= _AT_ONCE


def _limit(refused: Call) -> str | None:
    """Return the limit that was used up; None if the refusal has another reason."""
    return refused.usage.limit.name if refused.status == 429 and refused.usage is not None else None


def _is_early(refused: Call, early: Call) -> bool:
    assert refused.retry_at is not None
    return early.at < refused.retry_at and waited(refused, early) < refused.retry_at - refused.at - _EARLY


def _counts_too(lineage: Lineage, refused: Call, call: Call) -> bool:
    """Return True if a request counts against the limit that was used up. Without one, the operation counts."""
    if call.operation == refused.operation:
        return True
    limit = _limit(refused)
    return limit is not None and limit in lineage.operation(call).counts


def _ignored(lineage: Lineage, account: str, refused: Call, early: Sequence[Call]) -> Found:
    assert refused.retry_at is not None
    limit = _limit(refused)
    wait = seconds(refused.retry_at - refused.at)
    why = f"the limit {limit} is used up" if limit is not None else f"it was answered with {refused.status}"
    message = (
        f"#{refused.number} was refused ({why}) with the request to wait {wait}, and "
        f"{numbers(early)} came {seconds(waited(refused, early[0]))} later"
    )
    row = f"{refused.provider}.limit.{limit}" if limit is not None else f"{refused.provider}.rule.retry_after"
    calls = ids([refused, *early])
    return Found(message, calls, (), refused.provider, refused.operation, account, row=row)


def retried_terminal(lineage: Lineage) -> Iterator[Found]:
    """Yield refused requests that were sent again unchanged, although the answer could not change."""
    groups: dict[tuple[str | None, str | None], list[Call]] = defaultdict(list)
    for call in lineage.facts.calls:
        if call.intent is not None and call.operation is not None and call.role != "asset":
            groups[call.credential, call.intent].append(call)
    for calls in groups.values():
        chain: list[Call] = []
        for call in calls:
            if chain and not _is_unchanged(lineage, chain[-1], call):
                yield from _retried(lineage, chain)
                chain = []
            if chain or is_final(call):
                chain.append(call)
        yield from _retried(lineage, chain)


def _is_unchanged(lineage: Lineage, refused: Call, call: Call) -> bool:
    """Return True if nothing happened in between that could change the answer."""
    if not is_final(refused) or not follows(call, refused) or call.at - refused.at > _FORGOTTEN:
        return False
    if any(refused.number < number < call.number for number in lineage.facts.changes):
        return False
    if refused.status == 404 and refused.job is None and _was_created_between(lineage, refused, call):
        return False
    return refused.status != 402 or not any(
        grant.account == call.account and refused.at <= grant.at <= call.at for grant in lineage.facts.grants
    )


def _was_created_between(lineage: Lineage, refused: Call, call: Call) -> bool:
    return any(refused.number < job.cause < call.number and job.provider == call.provider for job in lineage.facts.jobs)


def _retried(lineage: Lineage, chain: Sequence[Call]) -> Iterator[Found]:
    if len(chain) < 2:
        return
    first, again = chain[0], chain[1:]
    message = (
        f"#{first.number} was refused with {first.status}, and {numbers(again)} sent the same request again unchanged"
    )
    yield Found(
        message, ids(chain), (), first.provider, first.operation, first.account
    )  # fmt: skip


def rate_headers_ignored(lineage: Lineage) -> Iterator[Found]:
    """Yield limits that ran out although the headers had announced it for the last tenth of them."""
    for account, calls in lineage.by_account.items():
        windows: set[tuple[str, int]] = set()
        found: dict[str, list[tuple[Call, Sequence[Call]]]] = defaultdict(list)
        for at, refused in enumerate(calls):
            usage = _used_up(lineage, refused)
            if usage is None or (usage.limit.name, usage.resets_at) in windows:
                continue
            windows.add((usage.limit.name, usage.resets_at))
            warned = [c for c in calls[:at] if _warned(c, usage)]
            if len(warned) >= _tenth(usage):
                found[usage.limit.name].append((refused, warned))
        for each in found.values():
            yield _out_of(account, each)


def _used_up(lineage: Lineage, refused: Call) -> Usage | None:
    """Return the limit that a request was refused for; None if it has no last tenth, or no headers report it."""
    usage, provider = refused.usage, lineage.provider(refused.provider)
    if refused.status != 429 or refused.scripted or usage is None or (usage.limit.allowed or 0) < _SMALLEST:
        return None
    return usage if provider is not None and provider.reports_remaining else None


def _tenth(usage: Usage) -> int:
    return (usage.limit.allowed or 0) // 10


def _warned(call: Call, limit: Usage) -> bool:
    usage = call.usage
    if usage is None or call.delivered != "whole" or call.status == 429:
        return False
    if usage.limit.name != limit.limit.name or usage.resets_at != limit.resets_at:
        return False
    return usage.remaining is not None and usage.remaining <= _tenth(limit)


def _out_of(account: str, found: Sequence[tuple[Call, Sequence[Call]]]) -> Found:
    refused, warned = found[0]
    usage = refused.usage
    assert usage is not None
    more = f", and so in {many(len(found) - 1, 'later window')}" if len(found) > 1 else ""
    message = (
        f"the limit {usage.limit.name} ({usage.limit.allowed} per {usage.limit.period}) ran out in #{refused.number}, "
        f"although the headers of {numbers(warned)} had reported that at most "
        f"{many(_tenth(usage), 'request')} were left{more}"
    )
    row = f"{refused.provider}.limit.{usage.limit.name}"
    calls = ids([*warned, *(each for each, _ in found)])
    return Found(message, calls, (), refused.provider, refused.operation, account, row=row)
