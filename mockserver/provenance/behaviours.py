"""The ledger of a server: the rows of all its providers."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.provenance.rows import Basis, Row


class Ledger:
    """All ledger rows by id, `provider.kind.name`. `load` returns them; it is called when a row is first needed."""

    def __init__(self, load: "Callable[[], Mapping[str, Row]]") -> None:
        self._load = load

    @cached_property
    def rows(self) -> "Mapping[str, Row]":
        """All rows by id. Raises SourceErrors for an invalid file."""
        return self._load()

    def read(self) -> None:
        """Read the files now. Raises SourceErrors for an invalid file."""
        _ = self.rows

    def basis(self, row_id: str) -> "Basis | None":
        """Return the class of a row (documented, observed or assumed); None when no row has that id."""
        row = self.rows.get(row_id)
        return None if row is None else row.basis
