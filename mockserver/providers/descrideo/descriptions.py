"""Descrideo's operations: jobs of the live, the sandbox and the demo API, their webhooks, and the secret of these."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.credits import ONE
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.seeded import ULID_RANDOM, ulid_time
from mockserver.core.stages import staged
from mockserver.kit.operations import Reply
from mockserver.providers.descrideo import assumptions, billing, results, sources
from mockserver.providers.descrideo.requests import DirectUrl, SourceProvider, Wanted
from mockserver.providers.descrideo.secrets import secret_of
from mockserver.providers.descrideo.stages import stages
from mockserver.wire.call import Call

LIVE, SANDBOX, DEMO = "live", "sandbox", "demo"
QUOTAS = {SANDBOX: "sandbox_jobs_per_day", DEMO: "demo_jobs_per_day"}


async def create(call: Call) -> Reply:
    """POST /v1/video-descriptions."""
    _note(call, LIVE)
    source = call.body.source
    video = source.url if isinstance(source, DirectUrl) else f"{source.provider.url} {source.provider.reference}"
    seconds, most = _costs(call, video)
    charge = billing.BASE + billing.transcription(seconds)
    facts = {"charge": charge, "transcription": charge - billing.BASE, "seconds": seconds}
    if call.account.billing == "postpaid":
        return await _accepted(call, LIVE, {**facts, **await billing.count(call, most)}, video)
    return await _accepted(call, LIVE, facts, video, cost=most / ONE)


async def create_in_sandbox(call: Call) -> Reply:
    """POST /v1/sandbox/video-descriptions: no source, no tokens, and a quota of its own."""
    context = call.body.client_context
    return await _free(call, SANDBOX, (context.custom_instructions if context else None) or "")


async def create_demo(call: Call) -> Reply:
    """POST /api/demo/v1/video-descriptions: no tokens, and one job a day."""
    return await _free(call, DEMO, call.body.source.url)


async def retrieve(api: str, call: Call) -> Reply:
    """GET .../video-descriptions/{job_id} of one of the APIs."""
    job = await _own(api, call)
    reply = Reply(body=results.status(call.sandbox, job, call.now))
    await call.poll(job)
    return reply


async def replay(api: str, call: Call) -> Reply:
    """POST .../{job_id}/replay-webhook of one of the APIs: the same event, with the same bytes, as a new attempt."""
    job = await _own(api, call)
    if not job.at(call.now).terminal:
        early = {"rests_on": ("rule.replay_too_early",)}
        raise Refusal("invalid_request", "The job has not ended yet, so there is no webhook to replay", early)
    delivery = await call.sandbox.outbox.webhook_of(job)
    if delivery is None:
        gone = {"rests_on": ("rule.replay_forgotten",)}
        raise Refusal("not_found", "The webhook of this job is no longer kept", gone)
    await call.sandbox.outbox.again(delivery, call.now)
    return Reply(202, {"job_id": job.id, "replayed": True})


async def secret(call: Call) -> Reply:
    """GET /v1/webhook-secret and GET /api/demo/v1/webhook-secret."""
    return Reply(body={"secret": secret_of(call.sandbox, call.account.id, call.account)})


async def _free(call: Call, api: str, video: str) -> Reply:
    _note(call, api)
    await call.spend(QUOTAS[api])
    seconds, _ = _costs(call, video)
    return await _accepted(call, api, {"charge": 0, "transcription": 0, "seconds": seconds}, video)


def _note(call: Call, api: str) -> None:
    fetch = call.option("fetch", False)
    call.rests_on(*assumptions.of_job(call.data, call.body, live=api == LIVE, fetch=fetch))


def _costs(call: Call, video: str) -> tuple[float, int]:
    """The seconds of audio that will be sampled, and what the job costs at most, in hundredths of a token."""
    sampled = call.body.sampled
    seconds = round(min(sampled, billing.video_seconds(call, video)), 2)
    return seconds, billing.BASE + billing.transcription(sampled)


async def _accepted(call: Call, api: str, facts: Mapping[str, Any], video: str, cost: float = 0) -> Reply:
    wanted: Wanted = call.body
    job_id = await call.new_id(ulid_time(call.now), ULID_RANDOM, crockford=True)
    plan = staged(call.plan_for(job_id, call.rule), stages(wanted.mode, heard=wanted.heard))
    source = getattr(wanted, "source", None)
    more: Mapping[str, Any] = {}
    if isinstance(source, DirectUrl | SourceProvider):
        plan, more = sources.planned(plan, source, fetch=call.option("fetch", False))
    asked = {**wanted.asked(), "hint": video}
    await call.submit(job_id, request=asked, facts={"api": api, **facts, **more}, plan=plan, cost=cost)
    return Reply(202, {"job_id": job_id, "status": "queued"})


async def _own(api: str, call: Call) -> Job:
    """The job, if it was made by that API. Raises Refusal `not_found`."""
    job = await call.job(call.path["job_id"])
    if job.facts["api"] != api:
        raise Refusal("not_found", f"No job {job.id!r}", {"id": job.id, "rests_on": ("rule.apis_apart",)})
    return job
