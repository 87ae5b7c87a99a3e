"""The DumplingAI provider: operations, limit, headers and errors."""

from typing import Any

from pydantic import ValidationError

from mockserver.core.faults import Refusal
from mockserver.kit.errors import NO_CONTEXT, Error, RefusalContext
from mockserver.kit.limits import LimitHeader
from mockserver.kit.models import problems
from mockserver.kit.operations import Documented, ErrorReplies, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.providers.dumplingai import extraction, models, samples
from mockserver.providers.dumplingai.contract import as_schema

# A limit of this server. DumplingAI accepts videos of up to 2 GB, which would need too much memory.
MIB = 1_048_576
MAX_BODY = 64 * MIB
_A_MINUTE = 60
_SHOWN = 60

_ERRORS = ErrorReplies(
    {
        400: Documented("The request or its video is invalid", models.Error, example=samples.TOO_LONG),
        401: Documented("Missing or invalid API key", models.Error, example=samples.UNAUTHORIZED),
        405: Documented("If the scenario checks requests against the provider's OpenAPI document only", models.Error),
        402: Documented("Not enough credits", models.Error, example=samples.OUT_OF_CREDITS),
        429: Documented("The limit per minute is used up", models.Error),
        500: Documented("The extraction failed", models.Error, example=samples.FAILED),
        503: Documented("Temporary outage", models.Error),
    }
)


def _operations() -> tuple[Operation, ...]:
    return (
        Operation(
            "extract_video", "POST", "/api/v1/extract-video", extraction.extract_video, "Extract insights from a video",
            _ERRORS.beside(
                {200: Documented("The extraction", models.Extracted, example=samples.EXTRACTED)}, 400, 402
            ),
            models.ExtractVideo, input=extraction.subject, max_body=MAX_BODY, examples=samples.REQUESTS,
            request_ledger_rows=extraction.rows_of_request, paid=True, cost_row="rule.price", immediate=True,
            description="Costs 100 credits plus 10 for each second of video, rounded up, and nothing if it fails. "
            "A request body can be at most 64 MiB, and a prompt 1,048,576 characters. These are limits of this server, "
            "not of DumplingAI. The first 4,000 characters of a prompt determine the result.",
        ),
        Operation(
            "list_formats", "GET", "/api/v1/extract-video", extraction.list_formats, "List the formats of videos",
            _ERRORS.beside({200: Documented("The formats", models.Formats, example=samples.FORMATS)}, 405),
            ledger_rows=("rule.formats_reply",),
        ),
    )  # fmt: skip


class DumplingAI(Provider):
    """The DumplingAI API. No plans are documented, so all plans have the same limit."""

    name = "dumplingai"
    title = "DumplingAI"
    features = "one operation that replies when the work is done, credits per second of video"
    hosts = ("app.dumplingai.com",)
    base_path = "/api/v1"
    description = (
        "Answers a prompt about a video, in one request. Documented: the request, its reply, 400, 401 and 500, the "
        "price, and what videos may be. Observed: values of `requestSource` outside the enum, which are accepted and "
        "reported, and refused under `--strict`. Assumed: 402, 429 and 503, the length of videos by URL, and the "
        "list of formats."
    )
    tiers = {plan: {"requests_per_minute": _A_MINUTE} for plan in ("free", "starter", "basic", "pro", "enterprise")}
    periods = {"requests_per_minute": "minute"}
    limit_headers = {
        "X-RateLimit-Limit": LimitHeader("allowed", "requests a minute", minimum=0),
        "X-RateLimit-Remaining": LimitHeader("remaining", "requests left in this minute", minimum=0),
    }
    # Errors without a documented status have 400 (FACTS section 5, limits).
    errors = {
        "unauthorized": Error("Invalid or missing Authorization header", fixed=True),
        "forbidden": Error("This API key may not do this", fixed=True),
        "not_found": Error("Not found", fixed=True),
        "method_not_allowed": Error("Method not allowed", fixed=True),
        "invalid_request": Error("Invalid request payload"),
        "not_an_object": Error("The request body must be a JSON object", row="invalid_request", fixed=True),
        "too_large": Error("The video file is larger than the maximum of 2GB", 400, fixed=True),
        "body_too_large": Error(
            f"The request body is larger than {MAX_BODY // MIB} MiB: give a larger video by URL", 400, fixed=True
        ),
        "unsupported_media_type": Error("Content-Type must be application/json", 400, fixed=True),
        "insufficient_credits": Error("Insufficient credits", fixed=True),
        "rate_limited": Error("Rate limit exceeded", fixed=True),
        "overloaded": Error("The service is temporarily unavailable", fixed=True),
        "server_error": Error("the video could not be processed"),
    }
    options_model = models.ScenarioOptions
    operations = _operations()

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        first = problems(error)[0]
        if first["type"] == "extra_forbidden":
            message = f"Unknown property: {str(first['loc'][0])[:_SHOWN]}"
            return Refusal("invalid_request", message, row="unknown_property")
        return super().invalid(error, data)

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        reply = super().error_reply(refusal, context)
        if refusal.kind == "method_not_allowed" and as_schema(context.options, strict=context.strict):
            # The OpenAPI document does not have the GET that the page documents.
            return reply._replace(headers=((b"allow", b"POST"),))
        return reply

    def error_row(self, name: str, error: Error, refusal: Refusal) -> str:
        """Return the row for other formats if the scenario's message starts like that error."""
        if refusal.scripted and refusal.message.startswith("Unsupported video format"):
            return "unsupported_format"
        return super().error_row(name, error, refusal)

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        extracting = context.operation is None or context.operation.name == "extract_video"
        if refusal.kind == "server_error" and extracting:
            message = f"Failed to extract video data: {message}"
        return {"error": message}
