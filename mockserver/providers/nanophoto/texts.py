"""Texts that are streamed while they are written, as jobs that no operation returns.

The price is reserved when the request starts, charged when the text has been sent, and released if the work fails or
the stream breaks off (FACTS section 3, credits). If the client leaves early, the work has been done and is charged. If
the rule names a plan, its steps take place before the first byte. Steps that wait for polls take no time, because there
are no polls.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mockserver.core.faults import Fault, Refusal
from mockserver.core.jobs import Job
from mockserver.core.plans import Plan, Step
from mockserver.core.streams import duration_of
from mockserver.kit.operations import Deferred, Reply, Stream
from mockserver.providers.nanophoto.codes import CODES, PREFIX
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.exchange import Exchange
from mockserver.wire.stream import compose_stream, ends_at
from mockserver.wire.work import due_of, steps_of

TEXT_TYPE = "text/plain; charset=utf-8"
_ID_LENGTH = 16
_LEFT = "the client went away before the first byte"


async def write(
    exchange: Exchange,
    prefix: str,
    fingerprint: bytes,
    text: Callable[[], str],
    request: Mapping[str, Any],
    cost: int,
    failure: str,
    rows: tuple[str, ...] = (),
) -> Deferred:
    """Write a text and stream it. `failure` is the error code of work that fails without one.

    `prefix` begins the id of the job, `fingerprint` distinguishes the request from others, `request` is kept with the
    job, and `rows` are the rows of the ledger for the reply.
    """
    sandbox, now = exchange.sandbox, exchange.now
    job_id = await exchange.ids.job(prefix, _ID_LENGTH, fingerprint=fingerprint)
    work = steps_of(exchange, job_id)
    starts = now + sum(step.duration or 0 for step in work)
    began = max(starts, sandbox.clock.now())
    stream = compose_stream(exchange, began, exchange.seeded.child("stream", job_id), text, job_id)
    plan = _plan(exchange.operation.name, exchange.fault, work, stream, starts)
    job = await exchange.jobs.submit(job_id, request=request, plan=plan, cost=cost)
    end = work[-1]

    async def finished() -> Reply:
        await sandbox.settling.settle(sandbox.clock.now())
        if end.status != "succeeded":
            code = end.code if end.code in CODES else failure
            raise Refusal(f"{PREFIX}{code}", end.error or "", scripted=True, job=job_id)
        sent = stream if stream.track.resumed is None else stream._replace(go_on=partial(_release, sandbox, job))
        return Reply(content_type=TEXT_TYPE, stream=sent, job=job_id, ledger_rows=rows)

    return Deferred(due_of(work, now), finished, None, job_id, _LEFT, ("ending.client_left",))


async def _release(sandbox: Sandbox, job: Job) -> None:
    """Let the job of a held stream go on."""
    now = sandbox.clock.now()
    await sandbox.settling.settle(now)
    current = await sandbox.store.get_job(job.provider, job.account, job.id)
    if current is not None and current.at(now).step.held:
        await sandbox.replace_job(current, current.released(now))


def _plan(name: str, fault: Fault | None, work: tuple[Step, ...], stream: Stream, starts: int) -> Plan:
    *lead, end = work
    if end.status == "succeeded":
        if fault is not None and fault.phase == "after_commit" and not fault.on_wire:
            return Plan(name, (*lead, Step("failed", error=fault.message)))
        until = ends_at(stream)
        if until > starts:
            lead.append(Step("running", progress=(0, 100), duration=until - starts))
        if stream.track.resumed is not None:
            lead += (Step("running", held=True), Step("running", duration=duration_of(stream.track.resumed)))
        whole = stream.track.ending == "complete"
        end = end if whole else Step("failed", error="the stream broke off")
    return Plan(name, (*lead, end))
