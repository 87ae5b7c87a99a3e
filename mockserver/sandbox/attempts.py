"""Attempts: signs a delivery, sends it, and records the result."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from mockserver.clock import wall_ms
from mockserver.core import tampering, trace
from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.journal import JournalEntry
from mockserver.outgoing.call import CallResult, Headers, OutgoingCall, Sender
from mockserver.outgoing.destination import EgressRefused, read_url
from mockserver.outgoing.retry_after import retry_after
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import HELD

log = logging.getLogger("mockserver")

Sign = Callable[[Delivery, int], Sequence[tuple[str, str]]]
# Called with the result of an attempt after the attempt is recorded.
OnAnswer = Callable[[Delivery, CallResult], Awaitable[None]]

_WRONG_KEY = "-of-somebody-else"
_BODILESS = ("GET", "HEAD")
# With a Retry-After, these postpone all webhooks to the receiver (RFC 6585 section 4, RFC 9110 section 15.6.4).
_BUSY = (429, 503)
# What a provider goes on with after an attempt that was lost, or whose response is ignored.
_NO_RESPONSE = CallResult("timeout", error="no response within the time limit")


class Signing(Protocol):
    """The part of a provider that attempts need: its timeout in seconds, and its signature."""

    @property
    def webhook_timeout(self) -> float: ...

    @property
    def stamped_field(self) -> str | None: ...

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]: ...


class Attempts:
    """Makes the attempts of the deliveries of one sandbox."""

    def __init__(
        self, sandbox: SandboxState, sender: Sender, signing: Mapping[str, Signing], on_answer: OnAnswer
    ) -> None:
        self._sandbox = sandbox
        self._sender = sender
        self._signing = signing
        self._on_answer = on_answer

    async def make(self, delivery: Delivery) -> int:
        """Make the next attempt of a claimed delivery, and save it. Raises only CancelledError.

        Return the milliseconds for which the receiver asked for no more webhooks. If the delivery is deleted during the
        attempt, nothing is changed.
        """
        try:
            return await self._make(delivery)
        except Exception:
            if self._is_obsolete(delivery):
                return 0
            log.exception("an attempt to deliver %s %s raised an exception", delivery.event, delivery.id)
            now, number = self._sandbox.clock.now(), delivery.attempt_count + 1
            failed = Attempt(number, now, (), "internal_error", error="an internal error; see the server's log")
            await self._sandbox.store.save_delivery(delivery.attempted(failed, False, self._sandbox.clock.now()))
            return 0

    def _is_obsolete(self, delivery: Delivery) -> bool:
        return delivery.generation < self._sandbox.first_generation

    async def _make(self, delivery: Delivery) -> int:
        sandbox, spec = self._sandbox, delivery.tampering
        if spec is not None and spec.reorder:
            await sandbox.store.take_value(HELD, delivery.id, sandbox.clock.now())
        result = None
        if spec is not None and delivery.replay is None and delivery.scheduled_attempts < spec.lose:
            attempt = Attempt(delivery.attempt_count + 1, sandbox.clock.now(), (), "lost", tampering=("lost",))
            result = _NO_RESPONSE if delivery.kind == "call_out" else None
        else:
            attempt, result = await self._send(delivery)
            if delivery.replay is None and delivery.scheduled_attempts < delivery.ignored:
                attempt, result = _ignored(attempt), _NO_RESPONSE
        wait = 0 if result is None else retry_after(result.headers, wall_ms())
        after = delivery.attempted(attempt, attempt.success, sandbox.clock.now(), retry_after=wait)
        if spec is not None and attempt.success and delivery.replay is None:
            for _ in range(spec.duplicate):
                copy, _ = await self._send(replace(delivery, attempt_count=after.attempt_count))
                after = after.with_attempt(replace(copy, tampering=(*copy.tampering, f"copy of {attempt.number}")))
        if self._is_obsolete(delivery):
            return 0
        await sandbox.store.save_delivery(after)
        for each in after.attempts[delivery.attempt_count - after.attempt_count :]:
            await self._record(after, each)
        await self._release_held(delivery)
        # A provider goes on with the response of a call-out, but not with a failure that is followed by a retry.
        if result is not None and (delivery.kind == "webhook" or after.outcome != "pending"):
            await self._on_answer(after, result)
        return wait if delivery.kind == "webhook" and attempt.status in _BUSY else 0

    async def _send(self, delivery: Delivery) -> tuple[Attempt, CallResult]:
        sandbox = self._sandbox
        provider = self._signing[delivery.provider]
        began = sandbox.clock.now()
        stamped = began if sandbox.program.source.signature_time == "sandbox" else wall_ms()
        signed = _signed(delivery, provider.signed, stamped, provider.stamped_field)
        timeout, url = provider.webhook_timeout, delivery.next_url
        headers = (*signed.headers, *self._trace(delivery))
        call = OutgoingCall(delivery.method, url, headers, signed.body, timeout, delivery.keep_bytes)
        changes = signed.tampering
        if delivery.answer is None:
            result = await self._sender.send(call)
        else:
            status, body = delivery.answer
            result, changes = CallResult("response", status, body=body), (*changes, "answered by the scenario")
        return _attempt(delivery, call, changes, result, began), result

    def _trace(self, delivery: Delivery) -> Headers:
        """Return the headers of the next attempt that carry on the trace of the request that caused the delivery."""
        context = delivery.extra.get(trace.TRACE)
        return () if context is None else trace.carried(context, self._span(delivery, delivery.attempt_count + 1))

    def _span(self, delivery: Delivery, attempt: int) -> str:
        return self._sandbox.seeded.hexadecimal(16, "span", delivery.id, attempt)

    async def _record(self, delivery: Delivery, attempt: Attempt) -> None:
        result = f"{attempt.error or attempt.outcome}{_ends(delivery, attempt)}"
        entry = JournalEntry(
            "delivery", attempt.at, cause=delivery.cause, provider=delivery.provider, account=delivery.account,
            job=delivery.job, method=delivery.method, path=attempt.url or delivery.url, status=attempt.status,
            note=f"{delivery.event} attempt {attempt.number}: {result}",
            detail={"delivery": delivery.id, "attempt": attempt.number, **self._traced(delivery, attempt)},
            rests_on=(f"{delivery.provider}.event.{delivery.event}",),
            written_at=self._sandbox.clock.now(),
        )  # fmt: skip
        self._sandbox.tally.delivery(entry)
        await self._sandbox.store.append(entry)

    def _traced(self, delivery: Delivery, attempt: Attempt) -> Mapping[str, Any]:
        """Return the part of a journal entry about the trace, if the delivery belongs to one."""
        context = delivery.extra.get(trace.TRACE)
        return {} if context is None else {"trace": context["parent"], "span": self._span(delivery, attempt.number)}

    async def _release_held(self, delivery: Delivery) -> None:
        """Send the reordered events that wait for this event of the account, now that it has been sent."""
        store, now = self._sandbox.store, self._sandbox.clock.now()
        if delivery.attempt_count or delivery.kind != "webhook":
            return
        for name, account in (await store.values(HELD, now)).items():
            if account != delivery.account or await store.take_value(HELD, name, now) is None:
                continue
            held = await store.get_delivery(name)
            if held is not None and held.due_at is not None:
                await store.schedule(replace(held, due_at=now))


def _ends(delivery: Delivery, attempt: Attempt) -> str:
    """Return a note that the attempt was the last one because the receiver is gone, or an empty string."""
    return "; 410 (Gone) ends the retries" if attempt.gone and delivery.schedule else ""


def _ignored(attempt: Attempt) -> Attempt:
    return replace(attempt, outcome="ignored", tampering=(*attempt.tampering, "response ignored"))


def _attempt(
    delivery: Delivery, call: OutgoingCall, changes: tuple[str, ...], result: CallResult, began: int
) -> Attempt:
    return Attempt(
        number=delivery.attempt_count + 1,
        at=began,
        headers=_on_wire(call),
        outcome=result.kind,
        status=result.status,
        reply=result.body,
        error=result.error,
        elapsed_ms=round(result.elapsed_ms),
        url=call.url,
        reply_headers=result.headers,
        truncated=result.truncated,
        address=result.address,
        tampering=changes,
    )


class _Signed(NamedTuple):
    """The headers and body of one attempt, and what the scenario changed in them."""

    headers: Headers
    body: bytes
    tampering: tuple[str, ...] = ()


def _signed(delivery: Delivery, sign: Sign, at: int, stamp: str | None) -> _Signed:
    """Return the next attempt of a delivery, signed as of `at` (milliseconds) and tampered with if asked for.

    `stamp` is the body's timestamp field, for providers that do not sign a time.
    """
    number = (delivery.scheduled_attempts if delivery.replay is None else delivery.attempt_count) + 1
    spec = delivery.tampering
    if spec is None or not tampering.applies_to(spec, number):
        return _Signed((*delivery.headers, *sign(delivery, at)), delivery.body)
    # The signature is over exactly the bytes that are sent, including extra fields.
    changed = replace(delivery, body=tampering.body(spec, delivery.body, stamp))
    if spec.signature == "wrong_key":
        signature = sign(replace(changed, secret=changed.secret + _WRONG_KEY), at)
    else:
        signature = sign(changed, at - spec.age if spec.signature == "stale" else at)
    headers = (*delivery.headers, *tampering.signature(spec, signature))
    return _Signed(headers, changed.body, tampering.changes(spec))


def attempt_body(delivery: Delivery, changes: Sequence[str], stamp: str | None) -> bytes:
    """Compute the body of a past attempt again, so that a huge body is not stored with every attempt."""
    spec = delivery.tampering
    if spec is None or not set(tampering.changes(spec)) & set(changes):
        return delivery.body
    return tampering.body(spec, delivery.body, stamp)


def _on_wire(call: OutgoingCall) -> Headers:
    """Return the headers of a call as they are sent: with Host first and Content-Length last unless it sets them."""
    names = {name.lower() for name, _ in call.headers}
    try:
        host: Headers = () if "host" in names else (("Host", read_url(call.url).authority),)
    except EgressRefused:
        host = ()  # such a call is never sent
    bodiless = "content-length" in names or (not call.body and call.method in _BODILESS)
    return (*host, *call.headers, *(() if bodiless else (("Content-Length", str(len(call.body))),)))
