"""From the description of an API to its OpenAPI document."""

import warnings
from collections.abc import Collection
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic.warnings import UnsupportedFieldAttributeWarning

from mockserver import __version__
from mockserver.openapi.described import Described
from mockserver.openapi.plain import plain, referred
from mockserver.openapi.routes import route, webhook
from mockserver.openapi.shared import share

VERSION = "3.1.0"
_SCHEMAS = "#/components/schemas/"


def build(api: Described) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a provider."""
    with warnings.catch_warnings():
        # FastAPI gives pydantic fields that it warns about, and silences it only where it makes them.
        warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
        made = _made(api)
    for operation in api.operations:
        _declare(made["paths"][operation.path][operation.method.lower()], api, operation.name)
    for item in made.get("webhooks", {}).values():
        item["post"]["responses"] = {"2XX": item["post"]["responses"]["2XX"]}
    if api.security:
        made["components"]["securitySchemes"] = {name: dict(scheme) for name, scheme in api.security.items()}
    return tidy(made, api.headers)


def tidy(document: dict[str, Any], headers: Collection[str] = ()) -> dict[str, Any]:
    """Leave out what a document does not need, and put what its operations share into its components, in place.

    `headers` are those of every reply.
    """
    components = document["components"]
    schemas = components.pop("schemas")
    used = referred(document, schemas, _SCHEMAS)
    document["components"] = {"schemas": {n: schema for n, schema in schemas.items() if n in used}, **components}
    plain(document)
    share(document, headers)
    return document


def _made(api: Described) -> dict[str, Any]:
    return get_openapi(
        title=api.title,
        version=__version__,
        openapi_version=VERSION,
        description=api.description,
        routes=[route(api, operation) for operation in api.operations],
        webhooks=[webhook(name, event) for name, event in api.events.items()],
        tags=[{"name": name, "description": text} for name, text in api.tags.items()],
        servers=[{"url": url, "description": text} for url, text in api.servers.items()],
        separate_input_output_schemas=False,
    )


def _declare(shown: dict[str, Any], api: Described, name: str) -> None:
    """Leave the replies that were declared (FastAPI adds a 422), each with its own content type."""
    operation = next(o for o in api.operations if o.name == name)
    replies = api.replies(operation)
    shown["responses"] = {str(code): shown["responses"][str(code)] for code in replies}
    for code, reply in replies.items():
        content = shown["responses"][str(code)].get("content", {})
        if reply.model is not None and reply.content_type != "application/json":
            content[reply.content_type] = content.pop("application/json")
