"""PromptToVideo's states, costs, priorities, waiting times and durations."""

from collections.abc import Mapping, Sequence

from mockserver.clock import rfc3339
from mockserver.core.credits import CREDIT
from mockserver.core.limits import Usage
from mockserver.core.plans import Status

STATES: Mapping[Status, str] = {
    "queued": "pending",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}
STATUSES: Mapping[str, Sequence[Status]] = {
    "pending": ("queued",),
    "processing": ("running",),
    "completed": ("succeeded",),
    "failed": ("failed", "cancelled"),
}
UNLIMITED = -1
_TIER_BONUS = {"basic": 10, "pro": 30, "enterprise": 50}
_RENDERED = {"free": "360p", "premium": "1080p"}
_SHOWN = 50


def cost(quality: str) -> int:
    """Return the cost of a video in credits (FACTS section 2, cost)."""
    return 1 if quality == "free" else 3


def priority(quality: str, tier: str) -> int:
    """Return the priority of a video in the queue, by quality and tier (FACTS section 2, queue)."""
    return (10 if quality == "1080p" else 0) + _TIER_BONUS.get(tier, 0)


def wait_minutes(priority: int) -> int:
    """Return the estimated waiting time in minutes. It depends on the priority only (FACTS section 2, queue)."""
    return max(5, 30 - 2 * priority)


def duration(*, observed: bool) -> int:
    """Return the length of a video in seconds (FACTS section 2, duration)."""
    return 8 if observed else 30


def height(quality: str) -> int:
    """Return the height of a video in pixels."""
    return int(_RENDERED.get(quality, quality).removesuffix("p"))


def listed_quality(quality: str, *, observed: bool) -> str:
    """Return the quality as lists and the queue show it: a resolution, as in the documented examples."""
    return quality if observed else _RENDERED.get(quality, quality)


def shortened(prompt: str) -> str:
    """Return a prompt as the queue shows it: cut to 50 characters and `...` (FACTS section 2, queue status)."""
    return f"{prompt[:_SHOWN]}..." if len(prompt) > _SHOWN else prompt


def credits(hundredths: int | None) -> int:
    """Return a balance in whole credits; -1 for an unlimited one, as for the quota."""
    return UNLIMITED if hundredths is None else hundredths // CREDIT


def rate_limit_info(tier: str, usage: Usage) -> dict[str, str | int]:
    """Return the calls of the day, for the account and for a 429 (FACTS section 2, 429 and unlimited)."""
    allowed, remaining = usage.limit.allowed, usage.remaining
    return {
        "tier": tier,
        "limit": UNLIMITED if allowed is None else allowed,
        "used": usage.used,
        "remaining": UNLIMITED if remaining is None else remaining,
        "reset_time": rfc3339(usage.resets_at),
    }
