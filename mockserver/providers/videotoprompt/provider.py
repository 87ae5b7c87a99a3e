"""How VideoToPrompt looks on the wire: its operations, plans, errors, headers and events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from mockserver.clock import rfc3339
from mockserver.core.accounts import Account
from mockserver.core.deliveries import Delivery
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Effects, Job, State
from mockserver.core.limits import Period, Usage
from mockserver.core.signing import hmac_sha256
from mockserver.kit.operations import Documented, Event, Header, Operation, Reply
from mockserver.kit.provider import BEARER, NO_CONTEXT, Holder, Provider, RefusalContext, status_of
from mockserver.providers.videotoprompt import (
    analyses,
    authorization,
    grants,
    models,
    refusals,
    results,
    samples,
    tokens,
)
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition

MB = 1_000_000
_ERRORS = {
    400: "Invalid parameters",
    401: "Missing or invalid credential",
    403: "Not permitted on this plan, or the token lacks a scope",
    404: "No such analysis",
    429: "A limit is used up: wait until X-RateLimit-Reset",
    500: "Server error",
    503: "Temporary outage",
}
TYPES = {
    "unauthorized": "unauthorized",
    "forbidden": "forbidden",
    "insufficient_credits": "forbidden",
    "not_found": "not_found",
    "rate_limited": "rate_limit_exceeded",
    "overloaded": "service_unavailable",
    "server_error": "server_error",
}
# Errors that the page does not have. They borrow a type that it has.
_NAMELESS = ("method_not_allowed", "too_large", "unsupported_media_type")
MESSAGES = {
    "unauthorized": "Missing or invalid API key",
    "forbidden": "This action is not permitted on your plan",
    "insufficient_credits": "This action is not permitted on your plan",
    "not_found": "Analysis not found",
    "rate_limited": "Rate limit exceeded. Retry after the time in X-RateLimit-Reset",
    "overloaded": "The service is temporarily unavailable. Retry later",
    "server_error": "Internal server error",
}


LIMIT_HEADERS = {
    "X-RateLimit-Limit": {"type": "integer", "description": "requests a minute"},
    "X-RateLimit-Remaining": {"type": "integer", "description": "requests left in this minute"},
    "X-RateLimit-Reset": {"type": "integer", "description": "when the limit starts anew, in Unix seconds"},
}
# What every reply of the API itself rests on.
_KEY = ("rule.api_key",)


def _replies(success: Mapping[int, Documented], *errors: int) -> dict[int, Documented]:
    return {**success, **{code: Documented(_ERRORS[code], models.Error) for code in errors}}


def _operations() -> tuple[Operation, ...]:
    submitted = {202: Documented("Accepted: poll the analysis until it ends", models.Submitted)}
    analysis = Documented("The analysis", models.Analysis, example=samples.COMPLETED)
    link = {"retrieve": ("get_analysis", "analysis_id")}
    everywhere = (401, 429, 500, 503)
    return (
        Operation(
            "analyze_upload", "POST", "/v1/analyze/upload", analyses.by_upload, "Analyze an uploaded video",
            _replies(submitted, 400, 403, *everywhere), models.UploadAnalysis, "multipart",
            scope="analyze:write", ledger_rows=_KEY, links=link, tag="analyses", parts={"video": "video/*"},
        ),
        Operation(
            "analyze_url", "POST", "/v1/analyze/url", analyses.by_url, "Analyze a video at a public URL",
            _replies(submitted, 400, 403, *everywhere), models.UrlAnalysis, input=("url",),
            scope="analyze:write", ledger_rows=_KEY, request_ledger_rows=analyses.rows_of_url, links=link, tag="analyses",
            examples=samples.ANALYSES,
        ),
        Operation(
            "analyze_batch", "POST", "/v1/analyze/batch", analyses.submit_batch, "Analyze up to 100 videos in one call",
            _replies({202: Documented("Accepted", models.BatchSubmitted)}, 400, 403, *everywhere), models.BatchRequest,
            scope="analyze:write", ledger_rows=_KEY, request_ledger_rows=analyses.rows_of_batch,
            links={"retrieve": ("get_batch", "batch_id")}, tag="batches", examples=samples.BATCHES,
        ),
        Operation(
            "get_batch", "GET", "/v1/analyze/batch/{batch_id}", analyses.retrieve_batch, "Get a batch with its results",
            _replies({200: Documented("The batch", models.Batch)}, 403, 404, *everywhere), scope="analyze:read",
            path_types={"batch_id": models.BatchId}, ledger_rows=(*_KEY, "rule.batch_status"), tag="batches",
        ),
        Operation(
            "get_analysis", "GET", "/v1/analyze/{analysis_id}", analyses.retrieve, "Get an analysis",
            _replies({200: analysis}, 403, 404, *everywhere),
            scope="analyze:read", ledger_rows=_KEY, path_types={"analysis_id": models.AnalysisId}, tag="analyses",
        ),
        *authorization.operations(),
        *tokens.operations(),
    )  # fmt: skip


def _tier(requests: int, analyses: int, seconds: int | None, size: int | None) -> dict[str, int | None]:
    """What a plan allows: requests a minute, analyses a day, seconds of a video, bytes of a file (the page's table)."""
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
    description = "Turns videos into prompts for image and video generators, in the background."
    hosts = ("api.videotoprompt.org", "videotoprompt.org")
    base_path = "/v1"
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]] = {
        "free": _tier(5, 20, 120, 100 * MB),
        "starter": _tier(20, 200, 600, 500 * MB),
        "pro": _tier(60, 2_000, 1_800, 2_000 * MB),
        "enterprise": _tier(600, 100_000, None, None),
    }
    aliases: ClassVar[Mapping[str, str]] = {"basic": "starter"}
    periods: ClassVar[Mapping[str, Period]] = {"requests_per_minute": "minute", "analyses_per_day": "day"}
    counts = ("requests_per_minute",)
    events = ("analysis.completed", "analysis.failed", "batch.completed")
    options_model = models.ScenarioOptions
    language = ("language",)
    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {**BEARER, "oauth": grants.SCHEME}
    documented_headers: ClassVar[Mapping[str, Mapping[str, Any]]] = LIMIT_HEADERS
    documented_events: ClassVar[Mapping[str, Event]] = samples.EVENTS
    tags: ClassVar[Mapping[str, str]] = {
        "analyses": "One video at a time: submit it, then poll, or wait for a webhook",
        "batches": "Up to 100 videos in one call",
        "oauth": "Act for a user (RFC 6749), with PKCE (RFC 7636)",
    }
    retry_waits = (5_000, 30_000, 300_000, 1_800_000)
    stamped_field = "timestamp"

    def __init__(self) -> None:
        self.operations = _operations()

    async def holder(self, key: str, sandbox: SandboxState, now: int) -> Holder | None:
        return await tokens.holder(key, sandbox, now)

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        status = 403 if refusal.kind == "insufficient_credits" else status_of(refusal)
        kind = TYPES.get(refusal.kind, "bad_request")
        message = refusal.message or MESSAGES.get(refusal.kind, "Bad request")
        rows = self.error_rows(refusal, _row(refusal, kind), *_rows(refusal))
        return Reply(status, {"error": {"type": kind, "message": message}}, ledger_rows=rows)

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        return refusals.refusal_of(error)

    def state_name(self, state: State) -> str:
        return results.SPELLED[state.status]

    def limit_headers(self, usage: Sequence[Usage]) -> Sequence[Header]:
        window = usage[0]
        allowed = window.limit.allowed if window.limit.allowed is not None else 1_000_000
        remaining = allowed if window.remaining is None else window.remaining
        return (
            (b"x-ratelimit-limit", b"%d" % allowed),
            (b"x-ratelimit-remaining", b"%d" % remaining),
            (b"x-ratelimit-reset", b"%d" % (window.resets_at // 1000)),
        )

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """The end of an analysis is announced, or may be that of its batch; a batch is announced to its own URL."""
        if "items" in facts:
            return "none" if facts["webhook_url"] is None else "end"
        announced = account is not None and account.webhook is not None
        return "end" if announced or "batch" in facts else "none"

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        job, state, sandbox = transition.job, transition.state, settling.sandbox
        account = await sandbox.account(self.name, job.account.partition(":")[2], state.entered_at)
        if "items" in job.facts:
            await self._batch_ended(settling, job, state, account)
            return
        event = "analysis.completed" if state.status == "succeeded" else "analysis.failed"
        webhook = account.webhook if account else None
        if webhook is not None and (not webhook.events or event in webhook.events):
            data: dict[str, Any] = {"id": job.id}
            if state.status == "succeeded":
                data["prompt"] = results.prompt(sandbox, job)
            else:
                data["error"] = results.error_text(state)
            await self._announce(settling, job, state, event, webhook.url, webhook.secret, data)
        if "batch" in job.facts:
            await self._item_ended(settling, job, state)

    async def _item_ended(self, settling: Settling, job: Job, state: State) -> None:
        """End the batch of an analysis when it was the last of them."""
        store = settling.sandbox.store
        batch = await store.get_job(self.name, job.account, job.facts["batch"])
        if batch is None or batch.at(state.entered_at).terminal:
            return
        items = [await store.get_job(self.name, job.account, i) for i in batch.facts["items"]]
        if all(item is None or item.at(state.entered_at).terminal for item in items):
            await settling.finish(batch, state.entered_at, "succeeded")

    async def _batch_ended(self, settling: Settling, job: Job, state: State, account: Account | None) -> None:
        url, sandbox = job.facts["webhook_url"], settling.sandbox
        if url is None:
            return
        found = [await sandbox.store.get_job(self.name, job.account, i) for i in job.facts["items"]]
        data = results.batch(sandbox, job, [item for item in found if item is not None], state.entered_at)
        secret = account.webhook.secret if account and account.webhook else "whsec_mockserver"
        await self._announce(settling, job, state, "batch.completed", url, secret, data)

    async def _announce(
        self, settling: Settling, job: Job, state: State, event: str, url: str, secret: str, data: object
    ) -> None:
        body = {"event": event, "timestamp": rfc3339(state.entered_at), "data": data}
        await settling.outbox.announce(job, event, url, secret, body, state.entered_at, self.retry_waits)

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]:
        return (("X-V2P-Signature", f"sha256={hmac_sha256(delivery.secret, delivery.body)}"),)


def _row(refusal: Refusal, kind: str) -> str:
    """What the ledger calls an error: its documented type; what has none of its own, as the sandbox calls it."""
    if refusal.kind in _NAMELESS:
        return refusal.kind
    return "missing_scope" if refusal.scope is not None else kind


def _rows(refusal: Refusal) -> Iterator[str]:
    """How the API lays its errors out, and why it refused."""
    yield "rule.error_envelope"
    if refusal.malformed:
        yield "rule.bad_json"
    if refusal.kind == "insufficient_credits":
        yield "rule.no_credits"
    if refusal.limit == analyses.DAILY:
        yield "rule.over_day"
