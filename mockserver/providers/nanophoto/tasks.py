"""Tasks: how the jobs of videos look to clients. Those of other accounts are unknown."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from mockserver.core.credits import CREDIT
from mockserver.core.jobs import Job, State
from mockserver.core.plans import Status
from mockserver.kit.operation_rows import OWN_LIMIT, Assumed
from mockserver.providers.nanophoto import files
from mockserver.providers.nanophoto.bodies import NOT_BLANK, Request
from mockserver.providers.nanophoto.flow import Style, error_of, seconds_of
from mockserver.providers.nanophoto.replies import StartedTask, Task
from mockserver.wire.exchange import Exchange

STATES: Mapping[Status, str] = {
    "queued": "processing",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}
RUNNING = "Video generation in progress"
_TaskId = Annotated[str, Field(max_length=200, json_schema_extra=NOT_BLANK), OWN_LIMIT]
# The reply half of the pages of the commercials and of Seedance could not be read.
UNREAD = "the reply half of the page could not be read; as for Sora 2"


class TaskStatus(Request):
    """A video to look at."""

    needed: ClassVar[Mapping[str, str]] = {"taskId": "TASK_ID_REQUIRED"}
    task_id: _TaskId = Field(alias="taskId")


class AssumedTaskStatus(Request):
    """A video to look at, in operations whose pages could not be read to their end."""

    needed: ClassVar[Mapping[str, str]] = {"taskId": "TASK_ID_REQUIRED"}
    task_id: Annotated[_TaskId, Assumed(UNREAD)] = Field(alias="taskId")


def start_reply(exchange: Exchange, job: Job) -> dict[str, Any]:
    """Return the reply to the first request."""
    return {"success": True, "status": "processing", "taskId": job.id, "message": RUNNING}


def state_reply(exchange: Exchange, job: Job, state: State) -> dict[str, Any]:
    """Return the reply to a poll."""
    if state.status == "succeeded":
        return {
            "success": True, "status": "completed", "videoUrl": files.url(exchange, job), "taskId": job.id,
            "generationTime": seconds_of(job, state), "creditsUsed": job.cost // CREDIT,
        }  # fmt: skip
    if state.terminal:
        error = {"error": error_of(state), "errorCode": "GENERATION_FAILED"}
        return {"success": False, "status": "failed", **error, "taskId": job.id}
    return start_reply(exchange, job)


STYLE = Style(
    "taskId", "task_", STATES, start_reply, state_reply, StartedTask, Task, "videoUrl", "TASK_NOT_FOUND",
    running_row="rule.running_task",
)  # fmt: skip
