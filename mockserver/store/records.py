"""Encodings: turns a value into plain data with named fields and back, and keeps the fields that it does not know.

Plain data is what JSON has, and bytes (see `plain_text`). A record is a dict of the fields of a value, without those
that have their default. Fields are only added, never renamed and never given another meaning, so a record of an older
version is complete, and one of a newer version has fields that are unknown here. `unknown` returns those, and `encode`
adds them again, so that a value that is read and written by an older version loses nothing.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json, to_json

T = TypeVar("T")
# Fields of a newer version, by name. Those inside the field of a list are in a dict by their index.
Unknown = Mapping[Any, Any]

_BASE64 = "base64"
_NONE: Mapping[str, Any] = {}


class Encoding(Protocol):
    """How the values of one type are encoded."""

    def encode(self, value: Any, unknown: Unknown = ...) -> Any:
        """Return the value as plain data, with the fields that were `unknown` when it was decoded."""

    def decode(self, data: Any) -> Any:
        """Return the value of plain data. Raises KeyError, TypeError or ValueError if it is not the data of one."""

    def unknown(self, data: Any) -> Unknown:
        """Return the fields in plain data that this version does not know."""


class Record(Generic[T]):
    """The encoding of a dataclass or a named tuple. `encodings` are those of fields whose values are not plain."""

    def __init__(
        self, kind: Callable[..., T], encodings: Mapping[str, Encoding] = _NONE, leave_out: Sequence[str] = ()
    ) -> None:
        self._kind = kind
        self._fields = [(name, default) for name, default in _defaults(kind).items() if name not in leave_out]
        self._values = attrgetter(*(name for name, _ in self._fields))
        self._names = frozenset(name for name, _ in self._fields)
        self._encodings = list(encodings.items())

    def encode(self, value: T, unknown: Unknown = _NONE) -> dict[str, Any]:
        """Return the fields of a value that differ from their defaults, and the `unknown` ones."""
        # This is done for every request, so it is written for speed.
        data = {
            name: each
            for (name, default), each in zip(self._fields, self._values(value), strict=True)
            if each is not default and each != default
        }
        for name, encoding in self._encodings:
            if name in data:
                data[name] = encoding.encode(data[name], unknown.get(name, _NONE))
        if unknown:
            data |= {name: more for name, more in unknown.items() if name not in self._names}
        return data

    def decode(self, data: Mapping[str, Any]) -> T:
        """Return the value. Raises KeyError, TypeError or ValueError."""
        values = {name: each for name, each in data.items() if name in self._names}
        for name, encoding in self._encodings:
            if name in values:
                values[name] = encoding.decode(values[name])
        return self._kind(**values)

    def unknown(self, data: Mapping[str, Any]) -> Unknown:
        """Return the fields that this version does not know, also those inside known fields."""
        known = self._names
        more = {} if known.issuperset(data) else {name: each for name, each in data.items() if name not in known}
        for name, encoding in self._encodings:
            if name in data and (inside := encoding.unknown(data[name])):
                more[name] = inside
        return more


class Leaf:
    """The encoding of a value without fields, or None: two functions."""

    def __init__(self, encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> None:
        self._encode = encode
        self._decode = decode

    def encode(self, value: Any, unknown: Unknown = _NONE) -> Any:
        return None if value is None else self._encode(value)

    def decode(self, data: Any) -> Any:
        return None if data is None else self._decode(data)

    def unknown(self, data: Any) -> Unknown:
        return _NONE


class Many:
    """The encoding of a tuple of values."""

    def __init__(self, each: Encoding) -> None:
        self._each = each

    def encode(self, value: Sequence[Any], unknown: Unknown = _NONE) -> list[Any]:
        encode = self._each.encode
        if not unknown:
            return list(map(encode, value))
        return [encode(each, unknown.get(index, _NONE)) for index, each in enumerate(value)]

    def decode(self, data: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(map(self._each.decode, data))

    def unknown(self, data: Sequence[Any]) -> Unknown:
        return {index: inside for index, each in enumerate(data) if (inside := self._each.unknown(each))}


class Optional:
    """The encoding of a value or None."""

    def __init__(self, each: Encoding) -> None:
        self._each = each

    def encode(self, value: Any, unknown: Unknown = _NONE) -> Any:
        return None if value is None else self._each.encode(value, unknown)

    def decode(self, data: Any) -> Any:
        return None if data is None else self._each.decode(data)

    def unknown(self, data: Any) -> Unknown:
        return _NONE if data is None else self._each.unknown(data)


class Remembered:
    """The encoding of values of which many are the same object, and never change. The latest are encoded once.

    What it returns is shared, so it must not be changed.
    """

    _MOST = 64

    def __init__(self, each: Encoding) -> None:
        self._each = each
        # By identity, with the value, so that its id is not used again.
        self._known: dict[int, tuple[Any, Any]] = {}

    def encode(self, value: Any, unknown: Unknown = _NONE) -> Any:
        known = self._known.get(id(value))
        if known is not None and not unknown:
            return known[1]
        data = self._each.encode(value, unknown)
        if not unknown:
            if len(self._known) >= self._MOST:
                self._known.clear()
            self._known[id(value)] = (value, data)
        return data

    def decode(self, data: Any) -> Any:
        return self._each.decode(data)

    def unknown(self, data: Any) -> Unknown:
        return self._each.unknown(data)


class ModelRecord:
    """The encoding of a pydantic model: the fields that were set, as in a scenario file."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model
        self._names = {field.alias or name for name, field in model.model_fields.items()}

    def encode(self, value: BaseModel, unknown: Unknown = _NONE) -> Any:
        return {**value.model_dump(mode="json", by_alias=True, exclude_unset=True), **unknown}

    def decode(self, data: Mapping[str, Any]) -> BaseModel:
        return self._model.model_validate({name: each for name, each in data.items() if name in self._names})

    def unknown(self, data: Mapping[str, Any]) -> Unknown:
        return {name: each for name, each in data.items() if name not in self._names}


def _defaults(kind: Any) -> dict[str, Any]:
    """Return the default of each field; a field without one has a value that nothing equals."""
    if is_dataclass(kind):
        defaults = {}
        for field in fields(kind):
            factory = field.default_factory
            default = field.default if factory is MISSING else factory()
            defaults[field.name] = _NO_DEFAULT if default is MISSING else default
        return defaults
    return {name: kind._field_defaults.get(name, _NO_DEFAULT) for name in kind._fields}


_NO_DEFAULT = object()


# Plain data as text.


def plain_text(data: Any) -> bytes:
    """Return plain data as JSON in UTF-8. Bytes that are UTF-8 become a string, others {"base64": "..."}."""
    try:
        return to_json(data)
    except (ValueError, UnicodeError):
        # Bytes that are not UTF-8, or a lone surrogate in a text.
        return json.dumps(_without_bytes(data), ensure_ascii=True).encode()


def plain_data(text: bytes | str) -> Any:
    """Return the plain data of a text of `plain_text`, with bytes as `bytes_of` takes them. Raises ValueError."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)  # it has lone surrogates, or it is not JSON


def bytes_of(data: Any) -> bytes:
    """Return the bytes that a field of plain data stands for."""
    if type(data) is str:
        return data.encode()
    if isinstance(data, bytes):
        return data
    return b64decode(data[_BASE64]) if isinstance(data, dict) else str(data).encode()


BYTES = Leaf(lambda value: value, bytes_of)
TUPLE = Leaf(list, tuple)
# Pairs of texts, and pairs of bytes.
PAIRS = Leaf(list, lambda data: tuple(map(tuple, data)))
BYTE_PAIRS = Leaf(list, lambda data: tuple((bytes_of(name), bytes_of(value)) for name, value in data))


def _without_bytes(data: Any) -> Any:
    if isinstance(data, bytes):
        try:
            return data.decode()
        except UnicodeDecodeError:
            return {_BASE64: b64encode(data).decode()}
    if isinstance(data, Mapping):
        return {str(name): _without_bytes(each) for name, each in data.items()}
    return list(map(_without_bytes, data)) if isinstance(data, list | tuple) else data
