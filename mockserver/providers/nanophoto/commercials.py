"""Sora 2 TVC: commercials from a theme, in three stages: a script of nine scenes, a storyboard, and the video."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from mockserver.core.jobs import Job, State
from mockserver.kit.operations import Origin
from mockserver.providers.nanophoto import files, prices, tasks
from mockserver.providers.nanophoto.bodies import NOT_BLANK, Orientation, PublicUrl, Request, Seconds
from mockserver.providers.nanophoto.flow import Flow
from mockserver.providers.nanophoto.replies import CommercialTask
from mockserver.providers.nanophoto.sora import TEST
from mockserver.wire.exchange import Exchange

STAGES = ("storyboard_script", "storyboard_image", "video")
_ROWS = ("rule.unread_replies",)


class Commercial(Request):
    """A commercial to make."""

    needed: ClassVar[Mapping[str, str]] = {"adTheme": "INVALID_INPUT"}

    theme: str = Field(alias="adTheme", json_schema_extra=NOT_BLANK, description="what is advertised")
    image: PublicUrl | None = Field(default=None, alias="referenceImageUrl", description="one public URL")
    voiceover: str | None = Field(default=None, alias="voiceoverScript")
    seconds: Seconds = Field(default="10", alias="videoDuration", description="seconds, as a text")
    aspect: Orientation = Field(default="portrait", alias="aspectRatio")


def _price(body: Commercial) -> int:
    return prices.COMMERCIAL


def _result(body: Commercial) -> files.Facts:
    return files.video(files.SORA, int(body.seconds), 720, portrait=body.aspect == "portrait")


def _state_reply(exchange: Exchange, job: Job, state: State) -> dict[str, Any]:
    """Return the reply to a poll: as for other tasks, with the stage, and the storyboard once it is drawn."""
    stages = [step.stage for step in job.plan.steps[: state.index + 1] if step.stage in STAGES]
    step = "video" if state.status == "succeeded" else stages[-1] if stages else STAGES[0]
    board = {"storyboardImageUrl": files.storyboard_url(exchange, job)} if files.is_drawn(job, exchange.now) else {}
    return {**tasks.state_reply(exchange, job, state), "step": step, **board}


FLOW = Flow(
    "sora_2_tvc", "/api/sora-2-tvc", "Make a commercial with Sora 2",
    tasks.STYLE._replace(state_reply=_state_reply, model=CommercialTask, running_row=""), Commercial,
    tasks.AssumedTaskStatus,
    _price, _result, Origin("tvc", "Body Parameters", TEST), Origin("tvc", tasks.UNREAD, TEST, "assumed"),
    {"adTheme": "A serum for dry skin", "videoDuration": "15", "aspectRatio": "landscape"},
    rows=_ROWS, poll_rows=_ROWS, stages=STAGES, input="adTheme",
)  # fmt: skip
