"""Seedance 1.5 Pro: videos from prompts and images, with or without sound."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from mockserver.kit.operations import Origin
from mockserver.providers.nanophoto import files, prices, tasks
from mockserver.providers.nanophoto.bodies import NOT_BLANK, ImageRule, Images, Mode, Orientation, Request, by_mode
from mockserver.providers.nanophoto.flow import Flow
from mockserver.providers.nanophoto.sora import TEST

_ROWS = ("rule.unread_replies",)


class SeedanceVideo(Request):
    """A video to make with Seedance 1.5 Pro."""

    needed: ClassVar[Mapping[str, str]] = {"prompt": "PROMPT_REQUIRED"}
    images: ClassVar[ImageRule] = ImageRule()
    model_config = ConfigDict(json_schema_extra=by_mode(ImageRule(), "textToVideo"))

    prompt: Annotated[
        str, Field(max_length=1_000, json_schema_extra=NOT_BLANK, description="what the video shows; not blank")
    ]
    mode: Mode
    image_urls: Images | None = Field(default=None, alias="imageUrls", description="for `imageToVideo`")
    aspect: Orientation = Field(alias="aspectRatio", description="portrait is 9:16, landscape 16:9")
    resolution: Literal["480p", "720p", "1080p"]
    seconds: Literal["4", "8", "12"] = Field(alias="duration", description="seconds, as a text")
    audio: bool = Field(default=False, alias="generateAudio")
    lens: bool = Field(default=False, alias="fixedLens", description="true: the camera does not move")


def _price(body: SeedanceVideo) -> int:
    return prices.SEEDANCE[body.resolution, body.seconds] * (2 if body.audio else 1)


def _result(body: SeedanceVideo) -> files.Facts:
    lines = int(body.resolution.removesuffix("p"))
    return files.video(files.SEEDANCE, int(body.seconds), lines, portrait=body.aspect == "portrait", sound=body.audio)


FLOW = Flow(
    "seedance_1_5_pro", "/api/seedance-1-5-pro", "Make a video with Seedance 1.5 Pro",
    tasks.STYLE._replace(running_row=""), SeedanceVideo, tasks.AssumedTaskStatus, _price, _result,
    Origin("seedance", "Body Parameters", TEST), Origin("seedance", tasks.UNREAD, TEST, "assumed"),
    {"prompt": "Waves at dawn", "mode": "textToVideo", "aspectRatio": "landscape", "resolution": "720p",
     "duration": "8", "generateAudio": True},
    codes=("PROMPT_REQUIRED", "IMAGE_REQUIRED", "IMAGE_URLS_REQUIRED"), rows=_ROWS, poll_rows=_ROWS,
)  # fmt: skip
