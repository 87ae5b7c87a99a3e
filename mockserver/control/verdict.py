"""The verdict on the clients of a sandbox."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.parameters import QueryModel
from mockserver.control.problems import WRONG_QUERY
from mockserver.core import durations
from mockserver.core.verdict.finding import SEVERITIES, Severity
from mockserver.core.verdict.names import RuleName
from mockserver.core.verdict.policy import Policy, checked
from mockserver.kit.models import Shape
from mockserver.provenance.rows import Basis
from mockserver.verdict.data import data
from mockserver.verdict.judging import verdict_on


class DocumentedRule(Shape):
    """The row of the provider's ledger that a finding is based on."""

    rule: str
    what: str
    basis: Basis = Field(alias="class")
    source: str


class FindingView(Shape):
    """What a rule has found. `requests` are numbers of journal entries, `credits` what it cost.

    The rule is `expectation` if an expectation of the scenario is not met.
    """

    rule: RuleName | Literal["expectation"]
    severity: Severity
    message: str
    instead: str
    requests: list[int]
    jobs: list[str]
    deliveries: list[str]
    provider: str | None
    operation: str | None
    account: str | None
    credits: float | None
    documented: DocumentedRule | None


class FailedRequest(Shape):
    """A failed request, and what its client can know about it.

    `not_delivered`: nothing happened, so it can be repeated. `ambiguous`: the job exists, and the client has no
    readable reply that says so. `answered`: the provider refused it. `unknown`: the records do not say.
    """

    number: int
    operation: str | None
    status: int | None
    failure: Literal["not_delivered", "ambiguous", "answered", "unknown"] = Field(alias="class")


class SeverityCounts(Shape):
    """The number of findings of each severity."""

    error: int = Field(ge=0)
    warning: int = Field(ge=0)
    note: int = Field(ge=0)


class VerdictView(Shape):
    """The verdict on the clients of a sandbox. If nothing was `observed`, it says nothing about them.

    `complete` is false if the oldest entries of the journal have been dropped. `allowed` counts the findings of allowed
    rules, which are not listed. `left_out` counts the findings of rules that have more than 100.
    """

    observed: bool
    requests: int = Field(ge=0)
    jobs: int = Field(ge=0)
    deliveries: int = Field(ge=0)
    complete: bool
    allowed: int = Field(ge=0)
    left_out: int = Field(ge=0)
    counts: SeverityCounts
    findings: list[FindingView]
    failures: list[FailedRequest]


class VerdictQuery(QueryModel):
    """What a project has decided about the rules. The `expect` of the scenario wins."""

    allow: list[str] = Field(default=[], max_length=100, description="a rule whose findings are not reported")
    deny: list[str] = Field(default=[], max_length=100, description="a rule whose findings are errors")
    severity: list[str] = Field(
        default=[], max_length=100, description="another severity of a rule, such as `poll_too_fast=note`"
    )
    longest_poll: str | SkipJsonSchema[None] = Field(
        default=None, description="how long a job that does not end may be polled, such as `10m`; default: 1h"
    )


router = APIRouter(tags=["records"], route_class=StrictRoute)


@router.get("/verdict", summary="Judge the clients of the sandbox", responses=WRONG_QUERY)
async def show_verdict(
    query: Annotated[VerdictQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts
) -> VerdictView:
    """What the clients have done wrong, by what was seen in the journal, the jobs, the credits and the webhooks."""
    providers = [parts.providers[name] for name in parts.providers]
    masking = parts.masking_in(sandbox)
    verdict = await verdict_on(sandbox, providers, project=_policy(query), masking=masking)
    return VerdictView.model_validate(data(verdict, parts.ledger.rows, masking))


def _policy(query: VerdictQuery) -> Policy:
    """The policy in a query. Raises ControlError 400 for an unknown rule, severity or duration."""
    try:
        longest = None if query.longest_poll is None else durations.parse(query.longest_poll)
        severities = dict(map(_severity, query.severity))
        checked(severities)
        return Policy(checked(query.allow), checked(query.deny), severities, longest)
    except ValueError as error:
        raise ControlError(400, str(error)) from None


def _severity(text: str) -> tuple[str, Severity]:
    rule, _, word = text.partition("=")
    for severity in SEVERITIES:
        if severity == word:
            return rule, severity
    raise ValueError(f"severity must be RULE=error, RULE=warning or RULE=note, not {text!r}")
