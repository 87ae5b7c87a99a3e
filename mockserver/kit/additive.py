"""Additive change: what a provider may add to its replies and webhooks without a new version of its API.

Objects get unknown fields and another order of keys. Some of the new fields have numbers that are larger than 32 or 53
bits. Open vocabularies get values that are not in the examples, and optional whole numbers without a maximum become
larger. A field that the document requires stays, with its type and, unless its vocabulary is open, with its value.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from mockserver.core.seeded import Seeded


class OpenVocabulary:
    """Marks a text whose possible values the provider's documentation does not list."""


class SpareField:
    """Marks an optional field without which a client can use the result, such as its duration."""


OPEN = OpenVocabulary()
SPARE = SpareField()
OpenText = Annotated[str, OPEN]

NOTE = "additive change: the reply has fields, values or an order of keys that are not documented"
NOTE_SPARSE = "the reply has no optional fields that its client can do without"
# No field of a provider begins so.
PREFIX = "mock_"
NEW_VALUE = "mock_new_value"
# More than 16 bits, so that a column for small numbers is too small.
_LARGER = 65_536
_NEW_FIELDS: Mapping[str, Callable[[Seeded], Any]] = {
    "revision": lambda seeded: seeded.integer(2**33, 2**40, "number"),
    "sequence": lambda seeded: seeded.integer(2**54, 2**62, "number"),
    "region": lambda seeded: seeded.choice(("eu-1", "us-2", "ap-3"), "text"),
    "labels": lambda seeded: [seeded.token(6, "label", i) for i in range(2)],
    "links": lambda seeded: {"self": f"/mock/{seeded.token(8, 'link')}", "next": None},
    "beta": lambda seeded: seeded.integer(0, 1, "flag") == 1,
    "deprecated_at": lambda seeded: None,
}


def extended(body: Any, model: type[BaseModel] | None, seeded: Seeded) -> Any:
    """Return a JSON value with additive changes. `model` is that of the value, if there is one.

    The same value and seed give the same result. The value itself is not changed.
    """
    if isinstance(body, Mapping):
        return _object(body, _shape(model), seeded)
    if isinstance(body, list | tuple):
        return [extended(item, model, seeded.child(i)) for i, item in enumerate(body)]
    return body


def sparse(body: Any, model: type[BaseModel] | None) -> Any:
    """Return a JSON value without the optional fields that are spare or null. The value itself is not changed."""
    if isinstance(body, Mapping):
        fields = _shape(model)
        return {
            name: sparse(value, fields.get(name, _UNKNOWN).model)
            for name, value in body.items()
            if not _is_left_out(fields.get(name, _UNKNOWN), value)
        }
    if isinstance(body, list | tuple):
        return [sparse(item, model) for item in body]
    return body


class _Field(NamedTuple):
    model: type[BaseModel] | None
    is_open: bool
    grows: bool
    is_optional: bool = False
    is_spare: bool = False


_UNKNOWN = _Field(None, is_open=False, grows=False)


def _is_left_out(field: _Field, value: Any) -> bool:
    return field.is_spare or (field.is_optional and value is None)


def _object(body: Mapping[str, Any], fields: Mapping[str, _Field], seeded: Seeded) -> dict[str, Any]:
    changed = {
        name: _value(value, fields.get(name, _UNKNOWN), seeded.child("in", name)) for name, value in body.items()
    }
    for name in seeded.sample(tuple(_NEW_FIELDS), 2, "fields"):
        changed[f"{PREFIX}{name}"] = _NEW_FIELDS[name](seeded.child("new", name))
    return {name: changed[name] for name in seeded.sample(tuple(changed), len(changed), "order")}


def _value(value: Any, field: _Field, seeded: Seeded) -> Any:
    if field.is_open and isinstance(value, str):
        return NEW_VALUE
    if field.grows and isinstance(value, int) and not isinstance(value, bool):
        return value + _LARGER * seeded.integer(1, 8, "larger")
    return extended(value, field.model, seeded)


@cache
def _shape(model: type[BaseModel] | None) -> Mapping[str, _Field]:
    """Return how the fields of a model may change, by their names in JSON."""
    if model is None:
        return {}
    return {field.alias or name: _field(field) for name, field in model.model_fields.items()}


def _field(field: Any) -> _Field:
    kinds = _kinds(field.annotation)
    metadata = [*field.metadata, *(each for kind in kinds for each in kind[1])]
    bounded = any(hasattr(each, name) for each in metadata for name in ("le", "lt"))
    models = [kind for kind, _ in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return _Field(
        models[0] if len(models) == 1 else None,
        any(each is OPEN for each in metadata),
        not field.is_required() and not bounded and any(kind is int for kind, _ in kinds),
        not field.is_required(),
        any(each is SPARE for each in metadata),
    )


def _kinds(annotation: Any, metadata: tuple[Any, ...] = ()) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return the types within an annotation, such as those of a union or of the items of a list."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        found = [each for item in more for each in getattr(item, "metadata", (item,))]
        return _kinds(inner, (*metadata, *found))
    arguments = get_args(annotation)
    if not arguments:
        return [(annotation, metadata)]
    return [kind for inner in arguments for kind in _kinds(inner, metadata)]
