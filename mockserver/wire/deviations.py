"""Deviations: unknown fields and parameters in a request, and credentials in an undocumented form.

A request with deviations is served, and they are reported in the journal; a strict server refuses it. If a provider
itself refuses unknown names, or allows all of them, the `extra` setting of its model says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mockserver.kit.operations import Operation
from mockserver.kit.provider import bearer

# A deviation contains at most this many characters of an unknown name.
_MAX_NAME = 60
_BEARER = "Bearer "


class Names:
    """The names that a model accepts, as they are in JSON.

    `known` are all names, `listing` is their list for messages. `inner` maps the names of fields that may contain
    other models to their attributes.
    """

    __slots__ = ("inner", "known", "listing")

    def __init__(self, model: type[BaseModel]) -> None:
        attributes = {_json_name(name, field): name for name, field in model.model_fields.items()}
        self.known = frozenset(attributes)
        self.inner = {key: name for key, name in attributes.items() if _holds_models(model.model_fields[name])}
        self.listing = ", ".join(attributes) or "none"

    def cover(self, data: Mapping[str, Any]) -> bool:
        """Return true if an object certainly has no unknown names. This is fast; false means that it may have some."""
        return not self.inner and self.known.issuperset(data)


@cache
def names_of(model: type[BaseModel] | None) -> Names | None:
    """Return the names that a model accepts, or None if the model itself refuses or allows unknown names."""
    extra = model.model_config.get("extra") if model else None
    return None if model is None or extra in ("allow", "forbid") else Names(model)


def parameter_deviations(operation: Operation, query: Mapping[str, str]) -> Iterator[str]:
    """Report query parameters that the operation does not have. Hidden operations accept any."""
    if operation.hidden:
        return
    names = _NO_NAMES if operation.query is None else names_of(operation.query)
    if names is None or names.cover(query):
        return
    for name in query:
        if name not in names.known:
            yield f"{name[:_MAX_NAME]}: unknown query parameter; known parameters: {names.listing}"


def field_deviations(
    model: type[BaseModel], data: Mapping[str, Any], body: BaseModel | None = None, prefix: str = ""
) -> Iterable[str]:
    """Report fields in `data` that the model does not have. With `body`, the validated model, inner models count too.

    `prefix` is put before the names; it says where in the request `data` is.
    """
    names = names_of(model)
    return () if names is None or names.cover(data) else _unknown_fields(names, data, body, prefix)


def credential_deviation(headers: Mapping[str, str]) -> str | None:
    """Report a bearer token that is not sent as documented but means the same (RFC 9110 section 11.1), or None."""
    value = headers.get("authorization", "")
    if not value or (value.startswith(_BEARER) and value[len(_BEARER) : len(_BEARER) + 1] != " "):
        return None
    key = bearer(headers)
    if key is None:
        return None
    scheme = value.rpartition(key)[0]
    return f"Authorization: expected {_BEARER!r} before the key, got {scheme[:_MAX_NAME]!r}"


def _unknown_fields(names: Names, data: Mapping[str, Any], body: BaseModel | None, prefix: str) -> Iterator[str]:
    for name in data:
        if name not in names.known:
            yield f"{prefix}{name[:_MAX_NAME]}: unknown field; known fields: {names.listing}"
    for key, attribute in names.inner.items():
        inner, value = getattr(body, attribute, None), data.get(key)
        inner_names = names_of(type(inner)) if isinstance(inner, BaseModel) else None
        if inner_names is not None and isinstance(value, Mapping):
            yield from _unknown_fields(inner_names, value, inner, f"{prefix}{key}.")


def _json_name(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _holds_models(annotation: Any) -> bool:
    annotation = annotation.annotation if isinstance(annotation, FieldInfo) else annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(map(_holds_models, get_args(annotation)))


_NO_NAMES = Names(BaseModel)
