"""The jobs of a sandbox."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mockserver.control.models import JobChange
from mockserver.core.masking import masked
from mockserver.testing.errors import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.values import validated

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Job:
    """A snapshot of a job. `status` is neutral; `stage` is the provider's own name, if it has one.

    `progress` is in percent. `rule` and `plan` are the names of the scenario's rule and plan for the job.
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
    _hosted: HostedSandbox = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """True if the job has a final status."""
        return self.status in ("succeeded", "failed", "cancelled")

    def now(self) -> "Job":
        """Return a new snapshot of the job."""
        return Jobs(self._hosted).get(self.id, self.provider)

    def force(self, status: Status, *, error: str | None = None, code: str | None = None) -> "Job":
        """Set the status of the job permanently, with all effects of that status.

        Raises MockServerError if the job has a later status already.
        """
        arguments = {"status": status, "error": error, "code": code}
        return self._change({name: value for name, value in arguments.items() if value is not None})

    def release(self) -> "Job":
        """Release the job from a `held` step. Raises MockServerError if it is not held."""
        return self._change({"release": True})

    def _change(self, change: Mapping[str, Any]) -> "Job":
        self._hosted.change_job(self.id, self.provider, validated(JobChange, change))
        return self.now()


class Jobs:
    """All jobs of a sandbox, oldest first. `jobs["ana_1"]` is the job with that id."""

    def __init__(self, hosted: HostedSandbox) -> None:
        self._hosted = hosted

    def __repr__(self) -> str:
        return f"<{len(self)} jobs>"

    def __iter__(self) -> Iterator[Job]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def __getitem__(self, job_id: str | int) -> Job:
        return self.get(job_id)

    def all(self, provider: str | None = None, *, status: Status | None = None) -> list[Job]:
        """Return the jobs of a provider, or of all providers, oldest first."""
        if provider is not None:
            self._hosted.host.provider(provider)
        jobs = [Job(**values, _hosted=self._hosted) for values in self._hosted.jobs(provider)]
        return [job for job in jobs if status in (None, job.status)]

    def get(self, job_id: str | int, provider: str | None = None) -> Job:
        """Return the job with this id. Raises MockServerError if there is none, or more than one."""
        jobs = [Job(**values, _hosted=self._hosted) for values in self._hosted.find_jobs(str(job_id), provider)]
        if len(jobs) == 1:
            return jobs[0]
        name = self._hosted.name
        if not jobs:
            raise MockServerError(f"there is no job {job_id!r} in the sandbox {name!r}")
        accounts = ", ".join(f"{job.provider} {masked(job.key)}" for job in jobs)
        raise MockServerError(f"several accounts have a job {job_id!r}: {accounts}")
