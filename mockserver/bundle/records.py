"""Entries, jobs, credits and deliveries as JSON data, and back.

A record has the names of its fields. Fields with their default value are left out, so that old bundles can be read when
a field is added. Bytes are text, or `{"base64": ...}` if they are not UTF-8.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, TypeAdapter, ValidationError

from mockserver.bundle.invalid import InvalidBundle
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.store.protocol import Credits

T = TypeVar("T")

# Fields that a bundle does not have: the number of bytes in the store, and what follows from the scenario.
_LEFT_OUT = {JournalEntry: ("size", "others"), Delivery: ("secret",)}
# Fields without a default that a bundle may leave out.
_REQUIRED: Mapping[type, Mapping[str, Any]] = {Delivery: {"secret": ""}}


def data_of(value: Any) -> Any:
    """Return a record, or a part of one, as JSON data."""
    if isinstance(value, bytes):
        return _text_of(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if is_dataclass(value) or hasattr(value, "_fields"):
        return {name: data_of(each) for name, each in _fields_of(value).items()}
    if isinstance(value, Mapping):
        return {str(name): data_of(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [data_of(each) for each in value]
    return value


def entry_of(data: Any) -> JournalEntry:
    """Return the entry with this data. Raises InvalidBundle."""
    return _record(JournalEntry, data, {"request": _bytes, "reply": _bytes, "reply_headers": _pairs})


def job_of(data: Any) -> Job:
    """Return the job with this data. Raises InvalidBundle."""
    job = _record(Job, data, {})
    steps = job.plan.steps
    if (
        not 0 <= job.base < len(steps)
        or steps[-1].duration is not None
        or any(s.duration and s.duration < 0 for s in steps)
    ):
        raise InvalidBundle(f"the job {job.id} has a plan that does not end")
    return job


def credits_of(data: Any) -> Credits:
    """Return the credits with this data. Raises InvalidBundle."""
    return _record(Credits, data, {})


def delivery_of(data: Any) -> Delivery:
    """Return the delivery with this data. Raises InvalidBundle."""
    delivery = _record(Delivery, data, {"body": _bytes, "attempts": _attempts, "answer": _answer})
    try:
        urlsplit(delivery.url)
    except ValueError as error:
        raise InvalidBundle(f"the delivery {delivery.id} has a wrong URL: {error}") from None
    return delivery


def _fields_of(value: Any) -> dict[str, Any]:
    kind: Any = type(value)
    left_out = _LEFT_OUT.get(kind, ())
    return {
        name: getattr(value, name)
        for name, default in _defaults(kind).items()
        if name not in left_out and (default is MISSING or getattr(value, name) != default)
    }


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """Return the fields of a record with their defaults; MISSING for those that have none."""
    if hasattr(kind, "_fields"):
        return {name: kind._field_defaults.get(name, MISSING) for name in kind._fields}
    return {
        each.name: each.default_factory() if each.default_factory is not MISSING else each.default
        for each in fields(kind)
    }


def _text_of(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict) and isinstance(value.get("base64"), str):
        return b64decode(value["base64"], validate=True)
    raise ValueError("bytes must be text or base64")


def _pairs(value: Any) -> list[tuple[bytes, bytes]]:
    return [(_bytes(name), _bytes(text)) for name, text in value]


def _attempts(value: Any) -> list[Any]:
    return [{**each, "reply": _bytes(each.get("reply", ""))} for each in value]


def _answer(value: Any) -> Any:
    return None if value is None else (value[0], _bytes(value[1]))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _record(of: type[T], data: Any, special: Mapping[str, Callable[[Any], Any]]) -> T:
    """Return a record. Fields that this version does not know are ignored."""
    kind: Any = of
    what = of.__name__.lower()
    if not isinstance(data, dict):
        raise InvalidBundle(f"a {what} is not a JSON object")
    try:
        known = {name: value for name, value in data.items() if name in _defaults(kind)}
        values = {name: special[name](value) if name in special else value for name, value in known.items()}
        return cast(T, _adapter(kind).validate_python({**_REQUIRED.get(kind, {}), **values}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidBundle(f"a {what} has a wrong field: {place}: {first['msg']}") from None
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise InvalidBundle(f"a {what} has a wrong field: {error}") from None
