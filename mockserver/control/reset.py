"""Clearing the state of a sandbox."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox
from mockserver.control.models import Reset
from mockserver.control.problems import WRONG_BODY

router = APIRouter(tags=["sandbox"], route_class=StrictRoute)

_EXAMPLES: Any = {
    "everything": {"value": {}},
    "jobs": {"value": {"what": "jobs"}},
    "credits": {"value": {"what": "credits"}},
}


@router.post("/reset", summary="Clear state", status_code=204, responses=WRONG_BODY)
async def reset(change: Annotated[Reset, Body(openapi_examples=_EXAMPLES)], sandbox: CurrentSandbox) -> None:
    await sandbox.reset(change.what)
