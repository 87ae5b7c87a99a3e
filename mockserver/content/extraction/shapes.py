"""The shape of an answer in JSON: what a template, a JSON schema or a list of fields asks for."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from mockserver.content.extraction.words import common

_RANGE = re.compile(r"(?<![\d.])(-?\d+(?:\.\d+)?)\s*(?:-|–|—|\.\.+|to|bis|à|al?|до|至|到)\s*(-?\d+(?:\.\d+)?)(?![\d:])")
_BETWEEN = re.compile(
    r"(?i)(?:between|zwischen|entre|между)\s+(-?\d+(?:\.\d+)?)\s+(?:and|und|et|y|e|и)\s+(-?\d+(?:\.\d+)?)"
)
_CLOCK = re.compile(r"(?i)\b(?:hh:)?mm:ss\b|^\d{1,2}:\d\d(?::\d\d)?$")
_MANY = re.compile(r"(?i)^(?:(?:array|list)(?:\s+of\s+|<)(\w+?)s?>?|(\w+)\[\])$")
_DEEPEST = 12
MOST = 50


class Leaf(NamedTuple):
    """A value: its type in JSON, the values that it may have, its range.

    `kind` is also `any`, or `count` for an example such as 0, which does not exclude fractions. `clock` is the number
    of parts of a time, such as 2 for `MM:SS`.
    """

    kind: str = "any"
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    clock: int = 0
    nullable: bool = False


class Row(NamedTuple):
    """An object with a shape for each key."""

    fields: tuple[tuple[str, "Shape"], ...]


class Many(NamedTuple):
    """An array of `each`: of `length` members if it is given."""

    each: "Shape"
    length: int | None = None


Shape: TypeAlias = Leaf | Row | Many


def of_template(value: Any, depth: int = 0) -> Shape:
    """Return the shape of a template, whose values are examples, names of types, or descriptions."""
    if depth > _DEEPEST:
        return Leaf()
    if isinstance(value, dict):
        return Row(tuple((key, of_template(part, depth + 1)) for key, part in list(value.items())[:MOST]))
    if isinstance(value, list):
        return Many(of_template(value[0], depth + 1) if value else Leaf("string"))
    if isinstance(value, str):
        return of_text(value)
    kinds: dict[type, str] = {bool: "boolean", int: "count", float: "number", type(None): "any"}
    return Leaf(kinds[type(value)], nullable=value is None)


def of_text(text: str) -> Shape:
    """Return the shape that a word or a description names: `number`, `string[]`, `a|b|c`, `MM:SS`, `1-10`."""
    text = text.strip().strip("<>").strip()
    if many := _MANY.match(text):
        return Many(of_text(many[1] or many[2]))
    if re.fullmatch(r"[nNxX#]", text):
        return Leaf("number")
    parts = [part.strip().strip("\"'`") for part in text.split("|")]
    if len(parts) == 1 and re.fullmatch(r"(?i)true/false|yes/no", text):
        parts = text.split("/")
    kinds = [common()["types"].get(part.lower()) for part in parts]
    nullable = "null" in kinds
    named = [kind for kind in kinds if kind not in (None, "null")]
    if named and len(named) == len(parts) - nullable:
        return Leaf(str(named[0]), nullable=nullable)
    if {part.lower() for part in parts} == {"true", "false"}:
        return Leaf("boolean")
    if len(parts) > 1:
        return Leaf("string", tuple(part for part in parts if part and part.lower() != "null"), nullable=nullable)
    return _described(text)


def is_type(text: str) -> bool:
    """Return whether a text is the name of a type, such as `boolean`."""
    shape = of_text(text)
    return (isinstance(shape, Leaf) and shape.kind != "string") or text.strip().lower() in ("string", "text")


def _described(text: str) -> Leaf:
    if clock := _CLOCK.search(text):
        return Leaf("string", clock=1 + clock[0].count(":"))
    limits = _RANGE.search(text)
    first = re.match(r"[^\W\d_]+", text)
    kind = common()["types"].get(first[0].lower(), "string") if first else "string"
    if limits and (kind in ("integer", "number") or limits[0] == text):
        low, high = float(limits[1]), float(limits[2])
        whole = kind == "integer" or (kind != "number" and "." not in limits[0] and high - low > 1)
        return Leaf("integer" if whole else "number", low=low, high=high)
    return Leaf(kind)


def of_range(text: str) -> tuple[float, float] | None:
    """Return the first range of numbers in a text, such as `1-10` or `0 to 1`."""
    limits = _RANGE.search(text) or _BETWEEN.search(text)
    return (float(limits[1]), float(limits[2])) if limits and float(limits[1]) < float(limits[2]) else None


def is_schema(value: Any) -> bool:
    """Return whether a JSON value is a JSON schema rather than a template."""
    return isinstance(value, Mapping) and (
        "$schema" in value
        or isinstance(value.get("properties"), Mapping)
        or (value.get("type") == "array" and isinstance(value.get("items"), Mapping))
    )


def of_schema(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Shape:
    """Return the shape of a JSON schema. References into the schema itself are followed."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return Leaf()
    if isinstance(schema.get("$ref"), str):
        return of_schema(_target(schema["$ref"], root), root, depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(word), list) and schema[word]:
            first = next((part for part in schema[word] if part != {"type": "null"}), None)
            return of_schema(first, root, depth + 1)
    if isinstance(schema.get("properties"), Mapping):
        return Row(tuple((key, of_schema(part, root, depth + 1)) for key, part in schema["properties"].items())[:MOST])
    kinds = schema.get("type")
    kind = next((k for k in kinds if k != "null"), "null") if isinstance(kinds, list) else kinds
    if kind == "array" or "items" in schema:
        return Many(of_schema(schema.get("items"), root, depth + 1), _number(schema, "minItems"))
    if kind == "object":
        return Row(())
    options = schema.get("enum", [schema["const"]] if "const" in schema else [])
    low, high = (_number(schema, name) for name in ("minimum", "maximum"))
    return Leaf(common()["types"].get(str(kind), "any"), tuple(map(str, options))[:MOST], low, high)


def _number(schema: Mapping[str, Any], name: str) -> Any:
    value = schema.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _target(reference: str, root: Mapping[str, Any]) -> Any:
    target: Any = root
    for part in reference.removeprefix("#/").split("/"):
        target = target.get(part) if isinstance(target, Mapping) else None
    return target
