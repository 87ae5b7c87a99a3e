"""The document of the control API: what it is made of."""

from mockserver.control.boundary import OPEN
from mockserver.control.call import BODY_OPTIONAL
from mockserver.control.operations import operations
from mockserver.control.replies import PROBLEM, Problem
from mockserver.core.scenario import Scenario
from mockserver.kit.operations import Documented, Operation
from mockserver.openapi.described import Described

_ABOUT = (
    "Looks at mockserver and steers it. Everything acts on the sandbox that the request is in: `default`, or the one "
    "that the path (`/~NAME/_mock/…`) or the header `X-Mock-Sandbox: NAME` names. Errors are problem details "
    "(RFC 9457). Requests that a foreign web page could have made are refused, so there is no CORS, and bodies need "
    "their content type. A server that has a token asks for it, as `X-Mock-Token: TOKEN` or as a bearer, everywhere "
    "but in the health checks."
)
_TAGS = {
    "server": "The server as a whole",
    "sandboxes": "Isolated simulations, each with its own state",
    "sandbox": "One world: its scenario, its clock, and forgetting",
    "jobs": "Work of all providers",
    "accounts": "API keys: plan, credits, limits, webhook",
    "faults": "One-shot faults, which strike before any rule",
    "records": "What happened: the journal, and outgoing calls",
}
_ALWAYS = {
    403: "The request could come from a foreign web page",
    404: "There is no such sandbox",
    500: "The server failed",
}
_WITH_BODY = {
    400: "The body is not valid JSON",
    413: "The body is too large",
    415: "The body has another content type than documented",
    422: "The body has mistakes",
}


def described() -> Described:
    """What the document of the control API says."""
    return Described(
        name="control",
        title="mockserver control API",
        description=_ABOUT,
        servers={"http://localhost:8080/_mock": "mockserver"},
        operations=operations(),
        edge=_edge_replies,
        tags=_TAGS,
        also={"use_scenario": {"application/yaml": Scenario}},
        optional=BODY_OPTIONAL,
    )


def _edge_replies(operation: Operation) -> dict[int, Documented]:
    """What the API answers before an operation runs."""
    told = {**_ALWAYS, **(_WITH_BODY if operation.body is not None else {})}
    if operation.path not in OPEN:
        told[401] = "The server has a token, and the request lacks it"
    return {status: Documented(text, Problem, PROBLEM) for status, text in told.items()}
