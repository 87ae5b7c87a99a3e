"""Scenario files: strict YAML into core types, with errors that say where, what, and what would be right."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from mockserver.core.compile import Catalogue, Loc, Problem, Problems, Program, compile_scenario
from mockserver.core.scenario import Scenario
from mockserver.scenario import default
from mockserver.source.document import Document, SourceError, SourceErrors
from mockserver.source.validation import validate

DEEPEST = 8

Find = Callable[[str], Path]
OptionsCheck = Callable[[str, Any], list[tuple[Loc, str]]]


def read_text(text: str | bytes, name: str) -> Document:
    """The document of a YAML text. Raises SourceErrors; `name` stands for the file in them."""
    from mockserver.source.yaml_reader import parse  # a server of the bundled scenario reads none

    try:
        return parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None


def read_file(path: Path) -> Document:
    """The document of a file. Raises SourceErrors, also when it cannot be read."""
    return read_text(_bytes_of(path), str(path))


def digest_of(text: bytes) -> str:
    """What tells a text from any other."""
    return sha256(text).hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceErrors([SourceError(str(path), None, error.strerror or str(error))]) from None


class Builder:
    """Builds programs out of documents: types, `extends`, names, and the options of providers."""

    def __init__(self, known: Catalogue, find: Find, options: OptionsCheck) -> None:
        self._known = known
        self._find = find
        self._options = options

    def program_of_file(self, path: Path, behind: tuple[str, ...] = ()) -> Program:
        """The program of a scenario in a file. Raises SourceErrors, also when it cannot be read."""
        text = _bytes_of(path)
        return self._read_ahead(text) or self.program(read_text(text, str(path)), behind)

    def _read_ahead(self, text: bytes) -> Program | None:
        """The program of the bundled default scenario, where `text` is its own."""
        if digest_of(text) != default.DIGEST:
            return None
        # A server with other providers may not know all its names: reading the text will say which, and where.
        return self._compiled(default.scenario(), None)[0]

    def program(self, document: Document, behind: tuple[str, ...] = ()) -> Program:
        """The program of a scenario. Raises SourceErrors with everything that is wrong with it.

        `behind` names the scenarios that extend it, from the first on.
        """
        scenario = validate(Scenario, document)
        behind = (*behind, scenario.scenario)
        parent = self._parent(scenario, document, behind) if scenario.extends else None
        program, problems = self._compiled(scenario, parent)
        errors = [document.error(p.loc, p.message, key=p.at_key) for p in problems]
        errors += self._option_errors(scenario, document)
        if program is None or errors:
            raise SourceErrors(sorted(errors, key=lambda e: (e.line or 0, e.column or 0)))
        return program

    def _compiled(self, scenario: Scenario, parent: Program | None) -> tuple[Program | None, list[Problem]]:
        try:
            return compile_scenario(scenario, self._known, parent), []
        except Problems as error:
            return None, error.problems

    def _option_errors(self, scenario: Scenario, document: Document) -> Iterator[SourceError]:
        for name, given in scenario.providers.items():
            for loc, message in self._options(name, given):
                yield document.error(("providers", name, *loc), message)

    def _parent(self, scenario: Scenario, document: Document, behind: tuple[str, ...]) -> Program:
        name = scenario.extends or ""
        if name in behind:
            circle = " extends ".join((*behind, name))
            raise SourceErrors([document.error(("extends",), f"scenarios extend each other in a circle: {circle}")])
        if len(behind) >= DEEPEST:
            raise SourceErrors([document.error(("extends",), f"scenarios extend each other more than {DEEPEST} deep")])
        try:
            found = self._find(name)
        except LookupError as error:
            raise SourceErrors([document.error(("extends",), str(error))]) from None
        return self.program_of_file(found, behind)
