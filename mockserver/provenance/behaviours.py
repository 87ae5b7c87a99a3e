"""The ledger of all providers, read from the `ledger.yaml` beside each provider's code."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.provenance.rows import Basis, Row


class Ledger:
    """All ledger rows by id, `provider.kind.name`. `files` returns the file of each provider.

    The files are read when a row is first needed.
    """

    def __init__(self, files: Callable[[], Mapping[str, Path]]) -> None:
        self._files = files

    @cached_property
    def rows(self) -> "Mapping[str, Row]":
        """All rows by id. Raises SourceErrors for an invalid file."""
        from mockserver.provenance.rows import read

        files = self._files()
        return {f"{provider}.{name}": row for provider, file in files.items() for name, row in read(file).items()}

    def read(self) -> None:
        """Read the files now. Raises SourceErrors for an invalid file."""
        _ = self.rows

    def basis(self, row_id: str) -> "Basis | None":
        """Return the class of a row (documented, observed or assumed); None when no row has that id."""
        row = self.rows.get(row_id)
        return None if row is None else row.basis
