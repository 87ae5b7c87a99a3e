"""Builds programs from scenario files. Every error has its position, and says what would be right."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.core.compile import Catalogue, Loc, Problem, Problems, Program, compile_scenario, find_problems
from mockserver.core.scenario import Scenario
from mockserver.scenario import default
from mockserver.source.document import Document, SourceError, SourceErrors, in_order
from mockserver.source.files import read_bytes
from mockserver.source.validation import Stub, Where, validate_partly

MAX_EXTENDS = 8
# Values for missing keys, so that the rest of a scenario can be checked.
_STUBS: Mapping[str, Stub] = {
    "scenario": lambda number: "unnamed",
    "name": lambda number: f"\0{number}",
    "operation": lambda number: "*",
    "kind": lambda number: "server_error",
    "status": lambda number: "failed",
    "key": lambda number: "*",
    "event": lambda number: "*",
    "tampering": lambda number: {},
}

# Finds what a document extends. The second argument is the file of the document, or None if it was not read from one.
Find = Callable[[str, Path | None], Path]
OptionsCheck = Callable[[str, Any], list[tuple[Loc, str]]]


def read_text(text: str | bytes, name: str) -> Document:
    """Read a YAML text. Raises SourceErrors, which call the text `name`."""
    from mockserver.source.yaml_reader import parse  # a server with the default scenario reads no YAML

    try:
        return parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None


def read_file(path: Path, *, follow: bool = True) -> Document:
    """Read a YAML file. Raises SourceErrors, also when the file cannot be read."""
    return read_text(read_bytes(path, follow=follow), str(path))


def read_partly(text: str | bytes, name: str) -> tuple[Document, list[SourceError]]:
    """Read a YAML text, and return it with the errors after which reading could go on. Raises SourceErrors."""
    from mockserver.source.yaml_reader import parse_partly

    return parse_partly(text, name)


def digest_of(text: bytes) -> str:
    """Return a hash that identifies a text."""
    return sha256(text).hexdigest()


def _plan_names(scenario: Scenario, document: Document, parent: Program | None) -> set[str]:
    """Return the names of plans that a scenario with errors may use, also of those that could not be read."""
    data = document.data if isinstance(document.data, dict) else {}
    plans = data.get("plans")
    names = set(plans) if isinstance(plans, dict) else set()
    unknown_parent = parent is None and data.get("extends") is not None
    return names | ({rule.plan for rule in scenario.rules if rule.plan} if unknown_parent else set())


def _compiled(scenario: Scenario, known: Catalogue, parent: Program | None) -> tuple[Program | None, list[Problem]]:
    try:
        return compile_scenario(scenario, known, parent), []
    except Problems as error:
        return None, error.problems


# A program is immutable, so the servers of a process share it: a suite of tests starts many.
@lru_cache(8)
def _default_program(known: Catalogue) -> Program | None:
    """Return the program of the bundled default scenario.

    A server with other providers may not know all its names. Then this is None, and reading the YAML reports them with
    their positions.
    """
    return _compiled(default.scenario(), known, None)[0]


class Chain(NamedTuple):
    """The scenarios that led to a document by `extends`, the first one first, and the files of those that have one."""

    names: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def file(self) -> Path | None:
        """The file that the document is in."""
        return self.files[-1] if self.files else None


_FIRST = Chain()


class Builder:
    """Builds programs from documents. Checks types, `extends`, names, and the options of providers."""

    def __init__(self, known: Catalogue, find: Find, check_options: OptionsCheck) -> None:
        self._known = known
        self._find = find
        self._check_options = check_options

    def program_of_file(self, path: Path, chain: Chain = _FIRST, *, follow: bool = True) -> Program:
        """Build the program of a scenario file. Raises SourceErrors, also when the file cannot be read.

        Without `follow`, the path cannot be a symbolic link.
        """
        text = read_bytes(path, follow=follow)
        chain = chain._replace(files=(*chain.files, path))
        return self._prebuilt(text) or self.program_of_text(text, str(path), chain)

    def program_of_text(self, text: str | bytes, name: str, chain: Chain = _FIRST) -> Program:
        """Build the program of a YAML text, which errors call `name`. Raises SourceErrors with every error in it."""
        return self.program_read_partly(*read_partly(text, name), chain)

    def program_read_partly(self, document: Document, errors: list[SourceError], chain: Chain = _FIRST) -> Program:
        """Build the program of what `read_partly` has returned. Raises SourceErrors with all errors."""
        if not errors:
            return self.program(document, chain)
        try:
            self.program(document, chain)
        except SourceErrors as others:
            # What is read in place of an alias or a tag can be wrong itself, at the same position.
            known = {error.position for error in errors}
            errors += [each for each in others.errors if each.name != document.name or each.position not in known]
            raise SourceErrors(in_order(errors, document), others.more) from None
        raise SourceErrors(in_order(errors, document))

    def _prebuilt(self, text: bytes) -> Program | None:
        """Build the bundled default scenario from its Python form, if `text` is its YAML. Otherwise return None."""
        if digest_of(text) != default.DIGEST:
            return None
        return _default_program(self._known)

    def program(self, document: Document, chain: Chain = _FIRST) -> Program:
        """Build the program of a scenario. Raises SourceErrors with every error in it."""
        scenario, wrong, where = validate_partly(Scenario, document, _STUBS)
        errors = [] if wrong is None else wrong.errors
        if scenario is None:
            raise wrong or SourceErrors([document.error((), "the document is not a scenario")])
        parent = None
        if scenario.extends is not None:
            try:
                parent = self._parent(scenario, document, chain._replace(names=(*chain.names, scenario.scenario)))
            except SourceErrors as of_parent:
                errors = [*errors, *of_parent.errors]
        program, problems = None, []
        if errors:
            problems = find_problems(scenario, self._known, parent, _plan_names(scenario, document, parent))
        else:
            program, problems = _compiled(scenario, self._known, parent)
        errors = [*errors, *(document.error(where(p.loc), p.message, key=p.at_key) for p in problems)]
        errors += self._option_errors(scenario, document, where)
        if program is None or errors:
            raise SourceErrors(in_order(errors, document), 0 if wrong is None else wrong.more)
        return program

    def _option_errors(self, scenario: Scenario, document: Document, where: Where) -> Iterator[SourceError]:
        for name, options in scenario.provider_options.items():
            for loc, message in self._check_options(name, options):
                yield document.error(where(("providers", name, *loc)), message)

    def _parent(self, scenario: Scenario, document: Document, chain: Chain) -> Program:
        name = scenario.extends or ""
        try:
            path = self._find(name, chain.file)
        except LookupError as error:
            raise SourceErrors([document.error(("extends",), str(error.args[0]))]) from None
        if name in chain.names or path in chain.files:
            circle = " extends ".join((*chain.names, name))
            raise SourceErrors([document.error(("extends",), f"scenarios extend each other in a circle: {circle}")])
        if len(chain.names) >= MAX_EXTENDS:
            raise SourceErrors(
                [document.error(("extends",), f"the chain of `extends` is longer than {MAX_EXTENDS} scenarios")]
            )
        return self.program_of_file(path, chain, follow=False)
