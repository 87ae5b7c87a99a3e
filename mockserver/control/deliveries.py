"""Operations on deliveries: list them, wait for them, send one again."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Now, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.models import ReplayTo
from mockserver.control.pages import Paged, PageQuery, paged
from mockserver.control.parameters import Number, ProviderQuery, Segment
from mockserver.control.problems import WRONG_BODY, WRONG_QUERY, problems
from mockserver.core.deliveries import Attempt, Delivery, DeliveryFilter, Kind, Outcome
from mockserver.core.durations import parse
from mockserver.core.masking import Masking, masked_account
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


class DeliveryList(Paged):
    """Outgoing calls, newest first. `ended` counts those that have ended, of all that match."""

    deliveries: list[DeliveryView]
    ended: int = Field(ge=0)


class Replayed(Shape):
    """A delivery that is pending again."""

    id: str
    outcome: Literal["pending"]


class DeliveriesQuery(ProviderQuery, PageQuery):
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
# Milliseconds of real time, and bytes that are shown of a body, and of the changed bodies of all attempts together.
_LONGEST_WAIT = 60_000
_SHOWN = 65_536


@router.get(
    "/deliveries",
    summary="List outgoing calls, newest first",
    response_model=DeliveryList,
    responses={**WRONG_QUERY, **problems({404: "There is no such provider"})},
)
async def list_deliveries(
    query: Annotated[DeliveriesQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts
) -> Response:
    """With `wait`, the reply comes as soon as one of these deliveries has ended."""
    if query.provider is not None:
        parts.provider(query.provider)
    wait = None if query.wait is None else _milliseconds(query.wait)
    wanted = DeliveryFilter(query.provider, query.event, query.outcome, query.job, query.url)
    if wait is not None:
        await _ended(sandbox, wanted, query.count, wait)
    found = await sandbox.store.deliveries(wanted, query.cursor or None, query.limit + 1)
    ended = (await sandbox.store.count_deliveries(wanted)).ended
    masking = parts.masking_in(sandbox)

    def view(delivery: Delivery) -> DeliveryView:
        return _view(delivery, parts.provider(delivery.provider).stamped_field, masking)

    return await paged(
        "deliveries", found, view, lambda delivery: delivery.id, query.limit, {"ended": ended}, exclude_unset=True
    )


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


async def _ended(sandbox: Sandbox, wanted: DeliveryFilter, count: int, wait: int) -> None:
    """Wait until enough of the deliveries have ended, or for so many milliseconds of real time.

    Raises ControlError 404 when the sandbox is deleted during the wait.
    """
    courier, generation = sandbox.courier, sandbox.clock.generation
    courier.poke()
    with suppress(TimeoutError):
        async with asyncio.timeout(wait / 1000):
            # A reset or deletion ends the wait.
            while sandbox.clock.generation == generation:
                sandbox.store.follow()
                change = courier.change
                if (await sandbox.store.count_deliveries(wanted)).ended >= count:
                    return
                await change.wait()
    if courier.closed:
        raise ControlError(404, f"The sandbox {sandbox.name!r} was deleted during the wait")


def _view(delivery: Delivery, stamp: str | None, masking: Masking) -> DeliveryView:
    masking = masking.hiding(delivery.account.partition(":")[2], delivery.secret)
    return DeliveryView(
        id=delivery.id,
        kind=delivery.kind,
        event=delivery.event,
        provider=delivery.provider,
        account=masked_account(delivery.account),
        job=delivery.job,
        method=delivery.method,
        url=masking.text(delivery.url),
        outcome=delivery.outcome,
        created_at=rfc3339(delivery.created_at),
        next_attempt_at=None if delivery.due_at is None else rfc3339(delivery.due_at),
        cause=delivery.cause,
        body=masking.text(_text(delivery.body[:_SHOWN])),
        attempts=_attempt_views(delivery, stamp, masking),
    )


def _attempt_views(delivery: Delivery, stamp: str | None, masking: Masking) -> list[AttemptView]:
    # All attempts with the same changes have the same body, which may be long.
    bodies: dict[tuple[str, ...], bytes] = {}
    shown = _SHOWN // max(1, sum(bool(attempt.tampering) for attempt in delivery.attempts))
    views = []
    for attempt in delivery.attempts:
        changes = attempt.tampering
        if changes not in bodies:
            bodies[changes] = attempt_body(delivery, changes, stamp)
        body = bodies[changes] if attempt.outcome != "lost" else b""
        views.append(_attempt_view(attempt, body, shown, masking))
    return views


def _attempt_view(attempt: Attempt, body: bytes, shown: int, masking: Masking) -> AttemptView:
    view = AttemptView(
        number=attempt.number,
        at=rfc3339(attempt.at),
        url=masking.text(attempt.url),
        headers=dict(masking.headers(attempt.headers)),
        body_bytes=len(body),
        outcome=attempt.outcome,
        status=attempt.status,
        reply_headers=dict(masking.headers(attempt.reply_headers)),
        reply=masking.text(_text(attempt.reply)),
        error=masking.text(attempt.error) if attempt.error else attempt.error,
        elapsed_ms=attempt.elapsed_ms,
    )
    if attempt.tampering:
        view.tampering, view.body = list(attempt.tampering), masking.text(_text(body[:shown]))
    return view


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
