"""The replies about jobs: the models for the documents. There are tasks of videos and generations of images."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mockserver.kit.additive import SPARE
from mockserver.kit.models import Shape
from mockserver.kit.operations import Documented
from mockserver.providers.nanophoto.codes import CODES
from mockserver.providers.nanophoto.models import Error

TaskId = Annotated[str, Field(alias="taskId", pattern="^task_[0-9a-z]+$")]
GenerationId = Annotated[str, Field(alias="generationId", pattern="^[0-9a-z]+$")]
Link = Annotated[str, Field(json_schema_extra={"format": "uri"})]
Percent = Annotated[int, Field(ge=0, le=100)]
TaskStatus = Literal["processing", "completed", "failed"]

# Every operation can have these.
_ALWAYS = ("LOGIN_REQUIRED", "API_KEY_RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR", "INVALID_INPUT")


class StartedTask(Shape):
    """A video that is being made."""

    success: Literal[True]
    status: Literal["processing"]
    task_id: TaskId
    message: str


class Task(Shape):
    """A video. `generationTime` is in seconds."""

    success: bool
    status: TaskStatus
    task_id: TaskId
    message: Annotated[str | None, SPARE] = None
    video_url: Link | None = Field(default=None, alias="videoUrl")
    generation_time: Annotated[Annotated[int, Field(ge=0)] | None, SPARE] = Field(default=None, alias="generationTime")
    credits_used: Annotated[Annotated[int, Field(ge=0)] | None, SPARE] = Field(default=None, alias="creditsUsed")
    error: str | None = None
    code: Literal["GENERATION_FAILED"] | None = Field(default=None, alias="errorCode")


class CommercialTask(Task):
    """A commercial. `storyboardImageUrl` is there once the storyboard is drawn."""

    step: Literal["storyboard_script", "storyboard_image", "video"]
    storyboard: Link | None = Field(default=None, alias="storyboardImageUrl")


class StartedGeneration(Shape):
    """An image that is being made. Only `generationId` can be polled."""

    success: Literal[True]
    generation_id: GenerationId
    task_id: TaskId
    status: Literal["pending"]


class Generation(Shape):
    """An image."""

    success: bool
    status: Literal["pending", "generating", "completed", "failed"]
    generation_id: GenerationId
    progress: Percent
    image_url: Link | None = Field(default=None, alias="imageUrl")
    error: str | None = None
    code: Literal["GENERATION_FAILED"] | None = Field(default=None, alias="errorCode")


class StartedShot(Shape):
    shot_id: str = Field(alias="shotId")
    task_id: TaskId
    status: Literal["processing"]


class StartedShots(Shape):
    """Shots that are made one after another."""

    success: Literal[True]
    status: Literal["processing"]
    shots: list[StartedShot]
    message: str


class Shot(Shape):
    """One shot. `generationTime` is in seconds."""

    shot_id: str = Field(alias="shotId")
    task_id: TaskId
    status: TaskStatus
    video_url: Link | None = Field(default=None, alias="videoUrl")
    generation_time: Annotated[Annotated[int, Field(ge=0)] | None, SPARE] = Field(default=None, alias="generationTime")
    error: str | None = None


class Shots(Shape):
    """Shots. `videoUrl` is the joined clip of several shots."""

    success: bool
    status: TaskStatus
    shots: list[Shot]
    message: Annotated[str | None, SPARE] = None
    video_url: Link | None = Field(default=None, alias="videoUrl")
    error: str | None = None
    code: Literal["GENERATION_FAILED"] | None = Field(default=None, alias="errorCode")


class CleanVideo(Shape):
    """A video without its watermark."""

    success: Literal[True]
    status: Literal["completed"]
    url: Link


def documented(success: Documented, *codes: str, example: Any = None) -> dict[int, Documented]:
    """Return the replies of an operation: its success, and the errors with these codes and those of all operations."""
    by_status: dict[int, list[str]] = {}
    for code in (*_ALWAYS, *codes):
        by_status.setdefault(CODES[code].status or 500, []).append(code)
    errors = {status: Documented(", ".join(names), Error) for status, names in sorted(by_status.items())}
    return {200: success._replace(example=example), **errors}
