"""Descrideo's operations on jobs of the live, sandbox and demo APIs, and on webhooks."""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.content.videos import address
from mockserver.core.credits import CREDIT
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.seeded import ULID_RANDOM, ulid_time
from mockserver.core.stages import with_stages
from mockserver.kit.operations import Reply
from mockserver.providers.descrideo import assumptions, billing, results, sources, stages, wording
from mockserver.providers.descrideo.requests import DirectUrl, SourceProvider, Wanted
from mockserver.providers.descrideo.secrets import secret_of
from mockserver.wire.exchange import Exchange

LIVE, SANDBOX, DEMO = "live", "sandbox", "demo"
QUOTAS = {SANDBOX: "sandbox_jobs_per_day", DEMO: "demo_jobs_per_day"}


def rows_of_job(api: str, exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for a new job of one of the APIs."""
    fetch = exchange.option("fetch", False)
    return assumptions.of_job(exchange.data, exchange.body, live=api == LIVE, fetch=fetch)


async def create(exchange: Exchange) -> Reply:
    """POST /v1/video-descriptions."""
    source = exchange.body.source
    video = address(source.url) if isinstance(source, DirectUrl) else _referenced(source)
    seconds, largest = _costs(exchange, video)
    charge = billing.BASE + billing.transcription(seconds)
    facts = {"charge": charge, "transcription": charge - billing.BASE, "seconds": seconds}
    if exchange.account.billing == "postpaid":
        return await _accepted(exchange, LIVE, {**facts, **await billing.count(exchange, largest)}, video)
    return await _accepted(exchange, LIVE, facts, video, cost=largest / CREDIT)


async def create_in_sandbox(exchange: Exchange) -> Reply:
    """POST /v1/sandbox/video-descriptions: no source, no tokens, a separate quota, and always the same video."""
    return await _free(exchange, SANDBOX, "")


async def create_demo(exchange: Exchange) -> Reply:
    """POST /api/demo/v1/video-descriptions: no tokens, and one job a day."""
    return await _free(exchange, DEMO, address(exchange.body.source.url))


async def retrieve(api: str, exchange: Exchange) -> Reply:
    """GET .../video-descriptions/{job_id} of one of the APIs."""
    job = await _job(api, exchange)
    state = job.at(exchange.now)
    body = results.status(exchange.sandbox, job, state, exchange.provider.state_name(state, job.operation))
    await exchange.jobs.poll(job, state)
    if "result" not in body:
        return exchange.job_reply(200, body, job, state)
    language = job.request["lang"], job.request["custom_instructions"]
    reply, note = exchange.job_reply(200, body, job, state, *wording.rows_of(*language)), wording.note_on(*language)
    return reply if note is None else reply._replace(note=note)


async def replay(api: str, exchange: Exchange) -> Reply:
    """POST .../{job_id}/replay-webhook of one of the APIs: send the same event with the same bytes again."""
    job, outbox = await _job(api, exchange), exchange.sandbox.outbox
    if not job.at(exchange.now).terminal:
        message = "The job has not ended yet, so there is no webhook to replay"
        raise Refusal("invalid_request", message, ledger_rows=("rule.replay_too_early",), job=job.id)
    delivery = await outbox.webhook_of(job)
    if delivery is None:
        message = "The webhook of this job is no longer kept"
        raise Refusal("not_found", message, ledger_rows=("rule.replay_forgotten",), job=job.id)
    await outbox.replay(delivery, exchange.now)
    return Reply(202, {"job_id": job.id, "replayed": True}, job=job.id)


async def secret(exchange: Exchange) -> Reply:
    """GET /v1/webhook-secret and GET /api/demo/v1/webhook-secret."""
    return Reply(body={"secret": secret_of(exchange.sandbox, exchange.account.id, exchange.account)})


async def _free(exchange: Exchange, api: str, video: str) -> Reply:
    await exchange.spend(QUOTAS[api])
    seconds, _ = _costs(exchange, video)
    return await _accepted(exchange, api, {"charge": 0, "transcription": 0, "seconds": seconds}, video)


def _referenced(source: SourceProvider) -> str:
    """Return what a private video is known by: the reference, or the endpoint's address without one."""
    provider = source.provider
    return provider.reference or address(provider.url)


def _costs(exchange: Exchange, video: str) -> tuple[float, int]:
    """Return the seconds of audio to sample, and the maximum cost of the job in hundredths of a token."""
    sampled = exchange.body.sampled
    seconds = round(min(sampled, billing.video_seconds(exchange, video)), 2)
    return seconds, billing.BASE + billing.transcription(sampled)


async def _accepted(exchange: Exchange, api: str, facts: Mapping[str, Any], video: str, cost: float = 0) -> Reply:
    wanted: Wanted = exchange.body
    job_id = await exchange.ids.job(ulid_time(exchange.now), ULID_RANDOM, crockford=True)
    plan = with_stages(
        exchange.plan_for(job_id, exchange.rule), stages.stages(wanted.mode, transcribed=wanted.transcribed)
    )
    source = getattr(wanted, "source", None)
    waits: Mapping[str, Any] = {}
    if isinstance(source, DirectUrl | SourceProvider):
        plan, waits = sources.planned(plan, source, fetch=exchange.option("fetch", False))
    request, facts = {**wanted.kept(), "video": video}, {"api": api, **facts, **waits}
    await exchange.jobs.submit(job_id, request=request, facts=facts, plan=plan, cost=cost)
    body, note = {"job_id": job_id, "status": "queued"}, wording.note_on(wanted.language, wanted.instructions)
    return Reply(202, body, job=job_id, ledger_rows=("state.queued",), note=note)


async def _job(api: str, exchange: Exchange) -> Job:
    """Return the job, if it was created with that API. Raises Refusal `not_found`."""
    job = await exchange.jobs.get(exchange.path["job_id"])
    if job.facts["api"] != api:
        raise Refusal("not_found", note=f"No job {job.id!r}", ledger_rows=("rule.apis_apart",), job=job.id)
    return job
