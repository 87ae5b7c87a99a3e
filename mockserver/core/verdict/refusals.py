"""Rules about refused requests: limits, and errors that a repetition cannot change."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mockserver.core.verdict.facts import Call
from mockserver.core.verdict.failures import is_final
from mockserver.core.verdict.finding import Found
from mockserver.core.verdict.lineage import Lineage, follows, waited
from mockserver.core.verdict.messages import ids, numbers, seconds

# A request that is sent again after this time is another one.
_FORGOTTEN = 3_600_000
# The request that ignores a refusal is among so many that follow it.
_NEXT = 100
# Timers are not exact.
_EARLY = 250


def retry_after_ignored(lineage: Lineage) -> Iterator[Found]:
    """Yield requests that came before the time that a refusal named."""
    for account, calls in lineage.by_account.items():
        by_reason: dict[str | None, tuple[Call, list[Call]]] = {}
        for at, refused in enumerate(calls):
            if refused.retry_at is None or refused.delivered != "whole":
                continue
            early = next((c for c in calls[at + 1 : at + _NEXT] if _counts_too(lineage, refused, c)), None)
            if early is None or not follows(early, refused) or not _is_early(refused, early):
                continue
            by_reason.setdefault(_limit(refused) or refused.operation, (refused, []))[1].append(early)
        for refused, early_calls in by_reason.values():
            yield _ignored(lineage, account, refused, early_calls)


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
        for at, refused in enumerate(calls):
            usage, provider = refused.usage, lineage.provider(refused.provider)
            if refused.status != 429 or refused.scripted or usage is None or usage.limit.allowed is None:
                continue
            if provider is None or not provider.reports_remaining or (usage.limit.name, usage.resets_at) in windows:
                continue
            tenth = max(1, usage.limit.allowed // 10)
            windows.add((usage.limit.name, usage.resets_at))
            warned = [c for c in calls[:at] if _warned(c, refused, tenth)]
            if len(warned) >= tenth:
                yield _out_of(account, warned, refused, tenth)


def _warned(call: Call, refused: Call, tenth: int) -> bool:
    usage, limit = call.usage, refused.usage
    if usage is None or limit is None or call.delivered != "whole" or call.status == 429:
        return False
    if usage.limit.name != limit.limit.name or usage.resets_at != limit.resets_at:
        return False
    return usage.remaining is not None and usage.remaining <= tenth


def _out_of(account: str, warned: Sequence[Call], refused: Call, tenth: int) -> Found:
    usage = refused.usage
    assert usage is not None
    message = (
        f"the limit {usage.limit.name} ({usage.limit.allowed} per {usage.limit.period}) ran out in #{refused.number}, "
        f"although the headers of {numbers(warned)} had reported that at most {tenth} requests were left"
    )
    row = f"{refused.provider}.limit.{usage.limit.name}"
    return Found(message, ids([*warned, refused]), (), refused.provider, refused.operation, account, row=row)
