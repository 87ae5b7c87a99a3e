"""The document of the control API: what FastAPI says of it, in the form that all documents have."""

from typing import Any

from mockserver.control.app import control_app
from mockserver.control.problems import PROBLEM

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_OWN_ERROR = {"$ref": "#/components/schemas/HTTPValidationError"}


def control_document() -> dict[str, Any]:
    """The OpenAPI document of the control API, before what its operations share is put in one place."""
    document = control_app().openapi()
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = []
            responses = operation["responses"].items()
            operation["responses"] = {status: _mended(r) for status, r in sorted(responses) if not _unused(r)}
    return document


def _unused(response: dict[str, Any]) -> bool:
    """True for the error that FastAPI adds to operations with parameters: the control API reports errors otherwise."""
    return any(media["schema"] == _OWN_ERROR for media in response.get("content", {}).values())


def _mended(response: dict[str, Any]) -> dict[str, Any]:
    """A response with the media type of problem details: FastAPI documents the models of errors as JSON."""
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    return {**response, "content": {PROBLEM: {"schema": _PROBLEM}}} if schema == _PROBLEM else response
