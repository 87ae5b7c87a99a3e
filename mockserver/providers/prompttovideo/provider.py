"""How PromptToVideo looks on the wire: its operations, tiers and errors."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ValidationError

from mockserver.core.credits import ONE
from mockserver.core.faults import Refusal
from mockserver.core.jobs import State
from mockserver.core.limits import Period
from mockserver.kit.models import Shape
from mockserver.kit.operations import Documented, Operation, Reply
from mockserver.kit.provider import NO_CONTEXT, Provider, RefusalContext, bearer, status_of
from mockserver.providers.prompttovideo import account, examples, files, models, spelling, videos

# FACTS section 2 gives the words of 400, 401, 402, 404 and 429; those of the others are assumed in their likeness.
MESSAGES = {
    "unauthorized": "Invalid token",
    "insufficient_credits": "Insufficient credits",
    "forbidden": "Forbidden",
    "not_found": "Video not found",
    "method_not_allowed": "Method not allowed",
    "invalid_request": "Invalid request",
    "too_large": "Request body too large",
    "unsupported_media_type": "JSON data required",
    "rate_limited": "Rate limit exceeded",
    "overloaded": "Service temporarily unavailable",
    "server_error": "Internal server error",
}
_QUALITIES = "free, premium, 360p, 1080p"
_NO_KEY = "authorization_required"
# What the ledger calls errors that have a name of their own: by their kind, and by the provider's words for them where
# a scenario uses those.
_ROWS = {"unauthorized": "invalid_token", "unsupported_media_type": "json_required"}
_WORDS = {
    "Authorization header required": _NO_KEY,
    "Invalid token": "invalid_token",
    "JSON data required": "json_required",
    "Prompt is required": "prompt_required",
    "Failed to start video generation": "not_started",
}
_ERRORS = {
    400: Documented("No JSON body, no prompt, or an unknown quality", models.Error, example=examples.BAD_REQUEST),
    401: Documented("Missing or invalid token", models.Error, example=examples.UNAUTHORIZED),
    402: Documented("Insufficient credits", models.OutOfCredits, example=examples.OUT_OF_CREDITS),
    404: Documented("No such video of this account", models.Error, example=examples.NOT_FOUND),
    413: Documented("The body is too large", models.Error),
    429: Documented("The calls of the day are used up", models.OverQuota, example=examples.OVER_QUOTA),
    500: Documented("Server error", models.Error),
    503: Documented("Temporary outage", models.Error),
}


def _replies(success: str, model: type[Shape], example: Any, *errors: int) -> dict[int, Documented]:
    failures = {code: _ERRORS[code] for code in sorted((401, 429, 500, 503, *errors))}
    return {200: Documented(success, model, example=example), **failures}


def _operations() -> tuple[Operation, ...]:
    return (
        Operation(
            "generate", "POST", "/api/v1/generate", videos.generate, "Generate a video",
            _replies("In the queue", models.Generated, examples.GENERATED, 400, 402, 413), models.Generate,
            input=("prompt",), links={"status": ("get_status", "video_id", "/video_id")}, examples=examples.REQUESTS,
            request_ledger_rows=videos.rows_of_video,
            description="Takes 1 credit for `free` and 3 for every other quality, and gives them back when the video "
            "fails before it is begun. Poll its status until it ends.",
        ),
        Operation(
            "get_status", "GET", "/api/v1/video/{video_id}/status", videos.status, "Get a video's status",
            _replies("The video", models.VideoStatus, examples.STATUS, 404), path_types={"video_id": int},
        ),
        Operation(
            "list_videos", "GET", "/api/v1/videos", videos.list_videos, "List videos, newest first",
            _replies("A page of the list", models.VideoList, examples.LIST), query=models.ListQuery,
            request_ledger_rows=videos.rows_of_list, deviations=videos.deviations_of_list,
        ),
        Operation(
            "get_account", "GET", "/api/v1/account", account.account, "Get account information",
            _replies("The account", models.AccountInfo, examples.ACCOUNT),
        ),
        Operation(
            "get_queue_status", "GET", "/api/v1/queue/status", videos.queue_status, "Get the queue's status",
            _replies("Your waiting videos, and figures of everybody's", models.QueueStatus, examples.QUEUE),
        ),
        *files.operations(),
    )  # fmt: skip


class PromptToVideo(Provider):
    """The PromptToVideo API."""

    name = "prompttovideo"
    title = "PromptToVideo"
    hosts = ("prompttovideo.com",)
    description = (
        "Videos rendered from prompts: a queue, credits, and a daily quota that every call counts against, status "
        "polls too. Documented: paths, replies, tiers, the statuses 401, 402 and 429. Observed in the provider's "
        "public source: the words of errors, costs, priorities and waits. Assumed: 413, 500, 503, and the files."
    )
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]] = {
        "free": {"calls_per_day": 10},
        "basic": {"calls_per_day": 100},
        "pro": {"calls_per_day": 1_000},
        "enterprise": {"calls_per_day": None},
    }
    aliases: ClassVar[Mapping[str, str]] = {"starter": "basic"}
    periods: ClassVar[Mapping[str, Period]] = {"calls_per_day": "day"}
    counts = ("calls_per_day",)
    default_credits = 1_000_000
    options_model = models.ScenarioOptions

    def __init__(self) -> None:
        self.operations = _operations()

    def key(self, headers: Mapping[str, str]) -> str:
        token = bearer(headers)
        if token is None:
            raise Refusal("unauthorized", "Authorization header required", row=_NO_KEY)
        return token

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """The prompt is looked at before the quality (FACTS section 2, prompt and quality)."""
        if not isinstance(data, Mapping):
            return Refusal("invalid_request", "JSON data required", row="json_required")
        wrong = {part["loc"][0] for part in error.errors(include_url=False, include_input=False, include_context=False)}
        if "prompt" not in wrong:
            message = f"Invalid quality. Must be one of: {_QUALITIES}"
            return Refusal("invalid_request", message, row="invalid_quality")
        prompt = data.get("prompt")
        if prompt and not isinstance(prompt, str):
            return Refusal("invalid_request", "Prompt must be a string", row="prompt_no_text")
        # That a blank prompt counts as none is assumed, so it has a name of its own.
        row = "blank_prompt" if prompt else "prompt_required"
        return Refusal("invalid_request", "Prompt is required", row=row)

    def state_name(self, state: State) -> str:
        return spelling.SPELLED[state.status]

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        status = 400 if refusal.kind == "unsupported_media_type" else status_of(refusal)
        body = {"error": _message(refusal), **_more(refusal, context)}
        return Reply(status, body, ledger_rows=self.error_rows(refusal, _row(refusal)))


def _row(refusal: Refusal) -> str:
    """What the ledger calls an error that does not say it itself."""
    if refusal.scripted and refusal.message:
        return _WORDS.get(refusal.message, refusal.kind)
    return "json_required" if refusal.malformed else _ROWS.get(refusal.kind, refusal.kind)


def _message(refusal: Refusal) -> str:
    """A scenario's own words, those of a check that knows better than its kind, or those of the kind."""
    kind = refusal.kind
    if refusal.scripted and refusal.message:
        return refusal.message
    if refusal.malformed:
        return "JSON data required"
    if refusal.row == "no_such_path":
        return "Not found"
    own = kind == "invalid_request" or refusal.row == _NO_KEY
    return (own and refusal.message) or MESSAGES.get(kind, MESSAGES["server_error"])


def _more(refusal: Refusal, context: RefusalContext) -> dict[str, Any]:
    """What some errors say beside their message."""
    if refusal.kind == "insufficient_credits":
        quality = getattr(context.body, "quality", "free")
        return {"required": spelling.cost(quality), "available": int(refusal.available / ONE)}
    if refusal.kind == "rate_limited" and context.usage:
        tier = context.account.tier if context.account is not None else "free"
        return {"rate_limit_info": spelling.rate_limit_info(tier, context.usage[0])}
    return {}
