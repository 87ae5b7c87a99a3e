"""Routes: find the operation for a path and a method."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

_PARAMETER = re.compile(r"\{(\w+)\}")
_NO_PARAMETERS: Mapping[str, str] = {}


class Routed(Protocol):
    """Anything that is declared with a method and a path template."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


T = TypeVar("T", bound=Routed)


@dataclass(slots=True)
class Match(Generic[T]):
    """The operations of a path, by method, and the values of the parameters in the path."""

    methods: Mapping[str, T]
    parameters: Mapping[str, str]

    def operation(self, method: str) -> T | None:
        """Return the operation for a method. HEAD uses the operation for GET (RFC 9110 section 9.3.2)."""
        return self.methods.get(method) or (self.methods.get("GET") if method == "HEAD" else None)

    @property
    def allowed(self) -> str:
        """The value of the Allow header (RFC 9110 section 10.2.1)."""
        return ", ".join(sorted({*self.methods, *(("HEAD",) if "GET" in self.methods else ())}))


class Routes(Generic[T]):
    """A table of operations by path.

    A path without parameters is found by one dictionary look-up. Otherwise the templates with the same number of
    segments are tried in turn.
    """

    def __init__(self, operations: Iterable[T]) -> None:
        self._plain: dict[str, dict[str, T]] = {}
        self._templates: dict[int, list[_Template[T]]] = {}
        for operation in operations:
            if "{" not in operation.path:
                self._plain.setdefault(operation.path, {})[operation.method] = operation
                continue
            segments = tuple(operation.path.split("/"))
            templates = self._templates.setdefault(len(segments), [])
            template = next((t for t in templates if t.path == operation.path), None)
            if template is None:
                template = _Template(operation.path, segments)
                templates.append(template)
            template.methods[operation.method] = operation

    def find(self, path: str) -> Match[T] | None:
        """Return the operations at a path, or None. The path is not yet percent-decoded."""
        methods = self._plain.get(path)
        if methods is not None:
            return Match(methods, _NO_PARAMETERS)
        segments = path.split("/")
        for template in self._templates.get(len(segments), ()):
            parameters = template.parameters(segments)
            if parameters is not None:
                return Match(template.methods, parameters)
        return None


class _Template(Generic[T]):
    """A path with parameters. Each segment is fixed text, one parameter, or a mixture of both."""

    def __init__(self, path: str, segments: Sequence[str]) -> None:
        self.path = path
        self.methods: dict[str, T] = {}
        self._fixed = [(i, segment) for i, segment in enumerate(segments) if "{" not in segment]
        names = ((i, _PARAMETER.fullmatch(segment)) for i, segment in enumerate(segments) if "{" in segment)
        self._named = [(i, match[1]) for i, match in names if match]
        self._mixed = [(i, _pattern(s)) for i, s in enumerate(segments) if "{" in s and not _PARAMETER.fullmatch(s)]

    def parameters(self, segments: Sequence[str]) -> Mapping[str, str] | None:
        """Return the values of the parameters, or None if the path does not match.

        `segments` has as many segments as the template.
        """
        for i, text in self._fixed:
            if segments[i] != text:
                return None
        values: dict[str, str] = {}
        for i, name in self._named:
            if not segments[i]:
                return None
            values[name] = unquote(segments[i]) if "%" in segments[i] else segments[i]
        for i, pattern in self._mixed:
            match = pattern.match(segments[i])
            if match is None:
                return None
            values.update((name, unquote(value)) for name, value in match.groupdict().items())
        return values


def _pattern(template: str) -> re.Pattern[str]:
    # The split puts the names of parameters at the odd positions, and fixed text at the even ones.
    parts = _PARAMETER.split(template)
    return re.compile("".join(f"(?P<{p}>[^/]+)" if i % 2 else re.escape(p) for i, p in enumerate(parts)) + r"\Z")
