"""Operations on deliveries: list them, wait for them, send one again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Now, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.models import ReplayTo
from mockserver.control.parameters import Number, ProviderQuery, Segment
from mockserver.control.problems import WRONG_BODY, WRONG_QUERY, problems
from mockserver.core.deliveries import Attempt, Delivery, Kind, Outcome
from mockserver.core.durations import parse
from mockserver.core.masking import masked_account
from mockserver.kit.models import Instant, Shape
from mockserver.sandbox.attempts import attempt_body
from mockserver.sandbox.sandbox import Sandbox


class AttemptView(Shape):
    """One attempt of a delivery. `tampering` and `body` are there if the scenario tampered with it."""

    number: int = Field(ge=1)
    at: Instant
    url: str
    headers: dict[str, str]
    body_bytes: int = Field(ge=0)
    outcome: str
    status: int | None
    reply_headers: dict[str, str]
    reply: str
    error: str | None
    elapsed_ms: int = Field(ge=0)
    tampering: list[str] | None = None
    body: str | None = None


class DeliveryView(Shape):
    """An outgoing call with all its attempts, as they were sent."""

    id: str
    kind: Kind
    event: str
    provider: str
    account: str
    job: str | None
    method: str
    url: str
    outcome: Outcome
    created_at: Instant
    next_attempt_at: Instant | None
    cause: int
    body: str
    attempts: list[AttemptView]


class DeliveryList(Shape):
    """Outgoing calls, newest first. `ended` counts those that have ended, of all that match."""

    deliveries: list[DeliveryView]
    ended: int = Field(ge=0)


class Replayed(Shape):
    """A delivery that is pending again."""

    id: str
    outcome: Literal["pending"]


class DeliveriesQuery(ProviderQuery):
    """Which deliveries to list, and how long to wait until some of them have ended."""

    event: str | SkipJsonSchema[None] = Field(default=None, description="an event's name")
    job: str | SkipJsonSchema[None] = Field(default=None, description="a job's id")
    outcome: Outcome | SkipJsonSchema[None] = None
    url: str | SkipJsonSchema[None] = Field(default=None, description="the receiver's full URL")
    wait: str | SkipJsonSchema[None] = Field(
        default=None,
        description="wait until `count` of these have ended, up to this duration of real time (at most 60s)",
        json_schema_extra={"pattern": r"^([0-9]{1,4}ms|[1-5]?[0-9]s)$", "examples": ["5s"]},
    )
    count: Number = Field(default=1, description="the number of deliveries to wait for")
    limit: Number = Field(default=100, description="the maximum number of deliveries")


router = APIRouter(tags=["records"], route_class=StrictRoute)

_EXAMPLES: Any = {
    "the same receiver": {"value": {}},
    "another receiver": {"value": {"url": "http://127.0.0.1:9000/hook"}},
}
# Milliseconds of real time, and bytes of a body that are shown.
_LONGEST_WAIT = 60_000
_SHOWN = 65_536


@router.get(
    "/deliveries",
    summary="List outgoing calls, newest first",
    response_model_exclude_unset=True,
    responses={**WRONG_QUERY, **problems({404: "There is no such provider"})},
)
async def list_deliveries(
    query: Annotated[DeliveriesQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts
) -> DeliveryList:
    """With `wait`, the reply comes as soon as one of these deliveries has ended."""
    if query.provider is not None:
        parts.provider(query.provider)
    wait = None if query.wait is None else _milliseconds(query.wait)
    found = await _matching(sandbox, query) if wait is None else await _awaited(sandbox, query, wait)
    shown = [_view(each, parts.provider(each.provider).stamped_field) for each in found[: query.limit]]
    return DeliveryList(deliveries=shown, ended=_ended(found))


@router.post(
    "/deliveries/{id}/replay",
    summary="Send a delivery again",
    status_code=202,
    responses={**WRONG_BODY, **problems({404: "There is no such delivery", 409: "An attempt is in progress"})},
)
async def replay_delivery(
    id: Segment,
    sandbox: CurrentSandbox,
    now: Now,
    to: Annotated[ReplayTo, Body(openapi_examples=_EXAMPLES)] = ReplayTo(),  # noqa: B008 - never changed
) -> Replayed:
    """A new attempt with the same event and the same bytes, signed again."""
    await actions.replay_delivery(sandbox, id, to.url, now)
    return Replayed(id=id, outcome="pending")


def _milliseconds(wait: str) -> int:
    try:
        milliseconds = parse(wait)
    except ValueError as error:
        raise ControlError(400, f"wait: {error}") from None
    if milliseconds > _LONGEST_WAIT:
        raise ControlError(400, f"wait must be at most {_LONGEST_WAIT // 1000}s, not {wait!r}")
    return milliseconds


async def _matching(sandbox: Sandbox, query: DeliveriesQuery) -> Sequence[Delivery]:
    return [
        delivery
        for delivery in await sandbox.store.deliveries()
        if query.event in (None, delivery.event)
        and query.job in (None, delivery.job)
        and query.outcome in (None, delivery.outcome)
        and query.provider in (None, delivery.provider)
        and query.url in (None, delivery.url)
    ]


async def _awaited(sandbox: Sandbox, query: DeliveriesQuery, wait: int) -> Sequence[Delivery]:
    """The matching deliveries, as soon as enough of them have ended or the wait is over."""
    courier, generation = sandbox.courier, sandbox.clock.generation
    courier.poke()
    with suppress(TimeoutError):
        async with asyncio.timeout(wait / 1000):
            # A reset or deletion ends the wait.
            while sandbox.clock.generation == generation:
                change = courier.change
                found = await _matching(sandbox, query)
                if _ended(found) >= query.count:
                    return found
                await change.wait()
    if courier.closed:
        raise ControlError(404, f"The sandbox {sandbox.name!r} was deleted during the wait")
    return await _matching(sandbox, query)


def _ended(deliveries: Sequence[Delivery]) -> int:
    return sum(delivery.outcome != "pending" for delivery in deliveries)


def _view(delivery: Delivery, stamp: str | None) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        kind=delivery.kind,
        event=delivery.event,
        provider=delivery.provider,
        account=masked_account(delivery.account),
        job=delivery.job,
        method=delivery.method,
        url=delivery.url,
        outcome=delivery.outcome,
        created_at=rfc3339(delivery.created_at),
        next_attempt_at=None if delivery.due_at is None else rfc3339(delivery.due_at),
        cause=delivery.cause,
        body=_text(delivery.body[:_SHOWN]),
        attempts=[_attempt_view(delivery, attempt, stamp) for attempt in delivery.attempts],
    )


def _attempt_view(delivery: Delivery, attempt: Attempt, stamp: str | None) -> AttemptView:
    body = attempt_body(delivery, attempt.tampering, stamp) if attempt.outcome != "lost" else b""
    view = AttemptView(
        number=attempt.number,
        at=rfc3339(attempt.at),
        url=attempt.url,
        headers=dict(attempt.headers),
        body_bytes=len(body),
        outcome=attempt.outcome,
        status=attempt.status,
        reply_headers=dict(attempt.reply_headers),
        reply=_text(attempt.reply),
        error=attempt.error,
        elapsed_ms=attempt.elapsed_ms,
    )
    if attempt.tampering:
        view.tampering, view.body = list(attempt.tampering), _text(body[:_SHOWN])
    return view


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
