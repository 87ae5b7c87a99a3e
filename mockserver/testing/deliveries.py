"""The deliveries of a sandbox: webhooks, and other calls that its providers make."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic_core import from_json

from mockserver.control import actions
from mockserver.core.deliveries import Delivery as CoreDelivery
from mockserver.core.masking import Masking, masked
from mockserver.core.match import key_matches
from mockserver.testing.hosted_sandbox import HostedSandbox, instant
from mockserver.testing.jobs import Job

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

Outcome = Literal["pending", "delivered", "given_up"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `outcome` is `response` with any status, or the kind of failure, which `error` describes.

    `tampering` lists what the scenario changed.
    """

    number: int
    at: datetime
    status: int | None
    outcome: str
    error: str | None
    headers: Mapping[str, str] = field(repr=False)
    reply: bytes = field(repr=False)
    tampering: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A snapshot of one event for one receiver. Every attempt sends the same `body`."""

    id: str
    event: str
    provider: str
    key: str
    job: str | None
    url: str
    outcome: Outcome
    attempts: tuple[Attempt, ...]
    created_at: datetime
    next_attempt_at: datetime | None
    body: bytes = field(repr=False)
    _hosted: HostedSandbox = field(repr=False, compare=False)

    @property
    def json(self) -> Any:
        """The body as JSON data."""
        return from_json(self.body)

    def replay(self) -> None:
        """Send the same event again now, whatever its outcome was."""
        hosted = self._hosted
        hosted.act(lambda now: actions.replay_delivery(hosted.sandbox, self.id, None, now))


class Deliveries:
    """All outgoing calls of a sandbox, oldest first."""

    def __init__(self, hosted: HostedSandbox) -> None:
        self._hosted = hosted

    def __repr__(self) -> str:
        return f"<{len(self)} deliveries>"

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def all(
        self, event: str = "*", *, provider: str | None = None, job: Job | str | None = None,
        outcome: Outcome | None = None,
    ) -> list[Delivery]:  # fmt: skip
        """Return the deliveries of an event (`*` stands for any characters), oldest first."""
        self._hosted.check_event(event)
        return self._hosted.run_settled(self._select(event, provider, _id(job), outcome))

    def now(self) -> list[Delivery]:
        """Return all deliveries immediately, without waiting for those in progress."""
        return self._hosted.run(self._select("*", None, None, None))

    def wait_for(
        self, event: str = "*", *, provider: str | None = None, job: Job | str | None = None,
        outcome: Literal["delivered", "given_up"] = "delivered", timeout: float = 5.0,
    ) -> Delivery:  # fmt: skip
        """Wait for a delivery of an event with this outcome, and return the first.

        A manual clock is moved from event to event until then. On other clocks this waits for at most `timeout` seconds
        of real time. Raises AssertionError with the existing deliveries if there is none.
        """
        self._hosted.check_event(event)
        delivery = self._hosted.run(self._wait(event, provider, _id(job), outcome, timeout))
        if delivery is None:
            raise AssertionError(self._missing(event, outcome) + self._hosted.run(self._without_webhook()))
        return delivery

    async def _select(
        self, event: str, provider: str | None, job: str | None, outcome: Outcome | None
    ) -> list[Delivery]:
        return [
            self._view(d)
            for d in reversed(await self._hosted.sandbox.store.deliveries())
            if key_matches(event, d.event)
            and provider in (None, d.provider)
            and job in (None, d.job)
            and outcome in (None, d.outcome)
        ]

    async def _wait(
        self, event: str, provider: str | None, job: str | None, outcome: Outcome, seconds: float
    ) -> Delivery | None:
        courier, clock, more = self._hosted.sandbox.courier, self._hosted.sandbox.clock, True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while more:
                    change = courier.change
                    matching = await self._select(event, provider, job, outcome)
                    if matching:
                        return matching[0]
                    if clock.mode == "manual":
                        more = await self._step()
                    else:
                        courier.poke()
                        await change.wait()
                # There are no more events, but deliveries that were in progress have been finished.
                return next(iter(await self._select(event, provider, job, outcome)), None)
        return None

    async def _step(self) -> bool:
        """Move a manual clock to the next event, and finish what is in progress. Returns false if there is no event."""
        sandbox = self._hosted.sandbox
        at = await sandbox.next_event()
        await sandbox.advance_to_next()
        return at is not None

    async def _without_webhook(self) -> str:
        """Return hints about accounts that have jobs but no webhook, a common reason for a missing delivery."""
        sandbox, now = self._hosted.sandbox, self._hosted.sandbox.clock.now()
        lines: dict[str, None] = {}
        for job in (await sandbox.store.page_jobs()).jobs:
            key = job.account.partition(":")[2]
            account = await sandbox.account(job.provider, key, now)
            provider = self._hosted.host.provider(job.provider)
            urls = (provider.webhook_url(job, event, account) for event in provider.job_events.values())
            if provider.job_events and account is not None and account.webhook is None and not any(urls):
                lines[
                    f"\n  no events are sent for the key {masked(key)} at {job.provider}: its account has no webhook"
                ] = None
        return "".join(lines)

    def _missing(self, event: str, outcome: Outcome) -> str:
        masking = self._hosted.masking
        deliveries = "".join(f"\n  {summary(delivery, masking)}" for delivery in self.now()) or " none"
        name = "event" if event == "*" else f"{event!r}"
        return f"no {name} was {outcome.replace('_', ' ')}; deliveries so far:{deliveries}"

    def _view(self, delivery: CoreDelivery) -> Delivery:
        return Delivery(
            id=delivery.id,
            event=delivery.event,
            provider=delivery.provider,
            key=delivery.account.partition(":")[2],
            job=delivery.job,
            url=delivery.url,
            outcome=delivery.outcome,
            attempts=tuple(
                Attempt(a.number, instant(a.at), a.status, a.outcome, a.error, dict(a.headers), a.reply, a.tampering)
                for a in delivery.attempts
            ),
            created_at=instant(delivery.created_at),
            next_attempt_at=None if delivery.due_at is None else instant(delivery.due_at),
            body=delivery.body,
            _hosted=self._hosted,
        )


def summary(delivery: Delivery, masking: Masking) -> str:
    """Describe a delivery in one line, with the credentials in it masked."""
    masking = masking.hiding(delivery.key)
    attempts = ", ".join(str(a.status or a.error or a.outcome) for a in delivery.attempts) or "no attempt yet"
    text = f"{delivery.event} to {delivery.url}: {delivery.outcome.replace('_', ' ')} ({attempts})"
    return masking.text(text)


def _id(job: Job | str | None) -> str | None:
    return job.id if isinstance(job, Job) else job
