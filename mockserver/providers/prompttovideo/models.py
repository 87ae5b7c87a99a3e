"""The bodies of PromptToVideo, as its documents show them."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from mockserver.kit.models import Body, Instant, ProviderOptions, Shape

Quality = Literal["free", "premium", "360p", "1080p"]
DOCUMENTED = ("free", "premium")
Status = Literal["pending", "processing", "completed", "failed"]
Tier = Literal["free", "basic", "pro", "enterprise"]

Count = Annotated[int, Field(ge=0)]
Unlimited = Annotated[int, Field(ge=-1, description="-1 is unlimited")]
VideoId = Annotated[int, Field(ge=1, le=2**53 - 1)]
Link = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class Generate(Body):
    """A video to be made. Qualities other than `free` and `premium` are observed, not documented."""

    prompt: str = Field(min_length=1, pattern=r"\S", description="what the video shows; not blank")
    quality: Quality = Field(default="free", description="free costs 1 credit, every other quality 3")

    def deviations(self) -> Iterable[str]:
        """Qualities that the provider takes, and does not document (FACTS section 2, quality)."""
        if self.quality not in DOCUMENTED:
            yield f"quality: {self.quality!r} is not one of {', '.join(DOCUMENTED)}"


class ListQuery(BaseModel, defer_build=True):
    """What a list can be asked for. Nothing is refused: what is no number or out of range counts as left out."""

    page: int | str = Field(default=1, description="page number; below 1 or no number: 1")
    per_page: int | str = Field(default=20, description="items a page, at most 100; below 1 or no number: 20")
    status: str = Field(default="", description="pending, processing, completed or failed; any other finds nothing")


class Generated(Shape):
    """A video in the queue. Times are minutes."""

    success: Literal[True]
    video_id: VideoId
    status: Literal["pending"]
    credits_remaining: Unlimited
    queue_position: Annotated[int, Field(ge=1)]
    estimated_wait_time: Annotated[int, Field(ge=5, le=30)]


class VideoStatus(Shape):
    """One video. The links, `duration` (seconds) and `completed_at` come with completion, `error` with failure."""

    video_id: VideoId
    status: Status
    prompt: str
    quality: Quality
    created_at: Instant
    updated_at: Instant
    video_url: Link | None = None
    duration: Count | None = None
    thumbnail_url: Link | None = None
    completed_at: Instant | None = None
    error: str | None = None


class Listed(Shape):
    """One video of a list; the links and `duration` (seconds) come with its completion."""

    id: VideoId
    prompt: str
    quality: Quality
    status: Status
    created_at: Instant
    updated_at: Instant
    video_url: Link | None = None
    duration: Count | None = None
    thumbnail_url: Link | None = None


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
    """The calls of the present UTC day; `reset_time` is the midnight that ends it."""

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
    """One of the caller's videos that wait."""

    video_id: VideoId
    prompt: Annotated[str, Field(max_length=53, description="cut to 50 characters and ...")]
    quality: Quality
    position: Annotated[int, Field(ge=1)]
    estimated_wait_minutes: Annotated[int, Field(ge=5, le=30)]
    queued_at: Instant


class QueueStats(Shape):
    """`total_pending` and `currently_processing` count everybody's videos."""

    total_pending: Count
    currently_processing: Count
    user_pending_count: Count


class QueueStatus(Shape):
    user_videos: list[Waiting]
    queue_stats: QueueStats


class Error(Shape):
    error: str


class OutOfCredits(Error):
    """Which credits the video would have taken, and which there are."""

    required: Count
    available: Count


class OverQuota(Error):
    rate_limit_info: RateLimitInfo


class ScenarioOptions(ProviderOptions):
    """Options that a scenario sets for PromptToVideo alone: where its documents and its public source disagree."""

    durations: Literal["documented", "observed"] = Field(
        default="documented", description="observed: free videos last 8 s instead of the 30 s of the documents' example"
    )
    listed_quality: Literal["documented", "observed"] = Field(
        default="documented",
        description="observed: lists and the queue repeat the quality that was asked for, instead of 360p for free and "
        "1080p for premium as in the documents' examples",
    )
