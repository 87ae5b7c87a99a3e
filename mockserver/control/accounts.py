"""Operations on accounts."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from mockserver.clock import let_others_run, rfc3339
from mockserver.control import actions
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, Now, Parts, ServerParts
from mockserver.control.models import AccountChange
from mockserver.control.parameters import ProviderQuery, Segment
from mockserver.control.problems import WRONG_BODY, WRONG_QUERY, problems
from mockserver.core.accounts import Account
from mockserver.core.credits import CREDIT, Kind
from mockserver.core.limits import Period, Usage
from mockserver.core.masking import Masking, masked
from mockserver.core.scenario import DEFAULT_SECRET, WebhookSpec
from mockserver.kit.models import Instant, Shape
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import Credits


class LedgerEntry(Shape):
    """One change of an account's credits."""

    at: Instant
    milliseconds: int
    kind: Kind
    amount: float
    reference: str


class LimitUsage(Shape):
    """How much of a limit's current window is used. The window ends at `resets_at`, and begins at `since`."""

    name: str
    period: Period
    allowed: int | None
    used: int = Field(ge=0)
    since: int
    resets_at: int


class AccountView(Shape):
    """An account at one provider. Credits and limits are null where they are unlimited.

    `key` is masked. It stands for the account in `/accounts/{key}`. Instants of `usage` are in milliseconds.
    """

    provider: str
    key: str
    plan: str
    billing: str
    credits: float | None
    reserved: float
    limits: dict[str, int | None]
    webhook: WebhookSpec | None
    ledger: list[LedgerEntry]
    usage: list[LimitUsage]


class AccountList(Shape):
    """The account of a key at each provider that accepts the key."""

    accounts: list[AccountView]


router = APIRouter(tags=["accounts"], route_class=StrictRoute)

_EXAMPLES: Any = {
    "credits": {"value": {"credits": 5}},
    "limits": {"value": {"plan": "free", "limits": {"requests_per_minute": 1}}},
}
_LISTED = 100
_UNKNOWN = problems({404: "There is no such provider"})


@router.get("/accounts", summary="List the accounts that were used last")
async def list_accounts(sandbox: CurrentSandbox, parts: ServerParts, now: Now) -> AccountList:
    """Up to 100 accounts, those that were used last first."""
    views: list[AccountView] = []
    for account_id in await sandbox.store.accounts(_LISTED):
        provider, _, key = account_id.partition(":")
        views += (await _views(sandbox, parts, parts.selected(provider), key, now)).accounts
        await let_others_run()
    return AccountList(accounts=views)


async def _key(sandbox: Sandbox, key: str) -> str:
    """Return the key of an account, which may be given as it is shown: masked."""
    for account_id in await sandbox.store.accounts(_LISTED) if "..." in key else ():
        own = account_id.partition(":")[2]
        if masked(own) == key:
            return own
    return key


@router.get("/accounts/{key}", summary="Get an account", responses={**WRONG_QUERY, **_UNKNOWN})
async def show_account(
    key: Segment, query: Annotated[ProviderQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts, now: Now
) -> AccountList:
    return await _views(sandbox, parts, parts.selected(query.provider), await _key(sandbox, key), now)


@router.patch("/accounts/{key}", summary="Change an account", responses={**WRONG_BODY, **_UNKNOWN})
async def change_account(
    key: Segment,
    query: Annotated[ProviderQuery, Query()],
    change: Annotated[AccountChange, Body(openapi_examples=_EXAMPLES)],
    sandbox: CurrentSandbox,
    parts: ServerParts,
    now: Now,
) -> AccountList:
    actions.check_account(change, parts.catalogue)
    providers = parts.selected(query.provider)
    key = await _key(sandbox, key)
    await actions.change_account(sandbox, providers, key, change, now)
    return await _views(sandbox, parts, providers, key, now)


async def _views(sandbox: Sandbox, parts: Parts, providers: Sequence[Provider], key: str, now: int) -> AccountList:
    found = [await actions.find_account(sandbox, provider, key, now) for provider in providers]
    masking = parts.masking_in(sandbox).hiding(key)
    views = []
    for account, credits in (each for each in found if each is not None):
        usages = await sandbox.store.hit(account.id, list(account.limits.values()), now, 0)
        views.append(_view(account, credits, usages, masking))
    return AccountList(accounts=views)


def _usage(usage: Usage) -> LimitUsage:
    limit = usage.limit
    since, _ = limit.window(usage.resets_at - 1)
    return LimitUsage(
        name=limit.name, period=limit.period, allowed=limit.allowed, used=usage.used, since=since,
        resets_at=usage.resets_at,
    )  # fmt: skip


def _view(account: Account, credits: Credits, usages: Sequence[Usage], masking: Masking) -> AccountView:
    return AccountView(
        provider=account.provider,
        key=masked(account.key),
        usage=[_usage(each) for each in usages],
        plan=account.tier,
        billing=account.billing,
        credits=None if credits.balance is None else credits.balance / CREDIT,
        reserved=credits.reserved / CREDIT,
        limits={name: limit.allowed for name, limit in account.limits.items()},
        webhook=None if account.webhook is None else _webhook(account.webhook, masking),
        ledger=[
            LedgerEntry(
                at=rfc3339(e.at), milliseconds=e.at, kind=e.kind, amount=e.amount / CREDIT, reference=e.reference
            )
            for e in credits.entries[-actions.LATEST_CREDITS :]
        ],
    )


def _webhook(webhook: WebhookSpec, masking: Masking) -> WebhookSpec:
    # The default secret is public, and says that the account has no other.
    secret = webhook.secret if webhook.secret == DEFAULT_SECRET else masked(webhook.secret)
    return webhook.model_copy(update={"url": masking.text(webhook.url), "secret": secret})
