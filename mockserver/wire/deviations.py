"""What a request has that its provider's contract does not: names of fields and parameters, the form of a credential.

Such a request is served all the same, and reported; a strict server refuses it. A provider that refuses unknown names
itself, or whose contract lets any through, says so by the `extra` of its model.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mockserver.kit.operations import Operation
from mockserver.kit.provider import bearer

# Characters of a name that a client made up.
_SHOWN = 60
_EXACTLY = "Bearer "


class Names:
    """The names that a model takes: `known`, and the fields that may hold other models, by name on the wire."""

    __slots__ = ("inner", "known", "told")

    def __init__(self, model: type[BaseModel]) -> None:
        spelled = {_wire_name(name, field): name for name, field in model.model_fields.items()}
        self.known = frozenset(spelled)
        self.inner = {wire: name for wire, name in spelled.items() if _holds_models(model.model_fields[name])}
        self.told = f"there are {', '.join(spelled)}" if spelled else "there are none"

    def admit(self, given: Mapping[str, Any]) -> bool:
        """True when nothing can be strange about an object, at the price of one look at its names."""
        return not self.inner and self.known.issuperset(given)


@cache
def names_of(model: type[BaseModel] | None) -> Names | None:
    """The names that a model takes; None where another one is no deviation: it is refused, or anything goes."""
    extra = model.model_config.get("extra") if model else None
    return None if model is None or extra in ("allow", "forbid") else Names(model)


def parameter_deviations(operation: Operation, query: Mapping[str, str]) -> Iterator[str]:
    """Query parameters that the operation does not have. An operation that is not the provider's own takes any."""
    if operation.hidden:
        return
    names = _NO_NAMES if operation.query is None else names_of(operation.query)
    if names is None or names.admit(query):
        return
    for name in query:
        if name not in names.known:
            yield f"{name[:_SHOWN]}: not a query parameter here; {names.told}"


def field_deviations(
    model: type[BaseModel], given: Mapping[str, Any], body: BaseModel | None = None, at: str = ""
) -> Iterable[str]:
    """Fields that the model does not have, in what it holds too when its `body` is there.

    `at` is where in the request they are.
    """
    names = names_of(model)
    return () if names is None or names.admit(given) else _strange(names, given, body, at)


def credential_deviation(headers: Mapping[str, str]) -> str | None:
    """A bearer token that is not sent as documented, though RFC 9110 (section 11.1) has it mean the same; or None."""
    given = headers.get("authorization", "")
    if not given or (given.startswith(_EXACTLY) and given[len(_EXACTLY) : len(_EXACTLY) + 1] != " "):
        return None
    key = bearer(headers)
    if key is None:
        return None
    form = given.rpartition(key)[0]
    return f"Authorization: the key comes behind {form[:_SHOWN]!r}; right is {_EXACTLY!r}"


def _strange(names: Names, given: Mapping[str, Any], body: BaseModel | None, at: str) -> Iterator[str]:
    for name in given:
        if name not in names.known:
            yield f"{at}{name[:_SHOWN]}: not a field here; {names.told}"
    for wire, attribute in names.inner.items():
        inner, value = getattr(body, attribute, None), given.get(wire)
        within = names_of(type(inner)) if isinstance(inner, BaseModel) else None
        if within is not None and isinstance(value, Mapping):
            yield from _strange(within, value, inner, f"{at}{wire}.")


def _wire_name(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _holds_models(annotation: Any) -> bool:
    annotation = annotation.annotation if isinstance(annotation, FieldInfo) else annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(map(_holds_models, get_args(annotation)))


_NO_NAMES = Names(BaseModel)
