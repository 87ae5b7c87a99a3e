"""The document of the control API: what FastAPI generates, in the form that all documents have."""

from collections.abc import Mapping
from typing import Any

from mockserver.control.app import control_app
from mockserver.control.problems import PROBLEM

_SCHEMAS = "#/components/schemas/"
# FastAPI documents this error for operations with parameters. The control API reports problem details instead.
_UNUSED = f"{_SCHEMAS}HTTPValidationError"


def control_document() -> dict[str, Any]:
    """The OpenAPI document of the control API, in which nothing is shared yet."""
    document = control_app().openapi()
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = []
            found = {status: _response(shown, schemas) for status, shown in sorted(operation["responses"].items())}
            operation["responses"] = {status: response for status, response in found.items() if response is not None}
    return document


def _response(shown: dict[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any] | None:
    """A response with its media type and description. None for one that the control API does not give."""
    schema = shown.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    if schema == _UNUSED:
        return None
    if schema == f"{_SCHEMAS}Problem":
        return {**shown, "content": {PROBLEM: shown["content"]["application/json"]}}
    if shown["description"] == "Successful Response":
        described = schemas.get(schema.removeprefix(_SCHEMAS), {}).get("description", "Done")
        return {**shown, "description": described.partition("\n")[0].rstrip(".")}
    return shown
