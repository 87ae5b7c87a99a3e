"""The models of the Unified API."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.kit.models import Body
from mockserver.providers.dumplingai.catalogue import ObjectType
from mockserver.providers.dumplingai.models import Sourced

Id = Field(min_length=1, max_length=200)


class SearchCatalogue(Sourced):
    """What is looked for."""

    prompt: str = Field(min_length=1, max_length=4_000)
    limit: int = Field(default=10, ge=1, le=50)
    kind: ObjectType | None = Field(default=None, alias="type")


class GetDetails(Sourced):
    """An object."""

    id: str = Id
    kind: ObjectType = Field(alias="type")
    related: bool = Field(default=False, alias="includeRelated")


class RunOptions(Body):
    """How the result is returned."""

    native: bool = Field(default=False, alias="include_native", description="true: with the reply of the provider")


class Run(Sourced):
    """A capability or an endpoint, and its input."""

    kind: Literal["capability", "endpoint"] = Field(alias="type")
    id: str = Id
    input: dict[str, Any]
    provider: str | None = Field(default=None, max_length=100, description="of capabilities that allow a choice")
    options: RunOptions = RunOptions()


class Pages(BaseModel):
    """A part of a list."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    page: int = Field(default=1, ge=1, le=1_000_000, description="from 1")
    limit: int = Field(default=20, ge=1, le=100, description="rows of a page")


class UsageQuery(Pages):
    """Which runs are listed."""

    kind: ObjectType | None = Field(default=None, alias="objectType", description="the type of the object")
    status: str | None = Field(default=None, description="`succeeded` or `failed`")
    provider: str | None = Field(default=None, description="the provider that was used")
    object_id: str | None = Field(default=None, alias="objectId", description="the id of the object")
