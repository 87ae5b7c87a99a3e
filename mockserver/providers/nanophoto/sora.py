"""Sora 2: videos from prompts and images."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from mockserver.kit.operation_rows import Assumed
from mockserver.kit.operations import Origin
from mockserver.providers.nanophoto import files, prices, tasks
from mockserver.providers.nanophoto.bodies import (
    ImageRule,
    Images,
    Mode,
    Orientation,
    Prompt,
    Request,
    Seconds,
    by_mode,
)
from mockserver.providers.nanophoto.flow import Flow

TEST = "test_nanophoto_family.py::test_a_job_runs_to_its_end"
_LINES = {"sora2": 720, "sora2-pro-standard": 720, "sora2-pro-high": 1080}


class SoraVideo(Request):
    """A video to make with Sora 2."""

    needed: ClassVar[Mapping[str, str]] = {"prompt": "PROMPT_REQUIRED"}
    images: ClassVar[ImageRule] = ImageRule()
    model_config = ConfigDict(json_schema_extra=by_mode(ImageRule(), "textToVideo"))

    prompt: Prompt
    mode: Mode
    tier: Literal["sora2", "sora2-pro-standard", "sora2-pro-high"] = Field(default="sora2", alias="modelTier")
    aspect: Orientation = Field(default="portrait", alias="aspectRatio")
    seconds: Annotated[Seconds, Assumed("no default is stated; the shorter duration", default=True)] = Field(
        default="10", alias="videoDuration", description="seconds, as a text"
    )
    image_urls: Images | None = Field(default=None, alias="imageUrls", description="for `imageToVideo`")


def _price(body: SoraVideo) -> int:
    return prices.SORA[body.tier, body.seconds]


def _result(body: SoraVideo) -> files.Facts:
    return files.video(files.SORA, int(body.seconds), _LINES[body.tier], portrait=body.aspect == "portrait")


FLOW = Flow(
    "sora_2", "/api/sora-2", "Make a video with Sora 2", tasks.STYLE, SoraVideo, tasks.TaskStatus, _price, _result,
    Origin("sora_2", "Body Parameters", TEST), Origin("sora_2_reference", "Completed status", TEST),
    {"prompt": "A golden retriever on a beach at sunset", "mode": "textToVideo", "modelTier": "sora2"},
    codes=("PROMPT_REQUIRED", "IMAGE_REQUIRED", "IMAGE_URLS_REQUIRED"),
)  # fmt: skip
