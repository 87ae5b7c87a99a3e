"""Values of the scenario language that have a form of their own, such as `13s ± 2s`, `60%` and `0..90`."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from mockserver.core import durations, json_schema
from mockserver.core.durations import Span
from mockserver.core.faults import ByteOffset
from mockserver.core.instants import Moment, parse_moment, parse_rfc3339


def _progress(value: object) -> object:
    low, dots, high = (value if isinstance(value, str) else str(value)).partition("..")
    digits = (low, high if dots else low)
    if isinstance(value, bool) or not all(d.isascii() and d.isdigit() and int(d) <= 100 for d in digits):
        raise ValueError(f"expected a progress such as 50 or 0..90, at most 100, got {value!r}")
    if int(digits[0]) > int(digits[1]):
        raise ValueError(f"progress must not decrease, got {value!r}")
    return int(digits[0]), int(digits[1])


def _share(value: object) -> object:
    if isinstance(value, str) and re.match(json_schema.SHARE_PATTERN, value):
        text = value.strip()
        return float(text.removesuffix("%").strip()) / (100 if text.endswith("%") else 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"expected a share such as 60% or 0.6, got {value!r}")
    return float(value)


def _place(value: object) -> object:
    if isinstance(value, ByteOffset):
        return value
    if isinstance(value, str) and (offset := re.match(json_schema.OFFSET_PATTERN, value)):
        return ByteOffset(int(offset[1]))
    try:
        return _share(value)
    except ValueError:
        raise ValueError(f"expected a share such as 60% or 0.6, or a place such as 120 bytes, got {value!r}") from None


def _instant(value: str) -> str:
    parse_rfc3339(value)
    return value


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"expected a URL such as https://example.com/hook, got {value!r}")
    return value


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _as_items(value: object) -> object:
    return value if value == "any" else _as_list(value)


# Not `dict` and `list`: pydantic inspects a factory's signature, and for a builtin Python parses it from a string,
# which is slow.
def no_keys() -> dict[str, Any]:
    return {}


def no_items() -> list[Any]:
    return []


# Items of a list that can also be written without brackets.
MAX_ITEMS = 1_000

DurationMs = Annotated[
    int,
    BeforeValidator(durations.parse),
    PlainSerializer(durations.format_duration, return_type=str),
    WithJsonSchema(json_schema.DURATION),
]
SpanMs = Annotated[
    Span,
    BeforeValidator(durations.parse_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(json_schema.SPAN),
]
Instant = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]
WebAddress = Annotated[
    str, AfterValidator(_web_address), Field(json_schema_extra={"format": "uri", "pattern": "^https?://"})
]
MomentAt = Annotated[
    Moment,
    BeforeValidator(parse_moment),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(json_schema.MOMENT),
]
Progress = Annotated[
    tuple[int, int],
    BeforeValidator(_progress),
    PlainSerializer(lambda p: f"{p[0]}..{p[1]}", return_type=str),
    WithJsonSchema(json_schema.PROGRESS),
]
BodyPlace = Annotated[
    float | ByteOffset,
    BeforeValidator(_place),
    PlainSerializer(lambda at: str(at) if isinstance(at, ByteOffset) else at, return_type=str | float),
    WithJsonSchema(json_schema.BODY_PLACE),
]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(json_schema.SHARE)]
Texts = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(max_length=MAX_ITEMS),
    BeforeValidator(_as_list),
    WithJsonSchema(json_schema.one_or_list({"type": "string", "maxLength": 200}, MAX_ITEMS)),
]
Names = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(min_length=1, max_length=MAX_ITEMS),
    BeforeValidator(_as_list),
    WithJsonSchema(json_schema.one_or_list({"type": "string", "maxLength": 200}, MAX_ITEMS, least=1)),
]
_POSITIVE = {"type": "integer", "minimum": 1}
Counts = Annotated[
    list[Annotated[int, Field(ge=1)]],
    Field(min_length=1, max_length=MAX_ITEMS),
    BeforeValidator(_as_list),
    WithJsonSchema(json_schema.one_or_list(_POSITIVE, MAX_ITEMS, least=1)),
]

Items = Annotated[
    Literal["any"] | list[Annotated[int, Field(ge=1)]],
    BeforeValidator(_as_items),
    WithJsonSchema({"anyOf": [{"const": "any"}, *json_schema.one_or_list(_POSITIVE, MAX_ITEMS, least=1)["anyOf"]]}),
]
CountedBy = Literal["account", "job", "sandbox"]


class Model(BaseModel):
    """The base class of all models of a scenario: strict types, and unknown keys are errors.

    `shorthand` is the key that is probably meant where a file has a plain value in place of a mapping.

    Validators are built when first used, since most models only need the validator of the whole scenario.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True)
