"""How NanoPhoto looks on the wire: its operation, limit and errors."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ValidationError

from mockserver.core.faults import Refusal
from mockserver.core.jobs import State
from mockserver.core.limits import Period
from mockserver.kit.models import first_error
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.kit.provider import NO_CONTEXT, Provider, RefusalContext
from mockserver.providers.nanophoto import models
from mockserver.providers.nanophoto.analyses import TEXT_TYPE, reverse_prompt, rows_of_request
from mockserver.providers.nanophoto.codes import MESSAGES, PREFIX, STATUS, code_of

# A file of 30 MB in Base64, with line breaks and with room for the other fields.
_MAX_BODY = 45_000_000
_HOURLY = 100
_UNDOCUMENTED: Mapping[str, int] = {"not_found": 404, "method_not_allowed": 405}
# The page documents none of these, so they are no case of the code that they are spelled with.
_ASSUMED = (*_UNDOCUMENTED, "too_large", "unsupported_media_type")
# What a check knows better than the message of its code: which field is wrong, and why.
_TELLING = ("invalid_request", "unsupported_media_type", f"{PREFIX}INVALID_FORMAT")
_MALFORMED = ("rule.malformed_body",)
_ELSEWHERE: Mapping[str, str] = {
    "not_found": "There is nothing at this path",
    "method_not_allowed": "This path takes POST alone",
}
_ERRORS = {
    400: "The input, a link or a file cannot be used, or the video could not be downloaded",
    401: "Missing or invalid API key",
    402: "Not enough credits",
    422: "The video could not be processed",
    429: "The requests of the hour are used up",
    500: "Server error",
    503: "The AI service or the whole service is not available",
}

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
    errors = {status: Documented(meaning, models.Error) for status, meaning in _ERRORS.items()}
    return (
        Operation(
            "reverse_prompt", "POST", "/api/sora-2/reverse-prompt", reverse_prompt, "Turn a video back into prompts",
            {200: text, **errors}, models.ReversePrompt, input=("videoUrl",), examples=_EXAMPLES,
            request_ledger_rows=rows_of_request,
        ),
    )  # fmt: skip


class NanoPhoto(Provider):
    """The NanoPhoto API. The page names no plans and one limit, so it holds for all of them."""

    name = "nanophoto"
    title = "NanoPhoto"
    hosts = ("nanophoto.ai",)
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]] = {
        "free": {"requests_per_hour": _HOURLY},
        "pro": {"requests_per_hour": _HOURLY},
        "enterprise": {"requests_per_hour": _HOURLY},
    }
    aliases: ClassVar[Mapping[str, str]] = {"starter": "pro", "basic": "pro"}
    periods: ClassVar[Mapping[str, Period]] = {"requests_per_hour": "hour"}
    counts = ("requests_per_hour",)
    codes = tuple(STATUS)
    default_credits = 1_000_000
    max_body = _MAX_BODY
    language = ("locale",)

    def __init__(self) -> None:
        self.operations = _operations()

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] in STATUS:
            return Refusal(f"{PREFIX}{first['type']}", first["msg"])
        if not isinstance(data, Mapping):
            return Refusal("invalid_request", "The body must be a JSON object", ledger_rows=_MALFORMED)
        return Refusal("invalid_request", first_error(error), ledger_rows=_assumed(first["type"], first["loc"]))

    def state_name(self, state: State) -> None:
        """None: an analysis is a job inside alone."""

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        kind, code = refusal.kind, code_of(refusal.kind)
        own = refusal.scripted or kind in _TELLING or kind == f"{PREFIX}INVALID_INPUT"
        message = (own and refusal.message) or _ELSEWHERE.get(kind, MESSAGES[code])
        # The documented code, or the neutral kind of an error that the page knows nothing of.
        more = _MALFORMED if refusal.malformed else ()
        rows = self.error_rows(refusal, kind if kind in _ASSUMED else code, *more)
        body = {"success": False, "error": message, "errorCode": code}
        return Reply(_UNDOCUMENTED.get(kind, STATUS[code]), body, ledger_rows=rows)


def _assumed(problem: str, where: tuple[int | str, ...]) -> tuple[str, ...]:
    """The rows that a refusal of a field rests on, beside that of its code."""
    if problem == "string_too_long":
        return ("rule.longest_texts",)
    if "locale" in where:
        return ("rule.unknown_locale",)
    return () if problem == "missing" else ("rule.checks",)
