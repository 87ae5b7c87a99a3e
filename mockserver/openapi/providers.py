"""Describes a provider for its OpenAPI document."""

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ValidationError

from mockserver.core.faults import Refusal
from mockserver.kit.errors import RefusalContext
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.openapi.description import ApiDescription

LOCAL = "http://localhost:8080"

_MEANING = {
    "unauthorized": "The credential is missing or wrong",
    "forbidden": "The credential does not allow this",
    "not_found": "The resource does not exist",
    "invalid_request": "The request is malformed or not valid",
    "too_large": "The request body is too large",
    "unsupported_media_type": "The content type of the request body is not the documented one",
    "rate_limited": "A limit is used up",
    "server_error": "Internal server error",
}
_ABOUT = (
    "This is the simulation of {title} by mockserver. Every sandbox has its own jobs, credits and limits. A path "
    "returns 405 with an `Allow` header for methods that it does not support, and supports HEAD if it supports GET. "
    "With `--strict`, every operation returns 400 for fields, parameters and values that are not in this document. A "
    "request for a sandbox that does not exist gets a 404 with problem details (RFC 9457)."
)


def describe(provider: Provider) -> ApiDescription:
    """Return the content of a provider's document."""
    return ApiDescription(
        name=provider.name,
        title=provider.title,
        description="\n\n".join(filter(None, (provider.description, _ABOUT.format(title=provider.title)))),
        servers=servers(provider.name, provider.hosts[0]),
        operations=tuple(o for o in provider.operations if not o.hidden),
        edge=lambda operation: edge_replies(provider, operation),
        security=provider.security,
        headers=provider.documented_headers,
        events=provider.documented_events,
        tags=provider.tags,
    )


def servers(name: str, host: str) -> dict[str, str]:
    """Return the servers, the simulation first, so that a tool that uses the first one never calls the provider."""
    return {f"{LOCAL}/{name}": "mockserver", f"https://{host}": "the provider"}


def edge_replies(provider: Provider, operation: Operation) -> dict[int, Documented]:
    """Return the replies of the edge that an operation does not declare, in the provider's format."""
    replies: dict[int, Documented] = {}
    for kind in _error_kinds(provider, operation):
        reply = _error_reply(provider, operation, Refusal(kind, _MEANING[kind]))
        if reply.status not in operation.replies and reply.status not in replies:
            model = _matching_model(provider, operation, reply)
            replies[reply.status] = Documented(_MEANING[kind], model, reply.content_type)
    return replies


def _error_kinds(provider: Provider, operation: Operation) -> Iterator[str]:
    if operation.body is not None:
        yield "invalid_request"
        yield "unsupported_media_type"
        if operation.body_kind != "multipart":
            yield "too_large"
    if not operation.public:
        yield "unauthorized"
        if provider.counts if operation.counts is None else operation.counts:
            yield "rate_limited"
    if operation.scope:
        yield "forbidden"
    yield "server_error"


def _error_reply(provider: Provider, operation: Operation, refusal: Refusal) -> Reply:
    own = operation.error_reply(refusal) if operation.error_reply is not None else None
    return own or provider.error_reply(refusal, RefusalContext(operation))


def _matching_model(provider: Provider, operation: Operation, reply: Reply) -> type[BaseModel] | None:
    """Return the documented error model of the provider that matches a reply. Raises LookupError if there is none."""
    if not isinstance(reply.body, Mapping):
        return None
    for model in _error_models(provider, operation):
        try:
            model.model_validate(reply.body)
        except ValidationError:
            continue
        return model
    raise LookupError(f"no documented model of {provider.name} matches its {reply.status} with {reply.body!r}")


def _error_models(provider: Provider, operation: Operation) -> Iterator[type[BaseModel]]:
    """Yield the error models of the operation, then those of the provider, the most frequent first."""
    yield from (r.model for code, r in operation.replies.items() if code >= 400 and r.model)
    counts = Counter(r.model for o in provider.operations for code, r in o.replies.items() if code >= 400 and r.model)
    yield from (model for model, _ in counts.most_common())
