"""The jobs of a sandbox."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mockserver.control import actions
from mockserver.control.models import JobChange
from mockserver.core.jobs import Job as CoreJob
from mockserver.testing.errors import MockServerError
from mockserver.testing.session import World, instant, validated

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was when it was looked at. `status` is neutral; `stage` is the provider's own word, if it has one.

    `progress` is in percent; `rule` and `plan` say which part of the scenario the job follows.
    """

    id: str
    provider: str
    operation: str
    key: str
    status: Status
    stage: str | None
    progress: int | None
    error: str | None
    held: bool
    rule: str | None
    plan: str
    created_at: datetime
    updated_at: datetime
    _world: World = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """True when nothing can happen to the job any more."""
        return self.status in ("succeeded", "failed", "cancelled")

    def now(self) -> "Job":
        """The job as it is now."""
        return Jobs(self._world).get(self.id, self.provider)

    def force(self, status: Status, *, error: str | None = None, code: str | None = None) -> "Job":
        """Put the job into a status for good, with all that follows from it. Raises MockServerError for a way back."""
        given = {"status": status, "error": error, "code": code}
        return self._changed({name: value for name, value in given.items() if value is not None})

    def release(self) -> "Job":
        """Let the job go on from a step that is `held`. Raises MockServerError when nothing holds it."""
        return self._changed({"release": True})

    def _changed(self, change: Mapping[str, Any]) -> "Job":
        world, asked = self._world, validated(JobChange, change)

        async def changed(now: int) -> None:
            job = await actions.find_job(world.sandbox, self.id, self.provider)
            await actions.change_job(world.sandbox, job, asked, now)

        world.act(changed)
        return self.now()


class Jobs:
    """All jobs of a sandbox, oldest first. `jobs["ana_1"]` is the one with that id."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __repr__(self) -> str:
        return f"<{len(self)} jobs>"

    def __iter__(self) -> Iterator[Job]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def __getitem__(self, job_id: str | int) -> Job:
        return self.get(job_id)

    def all(self, provider: str | None = None, *, status: Status | None = None) -> list[Job]:
        """The jobs of a provider, or of all, oldest first."""
        if provider is not None:
            self._world.host.provider(provider)
        return [job for job in self._world.calm(self._page(provider)) if status in (None, job.status)]

    def get(self, job_id: str | int, provider: str | None = None) -> Job:
        """The job with that id. Raises MockServerError when there is none, or one at each of several providers."""
        found = self._world.calm(self._found(str(job_id), provider))
        if len(found) == 1:
            return found[0]
        name = self._world.sandbox.name
        if not found:
            raise MockServerError(f"there is no job {job_id!r} in the sandbox {name!r}")
        raise MockServerError(f"several accounts have a job {job_id!r}: {', '.join(job.provider for job in found)}")

    async def _page(self, provider: str | None) -> list[Job]:
        page = await self._world.sandbox.store.page_jobs(provider, None, None, 0, _ALL)
        return [self._view(job) for job in reversed(page.jobs)]

    async def _found(self, job_id: str, provider: str | None) -> list[Job]:
        found = await self._world.sandbox.store.find_jobs(job_id)
        return [self._view(job) for job in found if provider in (None, job.provider)]

    def _view(self, job: CoreJob) -> Job:
        state = job.at(self._world.sandbox.clock.now())
        return Job(
            id=job.id,
            provider=job.provider,
            operation=f"{job.provider}.{job.operation}",
            key=job.account.partition(":")[2],
            status=state.status,
            stage=state.step.stage,
            progress=state.progress,
            error=state.step.error,
            held=state.step.held,
            rule=job.rule,
            plan=job.plan.name,
            created_at=instant(job.created_at),
            updated_at=instant(state.entered_at),
            _world=self._world,
        )
