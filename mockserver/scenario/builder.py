"""Scenario files: strict YAML into core types, with errors that say where, what, and what would be right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockserver.core.compile import Catalogue, Loc, Problem, Program, check, compile_scenario
from mockserver.core.scenario import Scenario
from mockserver.source.document import Document, SourceError
from mockserver.source.model_errors import SourceErrors, validate
from mockserver.source.yaml_reader import parse

DEEPEST = 8

Find = Callable[[str], "Document"]
OptionsCheck = Callable[[str, Any], list[tuple[Loc, str]]]


def read_text(text: str | bytes, name: str) -> Document:
    """The document of a YAML text. Raises SourceErrors; `name` stands for the file in them."""
    try:
        return parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None


def read_file(path: Path) -> Document:
    """The document of a file. Raises SourceErrors, also when it cannot be read."""
    try:
        return read_text(path.read_bytes(), str(path))
    except OSError as error:
        raise SourceErrors([SourceError(str(path), None, error.strerror or str(error))]) from None


class Builder:
    """Builds programs out of documents: types, `extends`, names, and the options of providers."""

    def __init__(self, known: Catalogue, find: Find, options: OptionsCheck) -> None:
        self._known = known
        self._find = find
        self._options = options

    def program(self, document: Document) -> Program:
        """The program of a scenario. Raises SourceErrors with everything that is wrong with it."""
        return compile_scenario(self.scenario(document), self._known)

    def scenario(self, document: Document, behind: tuple[str, ...] = ()) -> Scenario:
        """The scenario of a document with all that it extends. Raises SourceErrors."""
        scenario = validate(Scenario, document)
        behind = (*behind, scenario.scenario)
        parent = self._parent(scenario, document, behind) if scenario.extends else None
        plans = {*scenario.plans, *(parent.plans if parent else ())}
        errors = [_located(p, document) for p in check(scenario, self._known, plans)]
        for name, given in scenario.providers.items():
            for loc, message in self._options(name, given):
                errors.append(document.error(("providers", name, *loc), message))
        if errors:
            raise SourceErrors(sorted(errors, key=lambda e: (e.line or 0, e.column or 0)))
        return scenario.extending(parent) if parent else scenario

    def _parent(self, scenario: Scenario, document: Document, behind: tuple[str, ...]) -> Scenario:
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
        return self.scenario(found, behind)


def _located(problem: Problem, document: Document) -> SourceError:
    return document.error(problem.loc, problem.message, key=problem.at_key)
