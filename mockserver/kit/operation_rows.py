"""Rows of the ledger that are declared with operations.

From an `origin`, a row is made for the operation and for each of its fields. A field is as the operation, unless it is
marked as `Assumed`. The other `rows` of an operation are as they are.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mockserver.kit.operations import Operation, Origin
from mockserver.kit.provider import Provider


class Assumed(NamedTuple):
    """Marks a field, or with `default` only its default, as assumed. `why` is the source of its row."""

    why: str
    default: bool = False


class OwnLimit:
    """Marks the largest length of a field as a limit of this server, which the provider does not document."""


OWN_LIMIT = OwnLimit()


class _Field(NamedTuple):
    """A field of a body: its name in JSON, with those of the objects around it, and its declaration."""

    name: str
    info: FieldInfo

    @property
    def mark(self) -> Assumed | None:
        return next((each for each in self.info.metadata if isinstance(each, Assumed)), None)


def operation_rows(provider: Provider) -> dict[str, Mapping[str, Any]]:
    """Return the rows that are declared with the operations of a provider: the fields of a `DeclaredRow` by name."""
    return {name: row for each in provider.operations for name, row in _rows(each)}


def _rows(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if operation.origin is not None:
        yield from _made(operation, operation.origin)
    yield from operation.rows.items()


def _made(operation: Operation, origin: Origin) -> Iterator[tuple[str, Mapping[str, Any]]]:
    proof = {"scenario": origin.scenario, "test": origin.test, "page": origin.page}
    for name, what, assumed in _described(operation):
        basis, source = (origin.basis, origin.section) if assumed is None else ("assumed", assumed)
        yield name, {"what": what, "basis": basis, "source": source, **proof}


def assumed_defaults(exchange: Any) -> Iterator[str]:
    """Yield the rows for fields that a request leaves out and whose defaults are assumed: a `request_ledger_rows`."""
    operation: Operation = exchange.operation
    for name in _defaults(operation.body):
        if name not in exchange.data:
            yield f"rule.{operation.name}.{name}.default"


@cache
def _defaults(model: type[BaseModel] | None) -> tuple[str, ...]:
    return tuple(each.name for each in _fields(model) if each.mark is not None and each.mark.default)


def _described(operation: Operation) -> Iterator[tuple[str, str, str | None]]:
    """Yield the name and description of each row of an operation, and why it is assumed if the operation is not."""
    yield f"operation.{operation.name}", operation.summary, None
    for field in _fields(operation.body):
        name, mark = f"rule.{operation.name}.{field.name}", field.mark
        what = f"The field {field.name} of {operation.name} is {_clause(field.info)}"
        if mark is None or not mark.default:
            yield name, what + _default(field.info), None if mark is None else mark.why
        else:
            yield name, what, None
            yield f"{name}.default", f"Without {field.name}, {operation.name} uses {field.info.default}", mark.why


def _fields(model: type[BaseModel] | None, prefix: str = "") -> Iterator[_Field]:
    for key, info in ({} if model is None else model.model_fields).items():
        name = f"{prefix}{info.alias or key}"
        yield _Field(name, info)
        yield from (each for inner in _models(info.annotation) for each in _fields(inner, f"{name}."))


def _clause(info: FieldInfo) -> str:
    parts = ["required" if info.is_required() else "optional"]
    values = list(_values(info.annotation))
    if values:
        parts.append(f"one of {', '.join(values)}")
    longest = next((each.max_length for each in info.metadata if hasattr(each, "max_length")), None)
    if longest is not None and OWN_LIMIT not in info.metadata:
        kind = "entries" if get_origin(_plain(info.annotation)) is list else "characters"
        parts.append(f"at most {longest:,} {kind}")
    meaning = (info.description or "").replace("`", "")
    return " and ".join(parts) + (f" ({meaning})" if meaning and ";" not in meaning else "")


def _default(info: FieldInfo) -> str:
    if info.is_required() or info.default is None:
        return ""
    return f", with the default {str(info.default).lower() if isinstance(info.default, bool) else info.default}"


def _plain(annotation: Any) -> Any:
    return next((each for each in get_args(annotation) if get_origin(each) is list), annotation)


def _values(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif not isinstance(annotation, str):
        yield from (value for inner in get_args(annotation) for value in _values(inner))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    yield from (model for inner in get_args(annotation) for model in _models(inner))
