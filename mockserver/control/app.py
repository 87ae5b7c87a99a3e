"""The FastAPI application of the control API. To add an operation, add a function to the module of its subject."""

from fastapi import Depends, FastAPI

from mockserver import __version__
from mockserver.control import (
    accounts,
    bundles,
    clock,
    coverage,
    deliveries,
    docs,
    events,
    faults,
    jobs,
    journal,
    mcp,
    metrics,
    reset,
    sandboxes,
    scenario_check,
    scenarios,
    server,
    verdict,
    verification,
)
from mockserver.control.dependencies import settle
from mockserver.control.problems import handle_errors, problems

_DESCRIPTION = (
    "Inspect and control mockserver. Each request acts on one sandbox: `default`, or the one that the path "
    "(`/~NAME/_mock/…`) or the header `X-Mock-Sandbox: NAME` names. Errors are problem details (RFC 9457). Requests "
    "that a malicious web page could send are refused, so there is no CORS, and bodies need their content type. If the "
    "server has a token, all requests except the health checks need it, as `X-Mock-Token: TOKEN` or as a bearer token."
)
_TAGS = {
    "server": "The server as a whole",
    "sandboxes": "Isolated simulations, each with its own state",
    "sandbox": "One sandbox: its scenario, its clock, and clearing its state",
    "jobs": "Jobs of all providers",
    "accounts": "API keys: plan, credits, limits, webhook",
    "faults": "Faults for the next requests, which are applied before any rule",
    "records": "The journal, outgoing calls, bundles, coverage, and the verdict on clients",
}
_EVERYWHERE = problems(
    {
        403: "A malicious web page could send this request",
        404: "There is no such sandbox",
        409: "The sandbox shows a bundle, and is not changed",
        500: "Internal server error",
    }
)
_TOKEN = problems({401: "The server has a token, and the request lacks it"})
_OPEN = (server.probes_router,)
_ROUTERS = (
    server.router,
    sandboxes.router,
    scenarios.router,
    scenario_check.router,
    clock.router,
    reset.router,
    jobs.router,
    accounts.router,
    faults.router,
    journal.router,
    events.router,
    deliveries.router,
    verification.router,
    bundles.router,
    coverage.router,
    verdict.router,
    metrics.router,
    mcp.router,
    docs.router,
)


def control_app() -> FastAPI:
    """Build the application.

    The `state` of a request contains what the operations use: the `sandbox`, the `parts` of the server, and the
    server's own `request` and `connection`. Paths are not percent-decoded.
    """
    app = FastAPI(
        title="mockserver control API",
        description=_DESCRIPTION,
        version=__version__,
        servers=[{"url": "http://localhost:8080/_mock", "description": "mockserver"}],
        openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        openapi_url=None,
        responses=_EVERYWHERE,
        dependencies=[Depends(settle)],
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    for router in _OPEN:
        app.include_router(router)
    for router in _ROUTERS:
        app.include_router(router, responses=_TOKEN)
    handle_errors(app, [*_OPEN, *_ROUTERS])
    # FastAPI completes the routes of routers when it first looks for a path: here, and not for the first request.
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "headers": []})
    return app
