"""PromptToVideo's account: its holder, credits and calls."""

from mockserver.clock import rfc3339
from mockserver.content.people import person
from mockserver.kit.operations import Reply
from mockserver.providers.prompttovideo import figures
from mockserver.wire.exchange import Exchange

_OPENED = 1_672_531_200_000  # 2023-01-01T00:00:00Z. Accounts are opened in the two years after it.
_TWO_YEARS = 730 * 86_400


async def account(exchange: Exchange) -> Reply:
    """GET /api/v1/account. The reply counts this call."""
    holder = exchange.account
    seeded = exchange.seeded.child("holder", exchange.mark)
    balance = await exchange.credits.balance()
    body = {
        "user_id": seeded.integer(1_000, 9_999_999, "user"),
        "email": person(seeded)[1],
        "credits": figures.credits(balance),
        "subscription_tier": holder.tier,
        "rate_limit_info": figures.rate_limit_info(holder.tier, exchange.usage[0]),
        "created_at": rfc3339(_OPENED + 1000 * seeded.integer(0, _TWO_YEARS, "opened")),
    }
    return Reply(200, body, ledger_rows=("rule.endless_credits",) if balance is None else ())
