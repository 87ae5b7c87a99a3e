"""The outbox: where providers hand in what is to be sent. A scenario's tampering is chosen here, once a delivery."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import Entry
from mockserver.core.match import key_matches
from mockserver.core.scenario import TamperingSpec
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import HELD

# Bytes of what a receiver replies to a webhook.
KEPT_REPLY = 4_096
# Milliseconds that an event waits for a later one to overtake it.
REORDERED = 60_000


class Outbox:
    """What one sandbox sends. Instants are milliseconds since the epoch.

    `poke` is called when there is something new to send.
    """

    def __init__(self, sandbox: SandboxState, poke: Callable[[], None]) -> None:
        self._sandbox = sandbox
        self._poke = poke

    async def announce(
        self, job: Job, event: str, url: str, secret: str, body: Any, at: int, waits: tuple[int, ...]
    ) -> None:
        """Compose the delivery of an event of `job`, due at once; `waits` are those before each retry.

        An event that nothing may rest on is not sent; the journal says so.
        """
        row = f"{job.provider}.event.{event}"
        if row in self._sandbox.unsaid:
            await self._keep_back(job, event, row, at)
            return
        more = {"schedule": waits, "keep": KEPT_REPLY}
        await self._compose(job, event, url, at, secret=secret, body=to_json(body), **more)

    async def _keep_back(self, job: Job, event: str, row: str, at: int) -> None:
        note = f"{event} was not sent, for it rests on an assumption"
        entry = Entry(
            "delivery", at, cause=job.cause, provider=job.provider, account=job.account, job=job.id, note=note,
            rests_on=(row,),
        )  # fmt: skip
        await self._sandbox.store.append(entry)

    async def ask(self, job: Job, event: str, url: str, at: int, *, secret: str = "", body: Any) -> None:
        """Compose a call-out for `job`, due at once: JSON is posted, and `on_delivery` hears the answer."""
        await self._compose(job, event, url, at, kind="call_out", secret=secret, body=to_json(body))

    async def fetch(self, job: Job, event: str, url: str, at: int, *, first: int) -> None:
        """Compose a call-out for `job` that gets the first bytes at `url` (RFC 9110 section 14.2), as `ask` does."""
        headers = (("Range", f"bytes=0-{first - 1}"),)
        await self._compose(job, event, url, at, kind="call_out", method="GET", body=b"", headers=headers, keep=first)

    async def _compose(
        self, job: Job, event: str, url: str, at: int, *, body: bytes, secret: str = "", **more: Any
    ) -> None:
        number = await self._sandbox.store.next_number("delivery", job.account, job.id, event)
        delivery = Delivery(
            id="dlv_" + self._sandbox.seeded.token(20, "delivery", job.account, job.id, event, number),
            provider=job.provider,
            account=job.account,
            event=event,
            url=url,
            body=body,
            secret=secret,
            due_at=at,
            job=job.id,
            cause=job.cause,
            created_at=at,
            **more,
        )
        await self._send(delivery)

    async def webhook_of(self, job: Job) -> Delivery | None:
        """The latest webhook of a job, or None when it has had none or it is forgotten."""
        found = await self._sandbox.store.deliveries()
        return next((d for d in found if d.kind == "webhook" and (d.account, d.job) == (job.account, job.id)), None)

    async def again(self, delivery: Delivery, at: int, url: str | None = None) -> None:
        """Make a new attempt of the same event, with the same bytes, to its receiver or to another `url`.

        Where one is under way, the new one follows when that is over.
        """
        await self._sandbox.store.replay_delivery(delivery.id, at, url)
        self._poke()

    async def _send(self, delivery: Delivery) -> None:
        """Hand a delivery to the courier, tampered with as the scenario says."""
        spec = await self._tampering(delivery) if delivery.kind == "webhook" else None
        if spec is not None:
            late = spec.delay + (REORDERED if spec.reorder else 0)
            due = None if delivery.due_at is None else delivery.due_at + late
            delivery = replace(delivery, tampering=spec, due_at=due)
            if spec.reorder:
                await self._sandbox.store.put_value(HELD, delivery.id, delivery.account)
        await self._sandbox.store.schedule(delivery)
        self._poke()

    async def _tampering(self, delivery: Delivery) -> TamperingSpec | None:
        """What the first webhook rule that matches does to a delivery."""
        key = delivery.account.partition(":")[2]
        for place, rule in enumerate(self._sandbox.program.webhooks):
            if not key_matches(rule.event, delivery.event) or not key_matches(rule.account or "*", key):
                continue
            name = f"{place} {rule.event}"
            count = await self._sandbox.store.next_number("webhook rule", name, delivery.account) if rule.counted else 0
            unit = self._sandbox.seeded.unit("webhook rule", name, delivery.account, count) if rule.probability else 0.0
            if rule.takes(count, unit):
                return rule.tampering
        return None
