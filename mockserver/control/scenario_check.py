"""Check a scenario without using it: the mistakes in it, and what is allowed in it and has no effect."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field

from mockserver.control.bodies import JsonOrYamlRoute
from mockserver.control.dependencies import Parts, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.mistakes import ScenarioMistake, mistakes_of
from mockserver.control.models import ScenarioChange
from mockserver.control.problems import WRONG_BODY, problems
from mockserver.control.scenarios import EXAMPLES, scenario_in
from mockserver.kit.models import Shape
from mockserver.kit.operation_facts import operation_facts
from mockserver.scenario.advice import warnings_of
from mockserver.source.document import SourceErrors

router = APIRouter(tags=["sandbox"], route_class=JsonOrYamlRoute)


class ScenarioChecked(Shape):
    """Whether a scenario is valid, the mistakes in it, and what has no effect in it."""

    valid: bool
    rules: int = Field(ge=0)
    mistakes: list[ScenarioMistake]
    warnings: list[ScenarioMistake]


@router.post(
    "/scenario/check",
    summary="Check a scenario without using it",
    responses={**WRONG_BODY, **problems({404: "There is no such scenario"})},
)
async def check_scenario(
    scenario: Annotated[ScenarioChange, Body(openapi_examples=EXAMPLES)], parts: ServerParts
) -> ScenarioChecked:
    """Give a scenario as YAML. Mistakes and warnings have the line and column at which they are.

    Warnings are about what is allowed and has no effect, such as a rule after one that matches every request.
    """
    return await asyncio.to_thread(_checked, scenario_in(scenario.root), parts)


def _checked(scenario: Any, parts: Parts) -> ScenarioChecked:
    library = parts.library
    try:
        document, program = library.read(scenario, "scenario")
    except SourceErrors as errors:
        return ScenarioChecked(valid=False, rules=0, mistakes=mistakes_of(errors.errors), warnings=[])
    except LookupError as error:
        raise ControlError(404, str(error.args[0])) from None
    warnings = warnings_of(document, program, operation_facts(parts.providers.values()))
    return ScenarioChecked(valid=True, rules=len(program.rules), mistakes=[], warnings=mistakes_of(warnings))
