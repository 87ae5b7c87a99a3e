"""Veo 3.1: up to 21 shots that are made one after another, and a joined clip of several.

Each shot is a job with a task of its own. The generation, a job that no operation returns, has the price of all shots:
it ends with the last shot, or with the first one that fails, and the price is then given back.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job, State
from mockserver.core.plans import Plan, Step
from mockserver.kit.operations import Documented, Operation, Origin, Reply
from mockserver.providers.nanophoto import files, prices
from mockserver.providers.nanophoto.films import Film, FilmStatus, Shot, prompts_of
from mockserver.providers.nanophoto.flow import (
    ABOUT_JOBS,
    CANNOT_START,
    ID_LENGTH,
    check_failure,
    error_of,
    own_job,
    plan_of,
    rows_of_request,
    seconds_of,
)
from mockserver.providers.nanophoto.replies import Shots, StartedShots, documented
from mockserver.providers.nanophoto.sora import TEST
from mockserver.providers.nanophoto.tasks import RUNNING, STATES
from mockserver.sandbox.settling import Settling
from mockserver.wire.exchange import Exchange

_SECONDS = 8
_LINES = {"720p": 720, "1080p": 1080, "4k": 2160}
_GENERATE = "veo_3_generate"
_PLAN = Plan("veo", (Step("running"),))
_AFTER = "another shot of the same generation failed"


class _Look(NamedTuple):
    """A shot and its state."""

    job: Job
    state: State


async def generate(exchange: Exchange) -> Reply:
    """POST /api/veo-3/generate."""
    body: Film = exchange.body
    film_id = await exchange.ids.job("veo_", ID_LENGTH)
    fingerprints = [f"{film_id} {shot.id}".encode("utf-8", "surrogatepass") for shot in body.shots]
    ids = [await exchange.ids.job("task_", ID_LENGTH, fingerprint=each) for each in fingerprints]
    facts = files.video(files.VEO, _SECONDS * len(ids), _LINES[body.resolution], portrait=_portrait(body.shots[0]))
    await exchange.jobs.submit(
        film_id, request={"resolution": body.resolution, "shots": [shot.id for shot in body.shots]},
        facts={**facts, "shots": ids}, plan=_PLAN, cost=prices.VEO[body.resolution] * len(ids),
    )  # fmt: skip
    before: tuple[Step, ...] = ()
    for number, (job_id, shot) in enumerate(zip(ids, body.shots, strict=True), 1):
        before = await _add_shot(exchange, film_id, job_id, number, shot, before)
    await exchange.sandbox.settling.settle(exchange.now)
    started = [
        {"shotId": shot.id, "taskId": job_id, "status": "processing"}
        for job_id, shot in zip(ids, body.shots, strict=True)
    ]
    reply = {"success": True, "status": "processing", "shots": started, "message": RUNNING}
    return Reply(body=reply, job=film_id, ledger_rows=("state.processing", "rule.started_shots"))


def _portrait(shot: Shot) -> bool:
    return shot.aspect == "9:16"


async def _add_shot(
    exchange: Exchange, film_id: str, job_id: str, number: int, shot: Shot, before: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Create the job of a shot, which waits while the shots before it are made. Return the steps until it ends."""
    rule = await exchange.rule_for_item(number, exchange.data["shots"][number - 1], ("prompt",))
    if rule is not None and rule.fault is not None and not any(check.head == "item" for check in rule.checks):
        # A fault that is not for certain shots is for the whole request.
        rule = exchange.rule
    own = plan_of(exchange, job_id, rule, "veo_3")
    if rule is not exchange.rule and rule is not None and rule.fault is not None and not rule.fault.on_wire:
        own = Plan(own.name, (Step("failed", error=rule.fault.message),))
    await exchange.jobs.submit(
        job_id,
        request={"prompt": shot.prompt, "shotId": shot.id},
        facts={
            **files.video(files.VEO, _SECONDS, _LINES[exchange.body.resolution], portrait=_portrait(shot)),
            "batch": film_id,
            "first": len(before),
        },
        rule=rule,
        plan=Plan(own.name, (*before, *own.steps)),
    )
    waiting = (step._replace(status="queued", progress=None) for step in own.steps if not step.terminal)
    return (*before, *waiting)


async def check_status(exchange: Exchange) -> Reply:
    """POST /api/veo-3/check-status. If one of the ids is unknown, so is the request."""
    looks = []
    for each in exchange.body.task_ids:
        job = await own_job(exchange, each.task_id, _GENERATE)
        if "batch" not in job.facts:
            raise Refusal("not_found", note=f"{job.id} is no shot")
        looks.append(_Look(job, job.at(exchange.now)))
    film = await exchange.jobs.get(looks[0].job.facts["batch"])
    body = _shown(exchange, film, looks)
    for job, state in {look.job.id: look for look in looks}.values():
        await exchange.jobs.poll(job, state)
    failed = next((look.state for look in looks if STATES[look.state.status] == "failed"), None)
    if failed is not None:
        check_failure(exchange, film.id, failed)
    return Reply(body=body, job=film.id, ledger_rows=(f"state.{body['status']}", "rule.shown_shots"))


def _shown(exchange: Exchange, film: Job, looks: Sequence[_Look]) -> dict[str, Any]:
    states = {STATES[look.state.status] for look in looks}
    status = "failed" if "failed" in states else "completed" if states == {"completed"} else "processing"
    body: dict[str, Any] = {"success": status != "failed", "status": status}
    body["shots"] = [_shot(exchange, look) for look in looks]
    if status == "failed":
        failed = next(look.state for look in looks if STATES[look.state.status] == "failed")
        return {**body, "error": error_of(failed), "errorCode": "GENERATION_FAILED"}
    if status == "processing":
        return {**body, "message": RUNNING}
    whole = {look.job.id for look in looks} == set(film.facts["shots"])
    return {**body, "videoUrl": files.url(exchange, film)} if whole and len(film.facts["shots"]) > 1 else body


def _shot(exchange: Exchange, look: _Look) -> dict[str, Any]:
    job, state = look
    shot = {"shotId": job.request["shotId"], "taskId": job.id, "status": STATES[state.status]}
    if state.status == "succeeded":
        return {**shot, "videoUrl": files.url(exchange, job), "generationTime": _own_seconds(job, state)}
    return {**shot, "error": error_of(state)} if state.terminal else shot


def _own_seconds(job: Job, state: State) -> int:
    """Return how long a shot took, without the shots before it, in seconds."""
    own = sum(step.duration or 0 for step in job.plan.steps[job.facts["first"] :])
    return min(own // 1000, seconds_of(job, state))


async def shot_ended(settling: Settling, job: Job, state: State) -> None:
    """End the generation of a shot: if the shot has failed, with its other shots, or if all its shots have ended."""
    store, at = settling.sandbox.store, state.entered_at
    film = await store.get_job(job.provider, job.account, job.facts["batch"])
    if film is None or film.at(at).terminal:
        return
    kept = [await store.get_job(job.provider, job.account, each) for each in film.facts["shots"]]
    shots = [each for each in kept if each is not None]
    if state.status == "succeeded":
        if all(each.at(at).terminal for each in shots):
            await settling.finish(film, at, "succeeded")
        return
    await settling.finish(film, at, "failed", state.step.error, state.step.code)
    for each in shots:
        if not each.at(at).terminal:
            await settling.finish(each, at, "failed", _AFTER, "GENERATION_FAILED")


_EXAMPLE = {
    "shots": [
        {"id": "shot-1", "prompt": "A dog on a beach", "generationType": "TEXT_2_VIDEO", "aspectRatio": "16:9"},
        {"id": "shot-2", "prompt": "The dog swims", "generationType": "TEXT_2_VIDEO", "aspectRatio": "16:9"},
    ],
    "resolution": "720p",
}
OPERATIONS = (
    Operation(
        _GENERATE, "POST", "/api/veo-3/generate", generate, "Make up to 21 shots with Veo 3.1",
        documented(Documented("The jobs have started", StartedShots), *CANNOT_START, "SHOTS_REQUIRED",
                   "PROMPT_REQUIRED", "INVALID_IMAGE_COUNT", "IMAGE_URLS_REQUIRED"),
        Film, input=prompts_of, examples={"two shots": _EXAMPLE}, request_ledger_rows=rows_of_request, paid=True,
        cost_row="rule.veo_3.price", item_model=Shot, states=STATES,
        origin=Origin("veo_3", "Body Parameters", TEST), tag="videos",
        description=ABOUT_JOBS.format(poll="veo_3_check_status", id="taskIds"),
    ),
    Operation(
        "veo_3_check_status", "POST", "/api/veo-3/check-status", check_status, "Get the states of shots with Veo 3.1",
        documented(Documented("The states", Shots), "TASK_IDS_REQUIRED", "TASK_NOT_FOUND", "GENERATION_FAILED"),
        FilmStatus, role="poll", asset=("shots", "0", "videoUrl"), uncounted="polls_not_counted",
        errors={"not_found": "TASK_NOT_FOUND"}, origin=Origin("veo_3_reference", "Status request fields", TEST),
        tag="videos", examples={"one shot": {"taskIds": [{"shotId": "shot-1", "taskId": "task_abc123"}]}},
    ),
)  # fmt: skip
