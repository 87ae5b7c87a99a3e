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
from mockserver.wire.call import Call

PER_PAGE, PER_PAGE_MAX = 20, 100
# The videos of an account that the queue lists: the next ones.
LISTED = 50
_PAGE_MAX = 2**53 - 1
_NUMBER = re.compile(r"[+]?0*([0-9]+)")
_BELOW_ONE = re.compile(r"-[0-9]+|[+]?0+")
_NOTHING = Page((), 0)
_SHOWN = 60


async def generate(call: Call) -> Reply:
    """POST /api/v1/generate."""
    quality, prompt = call.body.quality, call.body.prompt
    call.rests_on(*_rows_of_request(call))
    priority = spelling.priority(quality, call.account.tier)
    video_id = await _new_id(call)
    observed = call.option("durations") == "observed"
    job = await call.submit(
        video_id,
        request={"prompt": prompt, "quality": quality},
        facts={
            "duration": spelling.duration(quality, observed=observed),
            "token": new_token(call, video_id),
            # What was paid comes back only when the video was never begun (FACTS section 2, cost).
            "refund": "unstarted",
        },
        cost=spelling.cost(quality),
        priority=priority,
    )
    body = {
        "success": True,
        "video_id": int(video_id),
        "status": "pending",
        "credits_remaining": spelling.credits(await call.balance()),
        "queue_position": await call.sandbox.store.queue_position(job),
        "estimated_wait_time": spelling.wait_minutes(priority),
    }
    return Reply(200, body)


async def status(call: Call) -> Reply:
    """GET /api/v1/video/{video_id}/status."""
    job = await call.job(call.path["video_id"])
    _rest(call, _rows_of_state(call, job))
    reply = Reply(200, _full(call, job))
    await call.poll(job)
    return reply


async def list_videos(call: Call) -> Reply:
    """GET /api/v1/videos."""
    for text in _odd(call.query):
        call.deviate(text)
    if any(_BELOW_ONE.fullmatch(call.query.get(name, "")) for name in ("page", "per_page")):
        call.rests_on("rule.below_one")
    number = _number(call.query.get("page"), 1, _PAGE_MAX)
    per_page = _number(call.query.get("per_page"), PER_PAGE, PER_PAGE_MAX)
    page = await _page(call, call.query.get("status", ""), (number - 1) * per_page, per_page)
    _rest(call, (row for job in page.jobs for row in (*_rows_of_state(call, job), *_rows_of_quality(call, job))))
    pages = -(-page.total // per_page)
    pagination = {
        "page": number,
        "per_page": per_page,
        "total": page.total,
        "pages": pages,
        "has_next": number < pages,
        "has_prev": number > 1,
    }
    return Reply(200, {"videos": [_listed(call, job) for job in page.jobs], "pagination": pagination})


async def queue_status(call: Call) -> Reply:
    """GET /api/v1/queue/status: the caller's pending videos, next first, and figures of everybody's."""
    store, provider = call.sandbox.store, call.provider.name
    tally = await store.tally(provider)
    waiting = await store.waiting_jobs(provider, call.account.id, LISTED)
    _rest(call, (row for job in waiting.jobs for row in ("rule.queue", "rule.wait", *_rows_of_quality(call, job))))
    if waiting.total > LISTED:
        call.rests_on("rule.queue_length")
    stats = {
        "total_pending": tally.get("queued", 0),
        "currently_processing": tally.get("running", 0),
        "user_pending_count": waiting.total,
    }
    return Reply(200, {"user_videos": [await _waiting(call, job) for job in waiting.jobs], "queue_stats": stats})


def _rows_of_request(call: Call) -> Iterator[str]:
    """The rows of the ledger that a new video rests on."""
    yield from ("rule.cost", "rule.queue", "rule.wait")
    if "quality" not in call.body.model_fields_set:
        yield "rule.default_quality"
    if call.body.quality not in DOCUMENTED:
        yield "rule.other_qualities"
    if not Generate.model_fields.keys() >= call.data.keys():
        yield "rule.unknown_fields"
    if call.account.credits is None:
        yield "rule.endless_credits"


def _rows_of_state(call: Call, job: Job) -> Iterator[str]:
    """Those that a video rests on as it is now, beside its state."""
    status = job.at(call.now).status
    if status == "succeeded":
        observed = job.facts["duration"] != spelling.duration("free", observed=False)
        yield "rule.observed_durations" if observed else "rule.duration"
    elif status == "failed":
        yield "rule.failed_video"
    elif status == "cancelled":
        yield "rule.cancelled_video"
    else:
        yield "rule.late_fields"


def _rows_of_quality(call: Call, job: Job) -> Iterator[str]:
    """Those that the quality of a video rests on in lists and the queue."""
    if call.option("listed_quality") == "observed":
        yield "rule.listed_quality_observed"
    else:
        yield "rule.listed_premium" if job.request["quality"] == "premium" else "rule.listed_quality"


def _rest(call: Call, rows: Iterable[str]) -> None:
    """Name each row once: many videos of a page rest on the same."""
    named = tuple(dict.fromkeys(rows))
    if named:
        call.rests_on(*named)


async def _new_id(call: Call) -> str:
    """The next number of the account, from a base of its own, so that no account can guess another's."""
    account = call.account.id
    base = call.seeded.integer(100_000, 900_000_000, "videos", account)
    while True:
        made = str(base + await call.sandbox.store.next_number("video", account))
        if await call.sandbox.store.get_job(call.provider.name, account, made) is None:
            return made


def _full(call: Call, job: Job) -> dict[str, Any]:
    state = job.at(call.now)
    body = {
        "video_id": int(job.id),
        "status": spelling.SPELLED[state.status],
        "prompt": job.request["prompt"],
        "quality": job.request["quality"],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    if state.status == "succeeded":
        return {**body, **links(call, job), "completed_at": rfc3339(state.entered_at)}
    if state.terminal:
        body["error"] = state.step.error or "Video generation failed"
    return body


def _listed(call: Call, job: Job) -> dict[str, Any]:
    state = job.at(call.now)
    body = {
        "id": int(job.id),
        "prompt": job.request["prompt"],
        "quality": _quality(call, job),
        "status": spelling.SPELLED[state.status],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(state.entered_at),
    }
    return {**body, **links(call, job)} if state.status == "succeeded" else body


async def _waiting(call: Call, job: Job) -> Mapping[str, Any]:
    return {
        "video_id": int(job.id),
        "prompt": spelling.shortened(job.request["prompt"]),
        "quality": _quality(call, job),
        "position": await call.sandbox.store.queue_position(job),
        "estimated_wait_minutes": spelling.wait_minutes(job.priority or 0),
        "queued_at": rfc3339(job.created_at),
    }


def _quality(call: Call, job: Job) -> str:
    return spelling.listed_quality(job.request["quality"], observed=call.option("listed_quality") == "observed")


async def _page(call: Call, wanted: str, offset: int, limit: int) -> Page:
    """A part of the account's videos; an unknown status finds none (FACTS section 2, list)."""
    store, provider, account = call.sandbox.store, call.provider.name, call.account.id
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


def _odd(query: Mapping[str, str]) -> Iterator[str]:
    """What a list is asked for that the documents do not have (FACTS section 2, list)."""
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
