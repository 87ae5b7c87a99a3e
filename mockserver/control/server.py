"""Operations on the server as a whole: probes, and the OpenAPI documents."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Origin, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.parameters import Segment
from mockserver.control.problems import problems
from mockserver.core.addresses import sandbox_prefix
from mockserver.kit.models import Shape
from mockserver.wire import probes


class Health(Shape):
    """The server is alive."""

    status: Literal["ok"]


class Memory(Shape):
    """Bytes that all sandboxes keep, and the most that they may keep together and each."""

    used: int = Field(ge=0)
    server: int = Field(ge=1)
    sandbox: int = Field(ge=1)


class Readiness(Shape):
    """A ready server: its version and providers, the scenario of this sandbox, the sandboxes and their memory."""

    status: Literal["ready"]
    version: str
    providers: list[str]
    scenario: str
    sandboxes: int = Field(ge=1)
    memory: Memory


class OpenApi(BaseModel):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]

    model_config = ConfigDict(extra="allow")


# Probes need no token.
probes_router = APIRouter(tags=["server"], route_class=StrictRoute)
router = APIRouter(tags=["server"], route_class=StrictRoute)


@probes_router.get("/health", summary="Check whether the server is alive")
async def health() -> Health:
    return Health(status="ok")


@probes_router.get("/ready", summary="Check whether the server is ready for requests")
async def ready(sandbox: CurrentSandbox, parts: ServerParts) -> Readiness:
    return Readiness.model_validate(probes.readiness(sandbox, parts.sandboxes, parts.providers).body)


@router.get(
    "/openapi/{name}",
    summary="Get an OpenAPI document",
    response_model=OpenApi,
    responses=problems({404: "There is no such document"}),
)
async def show_document(name: Segment, sandbox: CurrentSandbox, parts: ServerParts, origin: Origin) -> Response:
    """`name` is a provider's name, or `control`. The first server in the document is this one, as you reach it."""
    names = [*parts.providers, "control"]
    if name not in names:
        raise ControlError(404, f"There is no document {name!r}; the documents are {', '.join(names)}")
    # It takes long to build a document, so that happens in a thread.
    document = await asyncio.to_thread(parts.document, name)
    base = f"{origin}{sandbox_prefix(sandbox.name)}"
    url = f"{base}/{'_mock' if name == 'control' else name}"
    return Response(to_json(_served_at(document, url)), media_type="application/json")


def _served_at(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The document with another URL of its first server, also where operations have servers of their own."""

    def at_url(part: Mapping[str, Any]) -> dict[str, Any]:
        first, *others = part["servers"]
        return {**part, "servers": [{**first, "url": url}, *others]}

    paths = {
        path: {method: at_url(part) if "servers" in part else part for method, part in item.items()}
        for path, item in document["paths"].items()
    }
    return {**at_url(document), "paths": paths}
