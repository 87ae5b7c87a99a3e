"""Attempts: one delivery is signed, sent, and written down with whatever came back."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from mockserver.clock import wall_ms
from mockserver.core import tampering
from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.journal import Entry
from mockserver.outgoing.call import CallResult, Headers, OutgoingCall, Sender
from mockserver.outgoing.destination import EgressRefused, read_url
from mockserver.outgoing.retry_after import retry_after
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import HELD

log = logging.getLogger("mockserver")

Sign = Callable[[Delivery, int], Sequence[tuple[str, str]]]
# Called when an attempt is over and written down, with what was answered.
Answered = Callable[[Delivery, CallResult], Awaitable[None]]

_WRONG_KEY = "-of-somebody-else"
_BODILESS = ("GET", "HEAD")


class Signing(Protocol):
    """What an attempt needs of a provider: how long it waits, and how it signs."""

    @property
    def webhook_timeout(self) -> float: ...

    @property
    def stamped_field(self) -> str | None: ...

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]: ...


class Attempts:
    """Makes the attempts of one sandbox's deliveries."""

    def __init__(
        self, sandbox: SandboxState, sender: Sender, signing: Mapping[str, Signing], answered: Answered
    ) -> None:
        self._sandbox = sandbox
        self._sender = sender
        self._signing = signing
        self._answered = answered

    async def make(self, delivery: Delivery) -> None:
        """Make the next attempt of a claimed delivery, and put it back. Raises nothing but CancelledError."""
        try:
            await self._make(delivery)
        except Exception:
            log.exception("an attempt of %s %s failed", delivery.event, delivery.id)
            broken = Attempt(delivery.made + 1, self._sandbox.clock.now(), (), "internal_error", error="see the log")
            await self._sandbox.store.save_delivery(delivery.attempted(broken, False, self._sandbox.clock.now()))

    async def _make(self, delivery: Delivery) -> None:
        sandbox, spec = self._sandbox, delivery.tampering
        if spec is not None and spec.reorder:
            await sandbox.store.take_value(HELD, delivery.id, sandbox.clock.now())
        result = None
        if spec is not None and delivery.replay is None and delivery.tries < spec.lose:
            attempt = Attempt(delivery.made + 1, sandbox.clock.now(), (), "lost", tampering=("lost",))
        else:
            attempt, result = await self._sent(delivery)
        wait = 0 if result is None else retry_after(result.headers, wall_ms())
        after = delivery.attempted(attempt, attempt.success, sandbox.clock.now(), retry_after=wait)
        if spec is not None and attempt.success and delivery.replay is None:
            for _ in range(spec.duplicate):
                copy, _ = await self._sent(replace(delivery, made=after.made))
                after = after.with_attempt(replace(copy, tampering=(*copy.tampering, f"copy of {attempt.number}")))
        await sandbox.store.save_delivery(after)
        for made in after.attempts[delivery.made - after.made :]:
            await self._write_down(after, made)
        await self._let_go(delivery)
        if result is not None:
            await self._answered(after, result)

    async def _sent(self, delivery: Delivery) -> tuple[Attempt, CallResult]:
        sandbox = self._sandbox
        provider = self._signing[delivery.provider]
        began = sandbox.clock.now()
        stamped = began if sandbox.program.source.signature_time == "sandbox" else wall_ms()
        signed = _signed(delivery, provider.signed, stamped, provider.stamped_field)
        timeout, url = provider.webhook_timeout, delivery.bound_for
        call = OutgoingCall(delivery.method, url, signed.headers, signed.body, timeout, delivery.keep)
        result = await self._sender.send(call)
        return _attempt(delivery, call, signed.tampering, result, began), result

    async def _write_down(self, delivery: Delivery, attempt: Attempt) -> None:
        entry = Entry(
            "delivery", attempt.at, cause=delivery.cause, provider=delivery.provider, account=delivery.account,
            job=delivery.job, method=delivery.method, path=attempt.url or delivery.url, status=attempt.status,
            note=f"{delivery.event} attempt {attempt.number}: {attempt.error or attempt.outcome}",
            detail={"delivery": delivery.id, "attempt": attempt.number},
            rests_on=(f"{delivery.provider}.event.{delivery.event}",),
            written_at=self._sandbox.clock.now(),
        )  # fmt: skip
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
                await store.schedule(replace(held, due_at=now))


def _attempt(delivery: Delivery, call: OutgoingCall, marks: tuple[str, ...], result: CallResult, began: int) -> Attempt:
    return Attempt(
        number=delivery.made + 1,
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
        tampering=marks,
    )


class _Signed(NamedTuple):
    """The headers and bytes of one attempt, and in which ways the scenario tampered with them."""

    headers: Headers
    body: bytes
    tampering: tuple[str, ...] = ()


def _signed(delivery: Delivery, sign: Sign, at: int, stamp: str | None) -> _Signed:
    """What the next attempt sends: the composed bytes signed as of `at` (milliseconds), tampered with if asked for.

    `stamp` is the field of the body that tells its instant, where the signature of the provider has none.
    """
    number = delivery.tries + 1 if delivery.replay is None else delivery.made + 1
    spec = delivery.tampering
    if spec is None or not tampering.strikes(spec, number):
        return _Signed((*delivery.headers, *sign(delivery, at)), delivery.body)
    # Signed over exactly the bytes that are sent: an extra field is no forgery.
    spoilt = replace(delivery, body=tampering.body(spec, delivery.body, stamp))
    if spec.signature == "wrong_key":
        signature = sign(replace(spoilt, secret=spoilt.secret + _WRONG_KEY), at)
    else:
        signature = sign(spoilt, at - spec.age if spec.signature == "stale" else at)
    headers = (*delivery.headers, *tampering.signature(spec, signature))
    return _Signed(headers, spoilt.body, tampering.marks(spec))


def attempt_body(delivery: Delivery, marks: Sequence[str], stamp: str | None) -> bytes:
    """The bytes of an attempt that was made: computed again, so that a huge body is not kept once an attempt."""
    tampered = delivery.tampering is not None and set(tampering.marks(delivery.tampering)) & set(marks)
    return (
        tampering.body(delivery.tampering, delivery.body, stamp) if tampered and delivery.tampering else delivery.body
    )


def _on_wire(call: OutgoingCall) -> Headers:
    """The headers of a call as they leave: Host comes first and Content-Length last where the call has none."""
    names = {name.lower() for name, _ in call.headers}
    try:
        host: Headers = () if "host" in names else (("Host", read_url(call.url).authority),)
    except EgressRefused:
        host = ()  # it does not leave
    bodiless = "content-length" in names or (not call.body and call.method in _BODILESS)
    return (*host, *call.headers, *(() if bodiless else (("Content-Length", str(len(call.body))),)))
