"""What Descrideo says of a job: in its status reply and in its webhook."""

from collections.abc import Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.jobs import Job, State
from mockserver.providers.descrideo import billing, stages
from mockserver.sandbox.state import SandboxState

# What is said of a failure that its plan does not explain.
_UNEXPLAINED = {
    "failed": ("processing_failed", "The video could not be processed"),
    "cancelled": ("cancelled", "The job was cancelled"),
}


def status(sandbox: SandboxState, job: Job, state: State, shown: str | None) -> dict[str, Any]:
    """The reply to a status request that shows the state as `shown`. A job that has ended has its webhook's fields."""
    body = {
        "job_id": job.id,
        "status": shown,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    return {**body, **_ended(sandbox, job, state)} if state.terminal else body


def webhook(sandbox: SandboxState, job: Job, state: State) -> dict[str, Any]:
    """The body of the webhook of a job that has ended in `state`."""
    return {"job_id": job.id, "status": stages.STATES[state.status], **_ended(sandbox, job, state)}


def _ended(sandbox: SandboxState, job: Job, state: State) -> Mapping[str, Any]:
    if state.status != "succeeded":
        code, message = _UNEXPLAINED[state.status]
        failure = {"code": state.step.code or code, "message": state.step.error or message}
        return {"error": failure, "billing": billing.told(0, 0)}
    return sandbox.memo(("descrideo", job.sequence, job.id), lambda: _succeeded(sandbox, job))


def _succeeded(sandbox: SandboxState, job: Job) -> Mapping[str, Any]:
    asked, facts = job.request, job.facts
    heard = {
        "enabled": asked["heard"],
        "status": "completed" if asked["heard"] else "disabled",
        "seconds": facts["seconds"],
    }
    return {
        "result": _described(sandbox, job),
        "billing": billing.told(facts["charge"], facts["transcription"]),
        "meta": {"generation_mode": asked["mode"], "transcription": heard},
        "timing_ms": _timing(sandbox, job),
    }


def _described(sandbox: SandboxState, job: Job) -> Mapping[str, Any]:
    from mockserver.content.descriptions import describe

    asked = job.request
    seeded = sandbox.seeded.child("description", job.id)
    mode = "vision_audio" if asked["heard"] and asked["mode"] == "vision" else asked["mode"]
    return describe(seeded, asked["hint"], asked["fields"], asked["lang"], asked["custom_instructions"], mode)


def _timing(sandbox: SandboxState, job: Job) -> dict[str, int]:
    """Milliseconds for each part of the work, of the size that the page's example shows."""
    asked, seeded = job.request, sandbox.seeded.child("timing", job.id)
    return {
        "probe": seeded.integer(200, 900, "probe"),
        "audio": seeded.integer(1_500, 5_000, "audio") if asked["heard"] else 0,
        "frames": seeded.integer(900, 3_600, "frames") if asked["mode"] != "audio" else 0,
        "ai": seeded.integer(4_000, 12_000, "ai"),
        "webhook": seeded.integer(60, 300, "webhook"),
    }
