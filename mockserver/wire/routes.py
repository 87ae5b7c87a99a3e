"""Routes: from a path and a method to the operation that serves it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class Match(Generic[T]):
    """A path that exists: its operations by method, and the values of its parameters."""

    methods: Mapping[str, T]
    parameters: Mapping[str, str]

    def operation(self, method: str) -> T | None:
        """The operation for a method; HEAD is served by GET (RFC 9110 section 9.3.2)."""
        return self.methods.get(method) or (self.methods.get("GET") if method == "HEAD" else None)

    @property
    def allowed(self) -> str:
        """The value of the Allow header (RFC 9110 section 10.2.1)."""
        return ", ".join(sorted({*self.methods, *(("HEAD",) if "GET" in self.methods else ())}))


class Routes(Generic[T]):
    """A table of operations. A path without parameters is one look-up; of the others those of its length are tried."""

    def __init__(self, operations: Iterable[T]) -> None:
        self._plain: dict[str, dict[str, T]] = {}
        self._templates: dict[int, list[_Template[T]]] = {}
        for operation in operations:
            if "{" not in operation.path:
                self._plain.setdefault(operation.path, {})[operation.method] = operation
                continue
            parts = tuple(operation.path.split("/"))
            alike = self._templates.setdefault(len(parts), [])
            template = next((t for t in alike if t.path == operation.path), None)
            if template is None:
                template = _Template(operation.path, parts)
                alike.append(template)
            template.methods[operation.method] = operation

    def find(self, path: str) -> Match[T] | None:
        """The operations at a path, which is not yet percent-decoded, or None."""
        methods = self._plain.get(path)
        if methods is not None:
            return Match(methods, _NONE)
        parts = path.split("/")
        for template in self._templates.get(len(parts), ()):
            parameters = template.parameters(parts)
            if parameters is not None:
                return Match(template.methods, parameters)
        return None


class _Template(Generic[T]):
    """A path with parameters: its parts between slashes, each a text or, in whole or in part, parameters."""

    def __init__(self, path: str, parts: Sequence[str]) -> None:
        self.path = path
        self.methods: dict[str, T] = {}
        self._fixed = [(at, part) for at, part in enumerate(parts) if "{" not in part]
        whole = ((at, _PARAMETER.fullmatch(part)) for at, part in enumerate(parts) if "{" in part)
        self._named = [(at, found[1]) for at, found in whole if found]
        self._mixed = [(at, _pattern(p)) for at, p in enumerate(parts) if "{" in p and not _PARAMETER.fullmatch(p)]

    def parameters(self, parts: Sequence[str]) -> Mapping[str, str] | None:
        """The values of the parameters in a path of as many parts; None where it is another path."""
        for at, part in self._fixed:
            if parts[at] != part:
                return None
        found: dict[str, str] = {}
        for at, name in self._named:
            if not parts[at]:
                return None
            found[name] = unquote(parts[at]) if "%" in parts[at] else parts[at]
        for at, pattern in self._mixed:
            values = pattern.match(parts[at])
            if values is None:
                return None
            found.update((name, unquote(value)) for name, value in values.groupdict().items())
        return found


def _pattern(template: str) -> re.Pattern[str]:
    # Every second part is the name of a parameter; the others stand for themselves.
    parts = _PARAMETER.split(template)
    return re.compile("".join(f"(?P<{p}>[^/]+)" if i % 2 else re.escape(p) for i, p in enumerate(parts)) + r"\Z")
