"""Builds the OpenAPI document of a provider with FastAPI."""

import warnings
from collections.abc import Collection
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import warnings as pydantic_warnings

from mockserver import __version__
from mockserver.openapi.description import ApiDescription
from mockserver.openapi.plain import plain, referred
from mockserver.openapi.routes import route, webhook
from mockserver.openapi.shared import share

VERSION = "3.1.0"
_SCHEMAS = "#/components/schemas/"
# Since pydantic 2.12.
_UNSUPPORTED = getattr(
    pydantic_warnings, "UnsupportedFieldAttributeWarning", pydantic_warnings.PydanticDeprecationWarning
)


def build(api: ApiDescription) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document of a provider."""
    with warnings.catch_warnings():
        # FastAPI uses pydantic fields in a way that pydantic warns about, and hides only some of these warnings.
        warnings.simplefilter("ignore", _UNSUPPORTED)
        document = _generate(api)
    for operation in api.operations:
        _keep_declared(document["paths"][operation.path][operation.method.lower()], api, operation.name)
    for item in document.get("webhooks", {}).values():
        item["post"]["responses"] = {"2XX": item["post"]["responses"]["2XX"]}
    if api.security:
        document["components"]["securitySchemes"] = {name: dict(scheme) for name, scheme in api.security.items()}
    return tidy(document, api.headers)


def tidy(document: dict[str, Any], headers: Collection[str] = ()) -> dict[str, Any]:
    """Remove unused and redundant parts of a document, and move shared parts into its components, in place.

    `headers` are the headers of every reply.
    """
    components = document["components"]
    schemas = components.pop("schemas")
    used = referred(document, schemas, _SCHEMAS)
    document["components"] = {"schemas": {n: schema for n, schema in schemas.items() if n in used}, **components}
    plain(document)
    share(document, headers)
    return document


def _generate(api: ApiDescription) -> dict[str, Any]:
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


def _keep_declared(generated: dict[str, Any], api: ApiDescription, name: str) -> None:
    """Keep only the declared replies (FastAPI adds a 422), each with its own content type."""
    operation = next(o for o in api.operations if o.name == name)
    replies = api.replies(operation)
    generated["responses"] = {str(code): generated["responses"][str(code)] for code in replies}
    for code, reply in replies.items():
        content = generated["responses"][str(code)].get("content", {})
        if reply.model is not None and reply.content_type != "application/json":
            content[reply.content_type] = content.pop("application/json")
