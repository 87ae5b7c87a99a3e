"""Accounts: API keys at providers, as a scenario and the control API have them."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from mockserver.core.compile import Program
from mockserver.core.credits import ONE
from mockserver.core.limits import Limit
from mockserver.core.scenario import AccountSpec, WebhookSpec

KEPT = 10_000


class Tariff(Protocol):
    """What a provider sells. Providers stand above accounts and are handed in."""

    @property
    def default_credits(self) -> float | None: ...

    def tier(self, plan: str | None) -> str: ...

    def limits_of(self, tier: str, overrides: Mapping[str, int | None]) -> dict[str, Limit]: ...


class Account(NamedTuple):
    """One API key at one provider within a sandbox. `credits` is the opening balance in hundredths."""

    id: str
    provider: str
    key: str
    tier: str
    limits: Mapping[str, Limit]
    figures: Mapping[str, int | None]
    credits: int | None
    webhook: WebhookSpec | None
    billing: str
    scopes: frozenset[str] | None

    def seen(self) -> dict[str, Any]:
        """What rules may look at as `account.*`."""
        return {"key": self.key, "plan": self.tier, "billing": self.billing}


class Accounts(dict[tuple[str, str], Account | None]):
    """The accounts of a scenario, by provider and key; None for a key that it does not know.

    Each is made when it is first asked for. Keys are made up by clients: beyond `KEPT` of them all begin anew.
    """

    def __init__(self, program: Program, tariffs: Mapping[str, Tariff]) -> None:
        super().__init__()
        self._program = program
        self._tariffs = tariffs

    def __missing__(self, name: tuple[str, str]) -> Account | None:
        provider, key = name
        spec = self._program.account(key)
        if len(self) >= KEPT:
            self.clear()
        made = self[name] = None if spec is None or spec.refused else self._built(provider, key, spec)
        return made

    def _built(self, provider: str, key: str, spec: AccountSpec) -> Account:
        tariff = self._tariffs[provider]
        tier = tariff.tier(spec.plan)
        credits = spec.credits if "credits" in spec.model_fields_set else tariff.default_credits
        return Account(
            id=f"{provider}:{key}",
            provider=provider,
            key=key,
            tier=tier,
            limits=tariff.limits_of(tier, spec.limits),
            figures=spec.limits,
            credits=None if credits is None else round(credits * ONE),
            webhook=spec.webhook,
            billing=spec.billing or "prepaid",
            scopes=None if spec.scopes is None else frozenset(spec.scopes),
        )

    def changed(self, account: Account, change: Mapping[str, Any]) -> Account:
        """An account with what the control API has changed of it: `plan`, `limits`, `webhook`, `billing`."""
        tariff = self._tariffs[account.provider]
        tier = tariff.tier(change.get("plan") or account.tier)
        figures = {**account.figures, **change.get("limits", {})}
        webhook = account.webhook
        if "webhook" in change:
            webhook = None if change["webhook"] is None else WebhookSpec.model_validate(change["webhook"])
        return account._replace(
            tier=tier,
            figures=figures,
            limits=tariff.limits_of(tier, figures),
            webhook=webhook,
            billing=change.get("billing") or account.billing,
        )
