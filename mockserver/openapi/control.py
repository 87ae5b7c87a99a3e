"""The document of the control API: what FastAPI generates, in the form that all documents have."""

from collections.abc import Mapping
from typing import Any

from mockserver.control.app import control_app
from mockserver.control.problems import PROBLEM

_SCHEMAS = "#/components/schemas/"
# FastAPI documents this error for operations with parameters. The control API reports problem details instead.
_UNUSED = f"{_SCHEMAS}HTTPValidationError"
# The largest integer that generated clients can hold without a format.
_INT32 = 2**31 - 1


def control_document() -> dict[str, Any]:
    """Return the OpenAPI document of the control API, before `tidy`."""
    document = control_app().openapi()
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = []
            responses = {status: _response(each, schemas) for status, each in sorted(operation["responses"].items())}
            operation["responses"] = {status: each for status, each in responses.items() if each is not None}
    _suit_generators(document)
    return document


def _suit_generators(node: Any) -> None:
    """Write what OpenAPI Generator's clients for Go and Java otherwise read wrongly, in place.

    They use 32 bits for an integer without a format, so integers that may need 64 bits, such as milliseconds since
    1970, get one. The default of an object becomes code that does not compile; it is empty, and left out.
    """
    if isinstance(node, list):
        for each in node:
            _suit_generators(each)
    elif isinstance(node, dict):
        if node.get("type") == "integer" and node.get("maximum", _INT32 + 1) > _INT32:
            node.setdefault("format", "int64")
        if node.get("default") == {}:
            del node["default"]
        if "anyOf" in node:
            _suit_union(node)
        for each in node.values():
            _suit_generators(each)


def _suit_union(node: dict[str, Any]) -> None:
    """Write a value of several types in the way that becomes code that compiles, in place.

    A default such as `0s` becomes a constant without quotation marks, so the description has it. A map, and an instant,
    get names that are not those of classes, unless they are written as any object and as any string.
    """
    if isinstance(node.get("default"), str):
        node["description"] = f"{node['description']} (default: `{node.pop('default')}`)"
    for each in node["anyOf"]:
        if each.get("type") == "object" and each.get("additionalProperties") is True:
            del each["additionalProperties"]
        if each.get("format") == "date-time":
            del each["format"]
            each["description"] = "an instant in the format of RFC 3339"


def _response(generated: dict[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a response with its media type and description, or None if the control API does not use it."""
    schema = generated.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    if schema == _UNUSED:
        return None
    if schema == f"{_SCHEMAS}Problem":
        return {**generated, "content": {PROBLEM: generated["content"]["application/json"]}}
    if generated["description"] == "Successful Response":
        description = schemas.get(schema.removeprefix(_SCHEMAS), {}).get("description", "Done")
        return {**generated, "description": description.partition("\n")[0].rstrip(".")}
    return generated
