"""The ledger of a server: the rows of all its providers."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.provenance.rows import Basis, Row


class Ledger:
    """Every row by its id, `provider.kind.name`. `load` gives them, and is called when a row is first needed."""

    def __init__(self, load: "Callable[[], Mapping[str, Row]]") -> None:
        self._load = load

    @cached_property
    def rows(self) -> "Mapping[str, Row]":
        """All rows by id. Raises SourceErrors for a file that is wrong."""
        return self._load()

    def read(self) -> None:
        """Read the files now. Raises SourceErrors for one that is wrong."""
        _ = self.rows

    def basis(self, row: str) -> "Basis | None":
        """The class of a behaviour; None when no row has that id."""
        found = self.rows.get(row)
        return None if found is None else found.basis
