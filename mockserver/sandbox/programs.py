"""The scenarios that a store keeps, by the digest of their source."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from mockserver.core.compile import Program
from mockserver.store.records import plain_text

_MAX_PROGRAMS = 2_000

Compile = Callable[[Mapping[str, Any]], Program]


class Programs:
    """Compiled scenarios by digest. `compiled` compiles the data of a scenario."""

    def __init__(self, compiled: Compile) -> None:
        self._compiled = compiled
        self._by_digest: dict[str, Program] = {}
        # The digests of programs by identity, with the program, so that its id is not used again.
        self._digests: dict[int, tuple[Program, str]] = {}

    def get(self, digest: str) -> Program | None:
        """Return the scenario with this digest if it is compiled, or None."""
        return self._by_digest.get(digest)

    def compile(self, digest: str, source: Mapping[str, Any]) -> Program:
        """Compile a scenario. Raises SourceErrors if this version no longer accepts it."""
        # The data has everything that the scenario extends.
        program = self._compiled({name: each for name, each in source.items() if name != "extends"})
        program = program._replace(source=program.source.model_copy(update={"extends": source.get("extends")}))
        self._by_digest[digest] = program
        self._digests[id(program)] = (program, digest)
        return program

    def digest(self, program: Program) -> str:
        """Return the digest of a scenario."""
        known = self._digests.get(id(program))
        if known is None:
            if len(self._digests) >= _MAX_PROGRAMS:
                self._digests.clear()
                self._by_digest.clear()
            known = self._digests[id(program)] = (program, digest_of(source_of(program)))
            self._by_digest.setdefault(known[1], program)
        return known[1]


def source_of(program: Program) -> dict[str, Any]:
    """Return the data of a scenario, with everything that it extends."""
    return program.source.model_dump(mode="json", by_alias=True, exclude_unset=True)


def digest_of(source: Mapping[str, Any]) -> str:
    """Return the digest of the data of a scenario."""
    return sha256(plain_text(source)).hexdigest()
