"""The library of scenarios: the bundled ones, and those in the user's directories."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

from mockserver.core.compile import Catalogue, Loc, Program, Suggest, first_suggestions
from mockserver.core.scenario import Scenario
from mockserver.scenario.builder import MAX_EXTENDS, Builder, read_file, read_partly
from mockserver.scenario.folder import ENDINGS, MAX_ENTRIES, file_beside, files_in, version_of
from mockserver.source.document import Document, SourceError, SourceErrors
from mockserver.source.suggestions import describe, nearest

# Names of scenarios in an error about an unknown one.
_MAX_NAMED = 3
_PACKAGE = Path(__file__).parent.parent


def bundled_dir() -> Path:
    """Return the directory of the bundled scenarios: in the installed package, or at the top of a checkout."""
    inside = _PACKAGE / "_scenarios"
    return inside if inside.is_dir() else _PACKAGE.parent / "scenarios"


@cache
def _bundled_files() -> dict[str, Path]:
    # Listed once in a process, because the files of an installed package do not change.
    return files_in(bundled_dir())


class ScenarioSummary(NamedTuple):
    """The name, file and description of a scenario, for lists. A file that is broken has the texts of its errors."""

    name: str
    path: Path
    description: str
    errors: tuple[str, ...] = ()


class HasOptions(Protocol):
    """The part of a provider that the library needs: its name, and the model of its options in scenarios."""

    @property
    def name(self) -> str: ...

    @property
    def options_model(self) -> type[BaseModel]: ...


class Library:
    """Finds scenarios by name and compiles them into programs.

    A name is never used as a path: only `program_typed` and `program_of_file` open the file of a path, and they are
    for what a person typed on this machine. `providers` is only iterated for a scenario that sets options of one.
    """

    def __init__(self, known: Catalogue, providers: Iterable[HasOptions], directories: Sequence[Path] = ()) -> None:
        self._providers = providers
        self._directories = directories
        self._builder = Builder(known, self._extended, self._check_options)

    def program(self, name: str) -> Program:
        """Compile the scenario with this name. Raises SourceErrors, and LookupError for an unknown name."""
        return self._builder.program_of_file(self._find(name), follow=False)

    def text(self, name: str) -> str:
        """Return the text of the scenario with this name. Raises LookupError for an unknown name."""
        return self._find(name).read_text(encoding="utf-8")

    def program_typed(self, reference: str) -> Program:
        """Compile the scenario that a person typed: a name, a path, or YAML text if it has more than one line.

        Raises SourceErrors, and LookupError for an unknown name.
        """
        if "\n" in reference:
            return self.program_of_text(reference, "scenario")
        return self.program_of_file(Path(reference)) if is_path(reference) else self.program(reference)

    def program_of_file(self, path: Path) -> Program:
        """Compile a scenario file. It can extend files beside it. Raises SourceErrors."""
        return self._builder.program_of_file(path)

    def program_of_text(self, text: str | bytes, name: str) -> Program:
        """Compile a scenario from a YAML text, which errors call `name`. Raises SourceErrors."""
        return self._builder.program_of_text(text, name)

    def program_of_data(self, data: Mapping[str, Any] | Scenario, name: str) -> Program:
        """Compile a scenario from data, which errors call `name`. Raises SourceErrors."""
        if isinstance(data, Scenario):
            data = data.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return self._builder.program(Document.of(dict(data), name))

    def read(self, scenario: bytes | Mapping[str, Any] | str, name: str) -> tuple[Document, Program]:
        """Compile a scenario, and return it with the document that it was read from.

        It is YAML in bytes, or data, which errors call `name`; or the name of a scenario. Raises SourceErrors, and
        LookupError for an unknown name.
        """
        if isinstance(scenario, bytes):
            document, errors = read_partly(scenario, name)
            return document, self._builder.program_read_partly(document, errors)
        if isinstance(scenario, str):
            program = self.program(scenario)
            return read_file(self._find(scenario), follow=False), program
        return Document.of(dict(scenario), name), self.program_of_data(scenario, name)

    def files_of(self, reference: str) -> tuple[Path, ...]:
        """Return the file of the scenario that a person typed, and those of the scenarios that it extends.

        Files behind one that cannot be read, or is no scenario, are left out. Raises LookupError for an unknown name.
        """
        files = [Path(reference) if is_path(reference) or Path(reference).is_file() else self._find(reference)]
        while len(files) <= MAX_EXTENDS:
            try:
                data = read_file(files[-1], follow=len(files) == 1).data
                name = data.get("extends") if isinstance(data, dict) else None
                file = self._extended(name, files[-1]) if isinstance(name, str) else None
            except (SourceErrors, LookupError):
                break
            if file is None or file in files:
                break
            files.append(file)
        return tuple(files)

    def names(self) -> list[str]:
        """Return the names of all scenarios in the library."""
        return sorted(self._files())

    def is_bundled(self, name: str) -> bool:
        """Return True if this name means a bundled scenario, not one of the user's."""
        path = self._files().get(name)
        return path is not None and path.parent == bundled_dir()

    def listed(self, *, broken: bool = False) -> Iterator[ScenarioSummary]:
        """Yield all scenarios with their descriptions, ordered by name. Files that are not scenarios are left out.

        A file is read again only when it has changed. With `broken`, the user's files are compiled, and those with
        errors are yielded too.
        """
        for name, path in sorted(self._files().items()):
            summary = _summary(name, path, version_of(path))
            if broken and path.parent != bundled_dir():
                yield self._checked(name, path, summary)
            elif summary is not None:
                yield summary

    def _checked(self, name: str, path: Path, summary: ScenarioSummary | None) -> ScenarioSummary:
        summary = summary or ScenarioSummary(name, path, "")
        try:
            self._builder.program_of_file(path, follow=False)
        except SourceErrors as errors:
            return summary._replace(errors=tuple(errors.lines()))
        return summary

    def _files(self) -> dict[str, Path]:
        # The first directory wins, so that a user's own `default` replaces the bundled one.
        folders = (files_in(folder) for folder in reversed(self._directories))
        return {name: path for files in (_bundled_files(), *folders) for name, path in files.items()}

    def _find(self, name: str) -> Path:
        """Return the file of the scenario with this name. Raises LookupError."""
        files = self._files()
        if name in files:
            return files[name]
        if is_path(name):
            raise LookupError(f"{describe(name)} is a path; give the name of a scenario")
        raise LookupError(f"there is no scenario named {describe(name)}{_nearest(name, sorted(files))}")

    def _extended(self, name: str, file: Path | None) -> Path:
        """Return the file of the scenario that a document extends. Raises LookupError.

        `file` is the file of the document, or None if it was not read from a file.
        """
        if not name.startswith("./"):
            return self._find(name)
        if file is None:
            raise LookupError(f"{describe(name)} can only be extended from a file; give the name of a scenario")
        return file_beside(file, name)

    def _check_options(self, provider: str, options: Any) -> list[tuple[Loc, str]]:
        model = next((each.options_model for each in self._providers if each.name == provider), None)
        if model is None:
            return []
        try:
            model.model_validate(options)
        except ValidationError as error:
            known, suggest = list(model.model_fields), first_suggestions()
            return [(tuple(e["loc"]), _option_message(e, known, suggest)) for e in error.errors(include_url=False)]
        return []


# The servers of a process share it: a suite of tests starts many, and a summary takes a millisecond.
@lru_cache(2 * MAX_ENTRIES)
def _summary(name: str, path: Path, version: object) -> ScenarioSummary | None:
    try:
        data = read_file(path, follow=False).data
    except SourceErrors:
        return None
    if not isinstance(data, dict) or "scenario" not in data:
        return None
    return ScenarioSummary(name, path, " ".join(str(data.get("description", "")).split()))


def _nearest(name: str, names: list[str]) -> str:
    """Return the end of an error about an unknown scenario: the most similar name, or a few and where to find all."""
    meant = nearest(name, names)
    if meant is not None:
        return f"; did you mean {describe(meant)}?"
    part = name.casefold()
    some = [each for each in names if part and len(part) > 2 and (part in each or each in part)] or names
    such = ", ".join(some[:_MAX_NAMED])
    return f"; there are {len(names)}, such as {such}: see `mockserver scenarios` or GET /_mock/scenarios"


def is_path(reference: str) -> bool:
    """Return True if a text that a person typed means a file, not the name of a scenario."""
    return "/" in reference or os.sep in reference or reference.endswith(ENDINGS)


def _option_message(error: ErrorDetails, known: list[str], suggest: Suggest) -> str:
    if error["type"] == "extra_forbidden":
        name = str(error["loc"][-1])
        return f"unknown option {describe(name)}{suggest(name, known)}"
    return error["msg"]


__all__ = ["ENDINGS", "Library", "ScenarioSummary", "SourceError", "SourceErrors", "bundled_dir", "is_path"]
