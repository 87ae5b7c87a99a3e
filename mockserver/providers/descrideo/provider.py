"""How Descrideo looks on the wire: its three APIs, keys, errors, signatures and events."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import ValidationError

from mockserver.core.accounts import Account
from mockserver.core.credits import ONE
from mockserver.core.deliveries import Delivery
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Effects, State
from mockserver.core.limits import Period
from mockserver.core.signing import hmac_sha256
from mockserver.kit.operations import Event, Reply
from mockserver.kit.provider import BEARER, NO_CONTEXT, Holder, Provider, RefusalContext, bearer, status_of
from mockserver.outgoing.call import CallResult
from mockserver.providers.descrideo import billing, examples, replies, requests, results, sources, stages
from mockserver.providers.descrideo.descriptions import DEMO, LIVE, SANDBOX
from mockserver.providers.descrideo.operations import DEMO_HOST, operations
from mockserver.providers.descrideo.secrets import secret_of
from mockserver.sandbox.settling import Settling
from mockserver.sandbox.state import SandboxState
from mockserver.store.protocol import Transition

LIVE_KEY, DEMO_KEY = "nxt_", "demo_"
_LIVE, _DEMO = frozenset((LIVE,)), frozenset((DEMO,))
SUCCEEDED, FAILED = "description.succeeded", "description.failed"
# What a scenario asks for by `descrideo: unprocessable`.
_UNPROCESSABLE = "descrideo:unprocessable"
MESSAGES = {
    "unauthorized": "Invalid API key",
    "forbidden": "Invalid API key",
    "insufficient_credits": "Insufficient tokens",
    "not_found": "Not found",
    "method_not_allowed": "Method not allowed",
    "invalid_request": "Invalid parameters",
    "too_large": "The request body is too large",
    "unsupported_media_type": "Content-Type must be application/json",
    "rate_limited": "Too many requests",
    "overloaded": "The service is temporarily unavailable",
    "server_error": "Internal server error",
    _UNPROCESSABLE: "The demo API does not do this",
}
_CROSSED = f"Invalid API key: the live API takes keys that start with {LIVE_KEY}, the demo API {DEMO_KEY}"
# The page documents neither 403 nor 415.
_STATUSES = {"forbidden": 401, "unsupported_media_type": 400, _UNPROCESSABLE: 422}
_SIGNED = {
    "X-Nxt-Timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "seconds since the Unix epoch"},
    "X-Nxt-Signature": {
        "type": "string",
        "pattern": "^sha256=[0-9a-f]{64}$",
        "description": "HMAC-SHA256 of the raw body followed by the timestamp, by the webhook secret",
    },
}


class Descrideo(Provider):
    """The Descrideo APIs: live, sandbox and demo."""

    name = "descrideo"
    title = "Descrideo"
    hosts = ("api.descrideo.com", DEMO_HOST)
    base_path = "/v1"
    key_prefix = LIVE_KEY
    language = ("client_context", "lang")
    # The page knows no plans: every name that scenarios use is this one.
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]] = {
        "standard": {
            "requests_per_minute": None,
            "tokens_per_month": None,
            "sandbox_jobs_per_day": 50,
            "demo_jobs_per_day": 1,
        }
    }
    aliases: ClassVar[Mapping[str, str]] = dict.fromkeys(("free", "starter", "basic", "pro", "enterprise"), "standard")
    periods: ClassVar[Mapping[str, Period]] = {
        "requests_per_minute": "minute",
        billing.MONTHLY: "month",
        "sandbox_jobs_per_day": "day",
        "demo_jobs_per_day": "day",
    }
    counts = ("requests_per_minute",)
    events = (SUCCEEDED, FAILED)
    codes = ("unprocessable",)
    default_credits = 1_000_000
    options_model = replies.ScenarioOptions
    retry_waits = (5_000, 30_000, 300_000, 1_800_000)
    description = (
        "Live and sandbox operations take keys that start with `nxt_`, demo operations those with `demo_`, in "
        "`X-API-Key` or as a bearer token."
    )
    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **BEARER,
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    documented_events: ClassVar[Mapping[str, Event]] = {
        SUCCEEDED: Event("A job succeeded", replies.Succeeded, _SIGNED, examples.SUCCEEDED),
        FAILED: Event("A job failed", replies.Failed, _SIGNED, examples.FAILED),
    }
    tags: ClassVar[Mapping[str, str]] = {
        LIVE: "Jobs that cost tokens",
        SANDBOX: "Simulated jobs without a source, free within a daily quota",
        DEMO: "One job a day, with a key of its own",
    }

    def __init__(self) -> None:
        self.operations = operations()

    def key(self, headers: Mapping[str, str]) -> str:
        key = headers.get("x-api-key", "").strip() or bearer(headers)
        if not key:
            raise Refusal("unauthorized", "Missing API key: send it in X-API-Key or as a bearer token")
        return key

    async def holder(self, key: str, sandbox: SandboxState, now: int) -> Holder | None:
        """The API that a key is for is its scope: on the other one it is no valid key."""
        if key.startswith(LIVE_KEY):
            return Holder(key, _LIVE)
        return Holder(key, _DEMO) if key.startswith(DEMO_KEY) else None

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """400 for what is malformed, 422 for what only the demo API refuses (FACTS section 4, demo)."""
        if not isinstance(data, Mapping):
            return Refusal("invalid_request", "The request body must be a JSON object")
        found = error.errors(include_url=False, include_input=False, include_context=False)
        for one in found:
            if one["type"] == requests.UNPROCESSABLE:
                # Of what the demo API refuses, the page gives the status for other languages alone.
                rows = () if "lang" in one["loc"] else ("rule.demo_unprocessable",)
                return Refusal(_UNPROCESSABLE, one["msg"], ledger_rows=rows)
        rows = () if found[0]["type"] in requests.SHOWN else ("rule.checks",)
        return Refusal("invalid_request", requests.problem(error), ledger_rows=rows)

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        kind = refusal.kind.removeprefix(f"{self.name}:")
        # The statuses are documented, and how the errors look is not.
        rows = ("rule.error_envelope",) if refusal.scope is None else ("rule.error_envelope", "rule.crossed_keys")
        name = "unauthorized" if kind == "forbidden" else kind
        status = _STATUSES.get(refusal.kind) or status_of(refusal)
        return Reply(status, {"detail": _message(refusal)}, ledger_rows=self.error_rows(refusal, name, *rows))

    def state_name(self, state: State) -> str:
        return stages.status(state)

    def effects(self, facts: Mapping[str, Any], account: Account | None) -> Effects:
        """Every job has a webhook; one that has to ask for its video asks as it enters a stage."""
        return "each" if "waits" in facts else "end"

    async def on_transition(self, settling: Settling, transition: Transition) -> None:
        job, state, sandbox = transition.job, transition.state, settling.sandbox
        account = await sandbox.account(self.name, job.account.partition(":")[2], state.entered_at)
        secret = secret_of(sandbox, job.account, account)
        if not state.terminal:
            await sources.entered(settling, job, state, secret)
            return
        succeeded = state.status == "succeeded"
        charge = job.facts["charge"] if succeeded else 0
        await billing.settle(sandbox, job, account, charge, state.entered_at)
        event, body = SUCCEEDED if succeeded else FAILED, results.webhook(sandbox, job, state)
        url = job.request["webhook_url"]
        await settling.outbox.announce(job, event, url, secret, body, state.entered_at, self.retry_waits)

    async def on_delivery(self, settling: Settling, delivery: Delivery, result: CallResult) -> None:
        if delivery.kind == "call_out":
            await sources.answered(settling, delivery, result)

    def signed(self, delivery: Delivery, at: int) -> Sequence[tuple[str, str]]:
        """The two headers of webhooks and of the question to a Source Provider; a presigned URL is its own proof."""
        if delivery.event == sources.FETCH:
            return ()
        timestamp = str(at // 1000)
        signature = hmac_sha256(delivery.secret, delivery.body, timestamp.encode())
        return (("X-Nxt-Timestamp", timestamp), ("X-Nxt-Signature", f"sha256={signature}"))


def _message(refusal: Refusal) -> str:
    """A check's or a scenario's own words, or those of the kind."""
    if refusal.scope is not None:
        return _CROSSED
    if refusal.required is not None:
        required, available = refusal.required / ONE, refusal.available / ONE
        return f"Insufficient tokens: {required:g} required, {available:g} available"
    return refusal.message or MESSAGES.get(refusal.kind, MESSAGES["server_error"])
