"""The NanoPhoto provider: operations, limit and errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from mockserver.core.accounts import Account
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Effects
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.errors import Error, RefusalContext
from mockserver.kit.models import problems
from mockserver.kit.operations import Documented, ErrorReplies, Operation
from mockserver.kit.provider import Provider
from mockserver.providers.nanophoto import (
    commercials,
    files,
    flow,
    images,
    models,
    prompts,
    seedance,
    shots,
    sora,
    watermark,
)
from mockserver.providers.nanophoto.analyses import reverse_prompt, rows_of_request
from mockserver.providers.nanophoto.bodies import IMAGE_OF_ONE_PAGE, TOPIC_MISSING, Request, leniently, mistyped
from mockserver.providers.nanophoto.codes import CODES, ERRORS
from mockserver.providers.nanophoto.options import Options
from mockserver.providers.nanophoto.texts import TEXT_TYPE
from mockserver.sandbox.settling import Settling
from mockserver.store.protocol import Transition

# A file of 30 MB in Base64, with line breaks and with room for the other fields.
_MAX_BODY = 45_000_000
_HOURLY = 100
# The ends of pydantic's names for values outside an enumeration and of another type.
_DEVIATIONS = ("literal_error", "_type")
_ERRORS = ErrorReplies.of(
    models.Error,
    {
        400: "The input, a link or a file is invalid, or the video cannot be downloaded",
        401: "Missing or invalid API key",
        402: "Not enough credits",
        422: "The video could not be processed",
        429: "The hourly limit is used up",
        500: "Server error",
        503: "The AI service or the whole service is unavailable",
    },
)

_EXAMPLES = {
    "youtube": {"videoSource": "youtube", "locale": "en", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"},
    "url": {"videoSource": "url", "locale": "zh", "videoUrl": "https://static.nanophoto.ai/demo/sk2-ad.mp4"},
    "file": {
        "videoSource": "file",
        "videoFile": "AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29t",
        "videoFileName": "your-video.mp4",
    },
}


def _operations() -> tuple[Operation, ...]:
    text = Documented("The analysis in Markdown, streamed as it is written", content_type=TEXT_TYPE)
    return (
        Operation(
            "reverse_prompt", "POST", "/api/sora-2/reverse-prompt", reverse_prompt, "Turn a video back into prompts",
            _ERRORS.beside({200: text}, *_ERRORS.by_status), models.ReversePrompt, input=("videoUrl",),
            examples=_EXAMPLES, request_ledger_rows=rows_of_request, streams=True, paid=True,
            cost_row="rule.cost", immediate=True, tag="texts",
        ),
        *flow.operations(sora.FLOW),
        prompts.OPERATION,
        *flow.operations(commercials.FLOW),
        watermark.OPERATION,
        *flow.operations(images.PRO),
        *flow.operations(images.BANANA_2),
        *shots.OPERATIONS,
        *flow.operations(seedance.FLOW),
        *files.operations(),
    )  # fmt: skip


class NanoPhoto(Provider):
    """The NanoPhoto API. One limit is documented and no plans, so all plans have that limit."""

    name = "nanophoto"
    title = "NanoPhoto"
    features = "videos and images by jobs, texts that are streamed, thirty error codes, results that play"
    hosts = ("nanophoto.ai", files.VIDEO_HOST, files.IMAGE_HOST)
    description = (
        "Makes videos and images in the background, and streams texts about videos. One limit counts the requests of "
        "all operations. Documented: requests, prices, error codes, the replies of most operations. Assumed: the "
        "replies of Sora 2 TVC and Seedance, and the bodies about jobs that have not ended."
    )
    tiers = {
        "free": {"requests_per_hour": _HOURLY},
        "pro": {"requests_per_hour": _HOURLY},
        "enterprise": {"requests_per_hour": _HOURLY},
    }
    aliases = {"starter": "pro", "basic": "pro"}
    periods = {"requests_per_hour": "hour"}
    errors = ERRORS
    codes = tuple(CODES)
    problem_rows = {
        "missing": (),
        "locale": ("rule.unknown_locale",),
        "topic": (),
        TOPIC_MISSING: (),
        IMAGE_OF_ONE_PAGE: ("rule.image_for_prompt",),
        "string_too_long": ("rule.longest_texts",),
        **dict.fromkeys(CODES, ()),
        "INVALID_INPUT": ("rule.checks",),
        "*": ("rule.checks",),
    }
    default_credits = 1_000_000
    poll_every = Advised(5_000, "rule.poll_every")
    max_body = _MAX_BODY
    language = ("locale",)
    stages = commercials.STAGES
    options_model = Options
    tags = {
        "videos": "Videos that are made in the background: start one, then poll it",
        "images": "Images that are made in the background",
        "texts": "Texts about videos, streamed while they are written",
    }
    operations = _operations()

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        return {"success": False, "error": message, "errorCode": error.code}

    def lenient(self, model: type[BaseModel], data: Any, options: Mapping[str, Any]) -> BaseModel | None:
        return leniently(model, data) if options.get("lenient") and issubclass(model, Request) else None

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """Return the refusal of an invalid body. A value that is not documented is also a deviation of the client."""
        refusal = super().invalid(error, data)
        if problems(error)[0]["type"].endswith(_DEVIATIONS):
            refusal.deviations = (self.describe(error),)
        return refusal

    def describe(self, error: ValidationError) -> str:
        return mistyped(error) or super().describe(error)

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """The end of a shot has an effect for its generation."""
        return "end" if "batch" in facts else super().effects(facts, account)

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        await super().on_transition(settling, transition)
        if "batch" in transition.job.facts:
            await shots.shot_ended(settling, transition.job, transition.state)
