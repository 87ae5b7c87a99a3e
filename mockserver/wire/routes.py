"""Routes: from a path and a method to the operation that serves it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

_PARAMETER = re.compile(r"\{(\w+)\}")
_NONE: Mapping[str, str] = {}


class Routed(Protocol):
    """Anything that is declared with a method and a path template."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


T = TypeVar("T", bound=Routed)


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """A path that exists: its operations by method, and the values of its parameters."""

    methods: Mapping[str, T]
    parameters: Mapping[str, str] = field(default_factory=dict)

    def operation(self, method: str) -> T | None:
        """The operation for a method; HEAD is served by GET (RFC 9110 section 9.3.2)."""
        return self.methods.get(method) or (self.methods.get("GET") if method == "HEAD" else None)

    @property
    def allowed(self) -> str:
        """The value of the Allow header (RFC 9110 section 10.2.1)."""
        return ", ".join(sorted({*self.methods, *(("HEAD",) if "GET" in self.methods else ())}))


class Routes(Generic[T]):
    """A table of operations. A path without parameters is one look-up; the others are tried in order."""

    def __init__(self, operations: Iterable[T]) -> None:
        self._plain: dict[str, dict[str, T]] = {}
        self._templates: dict[str, tuple[re.Pattern[str], dict[str, T]]] = {}
        for operation in operations:
            if "{" in operation.path:
                self._templates.setdefault(operation.path, (_pattern(operation.path), {}))[1][operation.method] = (
                    operation
                )
            else:
                self._plain.setdefault(operation.path, {})[operation.method] = operation
        self._ordered = list(self._templates.values())

    def find(self, path: str) -> Match[T] | None:
        """The operations at a path, which is not yet percent-decoded, or None."""
        methods = self._plain.get(path)
        if methods is not None:
            return Match(methods, _NONE)
        for pattern, candidates in self._ordered:
            found = pattern.match(path)
            if found:
                return Match(candidates, {k: unquote(v) for k, v in found.groupdict().items()})
        return None


def _pattern(template: str) -> re.Pattern[str]:
    # Every second part is the name of a parameter; the others stand for themselves.
    parts = _PARAMETER.split(template)
    return re.compile("".join(f"(?P<{p}>[^/]+)" if i % 2 else re.escape(p) for i, p in enumerate(parts)) + r"\Z")
