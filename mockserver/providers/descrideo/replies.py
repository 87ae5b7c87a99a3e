"""The models of Descrideo's replies and webhooks, and its options."""

from typing import Annotated, Literal

from pydantic import Field

from mockserver.kit.additive import SPARE, OpenText
from mockserver.kit.models import Instant, ProviderOptions, Shape
from mockserver.providers.descrideo.requests import Mode

Status = Literal[
    "queued", "resolving_source", "probing", "extracting_audio", "transcribing_audio", "extracting_frames",
    "ai_request", "succeeded", "failed",
]  # fmt: skip

# A ULID: 48 bits of time and 80 random ones, in Crockford's base 32. The first character is at most 7.
JobId = Annotated[str, Field(pattern="^[0-7][0-9A-HJKMNP-TV-Z]{25}$", examples=["01JWNJB4G05K8ZQ3XW7R2M9TCD"])]
Tokens = Annotated[float, Field(ge=0, description="tokens")]
Milliseconds = Annotated[int, Field(ge=0)]


class Accepted(Shape):
    job_id: JobId
    status: Literal["queued"]


class Result(Shape):
    """The fields requested in `output_fields`."""

    title: str | None = None
    description: str | None = None
    tags: list[str] | None = None


class Billing(Shape):
    """The cost of the job; all zero for a failed job, and on the sandbox and demo APIs."""

    token_cost: Tokens
    base_cost: Tokens
    transcription_cost: Tokens
    franchise_cost: Tokens


class Transcribed(Shape):
    """The transcription. `seconds` is the length of the sampled audio."""

    enabled: bool
    status: Literal["completed", "disabled"]
    seconds: Annotated[float, Field(ge=0)]


class Meta(Shape):
    generation_mode: Mode
    transcription: Transcribed


class Timing(Shape):
    """The duration of each stage in milliseconds; 0 for stages that the mode does not have."""

    probe: Milliseconds
    audio: Milliseconds
    frames: Milliseconds
    ai: Milliseconds
    webhook: Milliseconds


class Failure(Shape):
    code: OpenText
    message: str


class DescriptionStatus(Shape):
    """A job. After its end it has the fields of the webhook, or `error` if it failed."""

    job_id: JobId
    status: Status
    created_at: Instant
    updated_at: Instant
    result: Result | None = None
    error: Failure | None = None
    billing: Annotated[Billing | None, SPARE] = None
    meta: Annotated[Meta | None, SPARE] = None
    timing_ms: Annotated[Timing | None, SPARE] = None


class Succeeded(Shape):
    """The webhook of a job that succeeded."""

    job_id: JobId
    status: Literal["succeeded"]
    result: Result
    billing: Billing
    meta: Meta
    timing_ms: Timing


class Failed(Shape):
    """The webhook of a job that failed."""

    job_id: JobId
    status: Literal["failed"]
    error: Failure
    billing: Billing


class Replayed(Shape):
    """The webhook of the job is being sent again."""

    job_id: JobId
    replayed: Literal[True]


class Secret(Shape):
    secret: str


class Error(Shape):
    detail: str


class ScenarioOptions(ProviderOptions):
    """Options of a scenario for Descrideo only."""

    fetch: bool = Field(
        default=False, description="true: the video of a `direct_url` is requested over HTTP and must be reachable"
    )
    video_seconds: float | None = Field(
        default=None, gt=0, le=86_400, description="the length of every video; default: derived from its URL"
    )
