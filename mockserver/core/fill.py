"""Substitution from a closed list: `${request.body.x}`, `${job.id}`, `${now}`, `${seed.n}`. Nothing else."""

import re
from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

_HOLE = re.compile(r"\$\{([^{}]{0,200})\}")
_KNOWN = re.compile(r"(?:request\.(?:body|query|header|path)\.[\w.-]+|job\.id|now|seed\.\d{1,6})\Z")
KNOWN = (*(f"request.{part}.NAME" for part in ("body", "query", "header", "path")), "job.id", "now", "seed.N")


def unknown_names(value: Any) -> list[str]:
    """The names in `${...}` anywhere inside `value` that are not on the list."""
    return [name for name in _names(value) if not _KNOWN.match(name)]


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return _HOLE.findall(value)
    if isinstance(value, dict):
        return [n for v in value.values() for n in _names(v)]
    if isinstance(value, list):
        return [n for v in value for n in _names(v)]
    return []


def fill(value: Any, look_up: Callable[[str], Any]) -> Any:
    """`value` with every `${name}` replaced. A text that is one name alone takes the value with its type."""
    if isinstance(value, str):
        return _filled(value, look_up) if "${" in value else value
    if isinstance(value, dict):
        return {k: fill(v, look_up) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, look_up) for v in value]
    return value


def _filled(text: str, look_up: Callable[[str], Any]) -> Any:
    whole = _HOLE.fullmatch(text)
    if whole:
        return look_up(whole[1])
    return _HOLE.sub(lambda m: _as_text(look_up(m[1])), text)


def _as_text(value: Any) -> str:
    # Inside a longer text a value looks as it does in JSON: true, not True.
    return value if isinstance(value, str) else "" if value is None else to_json(value).decode()
