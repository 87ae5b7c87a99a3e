"""The NanoPhoto provider: operation, limit and errors."""

from typing import Any

from mockserver.core.faults import Refusal
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.errors import Error, RefusalContext
from mockserver.kit.operations import Documented, ErrorReplies, Operation
from mockserver.kit.provider import Provider
from mockserver.providers.nanophoto import models
from mockserver.providers.nanophoto.analyses import TEXT_TYPE, reverse_prompt, rows_of_request
from mockserver.providers.nanophoto.codes import CODES, ERRORS

# A file of 30 MB in Base64, with line breaks and with room for the other fields.
_MAX_BODY = 45_000_000
_HOURLY = 100
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
            cost_row="rule.cost", immediate=True,
        ),
    )  # fmt: skip


class NanoPhoto(Provider):
    """The NanoPhoto API. One limit is documented and no plans, so all plans have that limit."""

    name = "nanophoto"
    title = "NanoPhoto"
    features = "one operation that streams its text, thirteen error codes"
    hosts = ("nanophoto.ai",)
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
        "string_too_long": ("rule.longest_texts",),
        "*": ("rule.checks",),
    }
    default_credits = 1_000_000
    poll_every = Advised(5_000, "rule.poll_every")
    max_body = _MAX_BODY
    language = ("locale",)
    operations = _operations()

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        return {"success": False, "error": message, "errorCode": error.code}
