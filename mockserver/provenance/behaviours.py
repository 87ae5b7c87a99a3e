"""The ledger: the rows of all providers, each read from the file beside its provider's code."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.provenance.rows import Basis, Row


class Ledger:
    """Every row by its id, `provider.kind.name`. `files` gives those of the providers, and is called
    when a row is first asked for.
    """

    def __init__(self, files: Callable[[], Mapping[str, Path]]) -> None:
        self._files = files

    @cached_property
    def rows(self) -> "Mapping[str, Row]":
        """All rows by id. Raises SourceErrors for a file that is wrong."""
        from mockserver.provenance.rows import read

        return {f"{name}.{row}": found for name, file in self._files().items() for row, found in read(file).items()}

    def read(self) -> None:
        """Read the files now. Raises SourceErrors for one that is wrong."""
        _ = self.rows

    def basis(self, row: str) -> "Basis | None":
        """On what a behaviour stands; None when no row has that id."""
        found = self.rows.get(row)
        return None if found is None else found.basis
