"""Nano Banana Pro and Nano Banana 2: images from prompts and other images.

A generation is polled by its `generationId`; its `taskId` is only shown. Those of other accounts are forbidden.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from mockserver.core.jobs import Job, State
from mockserver.core.plans import Status
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.operation_rows import OWN_LIMIT, Assumed
from mockserver.kit.operations import Origin
from mockserver.providers.nanophoto import files, prices
from mockserver.providers.nanophoto.bodies import NOT_BLANK, ImageRule, Prompt, PublicUrl, Request, by_mode
from mockserver.providers.nanophoto.flow import ID_LENGTH, Flow, Style, error_of
from mockserver.providers.nanophoto.replies import Generation, StartedGeneration
from mockserver.providers.nanophoto.sora import TEST
from mockserver.wire.exchange import Exchange

STATES: Mapping[Status, str] = {
    "queued": "pending",
    "running": "generating",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}
# Of a 1K image, in pixels. 2K and 4K have two and four times as many on each side.
_SIZES = {"16:9": (1376, 768), "9:16": (768, 1376), "4:3": (1200, 896), "3:4": (896, 1200)}
_TIMES = {"1K": 1, "2K": 2, "4K": 4}
_SCRIPT = Assumed("no default is stated; the provider's own script sends this value", default=True)
_CODES = (
    "INVALID_PROMPT", "MISSING_INPUT_IMAGE", "TOO_MANY_IMAGES", "IMAGE_URLS_REQUIRED", "CREDIT_RESERVATION_FAILED",
)  # fmt: skip
_IN_EDIT = ImageRule("inputImageUrls", "edit", "MISSING_INPUT_IMAGE", 8, "TOO_MANY_IMAGES")

_Mode = Literal["generate", "edit"]
_Aspect = Literal["16:9", "9:16", "4:3", "3:4"]
_Quality = Literal["1K", "2K", "4K"]


class ProImage(Request):
    """An image to make with Nano Banana Pro."""

    needed: ClassVar[Mapping[str, str]] = {"prompt": "INVALID_PROMPT"}
    images: ClassVar[ImageRule] = _IN_EDIT
    model_config = ConfigDict(json_schema_extra=by_mode(_IN_EDIT, "generate"))

    prompt: Prompt
    mode: _Mode
    aspect: Annotated[_Aspect, _SCRIPT] = Field(default="16:9", alias="aspectRatio")
    quality: Annotated[_Quality, _SCRIPT] = Field(default="1K", alias="imageQuality")
    input_urls: Annotated[list[PublicUrl], Field(max_length=8)] | None = Field(default=None, alias="inputImageUrls")


class Image2(Request):
    """An image to make with Nano Banana 2."""

    needed: ClassVar[Mapping[str, str]] = {"prompt": "INVALID_PROMPT"}
    images: ClassVar[ImageRule] = _IN_EDIT._replace(most=14)
    model_config = ConfigDict(json_schema_extra=by_mode(_IN_EDIT, "generate"))

    prompt: Prompt
    mode: _Mode
    aspect: _Aspect = Field(default="16:9", alias="aspectRatio")
    quality: _Quality = Field(default="1K", alias="imageQuality")
    input_urls: Annotated[list[PublicUrl], Field(max_length=14)] | None = Field(default=None, alias="inputImageUrls")
    search: bool = Field(default=False, alias="googleSearch")


class GenerationStatus(Request):
    """An image to look at."""

    needed: ClassVar[Mapping[str, str]] = {"generationId": "INVALID_INPUT"}
    generation_id: Annotated[str, Field(max_length=200, json_schema_extra=NOT_BLANK), OWN_LIMIT] = Field(
        alias="generationId"
    )


def _start_reply(exchange: Exchange, job: Job) -> dict[str, Any]:
    task = exchange.seeded.token(ID_LENGTH, "task", job.id)
    return {"success": True, "generationId": job.id, "taskId": f"task_{task}", "status": "pending"}


def _state_reply(exchange: Exchange, job: Job, state: State) -> dict[str, Any]:
    status = STATES[state.status]
    if state.status == "succeeded":
        url = files.url(exchange, job)
        return {"success": True, "status": status, "imageUrl": url, "generationId": job.id, "progress": 100}
    if state.terminal:
        coded = {"errorCode": "GENERATION_FAILED"} if exchange.option("image_failure_code") else {}
        error = {"error": error_of(state, "Generation failed"), **coded}
        return {"success": False, "status": status, **error, "generationId": job.id, "progress": 0}
    return {"success": True, "status": status, "generationId": job.id, "progress": state.progress or 0}


def _price(body: ProImage | Image2) -> int:
    return prices.IMAGES[body.quality]


def _result(body: ProImage | Image2) -> files.Facts:
    width, height = _SIZES[body.aspect]
    return files.image(width * _TIMES[body.quality], height * _TIMES[body.quality])


_STYLE = Style(
    "generationId", "", STATES, _start_reply, _state_reply, StartedGeneration, Generation, "imageUrl", "NOT_FOUND",
    "FORBIDDEN", "rule.running_generation", Advised(3_000, "rule.poll_images_every"),
)  # fmt: skip
_EXAMPLE = {"prompt": "A futuristic city at sunset", "mode": "generate", "aspectRatio": "16:9", "imageQuality": "1K"}
PRO = Flow(
    "nano_banana_pro", "/api/nano-banana-pro", "Make an image with Nano Banana Pro", _STYLE, ProImage,
    GenerationStatus, _price, _result, Origin("nano_banana_pro_reference", "Generate request fields", TEST),
    Origin("nano_banana_pro_reference", "Completed status", TEST), _EXAMPLE, codes=_CODES, tag="images",
)  # fmt: skip
BANANA_2 = Flow(
    "nano_banana_2", "/api/nano-banana-2", "Make an image with Nano Banana 2", _STYLE, Image2, GenerationStatus,
    _price, _result, Origin("nano_banana_2", "Body Parameters", TEST),
    Origin("nano_banana_2_reference", "Polling", TEST),
    {**_EXAMPLE, "googleSearch": False}, codes=_CODES, tag="images", rows=("rule.nano_banana_2_replies",),
    poll_rows=("rule.nano_banana_2_replies",),
)  # fmt: skip
