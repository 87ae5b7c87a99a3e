"""Plainer schemas: without what pydantic and FastAPI add to them that says nothing."""

from collections.abc import Mapping
from typing import Any

_MAPS = ("properties", "$defs", "schemas")
_DATA = ("example", "examples", "default", "enum", "const")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def plain(node: Any, name: str = "") -> None:
    """Remove, in place, titles that are only their key in other words, and defaults of nothing; 1.0 becomes 1."""
    if isinstance(node, list):
        for item in node:
            plain(item, name)
    if not isinstance(node, dict):
        return
    _mend(node, name)
    for key, value in node.items():
        if key in _MAPS and isinstance(value, dict):
            for inner, schema in value.items():
                plain(schema, inner)
        elif key not in _DATA:
            plain(value, _named(node, key, name))


def _mend(node: dict[str, Any], name: str) -> None:
    if node.get("title") in (name, name.replace("_", " ").title()):
        del node["title"]
    if "default" in node and node["default"] is None:
        del node["default"]
    for key in _BOUNDS:
        if isinstance(node.get(key), float) and node[key].is_integer():
            # FastAPI keeps bounds as floats, and the largest whole number of 64 bits is none: it is one too many.
            node[key] = int(node[key]) - (node[key] == 2.0**63)


def _named(node: dict[str, Any], key: str, name: str) -> str:
    """What a title would repeat below `key`: a parameter's name, or that of what has several kinds."""
    if key == "schema":
        return str(node.get("name", ""))
    return name if key == "anyOf" else ""


def referred(root: Any, parts: Mapping[str, Any], prefix: str) -> set[str]:
    """The names of those `parts` that `root` refers to by `prefix`, directly or through others."""
    found: set[str] = set()
    left = [root]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(prefix)
            if name in parts and name not in found:
                found.add(name)
                left.append(parts[name])
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
    return found
