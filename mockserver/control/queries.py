"""What can be asked for in the query of the control API's operations. What is left out is any."""

from typing import Annotated

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.core.deliveries import Outcome
from mockserver.core.journal import Kind
from mockserver.core.plans import Status

HttpStatus = Annotated[int, Field(ge=1, le=599)]


class OfProvider(BaseModel):
    """One provider out of all."""

    provider: str | SkipJsonSchema[None] = Field(default=None, description="a provider's name")


class OfSandbox(BaseModel):
    """One sandbox out of all."""

    sandbox: str | SkipJsonSchema[None] = Field(default=None, description="a sandbox's name; left out: all together")


class JobsQuery(OfProvider):
    """Which jobs."""

    status: Status | SkipJsonSchema[None] = None
    limit: int = Field(default=100, ge=1, le=1_000, description="at most so many")


class JournalQuery(OfProvider):
    """Which entries."""

    operation: str = Field(default="*", description="provider.operation; * stands for any characters")
    status: HttpStatus | SkipJsonSchema[None] = Field(default=None, description="the HTTP status of the reply")
    job: str | SkipJsonSchema[None] = Field(default=None, description="a job's id")
    kind: Kind | SkipJsonSchema[None] = None
    limit: int = Field(default=100, ge=1, le=5_000, description="at most so many")


class DeliveriesQuery(OfProvider):
    """Which deliveries, and how long to wait until some of them have ended."""

    event: str | SkipJsonSchema[None] = Field(default=None, description="an event's name")
    job: str | SkipJsonSchema[None] = Field(default=None, description="a job's id")
    outcome: Outcome | SkipJsonSchema[None] = None
    url: str | SkipJsonSchema[None] = Field(default=None, description="the receiver's URL, whole")
    wait: str | SkipJsonSchema[None] = Field(
        default=None,
        description="a duration of real time, at most 60s: answer as soon as `count` of these have ended, or then",
        json_schema_extra={"pattern": r"^([0-9]{1,4}ms|[1-5]?[0-9]s)$", "examples": ["5s"]},
    )
    count: int = Field(default=1, ge=1, le=1_000, description="how many have to have ended")
    limit: int = Field(default=100, ge=1, le=1_000, description="at most so many")
