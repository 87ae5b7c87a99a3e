"""What the tables of a store in a file have in common: they note their changes, and write them into the file.

Every row of every table in the file has a `place`: the number of its sandbox, and a number within the table. So all
rows of a sandbox are one range, and rows that are ordered by age are written at the end of the file's table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

# The sandbox is in the upper bits of a place. There is room for 8 million sandboxes, and 10^12 rows in each.
PLACE_BITS = 40
_MASK = (1 << PLACE_BITS) - 1

Row = Sequence[Any]
Values = Mapping[Any, Any]


class Cursor(Protocol):
    """The part of a connection to the file that tables use."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any: ...


def base_of(sandbox: int) -> int:
    """Return the place before the first row of a sandbox."""
    return sandbox << PLACE_BITS


def number_of(place: int) -> int:
    """Return the number of a row within its table."""
    return place & _MASK


def nothing() -> None:
    """Do nothing: a table that belongs to no store yet has no file to announce its changes to."""


class Tracked:
    """A table that notes its changes. `touch` is called with each, and `fresh` is true if the file has older rows.

    `names` are the tables of the file that it is kept in.
    """

    names: tuple[str, ...] = ()
    touch: Callable[[], None] = staticmethod(nothing)
    fresh = True

    def begin_write(self, cursor: Cursor, base: int) -> None:
        """Delete the rows of the table that this one has replaced."""
        if self.fresh:
            for name in self.names:
                cursor.execute(f"DELETE FROM {name} WHERE place > ? AND place <= ?", (base, base | _MASK))  # noqa: S608
            self.fresh = False

    def write(self, cursor: Cursor, base: int) -> None:
        """Write the changes since the last call."""
        raise NotImplementedError

    def load(self, cursor: Cursor, base: int) -> None:
        """Fill the new table with the rows of the file."""
        raise NotImplementedError

    def _select(self, cursor: Cursor, columns: str, base: int, name: str | None = None) -> Any:
        """Return the rows of a sandbox in the order of their places."""
        table = name or self.names[0]
        return cursor.execute(
            f"SELECT {columns} FROM {table} WHERE place > ? AND place <= ? ORDER BY place",  # noqa: S608
            (base, base | _MASK),
        )


def sql_text(text: str) -> str | bytes:
    """Return a text as the file keeps it. One with a lone surrogate is not a text for SQLite, and is kept as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(value: str | bytes) -> str:
    """Return the text that the file keeps."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


__all__ = ["PLACE_BITS", "Cursor", "Row", "Tracked", "base_of", "number_of", "sql_text", "text_of"]
