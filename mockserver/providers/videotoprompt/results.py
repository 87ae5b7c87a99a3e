"""The results of VideoToPrompt's analyses and batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.clock import rfc3339
from mockserver.content import prompts
from mockserver.content.scene import Scene
from mockserver.content.videos import address
from mockserver.core.jobs import Job, State
from mockserver.core.plans import Status
from mockserver.kit import languages
from mockserver.sandbox.state import SandboxState

STATES: Mapping[Status, str] = {
    "queued": "pending",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}
_PARAMETERS = {"midjourney": "rule.parameters_midjourney"}
WITH_NEGATIVE = ("midjourney", "stable-diffusion")


def error_text(state: State) -> str:
    """Return why an analysis failed, as a string like in the documented examples."""
    if state.step.error:
        return state.step.error
    return "The analysis was cancelled" if state.status == "cancelled" else "The video could not be analyzed"


def prompt(sandbox: SandboxState, job: Job) -> dict[str, Any]:
    """Return the prompt of a completed analysis. What it shows depends only on the video (FACTS section 1)."""
    return sandbox.cached(("prompt", job.sequence, job.id), lambda: _prompt(sandbox, job))


def _prompt(sandbox: SandboxState, job: Job) -> dict[str, Any]:
    request = job.request
    platform, language = request["platform"], request["language"]
    # A URL, or `file:` and the digest of an uploaded file, which has no words.
    video = address(request["video"])
    scene = Scene.of(sandbox.seeded.child("video", video), "" if video.startswith("file:") else video)
    text = prompts.video_prompt(scene, platform, request["style_depth"], language)
    parameters = prompts.parameters(platform, scene)
    wants_negative = request["include_negative"] and platform in WITH_NEGATIVE
    return {
        "text": text,
        "negative": prompts.negative(scene, platform, language) if wants_negative else None,
        "parameters": parameters,
        "full": f"{text} {parameters}",
        "style_analysis": prompts.style_analysis(scene, language),
    }


def analysis(sandbox: SandboxState, job: Job, state: State) -> dict[str, Any]:
    """Return the reply for an analysis in that state."""
    status = STATES[state.status]
    body = {"id": job.id, "status": status, "created_at": rfc3339(job.created_at)}
    if status == "completed":
        body["completed_at"] = rfc3339(state.entered_at)
    if job.request.get("platform"):
        body["platform"] = job.request["platform"]
    if status == "completed":
        return {**body, "prompt": prompt(sandbox, job)}
    if status == "failed":
        body["error"] = error_text(state)
    return body


def rows(job: Job, state: State) -> tuple[str, ...]:
    """Return the rows of the ledger for an analysis, in addition to those of its operation and its state."""
    if state.status == "succeeded":
        platform, include_negative = job.request["platform"], job.request["include_negative"]
        negative = "rule.negative" if include_negative and platform in WITH_NEGATIVE else "rule.no_negative"
        in_english = languages.rows_of(job.request["language"])
        return ("rule.result", _PARAMETERS.get(platform, "rule.parameters"), negative, *in_english)
    if state.terminal:
        return ("rule.cancelled" if state.status == "cancelled" else "rule.failed_job",)
    return ("rule.result_before_end",)


def batch(sandbox: SandboxState, job: Job, items: Sequence[Job], now: int) -> dict[str, Any]:
    """Return the reply for a batch with all its analyses."""
    states = [item.at(now) for item in items]
    body = {"id": job.id, "status": batch_status(states), "created_at": rfc3339(job.created_at)}
    if all(s.terminal for s in states):
        body["completed_at"] = rfc3339(max(s.entered_at for s in states))
    return {**body, "analyses": [analysis(sandbox, *pair) for pair in zip(items, states, strict=True)]}


def batch_status(states: Sequence[State]) -> str:
    """Return `completed` if all analyses have ended, `pending` if none has started, else `processing`."""
    if all(s.terminal for s in states):
        return "completed"
    return "pending" if all(s.status == "queued" for s in states) else "processing"
