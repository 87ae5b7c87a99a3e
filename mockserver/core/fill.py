"""Replaces placeholders in texts of scenarios: `${request.body.x}`, `${job.id}`, `${now}`, `${seed.n}`, `${fake.name}`.

The list is closed: there are no expressions.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic_core import to_json

_PLACEHOLDER = re.compile(r"\$\{([^{}]{0,200})\}")
# The kinds of made-up values, as in `fake.name`.
FAKES = ("name", "email", "sentence", "paragraph", "url")
_KNOWN = re.compile(
    rf"(?:request\.(?:body|query|header|path)\.[\w.-]+|job\.id|now|seed\.\d{{1,6}}|fake\.(?:{'|'.join(FAKES)}))\Z"
)
KNOWN = (
    *(f"request.{part}.NAME" for part in ("body", "query", "header", "path")), "job.id", "now", "seed.N",
    *(f"fake.{kind}" for kind in FAKES),
)  # fmt: skip

# Bytes, as JSON, of all values that placeholders are replaced by in one reply or stream.
MAX_FILLED = 1_000_000
# Placeholders in the reply and the stream of one rule. Making up a paragraph takes a fifth of a millisecond.
MAX_PLACEHOLDERS = 250

Path = tuple[str | int, ...]


def unknown_names(value: Any) -> list[tuple[Path, str]]:
    """Return the unknown names in `${...}` anywhere inside `value`, each with its path in `value`."""
    return [(path, name) for path, name in _names((), value) if not _KNOWN.match(name)]


def count_names(*values: Any) -> int:
    """Return the number of `${...}` inside `values`."""
    return sum(1 for value in values for _ in _names((), value))


class Limited:
    """Looks up the values of placeholders until they are 1 MB in all. `cut` is True if that was not enough.

    A text is then cut, and anything else and all later values are empty.
    """

    __slots__ = ("_left", "_look_up", "cut")

    def __init__(self, look_up: Callable[[str], Any], most: int = MAX_FILLED) -> None:
        self._look_up = look_up
        self._left = most
        self.cut = False

    def __call__(self, name: str) -> Any:
        """Return the value of `name`, or what there is room for."""
        if self.cut:
            return None
        value = self._look_up(name)
        size = len(to_json(value)) - 2 if isinstance(value, str) else 0 if value is None else len(to_json(value))
        if size > self._left:
            self.cut = True
            # Characters differ in length, so this takes as large a share of them as there is room for.
            return value[: len(value) * self._left // size] if isinstance(value, str) else None
        self._left -= size
        return value


def _names(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield from ((path, name) for name in _PLACEHOLDER.findall(value))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _names((*path, key), each)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from _names((*path, i), each)


def fill(value: Any, look_up: Callable[[str], Any]) -> Any:
    """Replace every `${name}` in `value`. A string that is only one placeholder becomes the value with its type."""
    if isinstance(value, str):
        return _filled_text(value, look_up) if "${" in value else value
    if isinstance(value, dict):
        return {k: fill(v, look_up) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, look_up) for v in value]
    return value


def _filled_text(text: str, look_up: Callable[[str], Any]) -> Any:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole:
        return look_up(whole[1])
    return _PLACEHOLDER.sub(lambda m: _as_text(look_up(m[1])), text)


def _as_text(value: Any) -> str:
    # Inside a longer string a value is written as in JSON: true, not True.
    return value if isinstance(value, str) else "" if value is None else to_json(value).decode()
