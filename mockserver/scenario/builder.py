"""Builds programs from scenario files. Every error has its position, and says what would be right."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from mockserver.core.compile import Catalogue, Loc, Problem, Problems, Program, compile_scenario
from mockserver.core.scenario import Scenario
from mockserver.scenario import default
from mockserver.source.document import Document, SourceError, SourceErrors
from mockserver.source.validation import validate

MAX_EXTENDS = 8

Find = Callable[[str], Path]
OptionsCheck = Callable[[str, Any], list[tuple[Loc, str]]]


def read_text(text: str | bytes, name: str) -> Document:
    """Read a YAML text. Raises SourceErrors, which call the text `name`."""
    from mockserver.source.yaml_reader import parse  # a server with the default scenario reads no YAML

    try:
        return parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None


def read_file(path: Path) -> Document:
    """Read a YAML file. Raises SourceErrors, also when the file cannot be read."""
    return read_text(_bytes_of(path), str(path))


def digest_of(text: bytes) -> str:
    """Return a hash that identifies a text."""
    return sha256(text).hexdigest()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceErrors([SourceError(str(path), None, error.strerror or str(error))]) from None


class Builder:
    """Builds programs from documents. Checks types, `extends`, names, and the options of providers."""

    def __init__(self, known: Catalogue, find: Find, check_options: OptionsCheck) -> None:
        self._known = known
        self._find = find
        self._check_options = check_options

    def program_of_file(self, path: Path, children: tuple[str, ...] = ()) -> Program:
        """Build the program of a scenario file. Raises SourceErrors, also when the file cannot be read."""
        text = _bytes_of(path)
        return self._prebuilt(text) or self.program(read_text(text, str(path)), children)

    def _prebuilt(self, text: bytes) -> Program | None:
        """Build the bundled default scenario from its Python form, if `text` is its YAML. Otherwise return None."""
        if digest_of(text) != default.DIGEST:
            return None
        # A server with other providers may not know all its names. Reading the YAML then reports them with positions.
        return self._compiled(default.scenario(), None)[0]

    def program(self, document: Document, children: tuple[str, ...] = ()) -> Program:
        """Build the program of a scenario. Raises SourceErrors with every error in it.

        `children` names the scenarios that extend this one, the first one first.
        """
        scenario = validate(Scenario, document)
        children = (*children, scenario.scenario)
        parent = self._parent(scenario, document, children) if scenario.extends else None
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
        for name, options in scenario.providers.items():
            for loc, message in self._check_options(name, options):
                yield document.error(("providers", name, *loc), message)

    def _parent(self, scenario: Scenario, document: Document, children: tuple[str, ...]) -> Program:
        name = scenario.extends or ""
        if name in children:
            circle = " extends ".join((*children, name))
            raise SourceErrors([document.error(("extends",), f"scenarios extend each other in a circle: {circle}")])
        if len(children) >= MAX_EXTENDS:
            raise SourceErrors(
                [document.error(("extends",), f"the chain of `extends` is longer than {MAX_EXTENDS} scenarios")]
            )
        try:
            path = self._find(name)
        except LookupError as error:
            raise SourceErrors([document.error(("extends",), str(error))]) from None
        return self.program_of_file(path, children)
