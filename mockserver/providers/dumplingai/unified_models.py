"""The models of the Unified API."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.kit.models import Body, Shape
from mockserver.providers.dumplingai.catalogue import ObjectType
from mockserver.providers.dumplingai.models import Sourced

Id = Field(min_length=1, max_length=200)


class ErrorResponse(Shape):
    """Every error of the Unified API."""

    success: Literal[False]
    request_id: str = Field(alias="requestId")
    error: str
    code: str = Field(description="such as PROVIDER_NOT_ALLOWED")


class Envelope(Shape):
    """Every other reply of the Unified API: what kind of object is in `data`, and what is to be known about it."""

    success: Literal[True]
    request_id: str = Field(alias="requestId")
    object: str
    data: Any
    meta: dict[str, Any] | None = None


class SearchResult(Shape):
    """A capability, an endpoint or a provider that fits a prompt."""

    id: str
    object_type: ObjectType = Field(alias="objectType")
    name: str
    description: str
    provider: str | None = None


class SearchResults(Envelope):
    """What fits a prompt, best first."""

    data: list[SearchResult]


class Details(SearchResult):
    """What is to be known about one object."""

    input_schema: dict[str, Any] | None = Field(default=None, alias="inputSchema")
    credits: str | None = None
    providers: list[str]
    related: dict[str, list[str]] | None = None


class Detailed(Envelope):
    """One object."""

    data: Details


class UsageRow(Shape):
    """A run."""

    request_id: str = Field(alias="requestId")
    object_type: ObjectType = Field(alias="objectType")
    object_id: str = Field(alias="objectId")
    provider: str
    status: Literal["succeeded", "failed"]
    credits: int
    created_at: str = Field(alias="createdAt")


class UsageList(Envelope):
    """Runs, newest first."""

    data: list[UsageRow]


class Transaction(Shape):
    """A change of the balance."""

    id: str
    type: Literal["usage", "grant", "refund"]
    amount: float
    balance: float = Field(alias="balanceAfter")
    request_id: str | None = Field(alias="requestId")
    created_at: str = Field(alias="createdAt")


class TransactionList(Envelope):
    """Changes of the balance, newest first."""

    data: list[Transaction]


class BudgetState(Shape):
    """What the key may spend, and has spent."""

    limit: float
    used: float
    period: str


class BalanceState(Shape):
    """The credits of the account, and the budget of the key."""

    credits: float
    budget: BudgetState | None


class Balance(Envelope):
    """The balance."""

    data: BalanceState


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
