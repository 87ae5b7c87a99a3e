"""Operations on the clock of a sandbox."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox
from mockserver.control.models import ClockChange, ClockMode
from mockserver.control.problems import WRONG_BODY, problems
from mockserver.kit.models import Instant, Shape
from mockserver.sandbox.sandbox import Sandbox


class NextEvent(Shape):
    """The next event that happens without a request."""

    at: Instant
    in_ms: int = Field(ge=0)


class ClockView(Shape):
    """A sandbox's clock. `milliseconds` is `now` since the Unix epoch; `speed` is a multiple of real time."""

    now: Instant
    milliseconds: int
    mode: ClockMode
    speed: float = Field(ge=0)
    next_event: NextEvent | None


class ClockMoved(ClockView):
    """The clock after the change. `events` is the number of events on the way."""

    events: int = Field(ge=0)


router = APIRouter(tags=["sandbox"], route_class=StrictRoute)

_EXAMPLES: Any = {
    "by a duration": {"value": {"advance": "15s"}},
    "to the next event": {"value": {"to": "next"}},
    "sixty times faster": {"value": {"mode": "scaled", "speed": 60}},
}


@router.get("/clock", summary="Get the time and the next event")
async def show_clock(sandbox: CurrentSandbox) -> ClockView:
    return ClockView(**await _view(sandbox))


@router.post(
    "/clock",
    summary="Move or change the clock",
    responses={
        **WRONG_BODY,
        **problems(
            {404: "There is no such job, or the sandbox was deleted meanwhile", 409: "Time alone does not end the job"}
        ),
    },
)
async def change_clock(
    change: Annotated[ClockChange, Body(openapi_examples=_EXAMPLES)], sandbox: CurrentSandbox
) -> ClockMoved:
    """The reply comes when everything that is due on the way is done, in order of time.

    Requests to move the clock at the same time are processed one after the other, and add up.
    """
    events = await actions.change_clock(sandbox, change)
    return ClockMoved(**await _view(sandbox), events=events)


async def _view(sandbox: Sandbox) -> dict[str, Any]:
    now, at = sandbox.clock.now(), await sandbox.next_event()
    return {
        "now": rfc3339(now),
        "milliseconds": now,
        "mode": sandbox.clock.mode,
        "speed": sandbox.clock.rate,
        "next_event": None if at is None else {"at": rfc3339(at), "in_ms": max(0, at - now)},
    }
