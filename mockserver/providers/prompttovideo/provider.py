"""The PromptToVideo provider: operations, tiers and errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from mockserver.core.credits import CREDIT
from mockserver.core.faults import Refusal
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.errors import NO_CONTEXT, Error, RefusalContext
from mockserver.kit.models import Shape, problems
from mockserver.kit.operations import Documented, ErrorReplies, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.providers.prompttovideo import account, examples, figures, files, models, observed, videos

_ERRORS = ErrorReplies(
    {
        400: Documented("No JSON body, no prompt, or an unknown quality", models.Error, example=examples.BAD_REQUEST),
        401: Documented("Missing or invalid token", models.Error, example=examples.UNAUTHORIZED),
        402: Documented("Insufficient credits", models.OutOfCredits, example=examples.OUT_OF_CREDITS),
        404: Documented("The account has no such video", models.Error, example=examples.NOT_FOUND),
        413: Documented("The body is too large", models.Error),
        429: Documented("The daily quota is used up", models.OverQuota, example=examples.OVER_QUOTA),
        500: Documented("Server error", models.Error),
        503: Documented("Temporary outage", models.Error),
    }
)


_NO_JSON = Error("JSON data required", 400, row="json_required", fixed=True)


def _replies(success: str, model: type[Shape], example: Any, *errors: int) -> dict[int, Documented]:
    return _ERRORS.beside({200: Documented(success, model, example=example)}, *errors)


def _operations() -> tuple[Operation, ...]:
    return (
        Operation(
            "generate", "POST", "/api/v1/generate", videos.generate, "Generate a video",
            _replies("In the queue", models.Generated, examples.GENERATED, 400, 402, 413), models.Generate,
            input=("prompt",), links={"status": ("get_status", "video_id", "/video_id")}, examples=examples.REQUESTS,
            request_ledger_rows=videos.rows_of_video, paid=True, cost_row="rule.cost",
            description="Costs 1 credit for `free` and 3 for every other quality. They are given back if the video "
            "fails before it is started. Poll its status until it ends.",
        ),
        Operation(
            "get_status", "GET", "/api/v1/video/{video_id}/status", videos.status, "Get a video's status",
            _replies("The video", models.VideoStatus, examples.STATUS, 404), path_types={"video_id": int},
            job_in="video_id", asset=("video_url",),
        ),
        Operation(
            "list_videos", "GET", "/api/v1/videos", videos.list_videos, "List videos, newest first",
            _replies("A page of the list", models.VideoList, examples.LIST), query=models.ListQuery,
            request_ledger_rows=videos.rows_of_list, deviations=videos.deviations_of_list, role="list",
        ),
        Operation(
            "get_account", "GET", "/api/v1/account", account.account, "Get account information",
            _replies("The account", models.AccountInfo, examples.ACCOUNT),
        ),
        Operation(
            "get_queue_status", "GET", "/api/v1/queue/status", videos.queue_status, "Get the queue's status",
            _replies("Your pending videos, and statistics of all videos", models.QueueStatus, examples.QUEUE),
        ),
        *files.operations(),
    )  # fmt: skip


class PromptToVideo(Provider):
    """The PromptToVideo API."""

    name = "prompttovideo"
    title = "PromptToVideo"
    features = "a queue with priorities, credits, a quota of calls a day, files that play"
    hosts = ("prompttovideo.com",)
    description = (
        "Turns prompts into videos, with a queue, credits, and a daily quota that counts every call, including polls. "
        "Documented: paths, replies, tiers, the statuses 401, 402 and 429. Observed in the provider's public source: "
        "the messages of errors, costs, priorities and waits. Assumed: 413, 500, 503, and the files."
    )
    tiers = {
        "free": {"calls_per_day": 10},
        "basic": {"calls_per_day": 100},
        "pro": {"calls_per_day": 1_000},
        "enterprise": {"calls_per_day": None},
    }
    aliases = {"starter": "basic"}
    periods = {"calls_per_day": "day"}
    reports_reset = True
    # The shortest wait that the queue announces.
    patience = Advised(300_000, "rule.wait")
    default_credits = 1_000_000
    first_parameter_counts = True
    options_model = models.ScenarioOptions
    cors = True
    # FACTS section 2 has the messages of 400, 401, 402, 404 and 429. The others are similar.
    errors = {
        "unauthorized": Error("Invalid token", row="invalid_token", fixed=True),
        "no_credential": Error("Authorization header required", row="authorization_required"),
        "insufficient_credits": Error("Insufficient credits", fixed=True),
        "forbidden": Error("Forbidden", fixed=True),
        "not_found": Error("Video not found", fixed=True),
        "no_such_path": Error("Not found", fixed=True),
        "method_not_allowed": Error("Method not allowed", fixed=True),
        "invalid_request": Error("Invalid request"),
        "malformed": _NO_JSON,
        "not_an_object": _NO_JSON,
        "no_data": _NO_JSON,
        "unsupported_media_type": _NO_JSON,
        "prompt_required": Error("Prompt is required"),
        # It is assumed that a blank prompt counts as missing, so it has a separate row.
        "blank_prompt": Error("Prompt is required"),
        "prompt_no_text": Error("Prompt must be a string"),
        "invalid_quality": Error("Invalid quality. Must be one of: free, premium, 360p, 1080p"),
        "too_large": Error("Request body too large", fixed=True),
        "rate_limited": Error("Rate limit exceeded", fixed=True),
        "overloaded": Error("Service temporarily unavailable", fixed=True),
        "server_error": Error("Internal server error", fixed=True),
        "not_started": Error("Failed to start video generation"),
    }
    states = figures.STATES
    operations = _operations()

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the token behind `Bearer `, which must be written like this (FACTS section 2, scheme)."""
        value = headers.get("authorization", "")
        if not value.startswith("Bearer "):
            raise Refusal("unauthorized", case="no_credential")
        token = value.removeprefix("Bearer ").strip()
        if not token:
            raise Refusal("unauthorized")
        return token

    def is_json(self, media_type: str, options: Mapping[str, Any]) -> bool:
        return observed.is_on(options) and media_type.startswith("application/") and media_type.endswith("+json")

    def lenient(self, model: type[BaseModel], data: Any, options: Mapping[str, Any]) -> BaseModel | None:
        return observed.accepted(data) if observed.is_on(options) else None

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        if observed.is_on(context.options):
            refusal = observed.reworded(refusal)
            page = observed.page(refusal)
            if page is not None:
                return page
        return super().error_reply(refusal, context)

    def error_row(self, name: str, error: Error, refusal: Refusal) -> str:
        """Return the row of the error whose message the scenario uses; without one, the row of the entry."""
        if refusal.scripted and refusal.message:
            worded = (entry for entry in self.errors.items() if entry[1].message == refusal.message)
            name, error = next(worded, (name, error))
        return super().error_row(name, error, refusal)

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        details: dict[str, Any] = {}
        if refusal.kind == "insufficient_credits":
            quality = getattr(context.body, "quality", "free")
            details = {"required": figures.cost(quality), "available": int(refusal.available / CREDIT)}
        elif refusal.kind == "rate_limited" and context.usage:
            tier = context.account.tier if context.account is not None else "free"
            details = {"rate_limit_info": figures.rate_limit_info(tier, context.usage[0])}
        return {"error": message, **details}

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """Return the refusal of an invalid body. The prompt is checked first (FACTS section 2, prompt and quality)."""
        if not isinstance(data, Mapping):
            return super().invalid(error, data)
        if "prompt" not in {problem["loc"][0] for problem in problems(error)}:
            return Refusal("invalid_request", row="invalid_quality")
        prompt = data.get("prompt")
        if prompt and not isinstance(prompt, str):
            return Refusal("invalid_request", row="prompt_no_text")
        case = None if data else "empty"
        return Refusal("invalid_request", row="blank_prompt" if prompt else "prompt_required", case=case)
