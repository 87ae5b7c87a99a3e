"""Operations on coverage: which behaviours clients' tests have seen, on the whole server or in one sandbox."""

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
    """The number of behaviours that were seen, out of all. `percent` is rounded down to a whole number."""

    met: int = Field(ge=0)
    total: int = Field(ge=0)
    percent: int = Field(ge=0, le=100)


class Kinds(Shape):
    """The coverage of each kind of behaviour."""

    operation: Score
    error: Score
    state: Score
    event: Score
    ending: Score


class Behaviour(Shape):
    """A row of the provider's ledger, a bundled scenario that shows it, and how often it was seen."""

    rule: str
    what: str
    basis: Basis = Field(alias="class")
    scenario: str
    seen: int = Field(ge=0)


class Calls(Shape):
    """Requests with one operation (null: no operation) and one status (null: no reply)."""

    operation: str | None
    status: int | None
    times: int = Field(ge=1)


class Deviation(Shape):
    """Something in requests to an operation that the provider's contract does not allow."""

    operation: str | None
    what: str
    times: int = Field(ge=1)


class ProviderCoverage(Score):
    """The coverage of one provider. `called` is the number of requests."""

    provider: str
    called: int = Field(ge=0)
    kinds: Kinds
    behaviours: list[Behaviour]
    calls: list[Calls]
    deviations: list[Deviation]


class Coverage(Score):
    """The coverage of each provider. `left_out` counts what is not listed because there are too many different ones."""

    left_out: int = Field(ge=0)
    providers: list[ProviderCoverage]


class CoverageQuery(QueryModel):
    """One sandbox out of all."""

    sandbox: str | SkipJsonSchema[None] = Field(default=None, description="a sandbox's name; without it: all")


router = APIRouter(tags=["records"], route_class=StrictRoute)

_WRONG = {**WRONG_QUERY, **problems({404: "There is no such sandbox"})}


@router.get("/coverage", summary="Get the coverage of clients' tests", responses=_WRONG)
async def show_coverage(query: Annotated[CoverageQuery, Query()], parts: ServerParts) -> Coverage:
    """The coverage of the whole server, or of one sandbox. A reset of a sandbox does not clear it."""
    sandbox = _selected(query, parts)
    tally = await parts.sandboxes.whole_tally() if sandbox is None else sandbox.tally
    report = Report.from_tally(list(parts.providers), parts.ledger.rows, tally)
    return Coverage.model_validate(saved.data(report))


@router.delete("/coverage", summary="Start counting the coverage again", status_code=204, responses=_WRONG)
async def forget_coverage(query: Annotated[CoverageQuery, Query()], parts: ServerParts) -> None:
    sandbox = _selected(query, parts)
    if sandbox is None:
        await parts.sandboxes.clear_tally()
    else:
        sandbox.clear_tally()


def _selected(query: CoverageQuery, parts: Parts) -> Sandbox | None:
    """The sandbox that the query names, or None for all. Raises ControlError 404."""
    if query.sandbox is None:
        return None
    sandbox = parts.sandboxes.get(query.sandbox)
    if sandbox is None:
        raise ControlError(404, f"There is no sandbox named {query.sandbox!r}")
    return sandbox
