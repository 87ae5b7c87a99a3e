"""Operations on armed faults, which are applied to the next requests before any rule of the scenario."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Now, ServerParts
from mockserver.control.models import ArmedFault
from mockserver.control.problems import WRONG_BODY
from mockserver.kit.models import Shape


class ArmedFaultView(ArmedFault):
    """An armed fault, which has not struck `times` requests yet."""

    id: str


class FaultList(Shape):
    """The armed faults, oldest first."""

    faults: list[ArmedFaultView]


router = APIRouter(tags=["faults"], route_class=StrictRoute)

_EXAMPLES: Any = {"next request": {"value": {"fault": {"kind": "server_error"}}}}


@router.get("/faults", summary="List armed faults", response_model_exclude_unset=True)
async def list_faults(sandbox: CurrentSandbox, now: Now) -> FaultList:
    armed = await sandbox.store.armed_faults()
    return FaultList(faults=[ArmedFaultView(id=name, **fault) for name, fault in armed.items()])


@router.post("/faults", summary="Arm a fault", status_code=201, response_model_exclude_unset=True, responses=WRONG_BODY)
async def arm_fault(
    armed: Annotated[ArmedFault, Body(openapi_examples=_EXAMPLES)], sandbox: CurrentSandbox, parts: ServerParts
) -> ArmedFaultView:
    name = await actions.arm_fault(sandbox, armed, parts.catalogue)
    return ArmedFaultView(id=name, **armed.model_dump(mode="json", by_alias=True, exclude_unset=True))


@router.delete("/faults", summary="Disarm all faults", status_code=204)
async def disarm_faults(sandbox: CurrentSandbox) -> None:
    await sandbox.store.clear("faults")
