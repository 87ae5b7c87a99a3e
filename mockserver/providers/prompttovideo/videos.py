"""PromptToVideo's operations on videos and the queue."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job, State
from mockserver.kit.operations import Reply
from mockserver.providers.prompttovideo import figures, observed
from mockserver.providers.prompttovideo.files import links, new_token
from mockserver.providers.prompttovideo.models import DOCUMENTED, Generate
from mockserver.store.protocol import Page
from mockserver.wire.exchange import Exchange

PER_PAGE, PER_PAGE_MAX = 20, 100
# The queue lists so many videos of an account: the next ones.
LISTED = 50
_PAGE_MAX = 2**53 - 1
_NUMBER = re.compile(r"[+]?([0-9]+)")
_BELOW_ONE = re.compile(r"-[0-9]+|[+]?0+")
_NOTHING = Page((), 0)
_SHOWN = 60


async def generate(exchange: Exchange) -> Reply:
    """POST /api/v1/generate."""
    quality, prompt = exchange.body.quality, exchange.body.prompt
    if exchange.option("counting") == "observed":
        exchange.admit("rule.counted_twice")
        await exchange.spend("calls_per_day")
    priority = figures.priority(quality, exchange.account.tier)
    video_id = await _new_id(exchange)
    job = await exchange.jobs.submit(
        video_id,
        request={"prompt": prompt, "quality": quality},
        facts={
            "duration": figures.duration(observed=exchange.option("durations") == "observed"),
            "token": new_token(exchange, video_id),
            # The credits are given back only if the video was never started (FACTS section 2, cost).
            "refund": "unstarted",
        },
        cost=figures.cost(quality),
        priority=priority,
    )
    await exchange.sandbox.settling.observe(exchange.now)
    body = {
        "success": True,
        "video_id": int(video_id),
        "status": "pending",
        "credits_remaining": figures.credits(await exchange.credits.balance()),
        "queue_position": await exchange.sandbox.store.queue_position(job),
        "estimated_wait_time": figures.wait_minutes(priority),
    }
    return Reply(200, body, job=video_id, ledger_rows=("state.pending",))


async def status(exchange: Exchange) -> Reply:
    """GET /api/v1/video/{video_id}/status."""
    if observed.is_on({"bad_requests": exchange.option("bad_requests")}) and not exchange.path["video_id"].isdecimal():
        raise Refusal("not_found", row="no_such_path")
    job, _ = await exchange.jobs.get_and_poll(exchange.path["video_id"])
    return Reply(200, _full(exchange, job), job=job.id, ledger_rows=tuple(_rows_of_state(exchange, job)))


async def list_videos(exchange: Exchange) -> Reply:
    """GET /api/v1/videos."""
    await exchange.sandbox.settling.observe(exchange.now)
    number = _number(exchange.query.get("page"), 1, _PAGE_MAX)
    per_page = _number(exchange.query.get("per_page"), PER_PAGE, PER_PAGE_MAX)
    page = await _page(exchange, exchange.query.get("status", ""), (number - 1) * per_page, per_page)
    rows = _each_once(
        row for job in page.jobs for row in (*_rows_of_state(exchange, job), *_rows_of_quality(exchange, job))
    )
    pages = -(-page.total // per_page)
    pagination = {
        "page": number,
        "per_page": per_page,
        "total": page.total,
        "pages": pages,
        "has_next": number < pages,
        "has_prev": number > 1,
    }
    videos = [_listed(exchange, job) for job in page.jobs]
    return Reply(200, {"videos": videos, "pagination": pagination}, ledger_rows=rows)


async def queue_status(exchange: Exchange) -> Reply:
    """GET /api/v1/queue/status: the account's pending videos, next first, and figures of all accounts."""
    store, provider = exchange.sandbox.store, exchange.provider.name
    await exchange.sandbox.settling.observe(exchange.now)
    tally = await store.count_by_status(provider)
    waiting = await store.waiting_jobs(provider, exchange.account.id, LISTED)
    rows = _each_once(
        row for job in waiting.jobs for row in ("rule.queue", "rule.wait", *_rows_of_quality(exchange, job))
    )
    if waiting.total > LISTED:
        rows = (*rows, "rule.queue_length")
    stats = {
        "total_pending": tally.get("queued", 0),
        "currently_processing": tally.get("running", 0),
        "user_pending_count": waiting.total,
    }
    videos = [await _waiting(exchange, job) for job in waiting.jobs]
    return Reply(200, {"user_videos": videos, "queue_stats": stats}, ledger_rows=rows)


def rows_of_video(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for a new video."""
    yield from ("rule.cost", "rule.queue", "rule.wait")
    if "quality" not in exchange.body.model_fields_set:
        yield "rule.default_quality"
    if exchange.body.quality not in DOCUMENTED:
        yield "rule.other_qualities"
    if isinstance(exchange.body, observed.Accepted):
        yield "rule.bad_requests_observed"
    if not Generate.model_fields.keys() >= exchange.data.keys():
        yield "rule.unknown_fields"
    if exchange.account.credits is None:
        yield "rule.endless_credits"


def rows_of_list(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for a list."""
    if any(_BELOW_ONE.fullmatch(exchange.query.get(name, "")) for name in ("page", "per_page")):
        yield "rule.below_one"
    if exchange.request.query.count(b"=") > len(exchange.query):
        yield "rule.first_parameter"


def _rows_of_state(exchange: Exchange, job: Job) -> Iterator[str]:
    """Yield the rows of the ledger for a video in its current state."""
    state = job.at(exchange.now)
    status = state.status
    yield "rule.content_violation" if _is_violation(state) else f"state.{figures.STATES[status]}"
    if status == "succeeded":
        documented = job.facts["duration"] == figures.duration(observed=False)
        yield "rule.duration" if documented else "rule.observed_durations"
    elif status == "failed":
        yield "rule.failed_video"
    elif status == "cancelled":
        yield "rule.cancelled_video"
    else:
        yield "rule.late_fields"


def _rows_of_quality(exchange: Exchange, job: Job) -> Iterator[str]:
    """Yield the rows of the ledger for the quality of a video in lists and the queue."""
    if exchange.option("listed_quality") == "observed":
        yield "rule.listed_quality_observed"
    else:
        yield "rule.listed_premium" if job.request["quality"] == "premium" else "rule.listed_quality"


def _each_once(rows: Iterable[str]) -> tuple[str, ...]:
    """Return the rows without duplicates."""
    return tuple(dict.fromkeys(rows))


async def _new_id(exchange: Exchange) -> str:
    """Return the next number of the account. Each account starts elsewhere, so that ids cannot be guessed."""
    account = exchange.account.id
    base = exchange.seeded.integer(100_000, 900_000_000, "videos", exchange.mark)
    while True:
        video_id = str(base + await exchange.sandbox.store.next_number("video", account))
        if await exchange.sandbox.store.get_job(exchange.provider.name, account, video_id) is None:
            return video_id


def _full(exchange: Exchange, job: Job) -> dict[str, Any]:
    state = job.at(exchange.now)
    body = {
        "video_id": int(job.id),
        "status": _status(state),
        "prompt": job.request["prompt"],
        "quality": job.request["quality"],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    if state.status == "succeeded":
        return {**body, **links(exchange, job), "completed_at": rfc3339(state.entered_at)}
    if state.terminal:
        own = None if _is_violation(state) else state.step.error
        body["error"] = own or "Video generation failed"
    return body


def _status(state: State) -> str:
    return observed.VIOLATION if _is_violation(state) else figures.STATES[state.status]


def _is_violation(state: State) -> bool:
    """Return whether the scenario lets the video fail with the source's further status."""
    return state.status == "failed" and state.step.error == observed.VIOLATION


def _listed(exchange: Exchange, job: Job) -> dict[str, Any]:
    state = job.at(exchange.now)
    body = {
        "id": int(job.id),
        "prompt": job.request["prompt"],
        "quality": _quality(exchange, job),
        "status": _status(state),
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    return {**body, **links(exchange, job)} if state.status == "succeeded" else body


async def _waiting(exchange: Exchange, job: Job) -> Mapping[str, Any]:
    return {
        "video_id": int(job.id),
        "prompt": figures.shortened(job.request["prompt"]),
        "quality": _quality(exchange, job),
        "position": await exchange.sandbox.store.queue_position(job),
        "estimated_wait_minutes": figures.wait_minutes(job.priority or 0),
        "queued_at": rfc3339(job.created_at),
    }


def _quality(exchange: Exchange, job: Job) -> str:
    return figures.listed_quality(job.request["quality"], observed=exchange.option("listed_quality") == "observed")


async def _page(exchange: Exchange, state: str, offset: int, limit: int) -> Page:
    """Return a part of the account's videos; none for an unknown status (FACTS section 2, list)."""
    store, provider, account = exchange.sandbox.store, exchange.provider.name, exchange.account.id
    if not state:
        return await store.page_jobs(provider, account, None, offset, limit)
    statuses = figures.STATUSES.get(state, ())
    found = [status for status in statuses if (await store.page_jobs(provider, account, status, 0, 1)).total]
    if len(found) < 2:
        return await store.page_jobs(provider, account, found[0], offset, limit) if found else _NOTHING
    # Two statuses have the same name. This needs a scenario that cancels videos.
    pages = [await store.page_jobs(provider, account, status, 0, offset + limit) for status in found]
    merged = sorted((job for page in pages for job in page.jobs), key=lambda job: -job.sequence)
    return Page(tuple(merged[offset : offset + limit]), sum(page.total for page in pages))


def deviations_of_list(exchange: Exchange) -> Iterator[str]:
    """Yield what is not documented in the query of a list (FACTS section 2, list)."""
    query = exchange.query
    for name, largest in (("page", _PAGE_MAX), ("per_page", PER_PAGE_MAX)):
        if name in query and not 1 <= _read(query[name]) <= largest:
            yield f"{name}: {query[name][:_SHOWN]!r} is not a number from 1 to {largest}"
    if "status" in query and query["status"] not in figures.STATUSES:
        yield f"status: {query['status'][:_SHOWN]!r} is not one of {', '.join(figures.STATUSES)}"


def _number(text: str | None, default: int, largest: int) -> int:
    """Return the number in a query parameter, at most `largest`; `default` for an invalid one or one below 1."""
    number = _read(text or "")
    return min(number, largest) if number >= 1 else default


def _read(text: str) -> int:
    """Return the number in a text; 0 if there is none."""
    match = _NUMBER.fullmatch(text)
    # Twenty digits exceed every limit, and Python refuses to convert much longer texts.
    return int(match[1].lstrip("0")[:20] or 0) if match else 0
