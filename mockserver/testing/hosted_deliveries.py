"""The deliveries of a sandbox in this process: select them, and wait for one."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mockserver.core.deliveries import Delivery
from mockserver.core.masking import masked
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.testing.values import Attempt, Wanted, instant


async def select(sandbox: Sandbox, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the values of the deliveries that are meant, oldest first."""
    return [
        _values(d)
        for d in reversed(await sandbox.store.deliveries())
        if wanted.matches(d.event, d.provider, d.job, d.outcome)
    ]


async def wait(sandbox: Sandbox, wanted: Wanted, seconds: float) -> dict[str, Any] | None:
    """Wait for a delivery, and return the first that is meant. A manual clock is moved from event to event."""
    courier, clock, more = sandbox.courier, sandbox.clock, True
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while more:
                change = courier.change
                matching = await select(sandbox, wanted)
                if matching:
                    return matching[0]
                if clock.mode == "manual":
                    more = await _step(sandbox)
                else:
                    courier.poke()
                    await change.wait()
            # There are no more events, but deliveries that were in progress have been finished.
            return next(iter(await select(sandbox, wanted)), None)
    return None


async def _step(sandbox: Sandbox) -> bool:
    """Move a manual clock to the next event, and finish what is in progress. Returns false if there is no event."""
    at = await sandbox.next_event()
    await sandbox.advance_to_next()
    return at is not None


async def without_webhook(sandbox: Sandbox, provider_called: Callable[[str], Provider]) -> str:
    """Return hints about accounts that have jobs but no webhook, a common reason for a missing delivery."""
    now = sandbox.clock.now()
    lines: dict[str, None] = {}
    for job in (await sandbox.store.page_jobs()).jobs:
        key = job.account.partition(":")[2]
        account = await sandbox.account(job.provider, key, now)
        provider = provider_called(job.provider)
        urls = (provider.webhook_url(job, event, account) for event in provider.job_events.values())
        if provider.job_events and account is not None and account.webhook is None and not any(urls):
            lines[f"\n  no events are sent for the key {masked(key)} at {job.provider}: its account has no webhook"] = (
                None
            )
    return "".join(lines)


def _values(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "provider": delivery.provider,
        "key": delivery.account.partition(":")[2],
        "job": delivery.job,
        "url": delivery.url,
        "outcome": delivery.outcome,
        "attempts": tuple(
            Attempt(a.number, instant(a.at), a.status, a.outcome, a.error, dict(a.headers), a.reply, a.tampering)
            for a in delivery.attempts
        ),
        "created_at": instant(delivery.created_at),
        "next_attempt_at": None if delivery.due_at is None else instant(delivery.due_at),
        "body": delivery.body,
    }
