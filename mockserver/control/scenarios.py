"""Operations on scenarios: list them, get the active one, switch to another."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field
from pydantic_core import to_json

from mockserver.control.bodies import JsonOrYamlRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.mistakes import ScenarioMistake, mistakes_of
from mockserver.control.models import ClockMode, ScenarioByName, ScenarioChange
from mockserver.control.pages import Paged, PageQuery, paged
from mockserver.control.parameters import Segment
from mockserver.control.problems import WRONG_BODY, WRONG_QUERY, problems
from mockserver.core.compile import Program
from mockserver.core.instants import rfc3339
from mockserver.core.scenario import Scenario
from mockserver.kit.models import Shape
from mockserver.scenario.library import Library, ScenarioSummary, is_path
from mockserver.source.document import Document, SourceErrors
from mockserver.source.validation import validate


class ScenarioListed(Shape):
    """A scenario that you can switch to by name."""

    name: str
    description: str


class ScenarioList(Paged):
    """All scenarios that you can switch to by name."""

    scenarios: list[ScenarioListed]


class ScenarioUsed(Shape):
    """The scenario that the sandbox now follows."""

    scenario: str
    rules: int = Field(ge=0)
    clock: ClockMode


class WatchedScenario(Shape):
    """The file of the server's scenario, and those that it extends, which are loaded again when they change.

    `errors` are the mistakes in them. While there are any, the scenario as it was at `loaded_at` is in use.
    """

    file: str
    files: list[str]
    loaded_at: str = Field(json_schema_extra={"format": "date-time"})
    errors: list[ScenarioMistake]


router = APIRouter(tags=["sandbox"], route_class=JsonOrYamlRoute)

EXAMPLES: Any = {
    "by name": {"value": {"name": "default"}},
    "your own": {"value": {"scenario": "mine", "extends": "default"}},
}
_YAML = {"application/yaml": {"schema": {"$ref": "#/components/schemas/Scenario"}}}


@router.get("/scenarios", summary="List the scenarios", response_model=ScenarioList, responses=WRONG_QUERY)
async def list_scenarios(query: Annotated[PageQuery, Query()], parts: ServerParts) -> Response:
    # Files that are new or have changed are parsed, which takes long.
    listed = [each for each in await asyncio.to_thread(parts.scenarios) if each.name > query.cursor]
    return await paged("scenarios", listed, _view, lambda each: each.name, len(listed))


def _view(listed: ScenarioSummary) -> ScenarioListed:
    return ScenarioListed(name=listed.name, description=listed.description)


@router.get(
    "/scenario",
    summary="Get the active scenario",
    response_model=Scenario,
    response_description="The scenario, with everything that it extends. Keys and secrets in it are masked",
)
async def show_scenario(sandbox: CurrentSandbox, parts: ServerParts) -> Response:
    source = sandbox.program.source.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Response(to_json(parts.masking.data(source)), media_type="application/json")


@router.get(
    "/scenario/file",
    summary="Get the state of the scenario file",
    responses=problems({404: "The server does not watch a scenario file"}),
)
async def show_scenario_file(parts: ServerParts) -> WatchedScenario:
    watch = parts.watch
    if watch is None:
        detail = "The server watches no scenario file. Start it with the path of a scenario, or with --watch"
        raise ControlError(404, detail)
    return WatchedScenario(
        file=str(watch.file),
        files=[str(each) for each in watch.files],
        loaded_at=rfc3339(watch.loaded_at),
        errors=mistakes_of(watch.errors),
    )


@router.get(
    "/scenarios/{name}",
    summary="Get the text of a scenario",
    response_class=Response,
    responses={
        200: {"content": {"application/yaml": {}}},
        **problems({404: "There is no such scenario"}),
    },
)
async def show_scenario_text(name: Segment, parts: ServerParts) -> Response:
    """The file as it is, with its comments. Keys and secrets in it are masked.

    The name of the scenario that the server was started with means its watched file.
    """
    watch = parts.watch
    try:
        if watch is not None and name == parts.sandboxes.initial.name:
            text = await asyncio.to_thread(watch.file.read_text, "utf-8")
        else:
            text = await asyncio.to_thread(parts.library.text, name)
    except LookupError as error:
        raise ControlError(404, str(error.args[0])) from None
    except (OSError, ValueError) as error:
        raise ControlError(404, f"the file of {name} cannot be read: {error}") from None
    return Response(parts.masking.text(text), media_type="application/yaml")


@router.put(
    "/scenario",
    summary="Switch to another scenario",
    responses={**WRONG_BODY, **problems({404: "There is no such scenario"})},
    openapi_extra={"requestBody": {"content": _YAML}},
)
async def use_scenario(
    scenario: Annotated[ScenarioChange, Body(openapi_examples=EXAMPLES)], sandbox: CurrentSandbox, parts: ServerParts
) -> ScenarioUsed:
    """Give the name of a scenario, or a scenario of your own as JSON or YAML. Existing jobs keep their plans."""
    # A large scenario, or one with many mistakes, takes long.
    program = await asyncio.to_thread(program_of, scenario_in(scenario.root), parts.library)
    await sandbox.switch_scenario(program)
    return ScenarioUsed(scenario=program.name, rules=len(program.rules), clock=sandbox.clock.mode)


def scenario_in(data: Any) -> Any:
    """The scenario in a body: YAML, data, or the name of a scenario. Raises ControlError 422."""
    if isinstance(data, bytes) or (isinstance(data, dict) and "scenario" in data):
        return data
    try:
        return validate(ScenarioByName, Document.of(data, "body")).name
    except SourceErrors as errors:
        raise ControlError(422, str(errors.errors[0]), errors.lines()) from None


def program_of(scenario: Any, library: Library) -> Program:
    """Compile a scenario that is given by its name, as data, or as YAML in bytes.

    Raises ControlError 404 for an unknown name, and 422 with every mistake in the scenario.
    """
    try:
        if isinstance(scenario, bytes):
            return library.program_of_text(scenario, "upload")
        if isinstance(scenario, dict) and "scenario" in scenario:
            return library.program_of_data(scenario, "upload")
        if not isinstance(scenario, str) or is_path(scenario) or "\\" in scenario:
            raise ControlError(422, "Give the name of a scenario, or a scenario itself")
        return library.program(scenario)
    except SourceErrors as errors:
        raise ControlError(422, "The scenario has mistakes", errors.lines()) from None
    except LookupError as error:
        raise ControlError(404, str(error.args[0])) from None
