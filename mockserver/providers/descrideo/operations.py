"""The operations of Descrideo's three APIs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel

from mockserver.kit.operations import Documented, ErrorReplies, Handler, Operation
from mockserver.providers.descrideo import descriptions, examples, replies, requests
from mockserver.providers.descrideo.descriptions import DEMO, LIVE, SANDBOX

DEMO_HOST = "descrideo.com"
_PATHS = {
    LIVE: "/v1/video-descriptions",
    SANDBOX: "/v1/sandbox/video-descriptions",
    DEMO: "/api/demo/v1/video-descriptions",
}
_ERRORS = ErrorReplies.of(
    replies.Error,
    {
        400: "Invalid parameters",
        401: "Invalid API key, or a key of another API",
        402: "Insufficient tokens",
        404: "Unknown job",
        422: "Not supported by the demo API",
        429: "Too many requests, or the daily quota is used up",
        500: "Server error",
        503: "Temporary outage",
    },
)


def operations() -> tuple[Operation, ...]:
    """Return all operations, those of the live API first."""
    url, words = ("source", "url"), ("client_context", "custom_instructions")
    return (
        _create(LIVE, "description", descriptions.create, requests.LiveJob, examples.LIVE, url, 402),
        _get(LIVE, "description"),
        _secret(LIVE, "webhook_secret", "/v1/webhook-secret"),
        _create(
            SANDBOX, "sandbox_description", descriptions.create_in_sandbox, requests.SandboxJob, examples.SANDBOX, words
        ),
        _get(SANDBOX, "sandbox_description"),
        _replay(SANDBOX, "sandbox_webhook"),
        _create(DEMO, "demo_description", descriptions.create_demo, requests.DemoJob, examples.DEMO, url, 422),
        _get(DEMO, "demo_description"),
        _replay(DEMO, "demo_webhook"),
        _secret(DEMO, "demo_webhook_secret", "/api/demo/v1/webhook-secret"),
    )


def _replies(code: int, meaning: str, model: type[BaseModel], *errors: int) -> dict[int, Documented]:
    return _ERRORS.beside({code: Documented(meaning, model)}, *errors)


def _create(
    api: str,
    name: str,
    handler: Handler,
    body: type[BaseModel],
    bodies: Mapping[str, Any],
    about: tuple[str, ...],
    *errors: int,
) -> Operation:
    by_status = _replies(202, "Accepted: poll the job, or wait for its webhook", replies.Accepted, 400, *errors)
    return _operation(api)(
        f"create_{name}", "POST", _PATHS[api], handler, f"Create a job of the {api} API", by_status, body,
        input=about, links={"status": (f"get_{name}", "job_id", "/job_id")}, examples=bodies,
        request_ledger_rows=partial(descriptions.rows_of_job, api), role="submit", paid=api == LIVE,
        cost_row="rule.base_cost" if api == LIVE else None,
    )  # fmt: skip


def _get(api: str, name: str) -> Operation:
    by_status = _replies(200, "The job. After its end it has the fields of its webhook", replies.DescriptionStatus, 404)
    handler, path = partial(descriptions.retrieve, api), f"{_PATHS[api]}/{{job_id}}"
    rows = ("rule.status_reply",)
    return _operation(api)(
        f"get_{name}", "GET", path, handler, f"Get a job of the {api} API", by_status, job_in="job_id", ledger_rows=rows
    )


def _replay(api: str, name: str) -> Operation:
    by_status = _replies(202, "The webhook is being sent", replies.Replayed, 400, 404)
    handler, path = partial(descriptions.replay, api), f"{_PATHS[api]}/{{job_id}}/replay-webhook"
    summary = f"Send the webhook of a job of the {api} API again"
    description = "Sends the same event with the same bytes as a new attempt. Returns 400 if the job has not ended."
    rows = ("rule.replay_reply",)
    return _operation(api)(
        f"replay_{name}", "POST", path, handler, summary, by_status, description=description, job_in="job_id",
        ledger_rows=rows,
    )  # fmt: skip


def _secret(api: str, name: str, path: str) -> Operation:
    by_status = _replies(200, "The secret", replies.Secret)
    summary = f"Get the secret that signs webhooks, with a key of the {api} API"
    rows = ("rule.secret_reply",)
    return _operation(api)(
        f"get_{name}", "GET", path, descriptions.secret, summary, by_status, secret=True, ledger_rows=rows
    )


def _operation(api: str) -> Callable[..., Operation]:
    """Return a factory of an API's operations. Their scope is the API of the key; the sandbox has live keys."""
    demo = api == DEMO
    return partial(Operation, scope=DEMO if demo else LIVE, tag=api, host=DEMO_HOST if demo else None)
