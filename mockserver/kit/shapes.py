"""Models of replies from a short notation, for providers with many replies.

A shape is an object in JSON: the names of its fields, each with its type. An empty name has the description.

| type | meaning |
|---|---|
| `str`, `int`, `float`, `bool`, `object`, `any` | a value of that type |
| `true`, `false`, `enum a b` | one of these values |
| `Name` | another shape |
| `["Name"]`, `{"*": "int"}` | a list, and an object with any names |
| `str|null` | the value can be null |
| `int # seconds` | the field has a description |

A field whose name ends with `?` can be missing. A shape with the name `=` is not an object but of that type.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from mockserver.kit.models import Shape

Notation = Mapping[str, Any]
_TYPES: Mapping[str, Any] = {
    "str": str, "int": int, "float": float, "bool": bool, "object": dict[str, Any], "any": Any,
    "true": Literal[True], "false": Literal[False],
}  # fmt: skip


class Shapes:
    """The models of a set of shapes. Each is created when it is first needed."""

    def __init__(self, notation: Mapping[str, Notation], known: Mapping[str, type[BaseModel]]) -> None:
        self._notation = notation
        self._models = dict(known)

    def __getitem__(self, name: str) -> type[BaseModel]:
        """Return the model of a shape. Raises KeyError for an unknown name."""
        model = self._models.get(name)
        if model is None:
            model = self._models[name] = self._model(name, self._notation[name])
        return model

    def _model(self, name: str, notation: Notation) -> type[BaseModel]:
        if "=" in notation:
            generic: Any = RootModel
            root = generic[self._type(notation["="])]
            return type(name, (root,), {"__doc__": notation.get(""), "model_config": ConfigDict(defer_build=True)})
        fields = {f"f{n}": self._field(key, kind) for n, (key, kind) in enumerate(notation.items()) if key}
        model: Any = create_model(name, __base__=Shape, __doc__=notation.get(""), **fields)
        return model

    def _field(self, key: str, kind: Any) -> Any:
        kind, _, description = kind.partition(" # ") if isinstance(kind, str) else (kind, "", "")
        optional = key.endswith("?")
        type_ = self._type(kind)
        default: Any = None if optional else ...
        return type_ | None if optional else type_, Field(
            default, alias=key.removesuffix("?"), description=description or None
        )

    def _type(self, kind: Any) -> Any:
        if isinstance(kind, Mapping):
            values: Any = self._type(kind["*"])
            return dict[str, values]
        if isinstance(kind, list):
            items: Any = self._type(kind[0])
            listed = list[items]
            return listed | None if "null" in kind[1:] else listed
        if kind.endswith("|null"):
            return self._type(kind.removesuffix("|null")) | None
        if kind.startswith("enum "):
            return Literal[tuple(kind.split()[1:])]
        return _TYPES.get(kind) or self[kind]
