"""The models of PromptToVideo's requests and replies."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from mockserver.kit.additive import SPARE
from mockserver.kit.models import Body, Instant, ProviderOptions, Shape

Quality = Literal["free", "premium", "360p", "1080p"]
DOCUMENTED = ("free", "premium")
Status = Literal["pending", "processing", "completed", "failed"]
Tier = Literal["free", "basic", "pro", "enterprise"]

Count = Annotated[int, Field(ge=0)]
Unlimited = Annotated[int, Field(ge=-1, description="-1: unlimited")]
VideoId = Annotated[int, Field(ge=1, le=2**53 - 1)]
Link = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class Generate(Body):
    """A video to generate. Qualities other than `free` and `premium` are observed, not documented."""

    prompt: str = Field(min_length=1, pattern=r"\S", description="what the video shows; not blank")
    quality: Quality = Field(default="free", description="free costs 1 credit, every other quality 3")

    def deviations(self) -> Iterable[str]:
        """Yield a deviation for a quality that is accepted but not documented (FACTS section 2, quality)."""
        if self.quality not in DOCUMENTED:
            yield f"quality: {self.quality!r} is not one of {', '.join(DOCUMENTED)}"


class ListQuery(BaseModel, defer_build=True):
    """The query of a list. Nothing is refused: an invalid number counts as missing."""

    page: int | str = Field(default=1, description="page number; 1 if it is not a number or below 1")
    per_page: int | str = Field(
        default=20, description="items per page, at most 100; 20 if it is not a number or below 1"
    )
    status: str = Field(
        default="", description="pending, processing, completed or failed; any other value gives an empty list"
    )


class Generated(Shape):
    """A video in the queue. Times are minutes."""

    success: Literal[True]
    video_id: VideoId
    status: Literal["pending"]
    credits_remaining: Unlimited
    queue_position: Annotated[int, Field(ge=1)]
    estimated_wait_time: Annotated[int, Field(ge=5, le=30)]


class VideoStatus(Shape):
    """A video. Once completed it has links, `duration` (seconds) and `completed_at`; if it failed, `error`."""

    video_id: VideoId
    status: Status
    prompt: str
    quality: Quality
    created_at: Instant
    updated_at: Instant
    video_url: Link | None = None
    duration: Annotated[Count | None, SPARE] = None
    thumbnail_url: Annotated[Link | None, SPARE] = None
    completed_at: Annotated[Instant | None, SPARE] = None
    error: str | None = None


class Listed(Shape):
    """A video in a list. It has links and `duration` (seconds) once it is completed."""

    id: VideoId
    prompt: str
    quality: Quality
    status: Status
    created_at: Instant
    updated_at: Instant
    video_url: Link | None = None
    duration: Annotated[Count | None, SPARE] = None
    thumbnail_url: Annotated[Link | None, SPARE] = None


class Pagination(Shape):
    page: Annotated[int, Field(ge=1)]
    per_page: Annotated[int, Field(ge=1, le=100)]
    total: Count
    pages: Count
    has_next: bool
    has_prev: bool


class VideoList(Shape):
    """Videos, newest first."""

    videos: list[Listed]
    pagination: Pagination


class RateLimitInfo(Shape):
    """The calls of the current day in UTC. `reset_time` is the next midnight."""

    tier: Tier
    limit: Unlimited
    used: Count
    remaining: Unlimited
    reset_time: Instant


class AccountInfo(Shape):
    user_id: Annotated[int, Field(ge=1)]
    email: str
    credits: Unlimited
    subscription_tier: Tier
    rate_limit_info: RateLimitInfo
    created_at: Instant


class Waiting(Shape):
    """A pending video of the account."""

    video_id: VideoId
    prompt: Annotated[str, Field(max_length=53, description="the first 50 characters, followed by ...")]
    quality: Quality
    position: Annotated[int, Field(ge=1)]
    estimated_wait_minutes: Annotated[int, Field(ge=5, le=30)]
    queued_at: Instant


class QueueStats(Shape):
    """`total_pending` and `currently_processing` count the videos of all accounts."""

    total_pending: Count
    currently_processing: Count
    user_pending_count: Count


class QueueStatus(Shape):
    user_videos: list[Waiting]
    queue_stats: QueueStats


class Error(Shape):
    error: str


class OutOfCredits(Error):
    """The credits that the video costs, and those of the account."""

    required: Count
    available: Count


class OverQuota(Error):
    rate_limit_info: RateLimitInfo


class ScenarioOptions(ProviderOptions):
    """Options of a scenario for PromptToVideo only, where its documentation and its source differ."""

    durations: Literal["documented", "observed"] = Field(
        default="documented",
        description="`observed`: videos last 8 s; `documented`: 30 s, as in the documentation's example",
    )
    listed_quality: Literal["documented", "observed"] = Field(
        default="documented",
        description="`observed`: lists and the queue show the quality of the request; `documented`: 360p for free and "
        "1080p for premium, as in the documentation's examples",
    )
    bad_requests: Literal["documented", "observed"] = Field(
        default="documented",
        description="`observed`: a missing content type, malformed JSON, a JSON array, an unknown path or method, and "
        "an id that is not a number get pages in HTML, and any prompt that is not empty is accepted; `documented`: "
        "JSON errors",
    )
    counting: Literal["documented", "observed"] = Field(
        default="documented",
        description="`observed`: generating a video counts twice towards the quota; `documented`: once",
    )
