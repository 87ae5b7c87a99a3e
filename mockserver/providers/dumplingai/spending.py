"""What an account has spent with the Unified API: GET /api/v2/balance, /usage and /transactions."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, TypeVar

from pydantic import ValidationError

from mockserver.core.credits import CREDIT, CreditEntry
from mockserver.core.faults import Refusal
from mockserver.core.instants import rfc3339_with_millis
from mockserver.kit.models import first_error
from mockserver.kit.operations import Reply
from mockserver.providers.dumplingai.unified_models import Pages, UsageQuery
from mockserver.wire.exchange import Exchange

P = TypeVar("P", bound=Pages)

# The kind of the values that the usage of an account is kept as; the id of the account follows.
USAGE = "dumplingai.usage:"
# What an account without a limit begins with, so that its balance is a number that goes down.
UNLIMITED = 1_000_000 * CREDIT
_TYPES = {"reserve": "usage", "capture": "refund", "release": "refund", "grant": "grant", "opening": "grant"}


async def get_balance(exchange: Exchange) -> Reply:
    """GET /api/v2/balance."""
    entries, beginning = await _entries(exchange)
    credits = beginning + sum(entry.amount for entry in entries)
    return await _reply(exchange, "balance", {"credits": max(0, credits) / CREDIT, "budget": await _budget(exchange)})


async def list_usage(exchange: Exchange) -> Reply:
    """GET /api/v2/usage."""
    query = _query(exchange, UsageQuery)
    wanted = {"objectType": query.kind, "status": query.status, "provider": query.provider, "objectId": query.object_id}
    rows = [
        {name: value for name, value in row.items() if name != "reference"}
        for row in reversed(await _usage(exchange))
        if all(value is None or row[name] == value for name, value in wanted.items())
    ]
    return await _listed(exchange, rows, query)


async def list_transactions(exchange: Exchange) -> Reply:
    """GET /api/v2/transactions."""
    requests = {row["reference"]: row["requestId"] for row in await _usage(exchange)}
    rows = list(_transactions(*await _entries(exchange), requests))
    return await _listed(exchange, rows[::-1], _query(exchange, Pages))


async def check_budget(exchange: Exchange, credits: int) -> None:
    """Raise Refusal `BUDGET_EXCEEDED` if the key may not spend so many credits more."""
    budget = await _budget(exchange)
    if budget is not None and budget["used"] + credits > budget["limit"]:
        raise Refusal("dumplingai:BUDGET_EXCEEDED", "The budget of this key is used up")


async def _budget(exchange: Exchange) -> dict[str, Any] | None:
    """Return the budget of the key, with what was spent in the current period."""
    limit: int | None = exchange.option("budget")
    if limit is None:
        return None
    period: str = exchange.option("budget_period", "month")
    since = datetime.fromtimestamp(exchange.now / 1000, UTC).isoformat()[: {"day": 10, "month": 7, "total": 0}[period]]
    used = sum(row["credits"] for row in await _usage(exchange) if row["createdAt"].startswith(since))
    return {"limit": limit, "used": used, "period": period}


async def _usage(exchange: Exchange) -> list[dict[str, Any]]:
    return list((await exchange.sandbox.store.values(f"{USAGE}{exchange.account.id}", exchange.now)).values())


async def _entries(exchange: Exchange) -> tuple[Sequence[CreditEntry], int]:
    """Return the entries of the account, and the credits that an unlimited account begins with."""
    await exchange.credits.balance()
    credits = await exchange.sandbox.store.credits(exchange.account.id)
    assert credits is not None
    return credits.entries, UNLIMITED if credits.balance is None else 0


def _transactions(
    entries: Sequence[CreditEntry], beginning: int, requests: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the changes of a balance, oldest first. A charge is listed when its credits are reserved.

    `requests` are the ids of runs by the references of their charges.
    """
    balance = beginning
    for number, entry in enumerate(entries):
        amount = entry.amount + (beginning if number == 0 else 0)
        balance += entry.amount
        if not amount:
            continue
        mark = blake2b(f"{entry.at} {entry.kind} {entry.amount} {entry.reference}".encode(), digest_size=12).hexdigest()
        yield {
            "id": f"txn_{mark}",
            "type": _TYPES[entry.kind],
            "amount": amount / CREDIT,
            "balanceAfter": balance / CREDIT,
            "requestId": _request(entry.reference, requests),
            "createdAt": rfc3339_with_millis(entry.at),
        }


def _request(reference: str, requests: Mapping[str, str]) -> str | None:
    """Return the id of the request that is charged. Requests to v1 have no id of their own."""
    made_up = f"req_{blake2b(reference.encode(), digest_size=12).hexdigest()}" if reference else None
    return requests.get(reference, made_up)


def _query(exchange: Exchange, model: type[P]) -> P:
    """Return the parameters of the query. Raises Refusal `invalid_request`."""
    try:
        return model.model_validate(exchange.query)
    except ValidationError as error:
        raise Refusal("invalid_request", first_error(error)) from None


async def _listed(exchange: Exchange, rows: list[dict[str, Any]], query: Pages) -> Reply:
    first = (query.page - 1) * query.limit
    meta = {"page": query.page, "limit": query.limit, "total": len(rows)}
    return await _reply(exchange, "list", rows[first : first + query.limit], meta)


async def _reply(exchange: Exchange, kind: str, data: Any, meta: dict[str, Any] | None = None) -> Reply:
    from mockserver.providers.dumplingai.unified import enveloped

    return await enveloped(exchange, kind, data, meta)
