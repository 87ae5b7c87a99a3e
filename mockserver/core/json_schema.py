"""JSON Schemas of the scenario language's own types: durations, shares, progress and instants."""

from itertools import combinations
from typing import Any

from mockserver.core.durations import LONGEST, MAX_LENGTH
from mockserver.core.plans import TERMINAL

_PART = r"[0-9]{1,12}(?:\.[0-9]{1,6})?\s*(?:ms|s|min|m|h|d)"
_LENGTH = rf"(?:{_PART})+"
_PERCENT = r"0*(?:100|[0-9]{1,2})"
_SECONDS = {"type": "number", "minimum": 0, "maximum": LONGEST // 1000, "description": "seconds"}

# From 0 to 1, or a percentage from 0 to 100.
SHARE_PATTERN = (
    r"^\s*(?:(?:0*1(?:\.0*)?|0+(?:\.[0-9]*)?|\.[0-9]+)|(?:0*100(?:\.0*)?|0*[0-9]{1,2}(?:\.[0-9]*)?)\s*%)\s*$"
)


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


def _duration(pattern: str) -> dict[str, Any]:
    return {**_text(pattern), "maxLength": MAX_LENGTH}


DURATION: dict[str, list[Any]] = {
    "anyOf": [_duration(rf"^\s*{_LENGTH}\s*$"), _SECONDS],
    "examples": ["15s", "500ms", "1m30s"],
}
SPAN = {
    "anyOf": [_duration(rf"^\s*{_LENGTH}(?:\s*(?:±|\+-|\+/-)\s*{_LENGTH})?\s*$"), _SECONDS],
    "examples": ["13s", "13s ± 2s"],
}
PROGRESS = {
    "anyOf": [_text(rf"^{_PERCENT}(?:\.\.{_PERCENT})?$"), {"type": "integer", "minimum": 0, "maximum": 100}],
    "examples": ["0..90", 50],
}
SHARE: dict[str, list[Any]] = {
    "anyOf": [_text(SHARE_PATTERN), {"type": "number", "minimum": 0, "maximum": 1}],
    "examples": ["60%", 0.6],
}

OFFSET_PATTERN = r"^\s*([0-9]{1,9}) ?bytes?\s*$"
BODY_PLACE = {"anyOf": [*SHARE["anyOf"], _text(OFFSET_PATTERN)], "examples": ["60%", "120 bytes"]}

_INSTANT = {"type": "string", "format": "date-time"}
MOMENT = {"anyOf": [*DURATION["anyOf"], _INSTANT], "examples": ["30s", "2025-06-01T12:00:00Z"]}


def one_or_list(item: dict[str, Any], most: int, least: int = 0) -> dict[str, Any]:
    """Return the schema of one item or a list of `least` to `most` items."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": least, "maxItems": most}]}


def any_or_numbers(most: int) -> dict[str, Any]:
    """Return the schema of the word `any`, or one or a list of numbers from 1."""
    return {"anyOf": [{"const": "any"}, *one_or_list({"type": "integer", "minimum": 1}, most, least=1)["anyOf"]]}


def is_set(name: str) -> dict[str, Any]:
    """Return a schema which requires that a key is present and not null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def any_of(*names: str) -> list[Any]:
    """Return schemas for `anyOf`: at least one of these keys is present and not null."""
    return [is_set(name) for name in names]


def one_at_most(*choices: dict[str, Any]) -> list[Any]:
    """Return schemas for `allOf`: no two of the choices are true."""
    return [{"not": {"allOf": list(pair)}} for pair in combinations(choices, 2)]


_HELD = {"required": ["held"], "properties": {"held": {"const": True}}}
_ENDS = (is_set("for"), is_set("polls"), _HELD)
_OVER = {"properties": {"status": {"enum": sorted(TERMINAL)}}}

# A step has at most one of `for`, `polls` and `held`, and a final status has none. Only a failed step has an error.
STEP = [
    *one_at_most(*_ENDS),
    {"if": _OVER, "then": {"not": {"anyOf": list(_ENDS)}}},
    {"if": is_set("error"), "then": {"properties": {"status": {"const": "failed"}}}},
]
