"""Reduces the errors of a union, which pydantic reports for every member, to those of the most likely member."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mockserver.source.model_paths import Fork, LocatedError, is_container
from mockserver.source.suggestions import as_word, clip, nearest

# The expected type of a value, by the kind of pydantic's error about a value of another type.
SHAPES = {
    "string_type": "a string",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "a list"),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), "a mapping"
    ),
    "none_required": "null",
}
CHOICES = ("literal_error", "enum")


def select_members(errors: list[LocatedError]) -> list[LocatedError]:
    """Keep the errors of one member of each union: of the member that the value was most likely meant to be.

    If no member accepts a value of that type, one error remains, and its `expected` lists what the members accept.
    """
    # Inner unions first, so that an outer union compares the results of the inner ones.
    for depth in sorted({fork.depth for error in errors for fork in error.forks}, reverse=True):
        errors = _select_at(errors, depth)
    return errors


def _select_at(errors: list[LocatedError], depth: int) -> list[LocatedError]:
    selected: list[LocatedError] = []
    unions: dict[tuple[str | int, ...], dict[str | int, list[LocatedError]]] = defaultdict(lambda: defaultdict(list))
    for error in errors:
        loc = error.error["loc"]
        if _fork(error, depth):
            unions[loc[:depth]][loc[depth]].append(error)
        else:
            selected.append(error)
    for members in unions.values():
        selected += _best(list(members.values()), depth)
    return selected


def _best(members: Sequence[list[LocatedError]], depth: int) -> list[LocatedError]:
    best = min(members, key=lambda errors: _distance(errors, depth))
    if len(members) == 1 or not _distance(best, depth)[0]:
        return best
    everything = [error for errors in members for error in errors]
    specific = [error for error in everything if not _expected(error)]
    if specific:
        return [min(specific, key=_vagueness)]
    return [replace(best[0], expected=tuple(dict.fromkeys(word for e in everything for word in _expected(e))))]


def _distance(errors: list[LocatedError], depth: int) -> tuple[bool, int, int]:
    """Return how far a value is from a member: whether its type is wrong, how many errors, and how vague they are."""
    wrong_type = any(_is_wrong_type(error, depth) for error in errors)
    return wrong_type, len(errors), min(map(_vagueness, errors))


def _is_wrong_type(error: LocatedError, depth: int) -> bool:
    fork = _fork(error, depth)
    forks = {fork.depth for fork in error.forks}
    if fork is None or any(index not in forks for index in range(depth + 1, len(error.error["loc"]))):
        return False  # an error inside the value: the type of the value itself is right
    wrong_shape = error.kind in SHAPES or bool(error.expected)
    return wrong_shape or (isinstance(fork.value, dict | list) and not is_container(fork.member))


def _vagueness(error: LocatedError) -> int:
    if error.kind in CHOICES:
        return 0 if nearest(as_word(error.error["input"]), error.options) else 3
    return 1 if error.kind in ("value_error", "assertion_error") else 2


def _expected(error: LocatedError) -> tuple[str, ...]:
    if error.kind in CHOICES:
        return (clip(error.context["expected"]),)
    return error.expected or ((SHAPES[error.kind],) if error.kind in SHAPES else ())


def _fork(error: LocatedError, depth: int) -> Fork | None:
    return next((fork for fork in error.forks if fork.depth == depth), None)
