"""The DumplingAI provider: operations, limit, headers and errors."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ValidationError

from mockserver.core.faults import Refusal
from mockserver.kit.errors import NO_CONTEXT, Error, RefusalContext
from mockserver.kit.limits import LimitHeader
from mockserver.kit.models import problems
from mockserver.kit.operations import Reply
from mockserver.kit.provider import Provider
from mockserver.providers.dumplingai import documents, files, models
from mockserver.providers.dumplingai.contract import as_schema
from mockserver.providers.dumplingai.inputs import MAX_BODY, MIB
from mockserver.providers.dumplingai.operations import FAILURES, OPERATIONS

_A_MINUTE = 60
_SHOWN = 60
# The codes of the Unified API by the kind of error.
_CODES = {
    "unauthorized": "UNAUTHORIZED",
    "forbidden": "PROVIDER_NOT_ALLOWED",
    "not_found": "NOT_FOUND",
    **dict.fromkeys(
        ("invalid_request", "too_large", "unsupported_media_type", "method_not_allowed"), "INVALID_REQUEST"
    ),
    "insufficient_credits": "INSUFFICIENT_CREDITS",
    "rate_limited": "RATE_LIMITED",
    "overloaded": "SERVICE_UNAVAILABLE",
}
# Fields whose absence the pages call the absence of a parameter.
_PARAMETERS = (("query",), ("code",))
# The texts that operations on TikTok need.
_TEXTS = ("handle", "query", "url", "videoUrl")
_V2 = "/api/v2/"


class DumplingAI(Provider):
    """The DumplingAI API. No plans are documented, so all plans have the same limit."""

    name = "dumplingai"
    title = "DumplingAI"
    features = (
        "searches, pages, files, transcripts, agents and the Unified API, in requests that reply when all is done"
    )
    hosts = ("app.dumplingai.com",)
    base_path = "/api/v1"
    description = (
        "Extracts, transcribes, searches, scrapes and converts, each in one request. Every operation of v1 has its own "
        "reply, and errors are an object with `error`. The Unified API, v2, runs the same work by the name of a "
        "capability or an endpoint, in an envelope with the id of the request. Each operation says what it costs. "
        "Observed: values of `requestSource` outside the enum, which are accepted and reported, and refused under "
        "`--strict`. Assumed: most replies of v2, and what the pages of the provider do not show."
    )
    tags = {
        "YouTube": "Facts about videos, and their transcripts",
        "TikTok": "Profiles and videos, and their transcripts",
        "Search": "Searches of the web, of news, of places and of maps",
        "Google": "Reviews of places",
        "Scraping": "Pages, pictures of pages, and data in pages",
        "Documents": "Files: videos, audio files, images, documents, PDF files",
        "AI": "Agents, knowledge bases and pictures",
        "Developer Tools": "Programs and keys",
        "Unified API": "Version 2: capabilities and endpoints, and what they have cost",
    }
    asset_lifetime = files.LIFETIME
    codes = ("PROVIDER_NOT_ALLOWED", "BUDGET_EXCEEDED", "PROVIDER_ERROR")
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
            f"The request body is larger than {MAX_BODY // MIB} MiB: give a larger file by URL", 400, fixed=True
        ),
        "unsupported_media_type": Error("Content-Type must be application/json", 400, fixed=True),
        "insufficient_credits": Error("Insufficient credits", fixed=True),
        "rate_limited": Error("Rate limit exceeded", fixed=True),
        "overloaded": Error("The service is temporarily unavailable", fixed=True),
        "server_error": Error("The request could not be processed"),
        "PROVIDER_NOT_ALLOWED": Error("Provider not allowed for this API key", 403, "PROVIDER_NOT_ALLOWED"),
        "BUDGET_EXCEEDED": Error("The budget of this key is used up", 402, "BUDGET_EXCEEDED", fixed=True),
        "PROVIDER_ERROR": Error("The provider did not answer", 502, "PROVIDER_ERROR"),
        "no_such_agent": Error("Agent not found", 404),
        "no_such_thread": Error("Thread not found", 404),
        "no_knowledge_bases": Error("Knowledge base not found", 404),
        "no_captions": Error("No captions are available for this video", 404),
        "no_such_object": Error("There is no such object", 404),
    }
    problem_rows = {"schema": ("rule.empty_schema",)}
    options_model = models.ScenarioOptions
    operations = OPERATIONS

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        if not isinstance(data, Mapping):
            return super().invalid(error, data)
        first = problems(error)[0]
        if first["type"] == "extra_forbidden":
            message = f"Unknown property: {str(first['loc'][0])[:_SHOWN]}"
            return Refusal("invalid_request", message, row="unknown_property")
        name, missing = str(first["loc"][0]) if first["loc"] else "", first["type"] == "missing"
        if "TikTok" in error.title and name in _TEXTS and not data.get(name):
            return Refusal("invalid_request", f"'{name}' parameter is required and must be a non-empty string.")
        if missing and first["loc"] in _PARAMETERS:
            return Refusal("invalid_request", f"{first['loc'][0]} parameter is required")
        return super().invalid(error, data)

    def lenient(self, model: type[BaseModel], data: Any, options: Mapping[str, Any]) -> BaseModel | None:
        """Return the body of a request with one image in `image`, if the scenario accepts it (FACTS section 7)."""
        if (
            options.get("single_image")
            and model is documents.ExtractImage
            and isinstance(data, Mapping)
            and isinstance(data.get("image"), str)
        ):
            try:
                return documents.ExtractImage.model_validate(documents.with_single_image(data))
            except ValidationError:
                return None
        return None

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        reply = super().error_reply(refusal, context)
        if refusal.kind == "method_not_allowed" and as_schema(context.options, strict=context.strict):
            # The OpenAPI document does not have the GET that the page documents.
            return reply._replace(headers=((b"allow", b"POST"),))
        if not _is_unified(context):
            return reply
        reply = reply._replace(ledger_rows=(*reply.ledger_rows, "rule.unified_errors"))
        if refusal.kind == "rate_limited" and refusal.retry_after is None and context.usage and context.now:
            seconds = max(1, -(-(context.usage[0].resets_at - context.now) // 1000))
            return reply._replace(headers=(*reply.headers, (b"retry-after", b"%d" % seconds)))
        return reply

    def error_row(self, name: str, error: Error, refusal: Refusal) -> str:
        """Return the row for other formats if the scenario's message starts like that error."""
        if refusal.scripted and refusal.message.startswith("Unsupported video format"):
            return "unsupported_format"
        return super().error_row(name, error, refusal)

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        if _is_unified(context):
            code = error.code or _CODES.get(refusal.kind, "INTERNAL_ERROR")
            mark = f"{context.account.id if context.account else ''} {refusal.kind} {message} {context.body!r:.2000}"
            request_id = f"req_{blake2b(mark.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"
            return {"success": False, "requestId": request_id, "error": message, "code": code}
        return {"error": _failure(error, message, context) if refusal.kind == "server_error" else message}


def _failure(error: Error, message: str, context: RefusalContext) -> str:
    """Return the message of a 500 of v1: the words of the operation, and the details if the words end with a colon."""
    words = FAILURES.get(context.operation.name if context.operation else "extract_video", "")
    if not words.endswith(":"):
        return words or message
    return f"{words} {message[:1].lower() + message[1:] if message == error.message else message}"


def _is_unified(context: RefusalContext) -> bool:
    path = context.path if context.operation is None else context.operation.path
    return f"{path}/".startswith(_V2)
