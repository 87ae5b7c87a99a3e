"""VideoToPrompt's operations on analyses and batches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from mockserver.clock import rfc3339
from mockserver.core.durations import spell
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.match import Miss, Rule
from mockserver.core.plans import Plan, Step
from mockserver.kit.models import first_error
from mockserver.kit.operations import Reply
from mockserver.providers.videotoprompt import results
from mockserver.providers.videotoprompt.models import FALSE, TRUE, BatchRequest, Options, UploadAnalysis, UrlAnalysis
from mockserver.providers.videotoprompt.refusals import refusal_of
from mockserver.wire.call import Call
from mockserver.wire.deviations import check_fields, names_of
from mockserver.wire.multipart import Upload, read_upload

if TYPE_CHECKING:
    from mockserver.media.reader import VideoFacts

ID_LENGTH = 16
_BATCH_PLAN = Plan("batch", (Step("queued"),))


async def by_url(call: Call) -> Reply:
    """POST /v1/analyze/url."""
    _within_plan(call, call.body)
    _note_unknown(call, UrlAnalysis)
    call.rests_on("rule.url_fields")
    await _counted(call, 1, "rule.submit_id", "rule.submit_reply")
    return await _accepted(call, _asked(call.body, call.body.url))


async def by_upload(call: Call) -> Reply:
    """POST /v1/analyze/upload: the file passes by and is gone; what is known of it is held against the plan."""
    largest = _largest(call, "file_bytes")
    try:
        upload = await read_upload(call.receive, call.headers, largest)
    except Refusal as refusal:
        if refusal.kind == "too_large":
            call.rests_on("rule.over_plan")
            raise Refusal("forbidden", f"The file is larger than the {largest} bytes that your plan allows") from None
        raise
    facts = _video(call, upload)
    check_fields(call, UploadAnalysis, {**upload.fields, **upload.names})
    options = _options(call, upload.fields)
    longest = _largest(call, "video_seconds")
    if longest is not None and facts.duration_ms is not None and facts.duration_ms > longest * 1000:
        call.rests_on("rule.over_plan")
        raise Refusal("forbidden", f"The video is longer than the {spell(longest * 1000)} that your plan allows")
    call.rests_on("rule.upload_fields")
    await _counted(call, 1, "rule.submit_id", "rule.submit_reply")
    call.raw = f"{facts.size}:{facts.duration_ms}:{sorted(upload.fields.items())}".encode()
    return await _accepted(call, _asked(options, upload.names.get("video", "video")))


async def retrieve(call: Call) -> Reply:
    """GET /v1/analyze/{analysis_id}."""
    job = await call.job(call.path["analysis_id"])
    if job.operation == "analyze_batch" and job.id.startswith("bat_"):
        raise Refusal("not_found", "Analysis not found")
    reply = Reply(body=results.analysis(call.sandbox, job, call.now))
    call.rests_on(*results.rows(reply.body, job, call.now))
    await call.poll(job)
    return reply


async def submit_batch(call: Call) -> Reply:
    """POST /v1/analyze/batch: every item becomes an analysis; those that are wrong fail alone."""
    _note_unknown(call, BatchRequest)
    call.rests_on("rule.batch_request")
    checked = [_checked(call, item) for item in call.body.analyses]
    good = sum(isinstance(item, UrlAnalysis) for item in checked)
    call.rests_on("rule.batch_counts")
    await _counted(call, good, "rule.batch_reply", "rule.batch_items")
    batch_id = await call.new_id("bat_", ID_LENGTH)
    ids = [
        await _batch_item(call, batch_id, given, item) for given, item in zip(call.body.analyses, checked, strict=True)
    ]
    facts = {"items": ids, "webhook_url": call.body.webhook_url}
    await call.submit(batch_id, request={}, facts=facts, plan=_BATCH_PLAN)
    items = [await call.job(i) for i in ids]
    call.entry.job = batch_id
    body = {
        "id": batch_id,
        "status": results.batch_status([item.at(call.now) for item in items]),
        "created_at": rfc3339(call.now),
        "analyses": [_listed(item, call.now) for item in items],
    }
    # Items that failed at once have ended already, perhaps all of them: the batch may be done before its first poll.
    await call.sandbox.settle(call.now)
    return Reply(202, body)


async def retrieve_batch(call: Call) -> Reply:
    """GET /v1/analyze/batch/{batch_id}."""
    job = await call.job(call.path["batch_id"])
    if "items" not in job.facts:
        raise Refusal("not_found", "Batch not found")
    items = [await call.job(i) for i in job.facts["items"]]
    reply = Reply(body=results.batch(call.sandbox, job, items, call.now))
    for item in items:
        await call.poll(item)
    call.entry.job = job.id
    return reply


async def _counted(call: Call, analyses: int, *rows: str) -> None:
    """Count analyses of the day, before which the rows of their acceptance are named: a refusal rests on none of them.

    Raises Refusal `rate_limited` when there is no room for all.
    """
    before = call.entry.rests_on
    call.rests_on(*rows)
    try:
        if analyses:
            await call.spend("analyses_per_day", amount=analyses)
    except Refusal:
        call.entry.rests_on = before
        raise


async def _accepted(call: Call, asked: Mapping[str, Any]) -> Reply:
    job = await call.submit(await call.new_id("ana_", ID_LENGTH), request=asked)
    body = {
        "id": job.id,
        "status": "pending",
        "created_at": rfc3339(call.now),
        "platform": asked["platform"],
    }
    return Reply(202, body)


async def _batch_item(call: Call, batch_id: str, given: Any, item: UrlAnalysis | str) -> str:
    job_id = await call.new_id("ana_", ID_LENGTH, fingerprint=repr(given).encode("utf-8", "replace"))
    if isinstance(item, str):
        await call.submit(job_id, request={}, facts={"batch": batch_id}, plan=_failing(item))
        return job_id
    misses: list[Miss] = []
    rule = await call.choose(call.view(given, ("url",)), misses)
    plan = _item_plan(call, job_id, rule)
    await call.submit(job_id, request=_asked(item, item.url), facts={"batch": batch_id}, rule=rule, plan=plan)
    return job_id


def _item_plan(call: Call, job_id: str, rule: Rule | None) -> Plan:
    """A rule whose fault is an error makes the item fail, as a request of its own would have."""
    fault = rule.fault if rule else None
    if fault is not None and not fault.on_wire:
        return _failing(fault.message or f"The analysis was refused: {fault.kind}")
    return call.plan_for(job_id, rule)


def _failing(error: str) -> Plan:
    return Plan("refused", (Step("failed", error=error),))


def _checked(call: Call, item: Any) -> UrlAnalysis | str:
    try:
        checked = UrlAnalysis.model_validate(item)
        check_fields(call, UrlAnalysis, item, at="analyses[].")
        _within_plan(call, checked)
    except ValidationError as error:
        return first_error(error)
    except Refusal as refusal:
        return refusal.message
    return checked


def _listed(job: Job, now: int) -> dict[str, Any]:
    state = job.at(now)
    body = {"id": job.id, "status": results.SPELLED[state.status]}
    if state.status == "failed":
        body["error"] = results.error_text(state)
    return body


def _asked(options: Options, hint: str) -> dict[str, Any]:
    return {
        "platform": options.platform,
        "style_depth": options.style_depth,
        "include_negative": options.include_negative,
        "language": options.language,
        "hint": hint,
    }


def _largest(call: Call, figure: str) -> int | None:
    """What the account's plan allows of a figure that is not counted; None is no limit."""
    account = call.account
    return account.figures[figure] if figure in account.figures else call.provider.tiers[account.tier][figure]


def _within_plan(call: Call, body: UrlAnalysis) -> None:
    """Hold the asked stretch against the plan; without an end the plan limits it, which is no error (the page)."""
    longest = _largest(call, "video_seconds")
    if longest is None or body.timestamp_end is None:
        return
    if body.timestamp_end - body.timestamp_start > longest:
        call.rests_on("rule.over_plan")
        raise Refusal(
            "forbidden", f"The stretch asked for is longer than the {spell(longest * 1000)} that your plan allows"
        )


def _note_unknown(call: Call, model: type[BaseModel]) -> None:
    """Name what lets fields through that the page does not have, when the request has such."""
    names = names_of(model)
    if names is not None and not names.known.issuperset(call.data):
        call.rests_on("rule.unknown_fields")


def _video(call: Call, upload: Upload) -> "VideoFacts":
    facts = upload.files.get("video")
    if facts is None:
        raise Refusal("invalid_request", "video is required: send the file as the multipart part 'video'")
    if facts.size == 0 or facts.container is None or not facts.complete:
        call.rests_on("rule.upload_unreadable")
    if facts.size == 0:
        raise Refusal("invalid_request", "video: the file is empty")
    if facts.container is None:
        raise Refusal("invalid_request", "video: the file is not a video in a known format")
    if not facts.complete:
        raise Refusal("invalid_request", "video: the file is damaged or cut off")
    return facts


def _options(call: Call, fields: Mapping[str, str]) -> Options:
    data: dict[str, Any] = {k: v for k, v in fields.items() if k in Options.model_fields}
    if len(data) < len(fields):
        call.rests_on("rule.unknown_fields")
    if "include_negative" in data:
        call.rests_on("rule.upload_booleans")
        word = data["include_negative"]
        if word in (*TRUE, *FALSE) and word not in ("true", "false"):
            call.deviate(f"include_negative: {word!r} is not true or false")
        data["include_negative"] = True if word in TRUE else False if word in FALSE else word
    try:
        return Options.model_validate(data)
    except ValidationError as error:
        raise refusal_of(error) from None
