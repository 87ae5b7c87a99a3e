"""The outgoing calls of a sandbox: webhooks, and what its providers ask of others."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic_core import from_json

from mockserver.control import actions
from mockserver.core.deliveries import Delivery as CoreDelivery
from mockserver.core.masking import masked
from mockserver.core.match import key_matches
from mockserver.testing.jobs import Job
from mockserver.testing.session import World, instant
from mockserver.testing.signatures import SCHEMES

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

_BY_ACCOUNT = frozenset(scheme.provider for scheme in SCHEMES if scheme.by_account)
Outcome = Literal["pending", "delivered", "given_up"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: `outcome` is `response` whatever the status, or what went wrong, told by `error`.

    `tampering` is what the scenario did to it.
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
    """One event for one receiver, as it was when it was looked at. Every attempt sends the same `body`."""

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
    _world: World = field(repr=False, compare=False)

    @property
    def json(self) -> Any:
        """The body as JSON data."""
        return from_json(self.body)

    def replay(self) -> None:
        """Make a new attempt of the same event now, whatever became of it before."""
        world = self._world
        world.act(lambda now: actions.replay_delivery(world.sandbox, self.id, None, now))


class Deliveries:
    """All outgoing calls of a sandbox, oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world

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
        """The deliveries of an event (`*` stands for any characters), oldest first."""
        self._world.check_event(event)
        return self._world.calm(self._wanted(event, provider, _id(job), outcome))

    def now(self) -> list[Delivery]:
        """All of them at this moment, whatever is under way."""
        return self._world.run(self._wanted("*", None, None, None))

    def wait_for(
        self, event: str = "*", *, provider: str | None = None, job: Job | str | None = None,
        outcome: Literal["delivered", "given_up"] = "delivered", timeout: float = 5.0,
    ) -> Delivery:  # fmt: skip
        """The first delivery of an event with that outcome, as soon as there is one.

        A manual clock is taken from event to event until then. Another clock is waited for, `timeout` seconds of real
        time at most. Raises AssertionError, with what there is, when it does not come to that.
        """
        self._world.check_event(event)
        found = self._world.run(self._awaited(event, provider, _id(job), outcome, timeout))
        if found is None:
            raise AssertionError(self._told(event, outcome) + self._world.run(self._nowhere()))
        return found

    async def _wanted(
        self, event: str, provider: str | None, job: str | None, outcome: Outcome | None
    ) -> list[Delivery]:
        kept = reversed(await self._world.sandbox.store.deliveries())
        return [
            self._view(d)
            for d in kept
            if key_matches(event, d.event)
            and provider in (None, d.provider)
            and job in (None, d.job)
            and outcome in (None, d.outcome)
        ]

    async def _awaited(
        self, event: str, provider: str | None, job: str | None, outcome: Outcome, patience: float
    ) -> Delivery | None:
        courier, clock, more = self._world.sandbox.courier, self._world.sandbox.clock, True
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while more:
                    change = courier.change
                    found = await self._wanted(event, provider, job, outcome)
                    if found:
                        return found[0]
                    if clock.mode == "manual":
                        more = await self._step()
                    else:
                        courier.poke()
                        await change.wait()
                # Nothing more is to come, but what was under way has been done.
                return next(iter(await self._wanted(event, provider, job, outcome)), None)
        return None

    async def _step(self) -> bool:
        """Take a clock that stands still to what is next; False when nothing was to come but what is under way."""
        sandbox = self._world.sandbox
        at = await sandbox.next_event()
        await sandbox.advance_to_next()
        return at is not None

    async def _nowhere(self) -> str:
        """What is easily overlooked: jobs of an account whose events go nowhere."""
        sandbox, now = self._world.sandbox, self._world.sandbox.clock.now()
        lines: dict[str, None] = {}
        for job in (await sandbox.store.page_jobs()).jobs:
            key = job.account.partition(":")[2]
            account = await sandbox.account(job.provider, key, now)
            if job.provider in _BY_ACCOUNT and account is not None and account.webhook is None:
                lines[
                    f"\n  no events are sent for the key {masked(key)} at {job.provider}: its account has no webhook"
                ] = None
        return "".join(lines)

    def _told(self, event: str, outcome: Outcome) -> str:
        there = "".join(f"\n  {told(delivery)}" for delivery in self.now()) or " none"
        wanted = "event" if event == "*" else f"{event!r}"
        return f"no {wanted} was {outcome.replace('_', ' ')}; deliveries so far:{there}"

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
            _world=self._world,
        )


def told(delivery: Delivery) -> str:
    """A delivery in one line, for people."""
    tries = ", ".join(str(a.status or a.error or a.outcome) for a in delivery.attempts) or "no attempt yet"
    return f"{delivery.event} to {delivery.url}: {delivery.outcome} ({tries})"


def _id(job: Job | str | None) -> str | None:
    return job.id if isinstance(job, Job) else job
