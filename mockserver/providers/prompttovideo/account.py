"""PromptToVideo's account: who the caller is, and what is left of credits and calls."""

from mockserver.clock import rfc3339
from mockserver.content.people import person
from mockserver.kit.operations import Reply
from mockserver.providers.prompttovideo import spelling
from mockserver.wire.exchange import Exchange

_OPENED = 1_672_531_200_000  # 2023-01-01T00:00:00Z, and accounts are opened within the two years after it
_TWO_YEARS = 730 * 86_400


async def account(exchange: Exchange) -> Reply:
    """GET /api/v1/account. The call itself is counted in what it tells."""
    holder = exchange.account
    seeded = exchange.seeded.child("holder", holder.id)
    balance = await exchange.credits.balance()
    body = {
        "user_id": seeded.integer(1_000, 9_999_999, "user"),
        "email": person(seeded)[1],
        "credits": spelling.credits(balance),
        "subscription_tier": holder.tier,
        "rate_limit_info": spelling.rate_limit_info(holder.tier, exchange.usage[0]),
        "created_at": rfc3339(_OPENED + 1000 * seeded.integer(0, _TWO_YEARS, "opened")),
    }
    return Reply(200, body, ledger_rows=("rule.endless_credits",) if balance is None else ())
