"""What a job costs, in hundredths of a token, and what a postpaid account may spend in a month."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.credits import ONE
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.limits import Limit
from mockserver.sandbox.state import SandboxState
from mockserver.wire.exchange import Exchange

BASE = ONE
MONTHLY = "tokens_per_month"
_PER_SECOND = ONE * 0.05 / 10
_SHORTEST, _LONGEST = 150, 6_000


def transcription(seconds: float) -> int:
    """The price of that much sampled audio: 0.05 tokens per 10 s, rounded to cents (FACTS section 4, billing)."""
    return int(seconds * _PER_SECOND + 0.5)


def video_seconds(exchange: Exchange, video: str) -> float:
    """How long a video is: what the scenario says, else from 15 s to 10 min, in tenths, seeded by its address."""
    said = exchange.option("video_seconds")
    return float(said) if said is not None else exchange.seeded.integer(_SHORTEST, _LONGEST, "video", video) / 10


def told(charge: int, for_transcription: int) -> dict[str, float]:
    """The billing of a job as it is told, in tokens."""
    return {
        "token_cost": charge / ONE,
        "base_cost": (charge - for_transcription) / ONE,
        "transcription_cost": for_transcription / ONE,
        "franchise_cost": 0.0,
    }


async def count(exchange: Exchange, most: int) -> Mapping[str, Any]:
    """Count what a postpaid job may cost at most against the account's month, and give the facts to settle it by.

    Raises Refusal `insufficient_credits` beyond the limit: nothing is reserved, so the month is the only bound.
    """
    limit = _limit(exchange.account)
    usage = await exchange.sandbox.store.hit(exchange.account.id, [limit], exchange.now, most)
    if not usage[0].admitted:
        allowed = (limit.allowed or 0) / ONE
        rows = (f"limit.{MONTHLY}", "rule.over_month")
        raise Refusal("insufficient_credits", f"The monthly limit of {allowed:g} tokens is reached", ledger_rows=rows)
    return {"counted": most}


async def settle(sandbox: SandboxState, job: Job, account: Account | None, charge: int, at: int) -> None:
    """Give back to the month what a job that ended at `at` was counted with beyond its `charge`."""
    back = job.facts.get("counted", 0) - charge
    if account is None or back <= 0:
        return
    limit = replace(_limit(account), allowed=None)
    # A month that is over stays as it was: its counter has begun anew.
    if limit.window(job.created_at) == limit.window(at):
        used = (await sandbox.store.hit(account.id, [limit], at, 0))[0].used
        await sandbox.store.hit(account.id, [limit], at, -min(back, used))


def _limit(account: Account) -> Limit:
    """The account's month in hundredths; scenarios give it in tokens."""
    limit = account.limits[MONTHLY]
    return limit if limit.allowed is None else replace(limit, allowed=limit.allowed * ONE)
