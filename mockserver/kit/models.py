"""The base classes and types of the models of requests and replies."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails

# The pattern for documents: user, host, port, path. The host is a name or an address in brackets.
_WEB_URL = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://([^\x00-\x20\x7f/?#@\[\]\\]*@)?(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@\[\]:\\]+)"
    r"(:[0-9]{0,5})?([/?#][^\x00-\x20\x7f]*)?$"
)
_IS_WEB_URL = re.compile(_WEB_URL.removeprefix("^").removesuffix("$")).fullmatch


def web_url(value: str) -> str:
    """Return the value if it is an http or https URL with a host. Raises ValueError if it is not."""
    if not _IS_WEB_URL(value):
        raise ValueError("must be an http or https URL")
    return value


WebUrl = Annotated[
    str,
    Field(max_length=2048, description="an http or https URL with a host", json_schema_extra={"pattern": _WEB_URL}),
    AfterValidator(web_url),
]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """The base of request bodies. JSON types are not converted, and unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True, defer_build=True)

    def deviations(self) -> Iterable[str]:
        """Yield what the provider's contract does not allow in a valid body, although published clients send it."""
        return ()


class Shape(BaseModel):
    """The base of reply bodies. They are used for the documents and by tests, which validate every reply.

    A field with the default None can be missing in a reply. A field without a default is always there.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema. A field that can be missing is not nullable."""
        made = handler(core_schema)
        for shown in handler.resolve_ref_schema(made).get("properties", {}).values():
            if "default" in shown and shown["default"] is None:
                del shown["default"]
                _never_null(shown)
        return made


class ProviderOptions(BaseModel):
    """Options of a scenario for one provider: those that all providers have."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    additive: bool | None = Field(
        default=None, description="true: replies and webhooks have unknown fields and other additive changes"
    )


def problems(error: ValidationError) -> list[ErrorDetails]:
    """Return the problems of a body, without its values, which may be large."""
    return error.errors(include_url=False, include_input=False, include_context=False)


def first_error(error: ValidationError) -> str:
    """Return a message about the first problem of a body, with the name of the field."""
    first = problems(error)[0]
    field_name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"{field_name} is required"
    if first["type"] == "model_type":
        # pydantic's message names the class.
        return f"{field_name}: must be a JSON object" if field_name else "The body must be a JSON object"
    message = first["msg"].removeprefix("Value error, ")
    return f"{field_name}: {message}" if field_name else message


def _never_null(shown: dict[str, Any]) -> None:
    kinds = [kind for kind in shown.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        shown.update(kinds[0] | shown)
    elif kinds:
        shown["anyOf"] = kinds
