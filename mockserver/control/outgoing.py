"""Control of what a world sends: its deliveries, waiting for them, and sending them again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, get_args

from mockserver.clock import rfc3339
from mockserver.control.call import ControlCall, ControlError
from mockserver.control.models import ReplayTo
from mockserver.control.views import as_text, picked
from mockserver.core.deliveries import Attempt, Delivery, Outcome
from mockserver.core.durations import parse
from mockserver.core.masking import masked_account
from mockserver.kit.operations import Reply
from mockserver.outgoing.destination import EgressRefused, read_url
from mockserver.sandbox.attempts import attempt_body

OUTCOMES: tuple[str, ...] = get_args(Outcome)
MOST = 1_000
# Milliseconds of real time, and bytes of a body that are shown.
LONGEST_WAIT = 60_000
SHOWN = 65_536
_FILTERS = ("event", "job", "outcome", "provider", "url")


async def list_deliveries(call: ControlCall) -> Reply:
    """GET /_mock/deliveries: newest first, with every attempt; ?event=, ?job=, ?outcome=, ?provider=, ?url=, ?limit=.

    With ?wait=5s it answers as soon as ?count= of them have ended (1), or after so much real time.
    """
    call.one_of("outcome", OUTCOMES)
    if "provider" in call.query:
        call.provider(call.query["provider"])
    limit, count = call.number("limit", 100, MOST), call.number("count", 1, MOST)
    found = await _waited(call, _wait(call), count) if "wait" in call.query else await _matching(call)
    ended = sum(d.outcome != "pending" for d in found)
    return Reply(body={"deliveries": [_view(call, d) for d in found[:limit]], "ended": ended})


async def _matching(call: ControlCall) -> Sequence[Delivery]:
    found = await call.sandbox.store.deliveries()
    return [d for d in found if all(picked(call.query, name, getattr(d, name)) for name in _FILTERS)]


async def _waited(call: ControlCall, wait: int, count: int) -> Sequence[Delivery]:
    courier = call.sandbox.courier
    courier.poke()
    with suppress(TimeoutError):
        async with asyncio.timeout(wait / 1000):
            while True:
                change = courier.change
                found = await _matching(call)
                if sum(d.outcome != "pending" for d in found) >= count:
                    return found
                await change.wait()
    return await _matching(call)


def _wait(call: ControlCall) -> int:
    text = call.query["wait"]
    try:
        wait = parse(text)
    except ValueError as error:
        raise ControlError(400, f"wait: {error}") from None
    if wait > LONGEST_WAIT:
        raise ControlError(400, f"wait must be at most {LONGEST_WAIT // 1000}s, not {text!r}")
    return wait


async def replay_delivery(call: ControlCall) -> Reply:
    """POST /_mock/deliveries/{id}/replay: the same event once more, as a new attempt, here or at another URL."""
    asked: ReplayTo = call.body
    delivery = await call.sandbox.store.get_delivery(call.path["id"])
    if delivery is None:
        raise ControlError(404, f"There is no delivery {call.path['id']!r} in the sandbox {call.sandbox.name!r}")
    if call.sandbox.courier.sends(delivery.id):
        raise ControlError(409, "An attempt of this delivery is under way; wait until it is over")
    if asked.url is not None:
        try:
            read_url(asked.url)
        except EgressRefused as refused:
            raise ControlError(422, f"url: {refused}") from None
    await call.sandbox.outbox.again(delivery, call.now, asked.url)
    return Reply(202, {"id": delivery.id, "outcome": "pending"})


def _view(call: ControlCall, delivery: Delivery) -> dict[str, Any]:
    """A delivery with every attempt, exactly as it went out."""
    stamp = call.provider(delivery.provider).stamped_field
    return {
        "id": delivery.id,
        "kind": delivery.kind,
        "event": delivery.event,
        "provider": delivery.provider,
        "account": masked_account(delivery.account),
        "job": delivery.job,
        "method": delivery.method,
        "url": delivery.url,
        "outcome": delivery.outcome,
        "created_at": rfc3339(delivery.created_at),
        "next_attempt_at": None if delivery.due_at is None else rfc3339(delivery.due_at),
        "cause": delivery.cause,
        "body": as_text(delivery.body[:SHOWN]),
        "attempts": [_attempt_view(delivery, attempt, stamp) for attempt in delivery.attempts],
    }


def _attempt_view(delivery: Delivery, attempt: Attempt, stamp: str | None) -> dict[str, Any]:
    body = attempt_body(delivery, attempt.tampering, stamp) if attempt.outcome != "lost" else b""
    view: dict[str, Any] = {
        "number": attempt.number,
        "at": rfc3339(attempt.at),
        "url": attempt.url,
        "headers": dict(attempt.headers),
        "body_bytes": len(body),
        "outcome": attempt.outcome,
        "status": attempt.status,
        "reply_headers": dict(attempt.reply_headers),
        "reply": as_text(attempt.reply),
        "error": attempt.error,
        "elapsed_ms": attempt.elapsed_ms,
    }
    if attempt.tampering:
        view["tampering"] = list(attempt.tampering)
        view["body"] = as_text(body[:SHOWN])
    return view
