"""The costs of jobs in hundredths of a token, and the monthly limit of postpaid accounts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.credits import CREDIT
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.limits import Limit
from mockserver.sandbox.state import SandboxState
from mockserver.wire.exchange import Exchange

BASE = CREDIT
MONTHLY = "tokens_per_month"
_PER_SECOND = CREDIT * 0.05 / 10
_MIN_TENTHS, _MAX_TENTHS = 150, 6_000


def transcription(seconds: float) -> int:
    """Return the price of sampled audio: 0.05 tokens per 10 s, rounded to cents (FACTS section 4, billing)."""
    return int(seconds * _PER_SECOND + 0.5)


def video_seconds(exchange: Exchange, video: str) -> float:
    """Return the length of a video: the scenario's, or one from 15 s to 10 min that depends on its URL."""
    seconds = exchange.option("video_seconds")
    return (
        float(seconds)
        if seconds is not None
        else exchange.seeded.integer(_MIN_TENTHS, _MAX_TENTHS, "video", video) / 10
    )


def costs(charge: int, for_transcription: int) -> dict[str, float]:
    """Return the costs of a job as clients see them, in tokens."""
    return {
        "token_cost": charge / CREDIT,
        "base_cost": (charge - for_transcription) / CREDIT,
        "transcription_cost": for_transcription / CREDIT,
        "franchise_cost": 0.0,
    }


async def count(exchange: Exchange, largest: int) -> Mapping[str, Any]:
    """Count the maximum cost of a postpaid job against the account's month. Return the facts to settle it by.

    Raises Refusal `insufficient_credits` beyond the limit. Nothing is reserved: the month is the only limit.
    """
    limit = _limit(exchange.account)
    usage = await exchange.sandbox.store.hit(exchange.account.id, [limit], exchange.now, largest)
    if not usage[0].admitted:
        allowed = (limit.allowed or 0) / CREDIT
        rows = (f"limit.{MONTHLY}", "rule.over_month")
        raise Refusal("insufficient_credits", f"The monthly limit of {allowed:g} tokens is reached", ledger_rows=rows)
    return {"counted": largest}


async def settle(sandbox: SandboxState, job: Job, account: Account | None, charge: int, at: int) -> None:
    """Give back to the month the difference between the counted cost of an ended job and its `charge`."""
    difference = job.facts.get("counted", 0) - charge
    if account is None or difference <= 0:
        return
    limit = replace(_limit(account), allowed=None)
    # A month that has ended is not changed: its counter has been reset.
    if limit.window(job.created_at) == limit.window(at):
        used = (await sandbox.store.hit(account.id, [limit], at, 0))[0].used
        await sandbox.store.hit(account.id, [limit], at, -min(difference, used))


def _limit(account: Account) -> Limit:
    """Return the account's monthly limit in hundredths. Scenarios have it in tokens."""
    limit = account.limits[MONTHLY]
    return limit if limit.allowed is None else replace(limit, allowed=limit.allowed * CREDIT)
