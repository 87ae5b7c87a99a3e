"""The library of scenarios: the bundled ones, and those in the user's directories."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel
from pydantic_core import ValidationError

from mockserver.core.compile import Catalogue, Loc, Program
from mockserver.core.scenario import Scenario
from mockserver.scenario.builder import Builder, read_file, read_text
from mockserver.source.document import Document, SourceError, SourceErrors
from mockserver.source.suggestions import did_you_mean

_PACKAGE = Path(__file__).parent.parent
ENDINGS = (".yaml", ".yml")


def bundled_dir() -> Path:
    """Return the directory of the bundled scenarios: in the installed package, or at the top of a checkout."""
    inside = _PACKAGE / "_scenarios"
    return inside if inside.is_dir() else _PACKAGE.parent / "scenarios"


class ScenarioSummary(NamedTuple):
    """The name, file and description of a scenario, for lists."""

    name: str
    path: Path
    description: str


class HasOptions(Protocol):
    """The part of a provider that the library needs: its name, and the model of its options in scenarios."""

    @property
    def name(self) -> str: ...

    @property
    def options_model(self) -> type[BaseModel]: ...


class Library:
    """Finds scenarios by name or path and compiles them into programs.

    `providers` is only iterated for a scenario that sets options of a provider.
    """

    def __init__(self, known: Catalogue, providers: Iterable[HasOptions], directories: Sequence[Path] = ()) -> None:
        self._providers = providers
        self._directories = [*directories, bundled_dir()]
        self._builder = Builder(known, self._find, self._check_options)

    def program(self, reference: str) -> Program:
        """Compile a scenario. `reference` is its name, its path, or its YAML text if it has more than one line.

        Raises SourceErrors, and LookupError for an unknown name.
        """
        if "\n" in reference:
            return self.program_of_text(reference, "scenario")
        return self._builder.program_of_file(self._find(reference))

    def program_of_text(self, text: str | bytes, name: str) -> Program:
        """Compile a scenario from a YAML text, which errors call `name`. Raises SourceErrors."""
        return self.program_of(read_text(text, name))

    def program_of(self, document: Document) -> Program:
        """Compile a scenario from a document. Raises SourceErrors."""
        return self._builder.program(document)

    def program_of_data(self, data: Mapping[str, Any] | Scenario, name: str) -> Program:
        """Compile a scenario from data, which errors call `name`. Raises SourceErrors."""
        if isinstance(data, Scenario):
            data = data.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return self._builder.program(Document.of(dict(data), name))

    def names(self) -> list[str]:
        """Return the names of all scenarios in the library."""
        return sorted({path.stem for path in self._files()})

    def listed(self) -> Iterator[ScenarioSummary]:
        """Yield all scenarios with their descriptions, ordered by name. Files that are not scenarios are left out."""
        for name in self.names():
            path = self._path(name)
            try:
                data = read_file(path).data if path else None
            except SourceErrors:
                continue
            if path and isinstance(data, dict) and "scenario" in data:
                yield ScenarioSummary(name, path, " ".join(str(data.get("description", "")).split()))

    def _files(self) -> Iterator[Path]:
        for directory in self._directories:
            if directory.is_dir():
                yield from (p for p in sorted(directory.iterdir()) if p.suffix in ENDINGS and p.is_file())

    def _path(self, name: str) -> Path | None:
        # The first directory wins, so that a user's own `default` replaces the bundled one.
        return next((path for path in self._files() if path.stem == name), None)

    def _find(self, reference: str) -> Path:
        """Return the file of a scenario, by name or path. Raises LookupError for an unknown name."""
        if "/" in reference or reference.endswith(ENDINGS):
            return Path(reference)
        path = self._path(reference)
        if path is None:
            raise LookupError(f"there is no scenario named {reference!r}{did_you_mean(reference, self.names())}")
        return path

    def _check_options(self, provider: str, options: Any) -> list[tuple[Loc, str]]:
        model = next((each.options_model for each in self._providers if each.name == provider), None)
        if model is None:
            return []
        try:
            model.model_validate(options)
        except ValidationError as error:
            return [(tuple(e["loc"]), _option_message(e, list(model.model_fields))) for e in error.errors()]
        return []


def _option_message(error: Any, known: list[str]) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown option {error['loc'][-1]!r}{did_you_mean(str(error['loc'][-1]), known)}"
    return str(error["msg"])


__all__ = ["Library", "ScenarioSummary", "SourceError", "SourceErrors", "bundled_dir"]
