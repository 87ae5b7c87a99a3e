"""VideoToPrompt's operations on analyses and batches."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from mockserver.clock import rfc3339
from mockserver.core.durations import format_duration
from mockserver.core.faults import Refusal
from mockserver.core.jobs import State
from mockserver.core.match import Rule
from mockserver.core.plans import Plan, Step
from mockserver.kit import languages
from mockserver.kit.models import first_error
from mockserver.kit.operations import Reply
from mockserver.providers.videotoprompt import results
from mockserver.providers.videotoprompt.models import FALSE, TRUE, BatchRequest, Options, UploadAnalysis, UrlAnalysis
from mockserver.wire.deviations import field_deviations, names_of
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.media.reader import VideoFacts
    from mockserver.wire.multipart import Upload

ID_LENGTH = 16
DAILY = "analyses_per_day"
OVER_PLAN = ("rule.over_plan",)
# The rows of the ledger for a new analysis.
_SUBMITTED = ("rule.submit_id", "rule.submit_reply")
_ACCEPTED = (*_SUBMITTED, "state.pending")
_BATCH_SUBMITTED = ("rule.batch_counts", "rule.batch_reply", "rule.batch_items")
_BATCH_PLAN = Plan("batch", (Step("queued"),))


def rows_of_url(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for an analysis by URL, in addition to those of its operation."""
    if _has_unknown(exchange, UrlAnalysis):
        yield "rule.unknown_fields"
    yield "rule.url_fields"
    yield from languages.rows_of(exchange.body.language)


async def by_url(exchange: Exchange) -> Reply:
    """POST /v1/analyze/url."""
    body: UrlAnalysis = exchange.body
    _within_plan(exchange, body)
    exchange.admit(*_SUBMITTED)
    await exchange.spend(DAILY)
    return await _accepted(exchange, await exchange.ids.job("ana_", ID_LENGTH), _job_request(body, body.url))


async def by_upload(exchange: Exchange) -> Reply:
    """POST /v1/analyze/upload: check the file against the plan while it is read. It is not kept."""
    upload = await _read(exchange)
    facts = _video(upload)
    deviations = (
        *field_deviations(UploadAnalysis, {**upload.fields, **upload.names}),
        *_odd_booleans(upload.fields),
    )
    exchange.policy.check_deviations(deviations)
    options, rows = _options(exchange, upload.fields)
    longest = _largest(exchange, "video_seconds")
    if longest is not None and facts.duration_ms is not None and facts.duration_ms > longest * 1000:
        message = f"The video is longer than the {format_duration(longest * 1000)} that your plan allows"
        raise Refusal("forbidden", message, ledger_rows=OVER_PLAN, deviations=deviations)
    rows = (*rows, "rule.upload_fields", *languages.rows_of(options.language))
    exchange.admit(*rows, *_SUBMITTED)
    await exchange.spend(DAILY)
    fingerprint = f"{upload.digests['video']}:{sorted(upload.fields.items())}".encode()
    job_id = await exchange.ids.job("ana_", ID_LENGTH, fingerprint=fingerprint)
    request = _job_request(options, f"file:{upload.digests['video']}")
    reply = await _accepted(exchange, job_id, request, {"fingerprint": fingerprint.decode("utf-8", "replace")})
    return reply._replace(ledger_rows=(*reply.ledger_rows, *rows), deviations=deviations)


async def _read(exchange: Exchange) -> "Upload":
    from mockserver.wire.multipart import read_upload  # loads the video reader, which most clients never need

    largest = _largest(exchange, "file_bytes")
    try:
        return await read_upload(exchange.request, exchange.connection, largest)
    except Refusal as refusal:
        if refusal.kind == "too_large":
            message = f"The file is larger than the {largest} bytes that your plan allows"
            raise Refusal("forbidden", message, ledger_rows=OVER_PLAN) from None
        raise


async def retrieve(exchange: Exchange) -> Reply:
    """GET /v1/analyze/{analysis_id}."""
    job, state = await exchange.jobs.get_and_poll(exchange.path["analysis_id"])
    if job.operation == "analyze_batch" and job.id.startswith("bat_"):
        raise Refusal("not_found", "Analysis not found", job=job.id)
    body = results.analysis(exchange.sandbox, job, state)
    reply = exchange.job_reply(200, body, job, state, *results.rows(job, state))
    note = languages.note_on(job.request["language"]) if "prompt" in body else None
    return reply if note is None else reply._replace(note=note)


def rows_of_batch(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for a batch, in addition to those of its operation."""
    if _has_unknown(exchange, BatchRequest):
        yield "rule.unknown_fields"
    yield "rule.batch_request"


async def submit_batch(exchange: Exchange) -> Reply:
    """POST /v1/analyze/batch: create an analysis for each item. An invalid item fails without affecting others."""
    items, now = exchange.body.analyses, exchange.now
    checks = [_checked(exchange, item) for item in items]
    checked = [check.item for check in checks]
    rows = (*dict.fromkeys(row for check in checks for row in check.ledger_rows), *_BATCH_SUBMITTED)
    exchange.admit(*rows)
    good = sum(isinstance(item, UrlAnalysis) for item in checked)
    if good:
        await exchange.spend(DAILY, amount=good)
    batch_id = await exchange.ids.job("bat_", ID_LENGTH)
    pairs = enumerate(zip(items, checked, strict=True), 1)
    ids = [await _batch_item(exchange, batch_id, number, *pair) for number, pair in pairs]
    facts = {"items": ids, "webhook_url": exchange.body.webhook_url}
    await exchange.jobs.submit(batch_id, request={}, facts=facts, plan=_BATCH_PLAN)
    states = [(await exchange.jobs.get(i)).at(now) for i in ids]
    status = results.batch_status(states)
    body = {
        "id": batch_id,
        "status": status,
        "created_at": rfc3339(now),
        "analyses": [_listed(i, state) for i, state in zip(ids, states, strict=True)],
    }
    deviations = tuple(text for check in checks for text in check.deviations)
    # Items that failed at once have ended. If all have, the batch ends before its first poll.
    await exchange.sandbox.settling.settle(now)
    return Reply(202, body, job=batch_id, ledger_rows=(*rows, f"state.{status}"), deviations=deviations)


async def retrieve_batch(exchange: Exchange) -> Reply:
    """GET /v1/analyze/batch/{batch_id}."""
    jobs = exchange.jobs
    job = await jobs.get(exchange.path["batch_id"])
    if "items" not in job.facts:
        raise Refusal("not_found", "Batch not found", job=job.id)
    items = [await jobs.get(i) for i in job.facts["items"]]
    body = results.batch(exchange.sandbox, job, items, exchange.now)
    for item in items:
        await jobs.poll(item, item.at(exchange.now))
    return Reply(body=body, job=job.id, ledger_rows=(f"state.{body['status']}",))


async def _accepted(
    exchange: Exchange, job_id: str, request: Mapping[str, Any], facts: Mapping[str, Any] | None = None
) -> Reply:
    job = await exchange.jobs.submit(job_id, request=request, facts=facts)
    body = {
        "id": job.id,
        "status": "pending",
        "created_at": rfc3339(exchange.now),
        "platform": request["platform"],
    }
    return Reply(202, body, job=job.id, ledger_rows=_ACCEPTED, note=languages.note_on(request["language"]))


async def _batch_item(exchange: Exchange, batch_id: str, number: int, data: Any, item: UrlAnalysis | str) -> str:
    fingerprint = repr(data).encode("utf-8", "replace")
    job_id = await exchange.ids.job("ana_", ID_LENGTH, fingerprint=fingerprint)
    if isinstance(item, str):
        await exchange.jobs.submit(job_id, request={}, facts={"batch": batch_id}, plan=_failing(item))
        return job_id
    rule = await exchange.rule_for_item(number, data, ("url",))
    plan, facts = _item_plan(exchange, job_id, rule), {"batch": batch_id}
    await exchange.jobs.submit(job_id, request=_job_request(item, item.url), facts=facts, rule=rule, plan=plan)
    return job_id


def _item_plan(exchange: Exchange, job_id: str, rule: Rule | None) -> Plan:
    """Return the plan of an item. If the rule has an error as its fault, the item fails."""
    fault = rule.fault if rule else None
    if fault is not None and not fault.on_wire:
        refused = exchange.provider.error_reply(Refusal(fault.kind, fault.message or "", scripted=True))
        return _failing(refused.body["error"]["message"])
    return exchange.plan_for(job_id, rule)


def _failing(error: str) -> Plan:
    return Plan("refused", (Step("failed", error=error),))


class _Checked(NamedTuple):
    """An item of a batch or its error, its deviations, and the rows of the ledger for its refusal."""

    item: UrlAnalysis | str
    deviations: tuple[str, ...] = ()
    ledger_rows: tuple[str, ...] = ()


def _checked(exchange: Exchange, data: Any) -> _Checked:
    deviations: tuple[str, ...] = ()
    try:
        item = UrlAnalysis.model_validate(data)
        deviations = tuple(field_deviations(UrlAnalysis, data, item, "analyses[]."))
        exchange.policy.check_deviations(deviations)
        _within_plan(exchange, item)
    except ValidationError as error:
        return _Checked(first_error(error))
    except Refusal as refusal:
        return _Checked(refusal.message, refusal.deviations or deviations, refusal.ledger_rows)
    return _Checked(item, deviations, languages.rows_of(item.language))


def _listed(job_id: str, state: State) -> dict[str, Any]:
    body = {"id": job_id, "status": results.STATES[state.status]}
    if state.status == "failed":
        body["error"] = results.error_text(state)
    return body


def _job_request(options: Options, video: str) -> dict[str, Any]:
    return {
        "platform": options.platform,
        "style_depth": options.style_depth,
        "include_negative": options.include_negative,
        "language": options.language,
        "video": video,
    }


def _largest(exchange: Exchange, figure: str) -> int | None:
    """Return the account's limit for a figure that is not counted; None is unlimited."""
    account, overrides = exchange.account, exchange.account.limit_overrides
    return overrides[figure] if figure in overrides else exchange.provider.tiers[account.tier][figure]


def _within_plan(exchange: Exchange, body: UrlAnalysis) -> None:
    """Check the length of the requested part of the video. Without an end, the plan limits it (documented)."""
    longest = _largest(exchange, "video_seconds")
    if longest is None or body.timestamp_end is None:
        return
    if body.timestamp_end - body.timestamp_start > longest:
        message = f"The requested part is longer than the {format_duration(longest * 1000)} that your plan allows"
        raise Refusal("forbidden", message, ledger_rows=OVER_PLAN)


def _has_unknown(exchange: Exchange, model: type[BaseModel]) -> bool:
    """Return whether the request has undocumented fields, which are ignored."""
    names = names_of(model)
    return names is not None and not names.known.issuperset(exchange.data)


def _video(upload: "Upload") -> "VideoFacts":
    facts = upload.files.get("video")
    if facts is None:
        raise Refusal("invalid_request", "video is required: send the file as the multipart part 'video'")
    if facts.size and facts.container is not None and facts.complete:
        return facts
    problem = "the file is damaged or cut off"
    if facts.size == 0:
        problem = "the file is empty"
    elif facts.container is None:
        problem = "the file is not a video in a known format"
    raise Refusal("invalid_request", f"video: {problem}", ledger_rows=("rule.upload_unreadable",))


def _odd_booleans(fields: Mapping[str, str]) -> Iterator[str]:
    word = fields.get("include_negative")
    if word in (*TRUE, *FALSE) and word not in ("true", "false"):
        yield f"include_negative: {word!r} is not true or false"


def _options(exchange: Exchange, fields: Mapping[str, str]) -> tuple[Options, tuple[str, ...]]:
    """Return the options in the fields of an upload, and the rows of the ledger that they are based on."""
    data: dict[str, Any] = {k: v for k, v in fields.items() if k in Options.model_fields}
    rows: tuple[str, ...] = ("rule.unknown_fields",) if len(data) < len(fields) else ()
    if "include_negative" in data:
        rows = (*rows, "rule.upload_booleans")
        word = data["include_negative"]
        data["include_negative"] = True if word in TRUE else False if word in FALSE else word
    try:
        return Options.model_validate(data), rows
    except ValidationError as error:
        refusal = exchange.provider.invalid(error, data)
        refusal.ledger_rows = (*rows, *refusal.ledger_rows)
        raise refusal from None
