"""Converts operations to routes of FastAPI. The routes are never called: FastAPI generates documents from them."""

import re
from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import Body, Path, Query, Response
from fastapi.routing import APIRoute

from mockserver.kit.operations import BodyKind, Documented, Event, Operation
from mockserver.openapi.description import ApiDescription
from mockserver.openapi.providers import servers

_MEDIA_TYPES: Mapping[BodyKind, str] = {
    "json": "application/json",
    "multipart": "multipart/form-data",
    "form": "application/x-www-form-urlencoded",
}
_PARAMETER = re.compile(r"\{(\w+)\}")


def route(api: ApiDescription, operation: Operation) -> APIRoute:
    """Convert an operation to a route."""
    replies = api.replies(operation)
    success = min(code for code in replies if code < 400)
    extra: dict[str, Any] = {"security": _security(api, operation)}
    if operation.host:
        extra["servers"] = [{"url": u, "description": d} for u, d in servers(api.name, operation.host).items()]
    if operation.body is not None:
        extra["requestBody"] = _body_extra(operation)
    return APIRoute(
        operation.path,
        _endpoint(_parameters(operation)),
        methods=[operation.method],
        operation_id=operation.name,
        summary=operation.summary,
        description=operation.description or None,
        tags=[operation.tag or api.title],
        status_code=success,
        response_class=Response,
        responses={code: _response(api, operation, r, links=code == success) for code, r in replies.items()},
        openapi_extra=extra,
    )


def webhook(name: str, event: Event) -> APIRoute:
    """Convert an event to a route, for the `webhooks` of a document."""
    body: Any = Annotated[event.model, Body()]
    parameters = [
        {"name": header, "in": "header", "required": True, **_split(schema)} for header, schema in event.headers.items()
    ]
    return APIRoute(
        name,
        _endpoint([Parameter("body", Parameter.KEYWORD_ONLY, annotation=body)]),
        methods=["POST"],
        operation_id=re.sub(r"\W", "_", name),
        summary=event.description,
        tags=["webhooks"],
        response_class=Response,
        responses={"2XX": {"description": "Received. After any other reply, or a timeout, there is another attempt"}},
        openapi_extra={
            "parameters": parameters,
            "requestBody": {"content": {"application/json": _example(event.example)}},
            "security": [],
        },
    )


def _endpoint(parameters: list[Parameter]) -> Any:
    async def endpoint() -> None:
        raise NotImplementedError

    # FastAPI reads the signature. It would use a docstring as the description.
    endpoint.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return endpoint


def _parameters(operation: Operation) -> list[Parameter]:
    annotations: dict[str, Any] = {}
    for name in _PARAMETER.findall(operation.path):
        annotations[name] = Annotated[operation.path_types.get(name, str), Path()]
    if operation.query is not None:
        annotations["query_parameters"] = Annotated[operation.query, Query()]
    if operation.body is not None:
        annotations["body"] = Annotated[operation.body, Body(media_type=_MEDIA_TYPES[operation.body_kind])]
    return [Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation) for name, annotation in annotations.items()]


def _security(api: ApiDescription, operation: Operation) -> list[dict[str, list[str]]]:
    """Return the security requirements: any one of the schemes is sufficient; OAuth needs the operation's scope."""
    if operation.public:
        return []
    scopes = [operation.scope] if operation.scope else []
    return [{name: scopes if scheme["type"] == "oauth2" else []} for name, scheme in api.security.items()]


def _body_extra(operation: Operation) -> dict[str, Any]:
    media: dict[str, Any] = {}
    if operation.examples:
        media["examples"] = {name: {"value": value} for name, value in operation.examples.items()}
    if operation.parts:
        media["encoding"] = {part: {"contentType": kind} for part, kind in operation.parts.items()}
    return {"content": {_MEDIA_TYPES[operation.body_kind]: media}}


def _response(api: ApiDescription, operation: Operation, reply: Documented, *, links: bool) -> dict[str, Any]:
    response: dict[str, Any] = {"description": reply.description}
    headers = {**api.headers, **reply.headers}
    if headers:
        response["headers"] = {name: {"required": True, **_split(schema)} for name, schema in headers.items()}
    if links and operation.links:
        response["links"] = {name: _link(*link) for name, link in operation.links.items()}
    media = _example(reply.example)
    if reply.model is not None:
        response["model"] = reply.model
        response["content"] = {"application/json": media}
    elif reply.content_type != "application/json":
        binary = {} if reply.content_type.startswith("text/") else {"contentMediaType": reply.content_type}
        response["content"] = {reply.content_type: {"schema": {"type": "string", **binary}, **media}}
    return response


def _link(operation: str, parameter: str | Mapping[str, Any], pointer: str = "/id") -> dict[str, Any]:
    if isinstance(parameter, Mapping):
        return {"operationId": operation, "requestBody": dict(parameter)}
    return {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}


def _example(value: Any) -> dict[str, Any]:
    return {} if value is None else {"example": value}


def _split(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a JSON Schema with a description to a header object."""
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"description": schema.get("description", ""), "schema": rest}
