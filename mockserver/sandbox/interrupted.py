"""Ends what the end of the server has cut off: requests whose replies were not complete."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from mockserver.core.journal import JournalEntry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import OPEN_REPLY
from mockserver.store.sqlite.store import SqliteStore

T = TypeVar("T")
# The error of a job whose reply was not complete.
INTERRUPTED = "the server ended before the reply was complete"


async def end_interrupted(sandbox: Sandbox, at: int) -> None:
    """Fail the jobs whose replies were not complete at the instant `at`, and release what belongs to no job."""
    store = sandbox.store
    assert isinstance(store, SqliteStore)
    for job_id, account in (await store.values(OPEN_REPLY, at)).items():
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
    await store.release_orphans(at)


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never waits, as the operations of a store in this process do not."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("the operation of the store waits")
