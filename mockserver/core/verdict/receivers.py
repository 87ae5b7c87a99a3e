"""Rules about receivers of webhooks."""

from collections.abc import Iterator, Sequence

from mockserver.core.verdict.facts import AttemptFacts, Call, DeliveryFacts
from mockserver.core.verdict.finding import Found
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.messages import ids, many, numbers, seconds

# With these statuses a receiver asks for another attempt, or for none because it is gone.
_LATER = (408, 410, 425, 429)


def _received(lineage: Lineage) -> Iterator[tuple[DeliveryFacts, list[AttemptFacts]]]:
    """Yield the webhooks that were sent to a client's program, with their attempts."""
    for delivery in lineage.facts.deliveries:
        sent = [attempt for attempt in delivery.attempts if attempt.outcome != "lost"]
        if sent and not delivery.simulated:
            yield delivery, sent


def _found(lineage: Lineage, delivery: DeliveryFacts, message: str, row: str | None, *calls: Call) -> Found:
    numbered = tuple(dict.fromkeys((*((delivery.cause,) if delivery.cause else ()), *ids(calls))))
    jobs = () if delivery.job is None else (delivery.job,)
    return Found(
        message, numbered, jobs, delivery.provider, None, delivery.account, row=row, deliveries=(delivery.id,)
    )  # fmt: skip


def webhook_only(lineage: Lineage) -> Iterator[Found]:
    """Yield jobs whose webhook did not arrive and that nobody looked at after their end."""
    for job in lineage.facts.jobs:
        deliveries = lineage.webhooks(job)
        if not deliveries or job.ended_at is None or any(d.outcome != "given_up" for d in deliveries):
            continue
        sent = [attempt for d in deliveries for attempt in d.attempts if attempt.outcome != "lost"]
        if sent or any(call.at >= job.ended_at for call in lineage.about(job)):
            continue
        if lineage.was_listed(job, job.ended_at):
            continue
        first = deliveries[0]
        message = (
            f"the webhook {first.event} of job {job.id} (#{job.cause}) was lost, and the job was not looked at after "
            "it had ended"
        )
        yield _found(lineage, first, message, f"{job.provider}.event.{first.event}")


def webhook_slow_ack(lineage: Lineage) -> Iterator[Found]:
    """Yield valid webhooks that were not acknowledged within the provider's time-out."""
    for delivery, attempts in _received(lineage):
        provider = lineage.provider(delivery.provider)
        slow = [a for a in attempts if a.outcome == "timeout" and not a.forged]
        if not slow or provider is None:
            continue
        message = (
            f"the webhook {delivery.event} {_of(delivery)} was not acknowledged within "
            f"{seconds(provider.webhook_timeout)} in {_attempts(slow)}, so it counts as failed"
        )
        yield _found(lineage, delivery, message, _row(delivery, provider.webhook_row))


def webhook_refused_valid(lineage: Lineage) -> Iterator[Found]:
    """Yield webhooks with a valid signature that the receiver refused."""
    for delivery, attempts in _received(lineage):
        provider = lineage.provider(delivery.provider)
        refused = [a for a in attempts if not a.forged and _is_refusal(a, delivery)]
        if refused and provider is not None:
            message = (
                f"the webhook {delivery.event} {_of(delivery)} has a valid signature and was answered with "
                f"{refused[0].status} in {_attempts(refused)}"
            )
            yield _found(lineage, delivery, message, _row(delivery, provider.signature_row))


def _is_refusal(attempt: AttemptFacts, delivery: DeliveryFacts) -> bool:
    status = attempt.status or 0
    if attempt.outcome != "response" or attempt.accepted or status in _LATER:
        return False
    return status < 500 or delivery.outcome == "given_up"


def webhook_accepts_forgery(lineage: Lineage) -> Iterator[Found]:
    """Yield webhooks without a valid signature that the receiver acknowledged."""
    for delivery, attempts in _received(lineage):
        provider = lineage.provider(delivery.provider)
        if provider is None:
            continue
        accepted = [a for a in attempts if a.accepted and _is_forged(a, signs_time=provider.signs_time)]
        if accepted:
            message = (
                f"the webhook {delivery.event} {_of(delivery)} was sent with a signature that is {accepted[0].forged}, "
                f"and the receiver acknowledged it with {accepted[0].status} in {_attempts(accepted)}"
            )
            yield _found(lineage, delivery, message, _row(delivery, provider.signature_row))


def _is_forged(attempt: AttemptFacts, *, signs_time: bool) -> bool:
    # Without a signed time, a receiver cannot know from the signature that it is old.
    return bool(attempt.forged) and (attempt.forged != "stale" or signs_time)


def webhook_not_idempotent(lineage: Lineage) -> Iterator[Found]:
    """Yield webhooks that arrived twice and caused a second paid request, or a second download of the file."""
    for delivery, attempts in _received(lineage):
        accepted = [a for a in attempts if a.accepted and not _is_forged(a, signs_time=True)]
        if len(accepted) < 2 or delivery.job is None:
            continue
        first, second = accepted[0].at, accepted[1].at
        effects = _fetches(lineage, delivery, first) or _submits(lineage, delivery, first)
        if len(effects) < 2 or effects[-1].at < second:
            continue
        what = "downloaded the file" if effects[0].role == "asset" else f"sent {effects[0].operation}"
        message = (
            f"the webhook {delivery.event} {_of(delivery)} was delivered {len(accepted)} times, and the client {what} "
            f"{len(effects)} times after it: {numbers(effects)}"
        )
        yield _found(lineage, delivery, message, f"{delivery.provider}.event.{delivery.event}", *effects)


def _fetches(lineage: Lineage, delivery: DeliveryFacts, since: int) -> list[Call]:
    """Return the downloads of the whole file of a delivery's job. The same file was fetched by all of them."""
    by_path: dict[str, list[Call]] = {}
    for call in lineage.by_job.get((delivery.provider, delivery.account, delivery.job or ""), ()):
        whole = call.role == "asset" and call.method == "GET" and not call.partial
        if whole and call.at >= since and call.number not in lineage.failures:
            by_path.setdefault(call.path, []).append(call)
    return max(by_path.values(), key=len, default=[])


def _submits(lineage: Lineage, delivery: DeliveryFacts, since: int) -> list[Call]:
    """Return the equal paid submits of the account after a delivery, without those that followed a failure."""
    for calls in lineage.intents:
        # Requests that were sent before the webhook are not its effects.
        if calls[0].account != delivery.account or calls[0].number <= delivery.cause or calls[0].at < since:
            continue
        paid = [call for call in calls if call.at >= since and lineage.is_charged(call)]
        if len(paid) > 1 and not any(call.number in lineage.failures for call in calls):
            return paid
    return []


def _row(delivery: DeliveryFacts, row: str | None) -> str | None:
    return None if row is None else f"{delivery.provider}.{row}"


def _of(delivery: DeliveryFacts) -> str:
    return f"of job {delivery.job}" if delivery.job is not None else f"({delivery.id})"


def _attempts(attempts: Sequence[AttemptFacts]) -> str:
    names = [str(attempt.number) for attempt in attempts[:5]]
    return f"attempt {names[0]}" if len(attempts) == 1 else f"{many(len(attempts), 'attempt')} ({', '.join(names)})"
