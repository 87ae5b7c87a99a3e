"""The types of parameters that several operations have."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema


def _digits(most: int, value: Any) -> int:
    """Read a number as people write it: pydantic would also accept `+5`, `5.0` and `1_000`."""
    text = str(value)  # older versions of FastAPI also validate the default, which is a number
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:12]) <= most:
        raise ValueError(f"must be a whole number from 1 to {most}, not {text!r}")
    return int(text)


# A number up to 1,000; how many entries of the journal to list; the status of a reply.
Number = Annotated[int, Field(ge=1, le=1_000), BeforeValidator(partial(_digits, 1_000))]
Entries = Annotated[int, Field(ge=1, le=5_000), BeforeValidator(partial(_digits, 5_000))]
HttpStatus = Annotated[int, Field(ge=1, le=599), BeforeValidator(partial(_digits, 599))]
# A segment of the path. It is decoded here, and not before, so that a slash in it (%2F) does not end it.
Segment = Annotated[str, AfterValidator(unquote)]


class QueryModel(BaseModel):
    """The base of query parameters: an unknown one is refused.

    A misspelt filter that is ignored would show more than was meant, or delete more.
    """

    model_config = ConfigDict(extra="forbid")


class ProviderQuery(QueryModel):
    """One provider out of all."""

    provider: str | SkipJsonSchema[None] = Field(default=None, description="a provider's name")
