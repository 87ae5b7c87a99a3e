"""What a request has that its provider's contract does not: names of fields and parameters, the form of a credential.

Such a request is served all the same, and told of; a strict server refuses it. A provider that refuses unknown names
itself, or whose contract lets any through, says so by the `extra` of its model.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mockserver.kit.operations import Operation
from mockserver.kit.provider import bearer
from mockserver.wire.call import Call

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


class Parameters:
    """The query parameters of operations, by operation. Those that are not the provider's own take any."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self._names = {o.name: _parameters(o) for o in operations if not o.hidden}

    def check(self, call: Call, operation: Operation) -> None:
        """Report parameters that the operation does not have. Raises Refusal where the server is strict."""
        names = self._names.get(operation.name)
        if names is None or names.admit(call.query):
            return
        for name in call.query:
            if name not in names.known:
                call.deviate(f"{name[:_SHOWN]}: not a query parameter here; {names.told}")


def check_fields(
    call: Call, model: type[BaseModel], given: Mapping[str, Any], body: BaseModel | None = None, at: str = ""
) -> None:
    """Report fields that the model does not have, in what it holds too when its `body` is there.

    `at` is where in the request they are. Raises Refusal where the server is strict.
    """
    names = names_of(model)
    if names is not None and not names.admit(given):
        for text in _strange(names, given, body, at):
            call.deviate(text)


def check_credential(call: Call, key: str) -> None:
    """Report a bearer token that is not sent as documented, though RFC 9110 (section 11.1) has it mean the same.

    Raises Refusal where the server is strict.
    """
    given = call.headers.get("authorization", "")
    if given.startswith(_EXACTLY) and given[len(_EXACTLY) : len(_EXACTLY) + 1] != " ":
        return
    if bearer(call.headers) == key:
        form = given.rpartition(key)[0]
        call.deviate(f"Authorization: the key comes behind {form[:_SHOWN]!r}; right is {_EXACTLY!r}")


def _strange(names: Names, given: Mapping[str, Any], body: BaseModel | None, at: str) -> Iterator[str]:
    for name in given:
        if name not in names.known:
            yield f"{at}{name[:_SHOWN]}: not a field here; {names.told}"
    for wire, attribute in names.inner.items():
        inner, value = getattr(body, attribute, None), given.get(wire)
        within = names_of(type(inner)) if isinstance(inner, BaseModel) else None
        if within is not None and isinstance(value, Mapping):
            yield from _strange(within, value, inner, f"{at}{wire}.")


def _parameters(operation: Operation) -> Names | None:
    return Names(BaseModel) if operation.query is None else names_of(operation.query)


def _wire_name(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _holds_models(annotation: Any) -> bool:
    annotation = annotation.annotation if isinstance(annotation, FieldInfo) else annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(map(_holds_models, get_args(annotation)))
