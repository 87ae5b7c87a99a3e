"""Operations on jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Now, ServerParts
from mockserver.control.models import JobChange
from mockserver.control.pages import Paged, SerialPageQuery, paged, serial
from mockserver.control.parameters import Number, ProviderQuery, Segment
from mockserver.control.problems import WRONG_BODY, WRONG_QUERY, problems
from mockserver.core.jobs import Job
from mockserver.core.masking import Masking, masked_account
from mockserver.core.plans import Status
from mockserver.kit.models import Instant, Shape


class StepView(Shape):
    """A step of a job: the instants at which it begins and ends, as far as time alone decides them."""

    status: Status
    stage: str | None
    at: int
    until: int | None


class JobView(Shape):
    """A job as it is now, with its rule and its plan. `cause` is the number of an entry in the journal."""

    id: str
    provider: str
    operation: str
    account: str = Field(description="the provider and the masked key")
    status: Status
    stage: str | None
    progress: int | None = Field(description="percent")
    error: str | None
    created_at: Instant
    updated_at: Instant
    held: bool
    rule: str | None
    plan: str
    timeline: str
    cause: int
    created: int = Field(description="milliseconds since the Unix epoch")
    steps: list[StepView] = Field(description="from the last step that a poll or a change began; in milliseconds")


class JobList(Paged):
    """Jobs, newest first. `total` counts the jobs of the provider before the other filters."""

    jobs: list[JobView]
    total: int = Field(ge=0)


class JobsQuery(ProviderQuery, SerialPageQuery):
    """Which jobs to list."""

    status: Status | SkipJsonSchema[None] = None
    limit: Number = Field(default=100, description="the maximum number of jobs")


router = APIRouter(tags=["jobs"], route_class=StrictRoute)

_EXAMPLES: Any = {
    "force": {"value": {"status": "failed", "error": "The video is too long"}},
    "hold": {"value": {"hold": True}},
    "release": {"value": {"release": True}},
}


@router.get(
    "/jobs",
    summary="List jobs, newest first",
    response_model=JobList,
    responses={**WRONG_QUERY, **problems({404: "There is no such provider"})},
)
async def list_jobs(
    query: Annotated[JobsQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts, now: Now
) -> Response:
    provider = None if query.provider is None else parts.provider(query.provider).name
    await sandbox.settling.observe(now)
    store = sandbox.store
    page = await store.page_jobs(provider, None, query.status, 0, query.limit + 1, serial(query.cursor))
    total = (await store.page_jobs(provider, limit=0)).total if query.status else page.total

    def view(job: Job) -> JobView:
        return _view(job, now)

    return await paged("jobs", page.jobs, view, lambda job: str(job.sequence), query.limit, {"total": total})


@router.get(
    "/jobs/{id}",
    summary="Get a job",
    responses={
        **WRONG_QUERY,
        **problems({404: "There is no such job", 409: "Several accounts have a job with this id: add `provider`"}),
    },
)
async def show_job(id: Segment, query: Annotated[ProviderQuery, Query()], sandbox: CurrentSandbox, now: Now) -> JobView:
    return _view(await actions.find_job(sandbox, id, query.provider), now)


@router.post(
    "/jobs/{id}",
    summary="Force, hold or release a job",
    responses={
        **WRONG_BODY,
        **problems({404: "There is no such job", 409: "The status cannot change that way, or no step holds the job"}),
    },
)
async def change_job(
    id: Segment,
    query: Annotated[ProviderQuery, Query()],
    change: Annotated[JobChange, Body(openapi_examples=_EXAMPLES)],
    sandbox: CurrentSandbox,
    now: Now,
) -> JobView:
    job = await actions.find_job(sandbox, id, query.provider)
    return _view(await actions.change_job(sandbox, job, change, now), now)


def _view(job: Job, now: int) -> JobView:
    state = job.at(now)
    return JobView(
        id=job.id,
        provider=job.provider,
        operation=f"{job.provider}.{job.operation}",
        account=masked_account(job.account),
        status=state.status,
        stage=state.step.stage,
        progress=state.progress,
        error=Masking().text(state.step.error) if state.step.error else state.step.error,
        created_at=rfc3339(job.created_at),
        updated_at=rfc3339(state.entered_at),
        held=state.step.held,
        rule=job.rule,
        plan=job.plan.name,
        timeline=job.plan.timeline(),
        cause=job.cause,
        created=job.created_at,
        steps=[
            StepView(status=step.status, stage=step.stage, at=at, until=until)
            for step, at, until in ((job.plan.steps[index], at, until) for index, at, until in job.timeline())
        ],
    )
