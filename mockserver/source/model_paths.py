"""Locates the errors of pydantic in the data that was validated.

Pydantic's `loc` mixes keys of the data with names of union members (`("rules", 0, "fault", "Fault", "kind")`). The
model distinguishes them: at a union of two or more members the next part is the name of a member, elsewhere a key.
"""

import enum
import re
import types
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel, RootModel, Tag
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]

_ABSENT = object()
# How pydantic lists values in an error: `'x', 1 or "it's"`.
_LISTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,]+)""")


@dataclass(frozen=True, slots=True)
class Fork:
    """A union on the path of an error: the number of parts of `loc` before the member's name, and the value there."""

    depth: int
    member: Any
    value: Any


@dataclass(slots=True)
class LocatedError:
    """One pydantic error with its path in the data. `loc` contains only keys and indexes that the data has.

    `owner` is the model whose key is unknown or missing. `expected` replaces the error if no member of a union fits.
    `model` is the model that the value should have been.
    """

    error: ErrorDetails
    loc: Loc = ()
    on_key: bool = False
    owner: type[BaseModel] | None = None
    forks: list[Fork] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    model: type[BaseModel] | None = None

    @property
    def kind(self) -> str:
        """Pydantic's type of the error, such as `extra_forbidden`."""
        return self.error["type"]

    @property
    def context(self) -> dict[str, Any]:
        """The details that pydantic adds to errors of this kind, such as the expected values."""
        return self.error.get("ctx") or {}

    @property
    def options(self) -> list[str]:
        """The allowed values, if the error is about a choice."""
        listed = self.context.get("expected") or self.context.get("expected_tags") or ""
        return [a or b or c for a, b, c in _LISTED.findall(str(listed)) if c != "or"]


def locate(error: ErrorDetails, data: Any, model: type[BaseModel]) -> LocatedError:
    """Locate a pydantic error in the data that was validated by `model`."""
    located = LocatedError(error)
    annotation: Any = model
    *parents, last = error["loc"] or (None,)
    for depth, part in enumerate(parents):
        annotation, data = _step(located, annotation, data, depth, part)
    located.owner = model_of(annotation)
    # For a missing and for an unknown key the last part is always a key.
    if last is None or located.kind == "missing":
        return located
    if last == "[key]" and _child(data, last) is _ABSENT:
        located.on_key = True
    elif located.kind == "extra_forbidden":
        located.loc, located.on_key = (*located.loc, last), True
    else:
        annotation, _ = _step(located, annotation, data, len(parents), last)
        located.model = model_of(annotation)
    return located


def _step(located: LocatedError, annotation: Any, data: Any, depth: int, part: str | int) -> tuple[Any, Any]:
    """Return the annotation and the value behind one part of `loc`. Add the part to `located` as a key or as a fork."""
    child = _child(data, part)
    members = _members(annotation)
    member = _named(members, str(part)) if len(members) > 1 else _ABSENT
    unknown = len(members) != 1 or members[0] is Any
    if member is not _ABSENT or (unknown and child is _ABSENT):
        member = Any if member is _ABSENT else member
        located.forks.append(Fork(depth, member, data))
        return member, data
    if child is not _ABSENT:
        located.loc = (*located.loc, part)
    elif part == 0 and isinstance(data, dict):
        child = data  # a list of one mapping that is written without brackets
    return (Any if unknown else _inner(members[0], part)), child


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part, _ABSENT)
    if isinstance(data, list | tuple) and isinstance(part, int) and part < len(data):
        return data[part]
    return _ABSENT


def _bare(annotation: Any) -> Any:
    """Remove Annotated, aliases, NewType and root models from an annotation; `loc` contains none of them."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, type) and issubclass(annotation, RootModel):
            annotation = annotation.model_fields["root"].annotation
        elif (
            inner := getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
        ) is not None:
            annotation = inner
        else:
            return annotation


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union without None, or a list of the annotation alone."""
    bare = _bare(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        members = [member for member in get_args(bare) if member is not types.NoneType]
        return _members(members[0]) if len(members) == 1 else members
    return [annotation]


def _named(members: Sequence[Any], tag: str) -> Any:
    """Return the member of a union that pydantic calls `tag`."""
    if tag.startswith(("union[", "tagged-union[")):
        return next((member for member in members if len(_members(member)) > 1), _ABSENT)
    leaves = [leaf for member in members for leaf in _leaves(member)]
    for test in (_is_called, _is_tagged, _is_mentioned):
        for leaf in leaves:
            if test(leaf, tag):
                return leaf
    return _ABSENT


def _leaves(annotation: Any) -> Iterator[Any]:
    members = _members(annotation)
    if len(members) == 1:
        yield members[0]
        return
    for member in members:
        yield from _leaves(member)


def _name(annotation: Any) -> str:
    bare = _bare(annotation)
    if get_origin(bare) is Literal:
        return "literal"
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return "enum"
    return getattr(get_origin(bare) or bare, "__name__", "")


def _is_called(annotation: Any, tag: str) -> bool:
    return tag in (_name(annotation), getattr(annotation, "__name__", None))


def _is_tagged(annotation: Any, tag: str) -> bool:
    if any(isinstance(extra, Tag) and extra.tag == tag for extra in getattr(annotation, "__metadata__", ())):
        return True
    model = model_of(annotation)
    fields = model.model_fields.values() if model else ()
    return any(get_origin(info.annotation) is Literal and tag in map(str, get_args(info.annotation)) for info in fields)


def _is_mentioned(annotation: Any, tag: str) -> bool:
    # `function-after[check(), Fault]`, `constrained-str`, `list[int]`
    name = _name(annotation)
    return bool(name) and re.search(rf"(?:^|[\[\s-]){re.escape(name)}(?:[\[\]]|$)", tag) is not None


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model of an annotation; None for a union and for other types."""
    members = _members(annotation)
    bare = _bare(members[0]) if len(members) == 1 else None
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _inner(annotation: Any, part: str | int) -> Any:
    """Return the annotation of a part of a value; Any if it is unknown."""
    bare = _bare(annotation)
    model = model_of(bare)
    if model:
        infos = [i for name, i in model.model_fields.items() if part == name or part in keys_of_field(model, name, i)]
        # A field stores its Annotated metadata separately. None of it appears in `loc`.
        return infos[0].annotation if infos else Any
    arguments = get_args(bare)
    origin = get_origin(bare)
    if not arguments or not isinstance(origin, type):
        return Any
    if issubclass(origin, tuple) and isinstance(part, int) and Ellipsis not in arguments:
        return arguments[part] if part < len(arguments) else Any
    return arguments[1] if len(arguments) == 2 and Ellipsis not in arguments else arguments[0]


def is_container(annotation: Any) -> bool:
    """Return True if a value of the annotation, or of a member of its union, can be a mapping or a list."""
    for leaf in _leaves(annotation):
        bare = get_origin(_bare(leaf)) or _bare(leaf)
        if isinstance(bare, type) and issubclass(bare, BaseModel | Collection) and not issubclass(bare, str | bytes):
            return True
    return False


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model, in the order of its fields."""
    return [key for name, info in model.model_fields.items() for key in keys_of_field(model, name, info)]


def keys_of_field(model: type[BaseModel], name: str, info: FieldInfo) -> list[str]:
    """Return the keys that a field of a model can have, the recommended one first."""
    alias = info.validation_alias or info.alias
    aliases = alias.choices if isinstance(alias, AliasChoices) else [alias]
    names = [a.path[0] if isinstance(a, AliasPath) else a for a in aliases]
    keys = [key for key in names if isinstance(key, str)] if model.model_config.get("validate_by_alias", True) else []
    by_name = model.model_config.get("validate_by_name") or model.model_config.get("populate_by_name")
    return [*keys, name] if by_name or not keys else keys
