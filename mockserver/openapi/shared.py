"""Moves repeated parts of a document into its components."""

import re
from collections import Counter
from collections.abc import Collection
from typing import Any

from mockserver.core.reasons import reason

_METHODS = ("get", "put", "post", "delete", "patch")


def share(document: dict[str, Any], headers: Collection[str] = ()) -> None:
    """Move the headers of every reply, and errors that several operations share, into the components, in place."""
    all_responses = [o["responses"] for item in document["paths"].values() for m, o in item.items() if m in _METHODS]
    components = document.setdefault("components", {})
    _share_headers(all_responses, components, headers)
    _share_errors(all_responses, components)


def _share_headers(all_responses: list[dict[str, Any]], components: dict[str, Any], headers: Collection[str]) -> None:
    for responses in all_responses:
        for response in responses.values():
            for name in headers:
                components.setdefault("headers", {})[name] = response["headers"][name]
                response["headers"][name] = {"$ref": f"#/components/headers/{name}"}


def _share_errors(all_responses: list[dict[str, Any]], components: dict[str, Any]) -> None:
    errors = [(status, r) for responses in all_responses for status, r in responses.items() if status >= "400"]
    counts = Counter(_key(status, response) for status, response in errors)
    names: dict[str, str] = {}
    for status, response in errors:
        key = _key(status, response)
        if counts[key] > 1 and key not in names:
            names[key] = _name(status, components.setdefault("responses", {}))
            components["responses"][names[key]] = response
    for responses in all_responses:
        for status, response in list(responses.items()):
            name = names.get(_key(status, response))
            if name:
                responses[status] = {"$ref": f"#/components/responses/{name}"}


def _key(status: str, response: dict[str, Any]) -> str:
    return f"{status} {response!r}"


def _name(status: str, taken: dict[str, Any]) -> str:
    """Return a name such as `TooManyRequests`, with a number if another response has this name."""
    base = re.sub(r"\W", "", reason(int(status)).title()) or f"Status{status}"
    return next(n for n in (base, *(f"{base}{i}" for i in range(2, 1_000))) if n not in taken)
