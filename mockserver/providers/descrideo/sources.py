"""The sources of videos: the Source Provider is called in `resolving_source`, the video's URL in `probing`.

A job that needs a call is held in that stage until the response is there (FACTS section 4, source provider). If the
first call fails, the job fails with `source_resolution_failed`; if the second fails, with `source_unreachable`.
"""

from collections.abc import Mapping
from typing import Any

from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import Job, State
from mockserver.core.plans import Plan
from mockserver.core.stages import with_held_stages
from mockserver.outgoing.call import CallResult
from mockserver.outgoing.destination import EgressRefused, read_url
from mockserver.providers.descrideo.requests import DirectUrl, SourceProvider
from mockserver.providers.descrideo.stages import PROBING, RESOLVING
from mockserver.sandbox.settling import Settling
from mockserver.wire.body import parse_json

RESOLVE, FETCH = "source.resolve", "source.fetch"
UNRESOLVED, UNREACHABLE = "source_resolution_failed", "source_unreachable"
FIRST_BYTES = 1_024
_STAGE = {RESOLVE: RESOLVING, FETCH: PROBING}
_NO_ANSWER = {
    "timeout": "did not answer in time",
    "refused": "may not be called",
    "connect_error": "cannot be reached",
    "protocol_error": "did not send a valid HTTP response",
}


class _Unusable(Exception):
    """The source cannot be used: an error code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def planned(plan: Plan, source: DirectUrl | SourceProvider, *, fetch: bool) -> tuple[Plan, Mapping[str, Any]]:
    """Return the plan of a job with its waits, and the facts for the calls."""
    if isinstance(source, SourceProvider):
        plan, waits = with_held_stages(plan, (RESOLVING, PROBING))
        broker = {"url": source.provider.url, "reference": source.provider.reference}
        return plan, {"waits": waits, "broker": broker}
    if fetch:
        plan, waits = with_held_stages(plan, (PROBING,))
        return plan, {"waits": waits, "video": source.url}
    return plan, {}


async def entered(settling: Settling, job: Job, state: State, secret: str) -> None:
    """Make the call of a stage that a job has entered, if the job waits there."""
    stage = state.step.stage or ""
    if not _waits(job, state, stage):
        return
    if stage == RESOLVING:
        broker = job.facts["broker"]
        body = {"job_id": job.id, "reference": broker["reference"]}
        await settling.outbox.call_out(job, RESOLVE, broker["url"], state.entered_at, secret=secret, body=body)
    elif "video" in job.facts:
        await settling.outbox.fetch(job, FETCH, job.facts["video"], state.entered_at, first=FIRST_BYTES)
    else:
        # The job was released before its Source Provider had responded, so there is no URL.
        await settling.replace(job, job.released(state.entered_at))


async def answered(settling: Settling, delivery: Delivery, result: CallResult) -> None:
    """Continue with the response, unless the job has been released or has ended meanwhile."""
    sandbox, done = settling.sandbox, False
    while not done:
        job = await sandbox.store.get_job(delivery.provider, delivery.account, delivery.job or "")
        now = sandbox.clock.now()
        if job is None or not _waits(job, job.at(now), _STAGE[delivery.event]):
            return
        try:
            facts = _read(delivery.event, result)
        except _Unusable as problem:
            done = await settling.finish(job, now, "failed", str(problem), problem.code)
        else:
            done = await settling.replace(job, job.released(now)._replace(facts={**job.facts, **facts}))
        await settling.settle(now)


def _waits(job: Job, state: State, stage: str) -> bool:
    return state.step.held and job.facts.get("waits", {}).get(stage) == state.index


def _read(event: str, result: CallResult) -> Mapping[str, Any]:
    """Return the facts that the response adds to the job. Raises _Unusable."""
    if event == RESOLVE:
        return {"video": _presigned(result)}
    _check(result, "The video's URL", UNREACHABLE)
    if result.status not in (200, 206):
        raise _Unusable(UNREACHABLE, f"The video's URL answered {result.status} instead of 200 or 206")
    return {}


def _presigned(result: CallResult) -> str:
    """Return the URL in the response of a Source Provider."""
    sender = "The Source Provider"
    _check(result, sender, UNRESOLVED)
    if result.status in (401, 403):
        raise _Unusable(UNRESOLVED, f"{sender} refused the signature with {result.status}")
    if result.status != 200:
        raise _Unusable(UNRESOLVED, f"{sender} answered {result.status} instead of 200")
    try:
        answer = parse_json(result.body)
    except ValueError:
        raise _Unusable(UNRESOLVED, f"{sender} answered with something that is not JSON") from None
    url = answer.get("url") if isinstance(answer, dict) else None
    if not isinstance(url, str) or not url:
        raise _Unusable(UNRESOLVED, f"{sender} answered without a url")
    try:
        read_url(url)
    except EgressRefused as refused:
        raise _Unusable(UNRESOLVED, f"{sender} answered with a url that cannot be fetched: {refused}") from None
    return url


def _check(result: CallResult, sender: str, code: str) -> None:
    if result.kind != "response":
        # The reason why this server makes no call is in the journal.
        reason = "" if result.kind == "refused" else f": {result.error}"
        raise _Unusable(code, f"{sender} {_NO_ANSWER[result.kind]}{reason}")
    if result.status is not None and 300 <= result.status < 400:
        raise _Unusable(code, f"{sender} answered with a redirect ({result.status}), which is not followed")
