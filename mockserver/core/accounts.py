"""Accounts: API keys at providers, as a scenario and the control API define them."""

from collections.abc import Mapping
from hashlib import blake2b
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


class KnownAccount(NamedTuple):
    """What a bundle knows of an account instead of its key: the `patterns` that the key matches, and its `mark`.

    A pattern is the `key` of an account in a scenario. Without patterns, the key is refused.
    """

    patterns: frozenset[str]
    mark: str


class Origin(NamedTuple):
    """The sandbox that a bundle was saved from: its name, and its accounts by their id with the key masked."""

    sandbox: str
    accounts: Mapping[str, KnownAccount]

    def data(self) -> dict[str, Any]:
        """Return this as plain data."""
        accounts = {name: [sorted(known.patterns), known.mark] for name, known in self.accounts.items()}
        return {"sandbox": self.sandbox, "accounts": accounts}

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> "Origin | None":
        """Return the origin in plain data, if there is one."""
        if data is None:
            return None
        accounts = {name: KnownAccount(frozenset(known), mark) for name, (known, mark) in data["accounts"].items()}
        return cls(data["sandbox"], accounts)


class Marks(dict[str, str]):
    """The marks of accounts by their id. Values that look random and belong to an account are named by its mark.

    The mark is a hash of the id. So a bundle has what such values follow from, and does not need the key.
    """

    def __init__(self, known: Mapping[str, KnownAccount]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, account_id: str) -> str:
        if len(self) >= MAX_ACCOUNTS:
            self.clear()
        known = self._known.get(account_id)
        mark = self[account_id] = mark_of(account_id) if known is None else known.mark
        return mark


def mark_of(account_id: str) -> str:
    """Return the mark of an account whose key is known."""
    return blake2b(account_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Accounts(dict[tuple[str, str], Account | None]):
    """The accounts of a scenario, by provider and key; None for a key that the scenario rejects.

    An account is created when it is first looked up. Clients choose the keys, so the cache is cleared when it holds
    `MAX_ACCOUNTS` of them. `known` are those of a bundle, whose keys are masked.
    """

    def __init__(
        self, program: Program, tariffs: Mapping[str, Tariff], known: Mapping[str, KnownAccount] | None = None
    ) -> None:
        super().__init__()
        self._program = program
        self._known = known or {}
        self._tariffs = tariffs

    def __missing__(self, name: tuple[str, str]) -> Account | None:
        provider, key = name
        spec = self._spec(f"{provider}:{key}", key)
        if len(self) >= MAX_ACCOUNTS:
            self.clear()
        account = self[name] = None if spec is None or spec.refused else self._create(provider, key, spec)
        return account

    def _spec(self, account_id: str, key: str) -> AccountSpec | None:
        known = self._known.get(account_id) if self._known else None
        if known is None or not self._program.accounts:
            return self._program.account(key) if known is None or known.patterns else None
        return next((spec for spec in self._program.accounts if spec.key in known.patterns), None)

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
