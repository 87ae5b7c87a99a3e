"""PromptToVideo's operations on videos: generate, status, list, and the queue."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.jobs import Job
from mockserver.kit.operations import Reply
from mockserver.providers.prompttovideo import spelling
from mockserver.providers.prompttovideo.files import links, new_token
from mockserver.providers.prompttovideo.models import DOCUMENTED, Generate
from mockserver.store.protocol import Page
from mockserver.wire.exchange import Exchange

PER_PAGE, PER_PAGE_MAX = 20, 100
# The videos of an account that the queue lists: the next ones.
LISTED = 50
_PAGE_MAX = 2**53 - 1
_NUMBER = re.compile(r"[+]?0*([0-9]+)")
_BELOW_ONE = re.compile(r"-[0-9]+|[+]?0+")
_NOTHING = Page((), 0)
_SHOWN = 60


async def generate(exchange: Exchange) -> Reply:
    """POST /api/v1/generate."""
    quality, prompt = exchange.body.quality, exchange.body.prompt
    priority = spelling.priority(quality, exchange.account.tier)
    video_id = await _new_id(exchange)
    observed = exchange.option("durations") == "observed"
    job = await exchange.jobs.submit(
        video_id,
        request={"prompt": prompt, "quality": quality},
        facts={
            "duration": spelling.duration(quality, observed=observed),
            "token": new_token(exchange, video_id),
            # What was paid comes back only when the video was never begun (FACTS section 2, cost).
            "refund": "unstarted",
        },
        cost=spelling.cost(quality),
        priority=priority,
    )
    await exchange.sandbox.settling.observe(exchange.now)
    body = {
        "success": True,
        "video_id": int(video_id),
        "status": "pending",
        "credits_remaining": spelling.credits(await exchange.credits.balance()),
        "queue_position": await exchange.sandbox.store.queue_position(job),
        "estimated_wait_time": spelling.wait_minutes(priority),
    }
    return Reply(200, body, job=video_id, ledger_rows=("state.pending",))


async def status(exchange: Exchange) -> Reply:
    """GET /api/v1/video/{video_id}/status."""
    job, _ = await exchange.jobs.polled(exchange.path["video_id"])
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
    """GET /api/v1/queue/status: the caller's pending videos, next first, and figures of everybody's."""
    store, provider = exchange.sandbox.store, exchange.provider.name
    await exchange.sandbox.settling.observe(exchange.now)
    tally = await store.tally(provider)
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
    """The rows of the ledger that a new video rests on."""
    yield from ("rule.cost", "rule.queue", "rule.wait")
    if "quality" not in exchange.body.model_fields_set:
        yield "rule.default_quality"
    if exchange.body.quality not in DOCUMENTED:
        yield "rule.other_qualities"
    if not Generate.model_fields.keys() >= exchange.data.keys():
        yield "rule.unknown_fields"
    if exchange.account.credits is None:
        yield "rule.endless_credits"


def rows_of_list(exchange: Exchange) -> Iterator[str]:
    """Those that the page asked for rests on."""
    if any(_BELOW_ONE.fullmatch(exchange.query.get(name, "")) for name in ("page", "per_page")):
        yield "rule.below_one"


def _rows_of_state(exchange: Exchange, job: Job) -> Iterator[str]:
    """Those that a video rests on as it is now."""
    status = job.at(exchange.now).status
    yield f"state.{spelling.STATES[status]}"
    if status == "succeeded":
        observed = job.facts["duration"] != spelling.duration("free", observed=False)
        yield "rule.observed_durations" if observed else "rule.duration"
    elif status == "failed":
        yield "rule.failed_video"
    elif status == "cancelled":
        yield "rule.cancelled_video"
    else:
        yield "rule.late_fields"


def _rows_of_quality(exchange: Exchange, job: Job) -> Iterator[str]:
    """Those that the quality of a video rests on in lists and the queue."""
    if exchange.option("listed_quality") == "observed":
        yield "rule.listed_quality_observed"
    else:
        yield "rule.listed_premium" if job.request["quality"] == "premium" else "rule.listed_quality"


def _each_once(rows: Iterable[str]) -> tuple[str, ...]:
    """The rows, each once: many videos of a page rest on the same."""
    return tuple(dict.fromkeys(rows))


async def _new_id(exchange: Exchange) -> str:
    """The next number of the account, from a base of its own, so that no account can guess another's."""
    account = exchange.account.id
    base = exchange.seeded.integer(100_000, 900_000_000, "videos", account)
    while True:
        made = str(base + await exchange.sandbox.store.next_number("video", account))
        if await exchange.sandbox.store.get_job(exchange.provider.name, account, made) is None:
            return made


def _full(exchange: Exchange, job: Job) -> dict[str, Any]:
    state = job.at(exchange.now)
    body = {
        "video_id": int(job.id),
        "status": spelling.STATES[state.status],
        "prompt": job.request["prompt"],
        "quality": job.request["quality"],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    if state.status == "succeeded":
        return {**body, **links(exchange, job), "completed_at": rfc3339(state.entered_at)}
    if state.terminal:
        body["error"] = state.step.error or "Video generation failed"
    return body


def _listed(exchange: Exchange, job: Job) -> dict[str, Any]:
    state = job.at(exchange.now)
    body = {
        "id": int(job.id),
        "prompt": job.request["prompt"],
        "quality": _quality(exchange, job),
        "status": spelling.STATES[state.status],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    return {**body, **links(exchange, job)} if state.status == "succeeded" else body


async def _waiting(exchange: Exchange, job: Job) -> Mapping[str, Any]:
    return {
        "video_id": int(job.id),
        "prompt": spelling.shortened(job.request["prompt"]),
        "quality": _quality(exchange, job),
        "position": await exchange.sandbox.store.queue_position(job),
        "estimated_wait_minutes": spelling.wait_minutes(job.priority or 0),
        "queued_at": rfc3339(job.created_at),
    }


def _quality(exchange: Exchange, job: Job) -> str:
    return spelling.listed_quality(job.request["quality"], observed=exchange.option("listed_quality") == "observed")


async def _page(exchange: Exchange, wanted: str, offset: int, limit: int) -> Page:
    """A part of the account's videos; an unknown status finds none (FACTS section 2, list)."""
    store, provider, account = exchange.sandbox.store, exchange.provider.name, exchange.account.id
    if not wanted:
        return await store.page_jobs(provider, account, None, offset, limit)
    named = spelling.MEANT.get(wanted, ())
    meant = [status for status in named if (await store.page_jobs(provider, account, status, 0, 1)).total]
    if len(meant) < 2:
        return await store.page_jobs(provider, account, meant[0], offset, limit) if meant else _NOTHING
    # Two neutral statuses with one name, which only a scenario that cancels videos brings about.
    pages = [await store.page_jobs(provider, account, status, 0, offset + limit) for status in meant]
    merged = sorted((job for page in pages for job in page.jobs), key=lambda job: -job.sequence)
    return Page(tuple(merged[offset : offset + limit]), sum(page.total for page in pages))


def deviations_of_list(exchange: Exchange) -> Iterator[str]:
    """What a list is asked for that the documents do not have (FACTS section 2, list)."""
    query = exchange.query
    for name, most in (("page", _PAGE_MAX), ("per_page", PER_PAGE_MAX)):
        if name in query and not 1 <= _read(query[name]) <= most:
            yield f"{name}: {query[name][:_SHOWN]!r} is not a number from 1 to {most}"
    if "status" in query and query["status"] not in spelling.MEANT:
        yield f"status: {query['status'][:_SHOWN]!r} is not one of {', '.join(spelling.MEANT)}"


def _number(text: str | None, default: int, most: int) -> int:
    """The number that a query parameter says, at most `most`; `default` for anything below 1 or no number."""
    number = _read(text or "")
    return min(number, most) if number >= 1 else default


def _read(text: str) -> int:
    """The number that a text says; 0 where it says none."""
    found = _NUMBER.fullmatch(text)
    # Twenty digits are beyond every bound already, and a much longer text Python would refuse to convert.
    return int(found[1][:20]) if found else 0
