"""The webhooks of a provider: its events, when they are sent, and how they are signed."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from mockserver.clock import rfc3339
from mockserver.core.accounts import Account
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Effects, Job, State
from mockserver.core.plans import Status
from mockserver.core.scenario import DEFAULT_SECRET
from mockserver.core.signing import hmac_sha256
from mockserver.kit.operations import Event
from mockserver.outgoing.call import CallResult
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition


class Signature(NamedTuple):
    """The signature of webhooks: `sha256=` and the HMAC-SHA256 of the body in hexadecimal, in `header`.

    With a `timestamp_header`, that header has the Unix time in seconds, and the signature covers the body followed by
    that time. `description` is for the documents.
    """

    header: str
    description: str
    timestamp_header: str | None = None

    @property
    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schema of each header."""
        signature = {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$", "description": self.description}
        if self.timestamp_header is None:
            return {self.header: signature}
        seconds = {"type": "string", "pattern": "^[0-9]+$", "description": "seconds since the Unix epoch"}
        return {self.timestamp_header: seconds, self.header: signature}

    def headers(self, secret: str, body: bytes, at: int) -> tuple[tuple[str, str], ...]:
        """Return the headers that sign a body at an instant in milliseconds."""
        if self.timestamp_header is None:
            return ((self.header, f"sha256={hmac_sha256(secret, body)}"),)
        seconds = str(at // 1000)
        signature = f"sha256={hmac_sha256(secret, body, seconds.encode())}"
        return ((self.timestamp_header, seconds), (self.header, signature))


class Webhooks:
    """The part of a provider that sends events.

    `events` has all events, and `job_events` those that are sent when a job enters a status. `signature` signs them.
    `retry_waits` has the milliseconds before each new attempt. `webhook_timeout` is the longest duration of an attempt
    in seconds, and `retries_row` the ledger row about both. `stamped_field` is the field of the body that contains the
    time, `event_field` the one that says what happened, and `event_job` the path of the job's id.
    """

    name: ClassVar[str]
    events: ClassVar[Mapping[str, Event]] = {}
    job_events: ClassVar[Mapping[Status, str]] = {}
    signature: ClassVar[Signature | None] = None
    retry_waits: ClassVar[tuple[int, ...]] = ()
    webhook_timeout: ClassVar[float] = 10.0
    retries_row: ClassVar[str | None] = None
    stamped_field: ClassVar[str | None] = None
    event_field: ClassVar[str] = "event"
    event_job: ClassVar[tuple[str, ...]] = ("data", "id")

    @cached_property
    def documented_events(self) -> Mapping[str, Event]:
        """The events, with the headers of their signature."""
        schemas = self.signature.schemas if self.signature is not None else {}
        return {name: event._replace(headers={**schemas, **event.headers}) for name, event in self.events.items()}

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """Return which steps of a job have an effect, for which `on_transition` is called."""
        return "end" if self.job_events and account is not None and account.webhook is not None else "none"

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        """Do what follows when a job enters a step that has an effect. By default, send the event."""
        job, state = transition.job, transition.state
        event = self.job_event(job, state)
        if event is not None:
            await self.send(settling, job, state, event, await self.account_of(settling.sandbox, job, state))

    def job_event(self, job: Job, state: State) -> str | None:
        """Return the event for a job that enters a state; None if there is none."""
        return self.job_events.get(state.status)

    async def account_of(self, sandbox: SandboxState, job: Job, state: State) -> Account | None:
        """Return the account of a job in that state."""
        return await sandbox.account(self.name, job.account.partition(":")[2], state.entered_at)

    async def send(self, settling: Settling, job: Job, state: State, event: str, account: Account | None) -> None:
        """Send an event of a job, if it has a receiver."""
        url, sandbox = self.webhook_url(job, event, account), settling.sandbox
        if url is None:
            return
        secret = self.webhook_secret(sandbox, job.account, account)
        body = await self.webhook_body(sandbox, job, state, event)
        if self.name in sandbox.sparse:
            from mockserver.kit.additive import sparse

            body = sparse(body, self.events[event].model)
        if self.name in sandbox.additive:
            from mockserver.kit.additive import extended

            body = extended(body, self.events[event].model, sandbox.seeded.child("additive", event, job.id))
        await settling.outbox.send_event(job, event, url, secret, body, state.entered_at, self.retry_waits)

    def webhook_url(self, job: Job, event: str, account: Account | None) -> str | None:
        """Return the URL of a job's receiver; None if there is none. By default it is the webhook of the account."""
        webhook = account.webhook if account is not None else None
        return webhook.url if webhook is not None and (not webhook.events or event in webhook.events) else None

    def webhook_secret(self, sandbox: SandboxState, account_id: str, account: Account | None) -> str:
        """Return the secret that signs the events of an account."""
        return account.webhook.secret if account is not None and account.webhook is not None else DEFAULT_SECRET

    async def webhook_body(self, sandbox: SandboxState, job: Job, state: State, event: str) -> Any:
        """Return the body of an event: by default the event's name, its time, and `webhook_data`."""
        data = await self.webhook_data(sandbox, job, state)
        return {"event": event, "timestamp": rfc3339(state.entered_at), "data": data}

    async def webhook_data(self, sandbox: SandboxState, job: Job, state: State) -> Any:
        """Return the data about a job in the body of an event."""
        return {"id": job.id}

    def event_of(self, body: Any) -> str | None:
        """Return the name of the event with this body, for receivers in tests; None if it is not an event."""
        return body.get("event") if isinstance(body, Mapping) else None

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]:
        """Return the headers that sign an attempt that starts at `at` (milliseconds)."""
        return () if self.signature is None else self.signature.headers(delivery.secret, delivery.body, at)

    async def on_delivery(self, settling: Settling, delivery: Delivery, result: CallResult) -> None:
        """Continue after an attempt of a delivery, for example with the response to a call-out."""
