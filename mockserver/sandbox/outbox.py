"""The outbox: creates deliveries for providers. It also selects the scenario's tampering, once for each delivery."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic_core import to_json

from mockserver.core.deliveries import Delivery, DeliveryFilter
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.match import key_matches
from mockserver.core.scenario import CallOutRuleSpec, Counted, TamperingSpec, WebhookRuleSpec
from mockserver.core.trace import TRACE
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import HELD

# How many bytes of a receiver's response to a webhook are kept.
KEPT_REPLY = 4_096
# How many milliseconds a reordered event waits for a later one.
REORDERED = 60_000

R = TypeVar("R", WebhookRuleSpec, CallOutRuleSpec)


class Outbox:
    """Creates and replays the deliveries of one sandbox. Instants are milliseconds since the epoch.

    `poke` is called after each new delivery. `replays` counts the replays so far, and `generation` is that of
    the newest delivery.
    """

    def __init__(self, sandbox: SandboxState, poke: Callable[[], None]) -> None:
        self._sandbox = sandbox
        self._poke = poke
        self.generation = -1
        self.replays = 0

    async def send_event(
        self, job: Job, event: str, url: str, secret: str, body: Any, at: int, waits: tuple[int, ...]
    ) -> None:
        """Create a webhook for an event of `job`, due at once. `waits` are the milliseconds before each retry.

        If the ledger row of the event is not allowed, the event is not sent, and the journal notes it.
        """
        row = f"{job.provider}.event.{event}"
        if row in self._sandbox.disallowed_rows:
            await self._note_disallowed(job, event, row, at)
            return
        more = {"schedule": waits, "keep_bytes": KEPT_REPLY}
        await self._compose(job, event, url, at, secret=secret, body=to_json(body), **more)

    async def _note_disallowed(self, job: Job, event: str, row: str, at: int) -> None:
        note = f"{event} was not sent, because it is an assumed behaviour and assumed behaviours are disallowed"
        entry = JournalEntry(
            "delivery", at, cause=job.cause, provider=job.provider, account=job.account, job=job.id, note=note,
            rests_on=(row,),
        )  # fmt: skip
        await self._sandbox.store.append(entry)

    async def call_out(self, job: Job, event: str, url: str, at: int, *, secret: str = "", body: Any) -> None:
        """Create a call-out for `job`, due at once: POST `body` as JSON. `on_delivery` gets the response."""
        await self._compose(job, event, url, at, kind="call_out", secret=secret, body=to_json(body))

    async def fetch(self, job: Job, event: str, url: str, at: int, *, first: int) -> None:
        """Create a call-out for `job`, due at once: GET the first bytes at `url` (RFC 9110 section 14.2)."""
        headers = (("Range", f"bytes=0-{first - 1}"),)
        await self._compose(
            job, event, url, at, kind="call_out", method="GET", body=b"", headers=headers, keep_bytes=first
        )

    async def _compose(
        self, job: Job, event: str, url: str, at: int, *, body: bytes, secret: str = "", **more: Any
    ) -> None:
        sandbox = self._sandbox
        number = await sandbox.store.next_number("delivery", job.account, job.id, event)
        # The numbers begin again with each generation, and the ids must not recur.
        generation = (sandbox.generation,) if sandbox.generation else ()
        self.generation, mark = sandbox.generation, sandbox.marks[job.account]
        delivery = Delivery(
            id="dlv_" + sandbox.seeded.token(20, "delivery", mark, job.id, event, number, *generation),
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
            generation=sandbox.generation,
            extra={TRACE: job.facts[TRACE]} if TRACE in job.facts else {},
            **more,
        )
        await self._send(delivery)

    async def webhook_of(self, job: Job) -> Delivery | None:
        """Return the latest webhook of a job, or None."""
        deliveries = await self._sandbox.store.deliveries(DeliveryFilter(provider=job.provider, job=job.id))
        return next(
            (d for d in deliveries if d.kind == "webhook" and (d.account, d.job) == (job.account, job.id)), None
        )

    async def replay(self, delivery: Delivery, at: int, url: str | None = None) -> None:
        """Send the same bytes again, to the receiver of the delivery or to another `url`.

        If an attempt is in progress, the replay follows it.
        """
        self.replays += 1
        await self._sandbox.store.replay_delivery(delivery.id, at, url)
        self._poke()

    async def _send(self, delivery: Delivery) -> None:
        """Schedule a delivery with the tampering that the scenario asks for."""
        if delivery.kind == "call_out":
            delivery = await self._scripted(delivery)
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
        """Return the tampering of the first webhook rule that matches, or None."""
        inject = self._sandbox.inject_tampering
        injected = inject(delivery.provider, delivery.event) if inject is not None else None
        if injected is not None:
            return injected
        rule = await self._first_match(self._sandbox.program.webhooks, delivery, "webhook rule")
        return None if rule is None else rule.tampering

    async def _scripted(self, call_out: Delivery) -> Delivery:
        """Return a call-out as the first rule for it says."""
        rule = await self._first_match(self._sandbox.program.call_outs, call_out, "call-out rule")
        if rule is None:
            return call_out
        spec = TamperingSpec.model_construct(
            {"lose", "signature", "age"}, lose=rule.lose, signature=rule.signature, age=rule.age
        )
        due = None if call_out.due_at is None else call_out.due_at + rule.delay
        answer = rule.answer
        return replace(
            call_out,
            tampering=spec,
            schedule=tuple(rule.retries),
            due_at=due,
            ignored=rule.ignore,
            answer=None
            if answer is None
            else (answer.status, to_json(answer.body) if answer.body is not None else b""),
        )

    async def _first_match(self, rules: Sequence[R], delivery: Delivery, purpose: str) -> R | None:
        key = delivery.account.partition(":")[2]
        for index, rule in enumerate(rules):
            if not key_matches(rule.event, delivery.event) or not key_matches(rule.account or "*", key):
                continue
            name = f"{index} {rule.event}"
            counter = _counter(rule, delivery)
            count = await self._count(purpose, name, counter) if rule.counted else 0
            owner = self._sandbox.marks[counter[0]] if counter[0] else ""
            unit = self._sandbox.seeded.unit(purpose, name, owner, *counter[1:], count) if rule.probability else 0.0
            if rule.takes(count, unit):
                return rule
        return None

    async def _count(self, purpose: str, rule: str, counter: tuple[str, ...]) -> int:
        """Count a match of a rule. Matches are counted for each scenario separately, as those of rules for requests."""
        sandbox = self._sandbox
        return await sandbox.store.next_number(purpose, str(sandbox.activations), rule, *counter)


def _counter(rule: Counted, delivery: Delivery) -> tuple[str, ...]:
    """Return the name of the rule's counter for a delivery: that of its account, of its job, or of the sandbox."""
    if rule.counted_by == "sandbox":
        return ("", "sandbox")
    return (delivery.account, delivery.job or "") if rule.counted_by == "job" else (delivery.account,)
