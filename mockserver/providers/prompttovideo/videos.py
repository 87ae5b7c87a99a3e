"""PromptToVideo's operations on videos: generate, status, list, and the queue."""

import re
from collections.abc import Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.jobs import Job
from mockserver.providers.base import Reply
from mockserver.providers.prompttovideo import spelling
from mockserver.providers.prompttovideo.files import links, new_token
from mockserver.store.protocol import Page
from mockserver.wire.call import Call

PER_PAGE, PER_PAGE_MAX = 20, 100
_PAGE_MAX = 2**53 - 1
_NUMBER = re.compile(r"[+]?0*([0-9]+)")
_NOTHING = Page((), 0)


async def generate(call: Call) -> Reply:
    """POST /api/v1/generate."""
    quality, prompt = call.body.quality, call.body.prompt
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
    reply = Reply(200, _full(call, job))
    await call.poll(job)
    return reply


async def list_videos(call: Call) -> Reply:
    """GET /api/v1/videos."""
    number = _number(call.query.get("page"), 1, _PAGE_MAX)
    per_page = _number(call.query.get("per_page"), PER_PAGE, PER_PAGE_MAX)
    page = await _page(call, call.query.get("status", ""), (number - 1) * per_page, per_page)
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
    waiting = await store.page_jobs(provider, call.account.id, "queued", 0, tally.get("queued", 0))
    ordered = sorted(waiting.jobs, key=lambda job: (-job.priority, job.sequence))
    stats = {
        "total_pending": tally.get("queued", 0),
        "currently_processing": tally.get("running", 0),
        "user_pending_count": waiting.total,
    }
    return Reply(200, {"user_videos": [await _waiting(call, job) for job in ordered], "queue_stats": stats})


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
        "estimated_wait_minutes": spelling.wait_minutes(job.priority),
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


def _number(text: str | None, default: int, most: int) -> int:
    """The number that a query parameter says, at most `most`; `default` for anything below 1 or no number."""
    found = _NUMBER.fullmatch(text or "")
    # Twenty digits are beyond every bound already, and a much longer text Python would refuse to convert.
    number = int(found[1][:20]) if found else 0
    return min(number, most) if number >= 1 else default
