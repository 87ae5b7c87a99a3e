"""A document as its author sees it: plain data, where each part of it stands, and errors that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.source.suggestions import plain, shown

Path = Sequence[str | int]
_MOST_PRINTED = 20


class Position(NamedTuple):
    """A place in a text as editors count: line and column from 1, columns in characters."""

    line: int
    column: int


@dataclass(slots=True)
class Place:
    """Where one node of a document stands: its value, its key where it has one, and the nodes in it."""

    value: Position
    key: Position | None = None
    children: dict[str | int, Place] | None = None


class SourceError(Exception):
    """One mistake in a document, told to its author: `name:line:column: message`.

    `message` ends with `suggestion` where there is one ("did you mean 'x'?"). `line` and `column` count from 1 and are
    None for data that had no text; then the path of keys stands instead: `name: rules.0.when: message`.
    """

    def __init__(
        self, name: str, position: Position | None, message: str, suggestion: str = "", path: Path = ()
    ) -> None:
        # All arguments go up, so that the error survives pickling (test runners send errors between processes).
        super().__init__(name, position, message, suggestion, path)
        self.name = name
        self.position = position
        self.line = position.line if position else None
        self.column = position.column if position else None
        self.suggestion = suggestion.removeprefix("; ")
        self.message = f"{message}; {self.suggestion}" if self.suggestion else message
        self.path = tuple(path)

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.name}:{self.line}:{self.column}: {self.message}"
        where = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.name}: {where}{self.message}"


class SourceErrors(Exception):
    """All mistakes found in one document, in `errors`; as a text at most 20 lines and how many more there are."""

    def __init__(self, errors: Sequence[SourceError]) -> None:
        super().__init__(errors)
        self.errors = list(errors)

    def __str__(self) -> str:
        lines = [str(error) for error in self.errors[:_MOST_PRINTED]]
        more = len(self.errors) - len(lines)
        return "\n".join([*lines, f"and {more} more"] if more else lines)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data with the place of every key and value, or without places where it never was a text."""

    data: Any
    name: str
    root: Place | None = field(default=None, repr=False)

    @classmethod
    def of(cls, data: Any, name: str) -> Document:
        """A document of data that did not come from YAML; its errors give a path in place of a line."""
        return cls(data, name)

    def position(self, loc: Path, *, key: bool = False) -> Position | None:
        """Where the value at `loc` stands, or its key; the nearest enclosing node's place where there is no such part.

        None only where the document has no text.
        """
        place = self.root
        if place is None:
            return None
        for part in loc:
            child = place.children.get(part) if place.children else None
            if child is None:
                return place.value
            place = child
        return place.key if key and place.key else place.value

    def error(self, loc: Path, message: str, suggestion: str = "", *, key: bool = False) -> SourceError:
        """The error that says `message` about the value (or the key) at `loc`; it is returned, not raised.

        `suggestion` may be what `did_you_mean` returns.
        """
        return SourceError(self.name, self.position(loc, key=key), message, suggestion, loc)


def dotted(path: Path) -> str:
    """A path as people write it: `rules.0.when.'body.prompt'`, quoted where a dot would mislead."""
    return ".".join(plain(part) if isinstance(part, str) and "." not in part else shown(part) for part in path)
