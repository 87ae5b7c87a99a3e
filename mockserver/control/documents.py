"""The control API's own document, and the documents that it hands out."""

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mockserver.control.boundary import OPEN
from mockserver.control.call import ControlCall, ControlError
from mockserver.control.replies import PROBLEM, Problem
from mockserver.core.scenario import Scenario
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.kit.provider import Provider

if TYPE_CHECKING:
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
    "sandboxes": "Isolated worlds",
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


async def show(call: ControlCall) -> Reply:
    """GET /_mock/openapi/{name}: the first server in it is this one, with the sandbox, as the client reaches it."""
    wanted, known = call.path["name"], {p.name: p for p in call.providers}
    if wanted != "control" and wanted not in known:
        raise ControlError(404, f"There is no document {wanted!r}; the documents are {', '.join((*known, 'control'))}")
    # FastAPI takes long to import and to build with: not in the loop that answers everybody.
    made = await asyncio.to_thread(_built, known.get(wanted))
    world = "" if call.sandbox.name == "default" else f"/~{call.sandbox.name}"
    prefix = "_mock" if wanted == "control" else wanted
    return Reply(body=_moved(made, f"{call.origin}{world}/{prefix}"))


def _moved(made: dict[str, Any], url: str) -> dict[str, Any]:
    """A document whose first server is at `url`; so is that of the operations that have servers of their own."""

    def here(part: dict[str, Any]) -> dict[str, Any]:
        first, *others = part["servers"]
        return {**part, "servers": [{**first, "url": url}, *others]}

    paths = {
        path: {method: here(shown) if "servers" in shown else shown for method, shown in item.items()}
        for path, item in made["paths"].items()
    }
    return {**here(made), "paths": paths}


@lru_cache(maxsize=16)
def _built(provider: Provider | None) -> dict[str, Any]:
    from mockserver.openapi.build import build
    from mockserver.openapi.providers import described as described_provider

    return build(described() if provider is None else described_provider(provider))


def described() -> "Described":
    """What the document of the control API says."""
    from mockserver.control.api import BODY_OPTIONAL
    from mockserver.control.operations import operations
    from mockserver.openapi.described import Described

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
