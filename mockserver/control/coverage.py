"""The coverage of clients' tests: which behaviours they have met, on the whole server or in one sandbox."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import Parts, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.parameters import QueryModel
from mockserver.control.problems import WRONG_QUERY, problems
from mockserver.coverage import saved
from mockserver.coverage.report import Report
from mockserver.kit.models import Shape
from mockserver.provenance.rows import Basis
from mockserver.sandbox.sandbox import Sandbox


class Score(Shape):
    """So many behaviours met out of so many; `percent` is whole, and rounded down."""

    met: int = Field(ge=0)
    total: int = Field(ge=0)
    percent: int = Field(ge=0, le=100)


class Kinds(Shape):
    """What was met, by kind of behaviour."""

    operation: Score
    error: Score
    state: Score
    event: Score
    ending: Score


class Behaviour(Shape):
    """A row of the provider's ledger, a bundled scenario that shows it, and how often it was met."""

    rule: str
    what: str
    basis: Basis = Field(alias="class")
    scenario: str
    seen: int = Field(ge=0)


class Calls(Shape):
    """Requests of an operation (null: of none that there is) by status (null: there was no reply)."""

    operation: str | None
    status: int | None
    times: int = Field(ge=1)


class Deviation(Shape):
    """What the requests of an operation had that the provider's contract does not allow."""

    operation: str | None
    what: str
    times: int = Field(ge=1)


class ProviderCoverage(Score):
    """What was met of a provider; `called` is the number of requests."""

    provider: str
    called: int = Field(ge=0)
    kinds: Kinds
    behaviours: list[Behaviour]
    calls: list[Calls]
    deviations: list[Deviation]


class Coverage(Score):
    """What clients have covered of each provider. `left_out` counts what is not listed because of its number."""

    left_out: int = Field(ge=0)
    providers: list[ProviderCoverage]


class CoverageQuery(QueryModel):
    """One sandbox out of all."""

    sandbox: str | SkipJsonSchema[None] = Field(default=None, description="a sandbox's name; left out: all together")


router = APIRouter(tags=["records"], route_class=StrictRoute)

_WRONG = {**WRONG_QUERY, **problems({404: "There is no such sandbox"})}


@router.get("/coverage", summary="Which behaviours clients have met", responses=_WRONG)
async def show_coverage(query: Annotated[CoverageQuery, Query()], parts: ServerParts) -> Coverage:
    """Of the whole server, whichever sandbox the request is in, or of one. A reset does not clear it."""
    sandbox = _selected(query, parts)
    tally = parts.sandboxes.tally() if sandbox is None else sandbox.tally
    report = Report.made(list(parts.providers), parts.ledger.rows, tally)
    return Coverage.model_validate(saved.data(report))


@router.delete("/coverage", summary="Count anew which behaviours are met", status_code=204, responses=_WRONG)
async def forget_coverage(query: Annotated[CoverageQuery, Query()], parts: ServerParts) -> None:
    sandbox = _selected(query, parts)
    if sandbox is None:
        parts.sandboxes.forget_tally()
    else:
        sandbox.tally.clear()


def _selected(query: CoverageQuery, parts: Parts) -> Sandbox | None:
    """The sandbox that the query names, or None for all. Raises ControlError 404."""
    if query.sandbox is None:
        return None
    sandbox = parts.sandboxes.get(query.sandbox)
    if sandbox is None:
        raise ControlError(404, f"There is no sandbox named {query.sandbox!r}")
    return sandbox
