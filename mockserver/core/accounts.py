"""Accounts: API keys at providers, as a scenario and the control API define them."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from mockserver.core.compile import Program
from mockserver.core.credits import CREDIT
from mockserver.core.limits import Limit
from mockserver.core.scenario import AccountSpec, WebhookSpec

MAX_ACCOUNTS = 10_000


class Tariff(Protocol):
    """The part of a provider that accounts need: its default credits, plans and limits."""

    @property
    def default_credits(self) -> float | None: ...

    def tier(self, plan: str | None) -> str: ...

    def limits_of(self, tier: str, overrides: Mapping[str, int | None]) -> dict[str, Limit]: ...


class Account(NamedTuple):
    """One API key at one provider within a sandbox. `credits` is the opening balance in hundredths of a credit."""

    id: str
    provider: str
    key: str
    tier: str
    limits: Mapping[str, Limit]
    limit_overrides: Mapping[str, int | None]
    credits: int | None
    webhook: WebhookSpec | None
    billing: str
    scopes: frozenset[str] | None

    def rule_fields(self) -> dict[str, Any]:
        """The fields that rules can test as `account.*`."""
        return {"key": self.key, "plan": self.tier, "billing": self.billing}


class Accounts(dict[tuple[str, str], Account | None]):
    """The accounts of a scenario, by provider and key; None for a key that the scenario rejects.

    An account is created when it is first looked up. Clients choose the keys, so the cache is cleared when it holds
    `MAX_ACCOUNTS` of them.
    """

    def __init__(self, program: Program, tariffs: Mapping[str, Tariff]) -> None:
        super().__init__()
        self._program = program
        self._tariffs = tariffs

    def __missing__(self, name: tuple[str, str]) -> Account | None:
        provider, key = name
        spec = self._program.account(key)
        if len(self) >= MAX_ACCOUNTS:
            self.clear()
        account = self[name] = None if spec is None or spec.refused else self._create(provider, key, spec)
        return account

    def _create(self, provider: str, key: str, spec: AccountSpec) -> Account:
        tariff = self._tariffs[provider]
        tier = tariff.tier(spec.plan)
        credits = spec.credits if "credits" in spec.model_fields_set else tariff.default_credits
        return Account(
            id=f"{provider}:{key}",
            provider=provider,
            key=key,
            tier=tier,
            limits=tariff.limits_of(tier, spec.limits),
            limit_overrides=spec.limits,
            credits=None if credits is None else round(credits * CREDIT),
            webhook=spec.webhook,
            billing=spec.billing or "prepaid",
            scopes=None if spec.scopes is None else frozenset(spec.scopes),
        )

    def with_change(self, account: Account, change: Mapping[str, Any]) -> Account:
        """Return `account` with a change of the control API applied: `plan`, `limits`, `webhook`, `billing`."""
        tariff = self._tariffs[account.provider]
        tier = tariff.tier(change.get("plan") or account.tier)
        overrides = {**account.limit_overrides, **change.get("limits", {})}
        webhook = account.webhook
        if "webhook" in change:
            webhook = None if change["webhook"] is None else WebhookSpec.model_validate(change["webhook"])
        return account._replace(
            tier=tier,
            limit_overrides=overrides,
            limits=tariff.limits_of(tier, overrides),
            webhook=webhook,
            billing=change.get("billing") or account.billing,
        )
