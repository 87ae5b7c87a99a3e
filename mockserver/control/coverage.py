"""Control of coverage: what clients have met so far, in the whole server or in one sandbox."""

from pydantic import Field

from mockserver.control.call import ControlCall, ControlError, no_content
from mockserver.coverage import saved
from mockserver.coverage.report import Report
from mockserver.kit.models import Shape
from mockserver.kit.operations import Reply
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


async def show_coverage(call: ControlCall) -> Reply:
    """GET /_mock/coverage: of the whole server, thrown-away sandboxes included, or of ?sandbox=."""
    sandbox = _wanted(call)
    tally = call.sandboxes.tally() if sandbox is None else sandbox.tally
    report = Report.made([p.name for p in call.providers], call.ledger.rows, tally)
    return Reply(body=saved.data(report))


async def forget_coverage(call: ControlCall) -> Reply:
    """DELETE /_mock/coverage: count anew, in the whole server or in ?sandbox=."""
    sandbox = _wanted(call)
    if sandbox is None:
        call.sandboxes.forget_tally()
    else:
        sandbox.tally.clear()
    return no_content()


def _wanted(call: ControlCall) -> Sandbox | None:
    """The sandbox that the query names; None for all. Raises ControlError 404."""
    name = call.query.get("sandbox")
    found = None if name is None else call.sandboxes.get(name)
    if name is not None and found is None:
        raise ControlError(404, f"There is no sandbox named {name!r}")
    return found
