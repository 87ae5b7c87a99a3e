"""The VideoToPrompt provider: operations, plans, errors, headers and events."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Effects, Job, State
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.errors import Error, RefusalContext
from mockserver.kit.languages import NOT_A_LANGUAGE
from mockserver.kit.limits import LimitHeader
from mockserver.kit.operations import Documented, ErrorReplies, Operation
from mockserver.kit.provider import BEARER, Holder, Provider
from mockserver.kit.webhooks import Signature
from mockserver.providers.videotoprompt import analyses, authorization, grants, models, results, samples, tokens
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition

MB = 1_000_000
_ERRORS = ErrorReplies.of(
    models.Error,
    {
        400: "Invalid parameters",
        401: "Missing or invalid credential",
        403: "Not included in the plan, or the token lacks a scope",
        404: "Unknown analysis",
        429: "A limit is used up; wait until X-RateLimit-Reset",
        500: "Server error",
        503: "Temporary outage",
    },
)
_BAD_REQUEST = Error("Bad request", code="bad_request")
_MALFORMED = _BAD_REQUEST._replace(ledger_rows=("rule.bad_json",))
_FORBIDDEN = Error("This action is not permitted on your plan", 403, "forbidden")
_RATE_LIMITED = Error("Rate limit exceeded. Retry after the time in X-RateLimit-Reset", code="rate_limit_exceeded")
# The row of the ledger for every reply except those of OAuth.
_KEY = ("rule.api_key",)


def _operations() -> tuple[Operation, ...]:
    submitted = {202: Documented("Accepted: poll the analysis until it ends", models.Submitted)}
    analysis = Documented("The analysis", models.Analysis, example=samples.COMPLETED)
    link = {"retrieve": ("get_analysis", "analysis_id")}
    return (
        Operation(
            "analyze_upload", "POST", "/v1/analyze/upload", analyses.by_upload, "Analyze an uploaded video",
            _ERRORS.beside(submitted, 400, 403), models.UploadAnalysis, "multipart",
            scope="analyze:write", ledger_rows=_KEY, links=link, tag="analyses", parts={"video": "video/*"},
            paid=True, cost_row="limit.analyses_per_day",
        ),
        Operation(
            "analyze_url", "POST", "/v1/analyze/url", analyses.by_url, "Analyze a video at a public URL",
            _ERRORS.beside(submitted, 400, 403), models.UrlAnalysis, input=("url",), scope="analyze:write",
            ledger_rows=_KEY, request_ledger_rows=analyses.rows_of_url, links=link, tag="analyses",
            examples=samples.ANALYSES, paid=True, cost_row="limit.analyses_per_day",
        ),
        Operation(
            "analyze_batch", "POST", "/v1/analyze/batch", analyses.submit_batch, "Analyze up to 100 videos in one call",
            _ERRORS.beside({202: Documented("Accepted", models.BatchSubmitted)}, 400, 403), models.BatchRequest,
            scope="analyze:write", ledger_rows=_KEY, request_ledger_rows=analyses.rows_of_batch,
            links={"retrieve": ("get_batch", "batch_id")}, tag="batches", examples=samples.BATCHES,
            item_model=models.UrlAnalysis, paid=True, cost_row="limit.analyses_per_day",
        ),
        Operation(
            "get_batch", "GET", "/v1/analyze/batch/{batch_id}", analyses.retrieve_batch, "Get a batch with its results",
            _ERRORS.beside({200: Documented("The batch", models.Batch)}, 403, 404), scope="analyze:read",
            path_types={"batch_id": models.BatchId}, job_in="batch_id", ledger_rows=(*_KEY, "rule.batch_status"),
            tag="batches",
        ),
        Operation(
            "get_analysis", "GET", "/v1/analyze/{analysis_id}", analyses.retrieve, "Get an analysis",
            _ERRORS.beside({200: analysis}, 403, 404),
            scope="analyze:read", ledger_rows=_KEY, path_types={"analysis_id": models.AnalysisId}, job_in="analysis_id",
            tag="analyses",
        ),
        *authorization.operations(),
        *tokens.operations(),
    )  # fmt: skip


def _tier(requests: int, analyses: int, seconds: int | None, size: int | None) -> dict[str, int | None]:
    """Return the limits of a plan: requests a minute, analyses a day, seconds of a video, bytes of a file."""
    return {
        "requests_per_minute": requests,
        "analyses_per_day": analyses,
        "video_seconds": seconds,
        "file_bytes": size,
    }


class VideoToPrompt(Provider):
    """The VideoToPrompt API."""

    name = "videotoprompt"
    title = "VideoToPrompt"
    features = "jobs and batches, plans, OAuth 2, signed webhooks"
    description = "Turns videos into prompts for image and video generators, in the background."
    hosts = ("api.videotoprompt.org", "videotoprompt.org")
    base_path = "/v1"
    tiers = {
        "free": _tier(5, 20, 120, 100 * MB),
        "starter": _tier(20, 200, 600, 500 * MB),
        "pro": _tier(60, 2_000, 1_800, 2_000 * MB),
        "enterprise": _tier(600, 100_000, None, None),
    }
    aliases = {"basic": "starter"}
    periods = {"requests_per_minute": "minute", "analyses_per_day": "day"}
    limit_headers = {
        "X-RateLimit-Limit": LimitHeader("allowed", "requests a minute"),
        "X-RateLimit-Remaining": LimitHeader("remaining", "requests left in this minute"),
        "X-RateLimit-Reset": LimitHeader("resets_at", "when the limit resets, in Unix seconds"),
    }
    reports_reset = True
    # The page's samples poll every 3 seconds, for at most 120 seconds.
    poll_every = Advised(3_000, "rule.poll_every")
    patience = Advised(120_000, "rule.poll_patience")
    # Undocumented errors have one of the documented types.
    errors = {
        "unauthorized": Error("Missing or invalid API key", code="unauthorized"),
        "forbidden": _FORBIDDEN,
        "missing_scope": _FORBIDDEN._replace(row="missing_scope"),
        "insufficient_credits": _FORBIDDEN._replace(ledger_rows=("rule.no_credits",)),
        "not_found": Error("Analysis not found", code="not_found"),
        "invalid_request": _BAD_REQUEST,
        "malformed": _MALFORMED,
        "not_an_object": _MALFORMED,
        "method_not_allowed": _BAD_REQUEST._replace(row="method_not_allowed"),
        "too_large": _BAD_REQUEST._replace(row="too_large"),
        "unsupported_media_type": _BAD_REQUEST._replace(row="unsupported_media_type"),
        "rate_limited": _RATE_LIMITED,
        analyses.DAILY: _RATE_LIMITED._replace(ledger_rows=("rule.over_day",)),
        "overloaded": Error("The service is temporarily unavailable. Retry later", code="service_unavailable"),
        "server_error": Error("Internal server error", code="server_error"),
    }
    error_rows = ("rule.error_envelope",)
    # The page documents required fields and values. The only field with a list is that of a batch.
    problem_rows = {
        "missing": (),
        "literal_error": (),
        NOT_A_LANGUAGE: ("rule.language_codes",),
        "too_short": ("rule.batch_size",),
        "too_long": ("rule.batch_size",),
        "*": ("rule.checks",),
    }
    states = results.STATES
    options_model = models.ScenarioOptions
    language = ("language",)
    security = {**BEARER, "oauth": grants.SCHEME}
    events = samples.EVENTS
    job_events = {
        "succeeded": "analysis.completed",
        "failed": "analysis.failed",
        "cancelled": "analysis.failed",
    }
    signature = Signature("X-V2P-Signature", "HMAC-SHA256 of the raw body with the webhook secret, in hexadecimal")
    tags = {
        "analyses": "Single videos: submit one, then poll or wait for a webhook",
        "batches": "Up to 100 videos in one call",
        "oauth": "Act for a user (RFC 6749), with PKCE (RFC 7636)",
    }
    retry_waits = (5_000, 30_000, 300_000, 1_800_000)
    retries_row = "rule.webhook_retries"
    stamped_field = "timestamp"
    operations = _operations()

    async def holder(self, key: str, sandbox: SandboxState, now: int) -> Holder | None:
        return await tokens.holder(key, sandbox, now)

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        return {"error": {"type": error.code, "message": message}}

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """The end of an analysis has an effect for its webhook and its batch; that of a batch for its own webhook."""
        if "items" in facts:
            return "none" if facts["webhook_url"] is None else "end"
        return "end" if "batch" in facts else super().effects(facts, account)

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        await super().on_transition(settling, transition)
        if "batch" in transition.job.facts:
            await self._item_ended(settling, transition.job, transition.state)

    def job_event(self, job: Job, state: State) -> str | None:
        return "batch.completed" if "items" in job.facts else super().job_event(job, state)

    async def _item_ended(self, settling: Settling, job: Job, state: State) -> None:
        """End the batch of an analysis if all its analyses have ended."""
        store = settling.sandbox.store
        batch = await store.get_job(self.name, job.account, job.facts["batch"])
        if batch is None or batch.at(state.entered_at).terminal:
            return
        items = [await store.get_job(self.name, job.account, i) for i in batch.facts["items"]]
        if all(item is None or item.at(state.entered_at).terminal for item in items):
            await settling.finish(batch, state.entered_at, "succeeded")

    def webhook_url(self, job: Job, event: str, account: Account | None) -> str | None:
        url: str | None = job.facts.get("webhook_url")
        return url if "items" in job.facts else super().webhook_url(job, event, account)

    async def webhook_data(self, sandbox: SandboxState, job: Job, state: State) -> Any:
        if "items" in job.facts:
            items = [await sandbox.store.get_job(self.name, job.account, i) for i in job.facts["items"]]
            return results.batch(sandbox, job, [item for item in items if item is not None], state.entered_at)
        if state.status == "succeeded":
            return {"id": job.id, "prompt": results.prompt(sandbox, job)}
        return {"id": job.id, "error": results.error_text(state)}
