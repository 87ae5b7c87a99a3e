"""The Descrideo provider: three APIs, keys, errors, signatures and events."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mockserver.core.accounts import Account
from mockserver.core.credits import CREDIT
from mockserver.core.deliveries import Delivery
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Effects, Job, State
from mockserver.kit.errors import Error, RefusalContext
from mockserver.kit.languages import NOT_A_LANGUAGE
from mockserver.kit.operations import Event
from mockserver.kit.provider import BEARER, Holder, Provider
from mockserver.kit.webhooks import Signature
from mockserver.outgoing.call import CallResult
from mockserver.providers.descrideo import billing, examples, replies, requests, results, sources
from mockserver.providers.descrideo.descriptions import DEMO, LIVE, SANDBOX
from mockserver.providers.descrideo.operations import DEMO_HOST, operations
from mockserver.providers.descrideo.secrets import secret_of
from mockserver.providers.descrideo.stages import STAGES, STATES
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition

LIVE_KEY, DEMO_KEY = "nxt_", "demo_"
_LIVE, _DEMO = frozenset((LIVE,)), frozenset((DEMO,))
SUCCEEDED, FAILED = "description.succeeded", "description.failed"
_CROSSED = f"Invalid API key: the live API takes keys that start with {LIVE_KEY}, the demo API {DEMO_KEY}"
# 403 and 415 are not documented.
_UNAUTHORIZED = Error("Invalid API key", 401, row="unauthorized")


class Descrideo(Provider):
    """The Descrideo APIs: live, sandbox and demo."""

    name = "descrideo"
    title = "Descrideo"
    features = "jobs in stages, three APIs, prepaid or postpaid tokens, calls to a source provider"
    hosts = ("api.descrideo.com", DEMO_HOST)
    base_path = "/v1"
    key_prefix = LIVE_KEY
    key_headers = ("x-api-key",)
    language = ("client_context", "lang")
    # There are no documented plans, so all names of plans mean this one.
    tiers = {
        "standard": {
            "requests_per_minute": None,
            "tokens_per_month": None,
            "sandbox_jobs_per_day": 50,
            "demo_jobs_per_day": 1,
        }
    }
    aliases = dict.fromkeys(("free", "starter", "basic", "pro", "enterprise"), "standard")
    periods = {
        "requests_per_minute": "minute",
        billing.MONTHLY: "month",
        "sandbox_jobs_per_day": "day",
        "demo_jobs_per_day": "day",
    }
    # The statuses are documented, the layout of the errors is not.
    errors = {
        "unauthorized": _UNAUTHORIZED,
        "no_credential": _UNAUTHORIZED._replace(
            message="Missing API key: send it in X-API-Key or as a bearer token", fixed=True
        ),
        "forbidden": _UNAUTHORIZED,
        "missing_scope": _UNAUTHORIZED._replace(message=_CROSSED, ledger_rows=("rule.crossed_keys",), fixed=True),
        "insufficient_credits": Error("Insufficient tokens"),
        "invalid_request": Error("Invalid parameters"),
        "not_an_object": Error("The request body must be a JSON object", row="invalid_request", fixed=True),
        "unsupported_media_type": Error("Content-Type must be application/json", 400),
        requests.UNPROCESSABLE: Error("The demo API does not do this", 422),
    }
    codes = (requests.UNPROCESSABLE,)
    error_rows = ("rule.error_envelope",)
    problem_rows = {
        **dict.fromkeys(requests.SHOWN, ()),
        NOT_A_LANGUAGE: ("rule.language_codes",),
        "*": ("rule.checks",),
    }
    states = STATES
    stages = STAGES
    default_credits = 1_000_000
    options_model = replies.ScenarioOptions
    retry_waits = (5_000, 30_000, 300_000, 1_800_000)
    retries_row = "rule.retries"
    description = (
        "Live and sandbox operations take keys that start with `nxt_`, demo operations those with `demo_`, in "
        "`X-API-Key` or as a bearer token."
    )
    security = {
        **BEARER,
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    events = {
        SUCCEEDED: Event("A job succeeded", replies.Succeeded, example=examples.SUCCEEDED),
        FAILED: Event("A job failed", replies.Failed, example=examples.FAILED),
    }
    call_outs = (sources.RESOLVE, sources.FETCH)
    event_field = "status"
    event_job = ("job_id",)
    job_events = {"succeeded": SUCCEEDED, "failed": FAILED, "cancelled": FAILED}
    signature = Signature(
        "X-Nxt-Signature",
        "HMAC-SHA256 of the raw body followed by the timestamp, by the webhook secret",
        timestamp_header="X-Nxt-Timestamp",
    )
    tags = {
        LIVE: "Jobs that cost tokens",
        SANDBOX: "Simulated jobs without a source, free within a daily quota",
        DEMO: "One job a day, with separate keys",
    }
    operations = operations()

    async def holder(self, key: str, sandbox: SandboxState, now: int) -> Holder | None:
        """The API of a key is its scope: the key is not valid for the other one."""
        if key.startswith(LIVE_KEY):
            return Holder(key, _LIVE)
        return Holder(key, _DEMO) if key.startswith(DEMO_KEY) else None

    def describe(self, error: ValidationError) -> str:
        return requests.problem(error)

    def rows_of_problem(self, problem: ErrorDetails) -> tuple[str, ...]:
        """The demo API's 422 is documented for other languages only."""
        if problem["type"] == requests.UNPROCESSABLE:
            return () if "lang" in problem["loc"] else ("rule.demo_unprocessable",)
        return super().rows_of_problem(problem)

    def error_message(self, error: Error, refusal: Refusal) -> str:
        if refusal.required is not None:
            required, available = refusal.required / CREDIT, refusal.available / CREDIT
            return f"Insufficient tokens: {required:g} required, {available:g} available"
        return super().error_message(error, refusal)

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        return {"detail": message}

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """The end of every job has an effect: its webhook. If the job waits for a video, all its stages have one."""
        return "each" if "waits" in facts else "end"

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        job, state, sandbox = transition.job, transition.state, settling.sandbox
        account = await self.account_of(sandbox, job, state)
        if not state.terminal:
            await sources.entered(settling, job, state, secret_of(sandbox, job.account, account))
            return
        charge = job.facts["charge"] if state.status == "succeeded" else 0
        await billing.settle(sandbox, job, account, charge, state.entered_at)
        await super().on_transition(settling, transition)

    def webhook_url(self, job: Job, event: str, account: Account | None) -> str | None:
        url: str = job.request["webhook_url"]
        return url

    def webhook_secret(self, sandbox: SandboxState, account_id: str, account: Account | None) -> str:
        return secret_of(sandbox, account_id, account)

    async def webhook_body(self, sandbox: SandboxState, job: Job, state: State, event: str) -> Any:
        return results.webhook(sandbox, job, state)

    def event_of(self, body: Any) -> str | None:
        status = body.get("status") if isinstance(body, Mapping) else None
        return f"description.{status}" if status in ("succeeded", "failed") else None

    async def on_delivery(self, settling: Settling, delivery: Delivery, result: CallResult) -> None:
        if delivery.kind == "call_out":
            await sources.answered(settling, delivery, result)

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]:
        """Sign webhooks and the requests to a Source Provider. A request for a presigned URL is not signed."""
        return () if delivery.event == sources.FETCH else super().signed(delivery, at)
