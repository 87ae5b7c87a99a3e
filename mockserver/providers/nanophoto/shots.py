"""Veo 3.1: up to 21 shots that are made one after another, and a joined clip of several.

Each shot is a job with a task of its own. The generation, a job that no operation returns, has the price of all shots:
it ends with the last shot, or with the first one that fails, and the price is then given back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job, State
from mockserver.core.plans import Plan, Step
from mockserver.kit.operation_rows import OWN_LIMIT
from mockserver.kit.operations import BodyLink, Documented, Operation, Origin, Reply
from mockserver.providers.nanophoto import files, prices
from mockserver.providers.nanophoto.bodies import Prompt, PublicUrl, Request, check_urls, conditional, is_empty
from mockserver.providers.nanophoto.flow import (
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

MOST_SHOTS, _SECONDS = 21, 8
# How many images each type of generation takes.
_IMAGES = {"TEXT_2_VIDEO": (0, 0), "FIRST_AND_LAST_FRAMES_2_VIDEO": (1, 2), "REFERENCE_2_VIDEO": (1, 3)}
_LINES = {"720p": 720, "1080p": 1080, "4k": 2160}
_GENERATE = "veo_3_generate"
_PLAN = Plan("veo", (Step("running"),))
_AFTER = "another shot of the same generation failed"
Resolution = Literal["720p", "1080p", "4k"]


def _typed(kind: str, low: int, high: int) -> dict[str, Any]:
    images = {"type": "array", "minItems": low, "maxItems": high} if low else {"enum": [None, []]}
    return {
        "title": kind,
        "properties": {"generationType": {"const": kind}, "imageUrls": images},
        "required": ["generationType", *(["imageUrls"] if low else [])],
    }


class Shot(Request):
    """One shot, of eight seconds."""

    model_config = ConfigDict(json_schema_extra=conditional(*(_typed(kind, *each) for kind, each in _IMAGES.items())))

    id: Annotated[str, Field(min_length=1, max_length=200, description="unique in the request"), OWN_LIMIT]
    prompt: Prompt
    kind: Literal["TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"] = Field(alias="generationType")
    aspect: Literal["16:9", "9:16"] = Field(alias="aspectRatio")
    image_urls: list[PublicUrl] | None = Field(default=None, alias="imageUrls", description="as the type needs them")

    @model_validator(mode="before")
    @classmethod
    def _has_a_prompt_and_its_images(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if is_empty(data.get("prompt")):
            raise PydanticCustomError("PROMPT_REQUIRED", "every shot needs a prompt")
        urls, kind = data.get("imageUrls"), data.get("generationType")
        check_urls(urls, "imageUrls")
        if isinstance(kind, str) and kind in _IMAGES and (urls is None or isinstance(urls, list)):
            low, high = _IMAGES[kind]
            if not low <= len(urls or ()) <= high:
                raise PydanticCustomError("INVALID_IMAGE_COUNT", _count_text(kind, low, high))
        return data


def _count_text(kind: str, low: int, high: int) -> str:
    return f"{kind} needs {low} to {high} images in imageUrls" if high else f"{kind} takes no images"


class Film(Request):
    """Shots to make with Veo 3.1. 1080p and 4k are for a single shot. The id of each shot must be unique."""

    needed: ClassVar[Mapping[str, str]] = {"shots": "SHOTS_REQUIRED"}
    model_config = ConfigDict(
        json_schema_extra=conditional(
            {"title": "720p", "properties": {"resolution": {"const": "720p"}}},
            {
                "title": "single shot",
                "properties": {"resolution": {"enum": ["1080p", "4k"]}, "shots": {"maxItems": 1}},
                "required": ["resolution"],
            },
        )
    )

    shots: Annotated[list[Shot], Field(min_length=1, max_length=MOST_SHOTS)]
    resolution: Resolution = "720p"

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        twice = [name for name, count in Counter(shot.id for shot in self.shots).items() if count > 1]
        if twice:
            raise ValueError(f"shots: the id of each shot must be unique, and {twice[0][:60]!r} occurs twice")
        if self.resolution != "720p" and len(self.shots) > 1:
            raise ValueError(f"resolution: {self.resolution} is for a single shot")
        return self


class ShotId(Request):
    """A shot to look at."""

    shot_id: Annotated[str, Field(max_length=200), OWN_LIMIT] = Field(alias="shotId")
    task_id: Annotated[str, Field(max_length=200), OWN_LIMIT] = Field(alias="taskId")


class FilmStatus(Request):
    """Shots to look at."""

    needed: ClassVar[Mapping[str, str]] = {"taskIds": "TASK_IDS_REQUIRED"}
    task_ids: Annotated[list[ShotId], Field(min_length=1, max_length=100), OWN_LIMIT] = Field(alias="taskIds")
    resolution: Resolution = "720p"


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
            "generation": film_id,
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
        if "generation" not in job.facts:
            raise Refusal("not_found", note=f"{job.id} is no shot")
        looks.append(_Look(job, job.at(exchange.now)))
    film = await exchange.jobs.get(looks[0].job.facts["generation"])
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
    film = await store.get_job(job.provider, job.account, job.facts["generation"])
    if film is None or film.at(at).terminal:
        return
    found = [await store.get_job(job.provider, job.account, each) for each in film.facts["shots"]]
    shots = [each for each in found if each is not None]
    if state.status == "succeeded":
        if all(each.at(at).terminal for each in shots):
            await settling.finish(film, at, "succeeded")
        return
    await settling.finish(film, at, "failed", state.step.error, state.step.code)
    for each in shots:
        if not each.at(at).terminal:
            await settling.finish(each, at, "failed", _AFTER, "GENERATION_FAILED")


def prompts_of(data: Any) -> str | None:
    """Return the `input` for rules: the prompts of all shots, each on a line."""
    shots = data.get("shots") if isinstance(data, dict) else None
    texts = [shot["prompt"] for shot in shots or () if isinstance(shot, dict) and isinstance(shot.get("prompt"), str)]
    return "\n".join(texts) if texts else None


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
        links={"status": BodyLink("veo_3_check_status", {
            "taskIds": [{"shotId": "$response.body#/shots/0/shotId", "taskId": "$response.body#/shots/0/taskId"}]})},
        origin=Origin("veo_3", "Body Parameters", TEST),
    ),
    Operation(
        "veo_3_check_status", "POST", "/api/veo-3/check-status", check_status, "Get the states of shots with Veo 3.1",
        documented(Documented("The states", Shots), "TASK_IDS_REQUIRED", "TASK_NOT_FOUND", "GENERATION_FAILED"),
        FilmStatus, role="poll", asset=("shots", "0", "videoUrl"), uncounted="polls_not_counted",
        errors={"not_found": "TASK_NOT_FOUND"}, origin=Origin("veo_3_reference", "Status request fields", TEST),
        examples={"one shot": {"taskIds": [{"shotId": "shot-1", "taskId": "task_abc123"}]}},
    ),
)  # fmt: skip
