"""Simplifies schemas: removes redundant parts that pydantic and FastAPI add."""

from collections.abc import Mapping
from typing import Any

_MAPS = ("properties", "$defs", "schemas")
_DATA = ("example", "examples", "default", "enum", "const")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def plain(node: Any, name: str = "") -> None:
    """Simplify a document in place.

    Titles that only repeat their key, and defaults of null, are removed; bounds of 1.0 become 1.
    """
    if isinstance(node, list):
        for item in node:
            plain(item, name)
    if not isinstance(node, dict):
        return
    _simplify(node, name)
    for key, value in node.items():
        if key in _MAPS and isinstance(value, dict):
            for inner, schema in value.items():
                plain(schema, inner)
        elif key not in _DATA:
            plain(value, _repeated_name(node, key, name))


def _simplify(node: dict[str, Any], name: str) -> None:
    if node.get("title") in (name, name.replace("_", " ").title()):
        del node["title"]
    if "default" in node and node["default"] is None:
        del node["default"]
    for key in _BOUNDS:
        if isinstance(node.get(key), float) and node[key].is_integer():
            # FastAPI converts bounds to floats, which cannot represent 2**63 - 1: it becomes 2**63.
            node[key] = int(node[key]) - (node[key] == 2.0**63)


def _repeated_name(node: dict[str, Any], key: str, name: str) -> str:
    """Return the name that titles below `key` would repeat: that of the parameter, or of the whole union."""
    if key == "schema":
        return str(node.get("name", ""))
    return name if key == "anyOf" else ""


def referred(root: Any, parts: Mapping[str, Any], prefix: str) -> set[str]:
    """Return the names of the `parts` that `root` refers to by `prefix`, directly or through other parts."""
    names: set[str] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(prefix)
            if name in parts and name not in names:
                names.add(name)
                pending.append(parts[name])
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return names
