"""The ledger: the rows of all providers, each read from the file beside its provider's code."""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.kit.provider import Provider

if TYPE_CHECKING:
    from mockserver.provenance.rows import Basis, Row


class Ledger:
    """Every row by its id, `provider.kind.name`. The files are read when they are first asked for."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._files = {p.name: file_of(p) for p in providers}

    @cached_property
    def rows(self) -> "Mapping[str, Row]":
        """All rows by id. Raises SourceErrors for a file that is wrong."""
        from mockserver.provenance.rows import read

        return {f"{name}.{row}": found for name, file in self._files.items() for row, found in read(file).items()}

    def read(self) -> None:
        """Read the files now. Raises SourceErrors for one that is wrong."""
        _ = self.rows

    def basis(self, row: str) -> "Basis | None":
        """On what a behaviour stands; None when no row has that id."""
        found = self.rows.get(row)
        return None if found is None else found.basis


def file_of(provider: Provider) -> Path:
    """Where the ledger of a provider is: `ledger.yaml` in its package, or NAME.ledger.yaml beside a module NAME.py."""
    module = sys.modules[type(provider).__module__]
    path = Path(getattr(module, "__file__", None) or f"{module.__name__}.py")
    return path.with_name("ledger.yaml") if path.stem == "provider" else path.with_suffix(".ledger.yaml")
