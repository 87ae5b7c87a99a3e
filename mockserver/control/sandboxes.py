"""Operations on sandboxes: list, create and delete them."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.control.bodies import ZIP_TYPE, JsonOrZipRoute
from mockserver.control.bundles import LoadedBundle, load, show, view
from mockserver.control.dependencies import Origin, Parts, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.models import ClockMode, NewSandbox
from mockserver.control.parameters import QueryModel, Segment
from mockserver.control.problems import WRONG_BODY, problems
from mockserver.control.scenarios import program_of
from mockserver.core.addresses import SANDBOX_NAME, sandbox_prefix
from mockserver.core.scenario import ClockSpec
from mockserver.kit.models import Shape
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import TooManySandboxes


class SandboxView(Shape):
    """A sandbox, and for each provider the base URL for clients and an API key. Each of them selects the sandbox.

    The sandbox of a test that is shown on the page has the name of the test as `title`, and its `outcome`: `running`,
    `passed`, `failed` or `skipped`. Those of others are empty.

    One that is `read_only` shows a bundle. `bundle` says how the replay went, if the sandbox was just made by loading
    a bundle.
    """

    name: str
    scenario: str
    seed: int
    clock: ClockMode
    title: str
    outcome: str
    read_only: bool
    control: str
    urls: dict[str, str]
    keys: dict[str, str]
    bundle: LoadedBundle | SkipJsonSchema[None] = None


class SandboxList(Shape):
    """All sandboxes."""

    sandboxes: list[SandboxView]


router = APIRouter(tags=["sandboxes"], route_class=JsonOrZipRoute)

_NEW: Any = {
    "named": {"value": {"name": "ci-1", "scenario": "default", "seed": 7}},
    "any": {"value": {}},
}
_ZIP = {ZIP_TYPE: {"schema": {"type": "string", "format": "binary", "description": "a bundle"}}}
_LINKS = {"delete": {"operationId": "delete_sandbox", "parameters": {"name": "$response.body#/name"}}}


class BundleQuery(QueryModel):
    """What a body that is a bundle does not say: the name of the new sandbox, where to stop, and its clock."""

    name: Annotated[str, Field(pattern=SANDBOX_NAME)] | SkipJsonSchema[None] = Field(
        default=None, description="the name of the sandbox; default: any that is free"
    )
    at: Annotated[int, Field(ge=1)] | SkipJsonSchema[None] = Field(
        default=None, description="replay the bundle up to this number of its journal; default: all of it"
    )
    clock: ClockMode | SkipJsonSchema[None] = Field(
        default=None, description="the mode of the clock afterwards; default: manual"
    )
    read_only: bool = Field(
        default=False, description="show the records of the bundle, without a replay, in a sandbox that is not changed"
    )


@router.get("/sandboxes", summary="List the sandboxes", response_model_exclude_none=True)
async def list_sandboxes(parts: ServerParts, origin: Origin) -> SandboxList:
    await parts.sandboxes.open_all()
    return SandboxList(sandboxes=[_view(each, parts, origin) for each in parts.sandboxes.by_name.values()])


@router.post(
    "/sandboxes",
    summary="Create a sandbox",
    status_code=201,
    response_model_exclude_none=True,
    responses={
        **WRONG_BODY,
        **problems(
            {
                404: "There is no such scenario",
                409: "A sandbox with that name exists, or `read_only` is used without a bundle",
                429: "The server has the maximum number of sandboxes",
            }
        ),
        201: {"links": _LINKS},
    },
    openapi_extra={"requestBody": {"content": _ZIP}},
)
async def create_sandbox(
    new: Annotated[NewSandbox, Body(openapi_examples=_NEW)],
    query: Annotated[BundleQuery, Query()],
    parts: ServerParts,
    origin: Origin,
) -> SandboxView:
    """The body is JSON, or a bundle of at most 16 MiB, for which the query has the rest. Fields of a body win."""
    last, clock = new.at or query.at, new.clock or (None if query.clock is None else ClockSpec(mode=query.clock))
    if last is not None and new.bundle is None:
        raise ControlError(422, "at goes with a bundle")
    if query.read_only and (new.bundle is None or last is not None or clock is not None):
        raise ControlError(409, "read_only goes with a bundle, and not with at or clock")
    program = parts.sandboxes.initial
    if new.scenario is not None:
        program = await asyncio.to_thread(program_of, new.scenario, parts.library)
    name = new.name or query.name or await parts.sandboxes.new_name()
    try:
        if query.read_only and new.bundle is not None:
            return _view(await show(parts, new.bundle, name), parts, origin)
        if new.bundle is not None:
            restored = await load(parts, new.bundle, name, last, clock)
            return _view(restored.sandbox, parts, origin).model_copy(update={"bundle": view(restored)})
        sandbox = await parts.sandboxes.begin(name, program, new.seed, clock)
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    except TooManySandboxes as error:
        raise ControlError(429, str(error)) from None
    return _view(sandbox, parts, origin)


@router.delete(
    "/sandboxes/{name}",
    summary="Delete a sandbox",
    status_code=204,
    responses=problems({404: "There is no such sandbox", 409: "`default` always exists"}),
)
async def delete_sandbox(name: Segment, parts: ServerParts) -> None:
    if name == "default":
        raise ControlError(409, "The sandbox 'default' always exists; reset it with POST /_mock/reset")
    if not await parts.sandboxes.delete(name):
        raise ControlError(404, f"There is no sandbox named {name!r}")


def _view(sandbox: Sandbox, parts: Parts, origin: str) -> SandboxView:
    base = f"{origin}{sandbox_prefix(sandbox.name)}"
    return SandboxView(
        name=sandbox.name,
        scenario=sandbox.program.name,
        seed=sandbox.seed,
        clock=sandbox.clock.mode,
        title=sandbox.title,
        outcome=sandbox.outcome,
        read_only=sandbox.read_only,
        control=f"{base}/_mock",
        urls={each.name: f"{base}/{each.name}{each.base_path}" for each in parts.providers.summaries},
        keys={name: provider.example_key(sandbox.name) for name, provider in parts.providers.items()},
    )
