"""The replies of the control API about coverage, as its document shows them."""

from pydantic import Field

from mockserver.provenance.rows import Basis
from mockserver.providers.shapes import Shape


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
    """What clients have met of each provider. `left_out` counts what was too manifold to be told apart."""

    left_out: int = Field(ge=0)
    providers: list[ProviderCoverage]
