"""How DumplingAI looks on the wire: its operations, limit, headers and errors."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from mockserver.core.faults import Refusal
from mockserver.core.limits import Period, Usage
from mockserver.kit.models import first_error
from mockserver.kit.operations import Documented, Header, Operation, Reply
from mockserver.kit.provider import NO_CONTEXT, Provider, RefusalContext, status_of
from mockserver.providers.dumplingai import extraction, models, samples
from mockserver.providers.dumplingai.contract import as_schema

MIB = 1_048_576
# A bound of this simulation, not of DumplingAI, which takes videos of up to 2 GB: nobody's memory should hold those.
MAX_BODY = 64 * MIB
_A_MINUTE = 60
_UNLIMITED = 1_000_000
_SHOWN = 60

# Where the page names no status, 400 (FACTS section 5, limits); a video that is too large is documented.
_STATUS = {"too_large": 400, "unsupported_media_type": 400}
MESSAGES = {
    "unauthorized": "Invalid or missing Authorization header",
    "forbidden": "This API key may not do this",
    "not_found": "Not found",
    "method_not_allowed": "Method not allowed",
    "invalid_request": "Invalid request payload",
    "too_large": "The video file is larger than the maximum of 2GB",
    "unsupported_media_type": "Content-Type must be application/json",
    "insufficient_credits": "Insufficient credits",
    "rate_limited": "Rate limit exceeded",
    "overloaded": "The service is temporarily unavailable",
    "server_error": "the video could not be processed",
}
# How the provider's error for other formats begins, which a scenario may use.
_UNSUPPORTED = "Unsupported video format"
_LIMIT_HEADERS = {
    "X-RateLimit-Limit": {"type": "integer", "minimum": 0, "description": "requests a minute"},
    "X-RateLimit-Remaining": {"type": "integer", "minimum": 0, "description": "requests left in this minute"},
}
_ERRORS = {
    400: Documented("The request or its video cannot be used", models.Error, example=samples.TOO_LONG),
    401: Documented("Missing or invalid API key", models.Error, example=samples.UNAUTHORIZED),
    405: Documented("Asked of a scenario in which the provider's OpenAPI document alone counts", models.Error),
    402: Documented("The credits are used up", models.Error, example=samples.OUT_OF_CREDITS),
    429: Documented("The requests of this minute are used up", models.Error),
    500: Documented("The extraction failed", models.Error, example=samples.FAILED),
    503: Documented("Temporary outage", models.Error),
}


def _replies(success: Documented, *errors: int) -> dict[int, Documented]:
    return {200: success, **{code: _ERRORS[code] for code in errors}}


def _operations() -> tuple[Operation, ...]:
    return (
        Operation(
            "extract_video", "POST", "/api/v1/extract-video", extraction.extract_video, "Extract insights from a video",
            _replies(
                Documented("What was extracted", models.Extracted, example=samples.EXTRACTED),
                400, 401, 402, 429, 500, 503,
            ),
            models.ExtractVideo, input=extraction.subject, max_body=MAX_BODY, examples=samples.REQUESTS,
            request_ledger_rows=extraction.rows_of_request,
            description="Takes 100 credits and 10 for each second of video, rounded up, and nothing when it fails. "
            "Files sent as base64 are bounded by the size of the request here, 64 MiB, which DumplingAI does not know.",
        ),
        Operation(
            "list_formats", "GET", "/api/v1/extract-video", extraction.list_formats, "List the formats of videos",
            _replies(Documented("The formats", models.Formats, example=samples.FORMATS), 401, 405, 429, 500, 503),
            ledger_rows=("rule.formats_reply",),
        ),
    )  # fmt: skip


class DumplingAI(Provider):
    """The DumplingAI API. The page names no plans, so one limit holds for all of them."""

    name = "dumplingai"
    title = "DumplingAI"
    hosts = ("app.dumplingai.com",)
    base_path = "/api/v1"
    description = (
        "Answers a prompt about a video, in one request. Documented: the request, its reply, 400, 401 and 500, the "
        "price, and what videos may be. Observed: values of `requestSource` outside the enum, which are accepted and "
        "reported, and refused under `--strict`. Assumed: 402, 429 and 503, the length of videos that are not sent "
        "along, and the list of formats."
    )
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]] = {
        plan: {"requests_per_minute": _A_MINUTE} for plan in ("free", "starter", "basic", "pro", "enterprise")
    }
    periods: ClassVar[Mapping[str, Period]] = {"requests_per_minute": "minute"}
    counts = ("requests_per_minute",)
    options_model = models.ScenarioOptions
    documented_headers = _LIMIT_HEADERS

    def __init__(self) -> None:
        self.operations = _operations()

    def limit_headers(self, usage: Sequence[Usage]) -> Sequence[Header]:
        minute = usage[0]
        allowed = _UNLIMITED if minute.limit.allowed is None else minute.limit.allowed
        remaining = allowed if minute.remaining is None else minute.remaining
        return (
            (b"x-ratelimit-limit", str(allowed).encode()),
            (b"x-ratelimit-remaining", str(remaining).encode()),
        )

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        if not isinstance(data, Mapping):
            return Refusal("invalid_request", "The request body must be a JSON object")
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "extra_forbidden":
            message = f"Unknown property: {str(first['loc'][0])[:_SHOWN]}"
            return Refusal("invalid_request", message, row="unknown_property")
        return Refusal("invalid_request", first_error(error))

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        kind = refusal.kind
        headers: Sequence[Header] = ()
        if kind == "method_not_allowed" and as_schema(context.options, strict=context.strict):
            # The page documents GET, but the OpenAPI document on it does not.
            headers = ((b"allow", b"POST"),)
        message = _message(refusal)
        extracting = context.operation is None or context.operation.name == "extract_video"
        if kind == "server_error" and extracting:
            message = f"Failed to extract video data: {message}"
        status = _STATUS.get(kind) or status_of(refusal)
        return Reply(status, {"error": message}, headers, ledger_rows=self.error_rows(refusal, _row(refusal)))


def _row(refusal: Refusal) -> str:
    """What the ledger calls an error that does not say it itself."""
    if refusal.scripted and refusal.message.startswith(_UNSUPPORTED):
        return "unsupported_format"
    return "body_too_large" if refusal.kind == "too_large" and refusal.most is not None else refusal.kind


def _message(refusal: Refusal) -> str:
    """A scenario's own words, those of a check that knows better than its kind, or those of the kind."""
    kind = refusal.kind
    if kind == "too_large" and refusal.most is not None:
        return (
            f"The request body is larger than the {refusal.most // MIB} MiB that this simulation takes "
            "(DumplingAI takes videos of up to 2GB): give a larger video by URL"
        )
    own = refusal.scripted or kind in ("invalid_request", "server_error")
    return (own and refusal.message) or MESSAGES.get(kind, MESSAGES["server_error"])
