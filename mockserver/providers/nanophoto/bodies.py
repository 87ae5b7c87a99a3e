"""What the request bodies of NanoPhoto's jobs share: fields with error codes of their own, images, enumerations."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from mockserver.kit.models import Body, first_error, web_url
from mockserver.kit.operation_rows import OWN_LIMIT

Mode = Literal["textToVideo", "imageToVideo"]
Orientation = Literal["portrait", "landscape"]
Seconds = Literal["10", "15"]
IMAGE_TO_VIDEO = "imageToVideo"
# For the documents. That a text is not blank is checked by `is_empty`.
NOT_BLANK: dict[str, JsonValue] = {"pattern": r"\S"}
# A limit of this server, because none is stated for the images of some operations.
MOST_IMAGES = 100

# No limit is stated for prompts. The size of the body limits them.
Prompt = Annotated[str, Field(json_schema_extra=NOT_BLANK, description="what the result shows; not blank")]
# For the documents. It is simpler than what is accepted, so that tools make up values of it quickly.
_URL = r"^https?://[A-Za-z0-9.-]*[A-Za-z0-9](/[A-Za-z0-9._~-]*)*$"
PublicUrl = Annotated[str, Field(json_schema_extra={"pattern": _URL}), AfterValidator(web_url)]
Images = Annotated[list[PublicUrl], Field(max_length=MOST_IMAGES), OWN_LIMIT]

# The type of the problem of an image that only one page requires. Scenarios can allow such a request.
IMAGE_OF_ONE_PAGE = "image_of_one_page"
# The type of the problem of a missing topic, for which INVALID_INPUT is documented.
TOPIC_MISSING = "topic_missing"
# Fields in which clients of other APIs send images.
_OTHER_NAMES = ("images", "inputImages")
NOT_URLS = "IMAGE_URLS_REQUIRED"
# White space as in the patterns of JSON Schema (ECMA-262, section 22.2.2.9), which is not that of Python.
_IS_BLANK = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*").fullmatch
_QUOTED = re.compile(r"'([^']*)'")


class ImageRule(NamedTuple):
    """The field with the images of a request, and the codes for none, for too many, and for other things than URLs.

    They are needed if `mode` has the value `needed_for`.
    """

    field: str = "imageUrls"
    needed_for: str = IMAGE_TO_VIDEO
    missing: str = "IMAGE_REQUIRED"
    most: int = MOST_IMAGES
    too_many: str = "INVALID_INPUT"
    not_urls: str = NOT_URLS


class Request(Body):
    """The base of the bodies. `needed` has the error code for each field that must be there and not be empty."""

    model_config = ConfigDict(populate_by_name=False)
    needed: ClassVar[Mapping[str, str]] = {}
    images: ClassVar[ImageRule | None] = None
    # What is not documented in a request that a scenario allows.
    _undocumented: tuple[str, ...] = PrivateAttr(default=())

    def deviations(self) -> Iterable[str]:
        """Return what is not documented in the request."""
        return self._undocumented

    @model_validator(mode="before")
    @classmethod
    def _has_what_it_needs(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for field, code in cls.needed.items():
                if is_empty(data.get(field)):
                    raise PydanticCustomError(code, "{field} is required", {"field": field})
            if cls.images is not None:
                check_images(data, cls.images)
        return data


def is_empty(value: Any) -> bool:
    """Return whether a value is missing, an empty list or a blank text."""
    return value is None or value == [] or (isinstance(value, str) and _IS_BLANK(value) is not None)


def check_images(data: Mapping[str, Any], rule: ImageRule) -> None:
    """Check the images of a request. Raises PydanticCustomError with the code."""
    value, needed = data.get(rule.field), data.get("mode") == rule.needed_for
    if is_empty(value):
        other = next((name for name in _OTHER_NAMES if not is_empty(data.get(name))), None)
        if needed and other is not None:
            raise _problem(rule.not_urls, f"{rule.field} must have the images as public URLs, not {other}")
        if needed:
            raise PydanticCustomError(rule.missing, "{field} needs at least one image", {"field": rule.field})
        return
    check_urls(value, rule.field, rule.not_urls)
    if isinstance(value, list) and len(value) > rule.most:
        raise PydanticCustomError(
            rule.too_many, "{field} can have at most {most} images", {"field": rule.field, "most": rule.most}
        )


def check_urls(value: Any, field: str, code: str = NOT_URLS) -> None:
    """Check that images are given as URLs. A value of another type than a list or a text is not an image at all."""
    for each in value if isinstance(value, list) else [value] if isinstance(value, str) else ():
        if not isinstance(each, str) or not _is_url(each):
            raise _problem(code, f"{field} must have public URLs: images in Base64 are not accepted")
    if isinstance(value, str):
        raise _problem(code, f"{field} must be a list of public URLs")


def _problem(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, message)


def _is_url(value: str) -> bool:
    try:
        web_url(value)
    except ValueError:
        return False
    return True


def mistyped(error: ValidationError) -> str | None:
    """Return a message about a number that should be a text, or a text that should be a number; None otherwise."""
    problem = error.errors(include_url=False)[0]
    name, value = ".".join(map(str, problem["loc"])), problem["input"]
    if problem["type"] == "literal_error" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'{name} must be a text such as "{_meant(problem)}", not the number {value:.12g}'
    if problem["type"] in ("float_type", "int_type") and isinstance(value, str):
        return f"{name} must be a number, not a text"
    return None


def leniently(model: type[BaseModel], data: Any) -> BaseModel | None:
    """Return the body for a request with values outside the enumerations, or None if something else is wrong.

    Such a value counts as the documented value that is written like it, or else as the first documented one.
    """
    deviations: list[str] = []
    for _ in range(100):
        try:
            body = model.model_validate(data)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            deviations.append(first_error(error))
            if problem["type"] == "literal_error":
                data = _replaced(data, problem["loc"], _meant(problem))
            elif problem["type"] == IMAGE_OF_ONE_PAGE:
                data = {**data, "mode": "textToVideo"}
            else:
                return None
            continue
        if isinstance(body, Request):
            body._undocumented = tuple(deviations)
        return body
    return None


def _meant(problem: ErrorDetails) -> str:
    documented: list[str] = _QUOTED.findall(problem["ctx"]["expected"])
    written = str(problem["input"]).lower()
    return next((value for value in documented if value.lower() == written), documented[0])


def _replaced(data: Any, path: tuple[int | str, ...], value: str) -> Any:
    """Return JSON data with another value at a path. The data itself is not changed."""
    if not path:
        return value
    copied = list(data) if isinstance(data, list) else dict(data)
    copied[path[0]] = _replaced(copied[path[0]], path[1:], value)  # type: ignore[index]
    return copied


def conditional(*alternatives: Mapping[str, Any]) -> Any:
    """Return the `json_schema_extra` of a body of which exactly one of the alternatives must hold."""

    def extend(schema: dict[str, Any]) -> None:
        schema["oneOf"] = list(alternatives)

    return extend


def by_mode(rule: ImageRule, other: str) -> Any:
    """Return the `json_schema_extra` of a body that needs images in one mode, and not in the mode `other`."""
    return conditional(
        {"title": other, "properties": {"mode": {"const": other}}},
        {
            "title": rule.needed_for,
            "properties": {"mode": {"const": rule.needed_for}, rule.field: {"minItems": 1, "type": "array"}},
            "required": ["mode", rule.field],
        },
    )
