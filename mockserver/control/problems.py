"""Errors as problem details (RFC 9457), and how operations document them."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.routing import Match

from mockserver.control.errors import ControlError
from mockserver.core.compile import suggest
from mockserver.kit.models import Shape
from mockserver.source.document import Document
from mockserver.source.model_errors import explained
from mockserver.source.suggestions import clip, nearest

PROBLEM = "application/problem+json"
# Characters of a detail: it can quote what the client sent.
MAX_DETAIL = 2_000
Responses = dict[int | str, dict[str, Any]]


class Problem(Shape):
    """An error (RFC 9457). `errors` lists the mistakes in a document, each with its place."""

    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    errors: list[str] | None = None


def problems(descriptions: Mapping[int, str]) -> Responses:
    """Document errors of an operation: for `responses` of a route or a router, descriptions by status."""
    return {status: {"model": Problem, "description": text} for status, text in descriptions.items()}


WRONG_QUERY = problems({400: "A query parameter is wrong"})
WRONG_BODY = problems(
    {
        400: "The body is not valid JSON",
        413: "The body is too large",
        415: "The body has another content type than documented",
        422: "The body has mistakes",
    }
)


def problem(error: ControlError, headers: Mapping[str, str] | None = None) -> Response:
    """The response that reports an error."""
    body: dict[str, Any] = {
        "title": "The control API refuses this",
        "status": error.status,
        "detail": clip(error.detail, MAX_DETAIL),
    }
    if error.errors:
        body["errors"] = error.errors
    if error.status == 401:
        headers = {**(headers or {}), "www-authenticate": "Bearer"}
    return Response(to_json(body), error.status, headers, PROBLEM)


def handle_errors(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make the application report all errors as problem details. `routers` are those that it includes."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    async def refused(request: Request, error: Any) -> Response:
        return problem(error)

    async def http_error(request: Request, error: Any) -> Response:
        path = request.scope["path"].removeprefix(request.scope["root_path"])
        if error.status_code == 404:
            return problem(ControlError(404, f"The control API has no path {path!r}{_closest(routes, path)}"))
        if error.status_code == 405:
            allowed = _allowed(routes, request)
            return problem(ControlError(405, f"{path} takes {allowed}"), {"allow": allowed})
        return problem(ControlError(error.status_code, error.detail))

    async def wrong_parameters(request: Request, error: Any) -> Response:
        return problem(_explained(request.scope["route"], error))

    async def failed(request: Request, error: Exception) -> Response:
        return problem(ControlError(500, "Internal error: see the server's log"))

    app.add_exception_handler(ControlError, refused)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, wrong_parameters)
    app.add_exception_handler(Exception, failed)


def _closest(routes: Sequence[APIRoute], path: str) -> str:
    """Return the end of an error about an unknown path: the most similar path, or all those without parameters."""
    fixed = list(dict.fromkeys(route.path for route in routes if "{" not in route.path))
    # Without the slashes, which all paths have: they would make short paths resemble each other.
    names = {each.strip("/"): each for each in fixed}
    similar = nearest(path.strip("/"), names) or nearest(path.split("/")[1], names)
    if similar:
        return f"; did you mean '/_mock{names[similar]}'?"
    return "; one of: " + ", ".join(f"/_mock{each}" for each in fixed)


def _allowed(routes: Sequence[APIRoute], request: Request) -> str:
    """The value of Allow (RFC 9110 section 10.2.1). GET is also answered as HEAD."""
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in here for method in route.methods or ()}
    return ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))


def _explained(route: APIRoute, error: RequestValidationError) -> ControlError:
    """The first wrong query parameter, or everything that is wrong with the body."""
    details = error.errors()
    in_query = [each for each in details if each["loc"][0] == "query"]
    if in_query:
        first = next((each for each in in_query if each["type"] == "extra_forbidden"), in_query[0])
        return ControlError(400, _query_message(route, first))
    assert route.body_field is not None
    model: Any = route.body_field.field_info.annotation
    in_body: list[Any] = [{**each, "loc": tuple(each["loc"][1:])} for each in details]
    if in_body[0]["type"] == "missing" and not in_body[0]["loc"]:
        # Older versions of FastAPI report a body of `null` as missing. Ask pydantic.
        in_body = _mistakes(model, error.body) or [{**in_body[0], "type": "model_type"}]
    mistakes = explained(in_body, Document.of(error.body, "body"), model).lines()
    return ControlError(422, mistakes[0], mistakes)


def _mistakes(model: Any, body: Any) -> list[Any]:
    try:
        TypeAdapter(model).validate_python(body)
    except ValidationError as error:
        return list(error.errors())
    return []


def _query_message(route: APIRoute, detail: Mapping[str, Any]) -> str:
    name, value = str(detail["loc"][1]), detail["input"]
    if detail["type"] == "extra_forbidden":
        models: list[Any] = [each.field_info.annotation for each in route.dependant.query_params]
        known = [field for model in models for field in model.model_fields]
        return f"There is no query parameter {name!r} here{suggest(name, known)}"
    if detail["type"] == "literal_error":
        options = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return f"{name} must be one of {options}, not {value!r}"
    return f"{name} {detail['msg'].removeprefix('Value error, ')}"
