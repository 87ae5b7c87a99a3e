"""Descrideo's status replies and webhooks."""

from collections.abc import Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.jobs import Job, State
from mockserver.providers.descrideo import billing, stages
from mockserver.sandbox.state import SandboxState

# The error of a failed job whose plan does not have one.
_UNEXPLAINED = {
    "failed": ("processing_failed", "The video could not be processed"),
    "cancelled": ("cancelled", "The job was cancelled"),
}


def status(sandbox: SandboxState, job: Job, state: State, shown: str | None) -> dict[str, Any]:
    """Return the reply to a status request. `shown` is the job's state. After its end it has the webhook's fields."""
    body = {
        "job_id": job.id,
        "status": shown,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    return {**body, **_ended(sandbox, job, state)} if state.terminal else body


def webhook(sandbox: SandboxState, job: Job, state: State) -> dict[str, Any]:
    """Return the body of the webhook of a job that has ended in `state`."""
    return {"job_id": job.id, "status": stages.STATES[state.status], **_ended(sandbox, job, state)}


def _ended(sandbox: SandboxState, job: Job, state: State) -> Mapping[str, Any]:
    if state.status != "succeeded":
        code, message = _UNEXPLAINED[state.status]
        failure = {"code": state.step.code or code, "message": state.step.error or message}
        return {"error": failure, "billing": billing.costs(0, 0)}
    return sandbox.cached(("descrideo", job.sequence, job.id), lambda: _succeeded(sandbox, job, state))


def _succeeded(sandbox: SandboxState, job: Job, state: State) -> Mapping[str, Any]:
    request, facts = job.request, job.facts
    transcription = {
        "enabled": request["heard"],
        "status": "completed" if request["heard"] else "disabled",
        "seconds": facts["seconds"],
    }
    return {
        "result": _described(sandbox, job),
        "billing": billing.costs(facts["charge"], facts["transcription"]),
        "meta": {"generation_mode": request["mode"], "transcription": transcription},
        "timing_ms": _timing(sandbox, job, state.entered_at - job.created_at),
    }


def _described(sandbox: SandboxState, job: Job) -> Mapping[str, Any]:
    from mockserver.content.descriptions import describe

    request = job.request
    seeded = sandbox.seeded.child("video", request["video"])
    mode = "vision_audio" if request["heard"] and request["mode"] == "vision" else request["mode"]
    return describe(seeded, request["video"], request["fields"], request["lang"], request["custom_instructions"], mode)


def _timing(sandbox: SandboxState, job: Job, available: int) -> dict[str, int]:
    """Return milliseconds for each part of the work, similar to the documented example.

    Together they are at most the time that the job took, `available`.
    """
    request, seeded = job.request, sandbox.seeded.child("timing", job.id)
    parts = {
        "probe": seeded.integer(200, 900, "probe"),
        "audio": seeded.integer(1_500, 5_000, "audio") if request["heard"] else 0,
        "frames": seeded.integer(900, 3_600, "frames") if request["mode"] != "audio" else 0,
        "ai": seeded.integer(4_000, 12_000, "ai"),
        "webhook": seeded.integer(60, 300, "webhook"),
    }
    total = sum(parts.values())
    return parts if total <= available else {name: part * available // total for name, part in parts.items()}
