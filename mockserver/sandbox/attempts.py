"""Attempts: one delivery is packed, sent, and written down with whatever came back."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mockserver.clock import wall_ms
from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.journal import Entry
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.retry_after import retry_after
from mockserver.sandbox.parcels import on_wire, packed

if TYPE_CHECKING:
    from mockserver.sandbox.sandbox import Sandbox

log = logging.getLogger("mockserver")

# Deliveries that wait for the next event of their account, by id.
HELD = "held"


class Sender(Protocol):
    """Makes one outgoing call. Never raises: what went wrong is in the result."""

    async def send(self, call: OutgoingCall) -> CallResult: ...


class Attempts:
    """Makes the attempts of one sandbox's deliveries."""

    def __init__(self, sandbox: "Sandbox", sender: Sender) -> None:
        self._sandbox = sandbox
        self._sender = sender

    async def make(self, delivery: Delivery) -> None:
        """Make the next attempt of a claimed delivery, and put it back. Raises nothing but CancelledError."""
        try:
            await self._make(delivery)
        except Exception:
            log.exception("an attempt of %s %s failed", delivery.event, delivery.id)
            broken = Attempt(delivery.made + 1, self._sandbox.clock.now(), (), "internal_error", error="see the log")
            await self._sandbox.store.save_delivery(delivery.attempted(broken, False, self._sandbox.clock.now()))

    async def _make(self, delivery: Delivery) -> None:
        sandbox, spec = self._sandbox, delivery.mischief
        if spec is not None and spec.reorder:
            await sandbox.store.take_value(HELD, delivery.id, sandbox.clock.now())
        result = None
        if spec is not None and delivery.replay is None and delivery.tries < spec.lose:
            attempt = Attempt(delivery.made + 1, sandbox.clock.now(), (), "lost", mischief=("lost",))
        else:
            attempt, result = await self._sent(delivery)
        told = 0 if result is None else retry_after(result.headers, wall_ms())
        after = delivery.attempted(attempt, attempt.success, sandbox.clock.now(), told=told)
        if spec is not None and attempt.success and delivery.replay is None:
            for _ in range(spec.duplicate):
                copy, _ = await self._sent(replace(delivery, made=after.made))
                after = after.with_attempt(replace(copy, mischief=(*copy.mischief, f"copy of {attempt.number}")))
        await sandbox.store.save_delivery(after)
        for made in after.attempts[delivery.made - after.made :]:
            await self._write_down(after, made)
        await self._let_go(delivery)
        if result is not None:
            await sandbox.simulations[delivery.provider].on_delivery(sandbox, after, result)

    async def _sent(self, delivery: Delivery) -> tuple[Attempt, CallResult]:
        sandbox = self._sandbox
        simulation = sandbox.simulations[delivery.provider]
        began = sandbox.clock.now()
        stamped = began if sandbox.program.source.signature_time == "sandbox" else wall_ms()
        parcel = packed(delivery, simulation.signed, stamped, simulation.stamped_field)
        timeout, url = simulation.webhook_timeout, delivery.bound_for
        call = OutgoingCall(delivery.method, url, parcel.headers, parcel.body, timeout, delivery.keep)
        result = await self._sender.send(call)
        return _attempt(delivery, call, parcel.mischief, result, began), result

    async def _write_down(self, delivery: Delivery, attempt: Attempt) -> None:
        entry = Entry("delivery", attempt.at, cause=delivery.cause, provider=delivery.provider)
        entry.account, entry.job, entry.status = delivery.account, delivery.job, attempt.status
        entry.method, entry.path = delivery.method, attempt.url or delivery.url
        entry.note = f"{delivery.event} attempt {attempt.number}: {attempt.error or attempt.outcome}"
        entry.detail = {"delivery": delivery.id, "attempt": attempt.number}
        entry.rests_on = (f"{delivery.provider}.event.{delivery.event}",)
        self._sandbox.tally.delivery(entry)
        await self._sandbox.store.append(entry)

    async def _let_go(self, delivery: Delivery) -> None:
        """Send what waits for this event of the account: those after it arrive before those."""
        store, now = self._sandbox.store, self._sandbox.clock.now()
        if delivery.made or delivery.kind != "webhook":
            return
        for name, account in (await store.values(HELD, now)).items():
            if account != delivery.account or await store.take_value(HELD, name, now) is None:
                continue
            held = await store.get_delivery(name)
            if held is not None and held.due_at is not None:
                await store.save_delivery(replace(held, due_at=now))


def _attempt(
    delivery: Delivery, call: OutgoingCall, mischief: tuple[str, ...], result: CallResult, began: int
) -> Attempt:
    return Attempt(
        number=delivery.made + 1,
        at=began,
        headers=on_wire(call),
        outcome=result.kind,
        status=result.status,
        reply=result.body,
        error=result.error,
        elapsed_ms=round(result.elapsed_ms),
        url=call.url,
        reply_headers=result.headers,
        truncated=result.truncated,
        address=result.address,
        mischief=mischief,
    )
