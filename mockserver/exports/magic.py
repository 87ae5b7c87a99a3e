"""Magic words in the bodies of requests: where they are recognized, and a body with one."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from mockserver.kit.operations import Operation

# The keys and indexes that lead to a value in a body.
Place = tuple[Any, ...]
_MARK = "mock-mark"


def place_of_input(operation: Operation, body: Any) -> Place | None:
    """Return where the body has the value in which magic words are recognized; None if it has none."""
    if isinstance(operation.input, tuple):
        return operation.input or None
    return next((place for place in _texts(body) if _is_input(operation.input, body, place)), None)


def _texts(body: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of all texts in a body."""
    if isinstance(body, str):
        yield place
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in items:
        yield from _texts(value, (*place, name))


def _is_input(input_of: Callable[[Any], str | None], body: Any, place: Place) -> bool:
    return _MARK in (input_of(with_word(body, place, _MARK)) or "")


def with_word(body: Any, place: Place, word: str) -> Any:
    """Return a body with a magic word in its input."""
    copy = json.loads(json.dumps(body))
    inner = copy
    for name in place[:-1]:
        inner = inner.setdefault(name, {}) if isinstance(inner, dict) else inner[name]
    value = str(inner.get(place[-1], "") if isinstance(inner, dict) else inner[place[-1]])
    separator = ("&" if "?" in value else "?") if value.startswith("http") else " " if value else ""
    inner[place[-1]] = f"{value}{separator}{word}"
    return copy


def is_valid(operation: Operation, body: Any) -> bool:
    """Return True if the contract allows this body."""
    try:
        return operation.body is None or operation.body.model_validate(body) is not None
    except ValidationError:
        return False
