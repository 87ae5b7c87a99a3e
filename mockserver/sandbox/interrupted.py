"""Ends what the end of the server has cut off: requests whose replies were not complete."""

from collections.abc import Collection

from mockserver.core.journal import JournalEntry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import OPEN_REPLY

# The error of a job whose reply was not complete.
INTERRUPTED = "the server ended before the reply was complete"


async def end_interrupted(sandbox: Sandbox, at: int, jobs: Collection[str] | None = None) -> None:
    """Fail the jobs whose replies were not complete at the instant `at`: all, or those with these ids."""
    store = sandbox.store
    for job_id, account in (await store.values(OPEN_REPLY, at)).items():
        if jobs is not None and job_id not in jobs:
            continue
        await store.take_value(OPEN_REPLY, job_id, at)
        job = await store.get_job(account.partition(":")[0], account, job_id)
        if job is not None and not job.at(at).terminal:
            await store.replace_job(job, job.moved(at, "failed", INTERRUPTED))
            note = f"the server ended before its reply was complete, so job {job_id} has failed"
            await store.append(
                JournalEntry(
                    "control", at, cause=job.cause, provider=job.provider, account=account, job=job_id, note=note
                )
            )
