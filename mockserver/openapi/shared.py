"""What stands in a document many times is written once, in its components."""

import re
from collections import Counter
from collections.abc import Collection
from typing import Any

from mockserver.core.reasons import reason

_METHODS = ("get", "put", "post", "delete", "patch")


def share(made: dict[str, Any], headers: Collection[str] = ()) -> None:
    """Put the headers of every reply, and errors that several operations share, into the components, in place."""
    answers = [o["responses"] for item in made["paths"].values() for m, o in item.items() if m in _METHODS]
    components = made.setdefault("components", {})
    _headers(answers, components, headers)
    _errors(answers, components)


def _headers(answers: list[dict[str, Any]], components: dict[str, Any], headers: Collection[str]) -> None:
    for responses in answers:
        for response in responses.values():
            for name in headers:
                components.setdefault("headers", {})[name] = response["headers"][name]
                response["headers"][name] = {"$ref": f"#/components/headers/{name}"}


def _errors(answers: list[dict[str, Any]], components: dict[str, Any]) -> None:
    every = [(status, r) for responses in answers for status, r in responses.items() if status >= "400"]
    counted = Counter(_mark(status, response) for status, response in every)
    named: dict[str, str] = {}
    for status, response in every:
        mark = _mark(status, response)
        if counted[mark] > 1 and mark not in named:
            named[mark] = _name(status, components.setdefault("responses", {}))
            components["responses"][named[mark]] = response
    for responses in answers:
        for status, response in list(responses.items()):
            name = named.get(_mark(status, response))
            if name:
                responses[status] = {"$ref": f"#/components/responses/{name}"}


def _mark(status: str, response: dict[str, Any]) -> str:
    return f"{status} {response!r}"


def _name(status: str, taken: dict[str, Any]) -> str:
    """`TooManyRequests`, or with a number where there is another of that status."""
    base = re.sub(r"\W", "", reason(int(status)).title()) or f"Status{status}"
    return next(n for n in (base, *(f"{base}{i}" for i in range(2, 1_000))) if n not in taken)
