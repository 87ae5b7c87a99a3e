"""Operations on armed faults, which are applied to the next requests before any rule of the scenario."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field

from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.models import ArmedFault
from mockserver.control.pages import Paged, PageQuery, paged
from mockserver.control.problems import WRONG_BODY, WRONG_QUERY, problems
from mockserver.kit.models import Shape


class ArmedFaultView(ArmedFault):
    """An armed fault, which has not struck `times` requests yet."""

    id: str


class FaultList(Paged):
    """The armed faults, oldest first."""

    faults: list[ArmedFaultView]


router = APIRouter(tags=["faults"], route_class=StrictRoute)

_EXAMPLES: Any = {"next request": {"value": {"fault": {"kind": "server_error"}}}}


@router.get("/faults", summary="List armed faults", response_model=FaultList, responses=WRONG_QUERY)
async def list_faults(query: Annotated[PageQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts) -> Response:
    armed = list((await sandbox.store.armed_faults()).items())
    first = next((n + 1 for n, (name, _) in enumerate(armed) if name == query.cursor), 0)
    masking = parts.masking_in(sandbox)

    def view(each: tuple[str, Mapping[str, Any]]) -> ArmedFaultView:
        return ArmedFaultView(id=each[0], **masking.data(each[1]))

    return await paged("faults", armed[first:], view, lambda each: each[0], len(armed), exclude_unset=True)


@router.post(
    "/faults",
    summary="Arm a fault",
    status_code=201,
    response_model_exclude_unset=True,
    responses={**WRONG_BODY, **problems({409: "The sandbox has the maximum number of armed faults"})},
)
async def arm_fault(
    armed: Annotated[ArmedFault, Body(openapi_examples=_EXAMPLES)], sandbox: CurrentSandbox, parts: ServerParts
) -> ArmedFaultView:
    name = await actions.arm_fault(sandbox, armed, parts.catalogue)
    fault = armed.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return ArmedFaultView(id=name, **parts.masking_in(sandbox).data(fault))


class Resumed(Shape):
    """How many replies were held, and go on now."""

    resumed: int = Field(ge=0)


@router.post("/faults/resume", summary="Resume held replies")
async def resume_faults(sandbox: CurrentSandbox) -> Resumed:
    """Let every reply go on that a `stall` with `held: true` has stopped."""
    return Resumed(resumed=await actions.resume_faults(sandbox))


@router.delete("/faults", summary="Disarm all faults", status_code=204)
async def disarm_faults(sandbox: CurrentSandbox) -> None:
    await actions.disarm_faults(sandbox)
