"""A document: its data, the position of each part in its text, and errors with these positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.source.suggestions import clip, describe, display_name

Path = Sequence[str | int]
_MAX_PRINTED = 20
# Errors of one document that are kept. Fixing these shows the next.
MAX_ERRORS = 100
_MAX_MESSAGE = 1_000


class Position(NamedTuple):
    """A position in a text as editors count: line and column from 1, columns in characters."""

    line: int
    column: int


@dataclass(slots=True)
class Place:
    """The positions of one node of a document: of its value, of its key if it has one, and of the nodes in it."""

    value: Position
    key: Position | None = None
    children: dict[str | int, Place] | None = None


class SourceError(Exception):
    """One error in a document. Its text is `name:line:column: message`.

    `message` includes `suggestion` if there is one ("did you mean 'x'?"). `line` and `column` count from 1. For data
    that was not read from a text they are None, and the path is reported instead: `name: rules.0.when: message`.
    """

    def __init__(
        self, name: str, position: Position | None, message: str, suggestion: str = "", path: Path = ()
    ) -> None:
        # Pass on all arguments, so that the error can be pickled: test runners send errors between processes.
        super().__init__(name, position, message, suggestion, path)
        self.name = name
        self.position = position
        self.line = position.line if position else None
        self.column = position.column if position else None
        self.suggestion = suggestion.removeprefix("; ")
        message = clip(message, _MAX_MESSAGE)
        self.message = f"{message}; {self.suggestion}" if self.suggestion else message
        self.path = tuple(path)

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.name}:{self.line}:{self.column}: {self.message}"
        where = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.name}: {where}{self.message}"


class SourceErrors(Exception):
    """The errors in one document: `errors` are the first 100, and `more` is the number of those that are left out.

    The text shows at most 20, and how many more there are.
    """

    def __init__(self, errors: Sequence[SourceError], more: int = 0) -> None:
        kept = list(errors[:MAX_ERRORS])
        self.more = more + len(errors) - len(kept)
        super().__init__(kept, self.more)
        self.errors = kept

    def lines(self, most: int = MAX_ERRORS) -> list[str]:
        """Return the texts of the first errors and, if there are more, a last line that says how many."""
        lines = [str(error) for error in self.errors[:most]]
        more = self.more + len(self.errors) - len(lines)
        return [*lines, f"and {more} more"] if more else lines

    def __str__(self) -> str:
        return "\n".join(self.lines(_MAX_PRINTED))


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data with the position of every key and value. `root` is None if the data was not read from a text."""

    data: Any
    name: str
    root: Place | None = field(default=None, repr=False)

    @classmethod
    def of(cls, data: Any, name: str) -> Document:
        """Create a document of data that was not read from YAML. Its errors give a path instead of a line."""
        return cls(data, name)

    def position(self, loc: Path, *, key: bool = False) -> Position | None:
        """Return the position of the value at `loc`, or of its key; None if the document has no text.

        If `loc` does not exist, this is the position of the nearest node around it.
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
        """Return (not raise) an error about the value, or the key, at `loc`.

        `suggestion` can be the result of `did_you_mean`.
        """
        return SourceError(self.name, self.position(loc, key=key), message, suggestion, loc)


def dotted(path: Path) -> str:
    """Return a path as text: `rules.0.when.'body.prompt'`. A key that contains a dot is quoted."""
    return ".".join(
        display_name(part) if isinstance(part, str) and "." not in part else describe(part) for part in path
    )


def in_order(errors: Sequence[SourceError], document: Document) -> list[SourceError]:
    """Return the errors in the order of the text or, for data without a text, in the order of the data."""
    if document.root is not None:
        return sorted(errors, key=lambda error: error.position or (0, 0))
    orders: dict[int, dict[str, int]] = {}

    def place(error: SourceError) -> list[int]:
        value, numbers = document.data, []
        for part in error.path:
            if isinstance(value, dict):
                if id(value) not in orders:
                    orders[id(value)] = {key: number for number, key in enumerate(value)}
                numbers.append(orders[id(value)].get(str(part), -1))
                value = value.get(part)
            else:
                numbers.append(part if isinstance(part, int) else -1)
                value = value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None
        return numbers

    return sorted(errors, key=place)
