"""The deliveries of a sandbox: webhooks, and other calls that its providers make."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic_core import from_json

from mockserver.core.masking import Masking
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.jobs import Job
from mockserver.testing.values import Attempt, Outcome, Wanted

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True


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
        self._hosted.replay(self.id)


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
        return self._of(self._hosted.deliveries(Wanted(event, provider, _id(job), outcome)))

    def now(self) -> list[Delivery]:
        """Return all deliveries immediately, without waiting for those in progress."""
        return self._of(self._hosted.deliveries(Wanted(), settled=False))

    def wait_for(
        self, event: str = "*", *, provider: str | None = None, job: Job | str | None = None,
        outcome: Literal["delivered", "given_up"] = "delivered", timeout: float = 5.0,
    ) -> Delivery:  # fmt: skip
        """Wait for a delivery of an event with this outcome, and return the first.

        A manual clock is moved from event to event until then. On other clocks this waits for at most `timeout` seconds
        of real time. Raises AssertionError with the existing deliveries if there is none.
        """
        self._hosted.check_event(event)
        values = self._hosted.wait_for_delivery(Wanted(event, provider, _id(job), outcome), timeout)
        if values is None:
            raise AssertionError(self._missing(event, outcome) + self._hosted.without_webhook())
        return Delivery(**values, _hosted=self._hosted)

    def _of(self, every: list[dict[str, Any]]) -> list[Delivery]:
        return [Delivery(**values, _hosted=self._hosted) for values in every]

    def _missing(self, event: str, outcome: Outcome) -> str:
        masking = self._hosted.masking
        deliveries = "".join(f"\n  {summary(delivery, masking)}" for delivery in self.now()) or " none"
        name = "event" if event == "*" else f"{event!r}"
        return f"no {name} was {outcome.replace('_', ' ')}; deliveries so far:{deliveries}"


def summary(delivery: Delivery, masking: Masking) -> str:
    """Describe a delivery in one line, with the credentials in it masked."""
    masking = masking.hiding(delivery.key)
    attempts = ", ".join(str(a.status or a.error or a.outcome) for a in delivery.attempts) or "no attempt yet"
    text = f"{delivery.event} to {delivery.url}: {delivery.outcome.replace('_', ' ')} ({attempts})"
    return masking.text(text)


def _id(job: Job | str | None) -> str | None:
    return job.id if isinstance(job, Job) else job
