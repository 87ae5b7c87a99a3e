"""A scenario: the whole of a file."""

from typing import Any, Literal

from pydantic import Field

from mockserver.core.expect import Expectations
from mockserver.core.scenario.accounts import AccountSpec
from mockserver.core.scenario.clock import ClockSpec
from mockserver.core.scenario.outgoing import CallOutRuleSpec, WebhookRuleSpec
from mockserver.core.scenario.plans import PlanSpec
from mockserver.core.scenario.rules import RuleSpec
from mockserver.core.scenario.values import Model, no_items, no_keys


class Scenario(Model):
    """Accounts, plans, rules and options for a sandbox."""

    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="the name of the scenario")
    description: str = Field(default="", max_length=4000, description="what the scenario shows")
    extends: str | None = Field(
        default=None,
        max_length=500,
        description="the name of another scenario, whose rules are tried after these; in a file also `./FILE.yaml`, a "
        "file beside it",
    )
    seed: int | None = Field(
        default=None, ge=0, le=2**63 - 1, description="fixes everything that looks random; default: 0"
    )
    clock: ClockSpec | None = Field(default=None, description="how time passes; default: in real time")
    signature_time: Literal["wall", "sandbox"] | None = Field(
        default=None,
        description="the clock for the timestamps of signatures: `wall` (the machine's) or `sandbox`; default: wall",
    )
    cors: bool | None = Field(
        default=None,
        description="true: web pages of all sites may read the replies of all providers (CORS), also of those whose "
        "real API does not allow that; default: false",
    )
    accounts: list[AccountSpec] = Field(
        default_factory=no_items,
        max_length=1000,
        description="the API keys that are valid; default: any key, without limits",
    )
    plans: dict[str, PlanSpec] = Field(
        default_factory=no_keys, max_length=200, description="the plans that jobs can follow, by name"
    )
    rules: list[RuleSpec] = Field(
        default_factory=no_items,
        max_length=1000,
        description="what matching requests get; the first rule that matches applies",
    )
    webhooks: list[WebhookRuleSpec] = Field(
        default_factory=no_items,
        max_length=200,
        description="changes to deliveries; the first rule that matches applies",
    )
    call_outs: list[CallOutRuleSpec] = Field(
        default_factory=no_items,
        max_length=200,
        description="changes to other outgoing calls; the first rule that matches applies",
    )
    providers: dict[str, dict[str, Any] | bool] = Field(
        default_factory=no_keys, description="options for individual providers, and `additive` for all of them"
    )
    expect: Expectations = Field(
        default_factory=no_items,
        description="what the client should do; judged at the end of a test and by `mockserver verdict`",
    )

    @property
    def additive(self) -> bool | None:
        """Whether replies of all providers change additively; None if the scenario does not say so."""
        value = self.providers.get("additive")
        return value if isinstance(value, bool) else None

    @property
    def provider_options(self) -> dict[str, dict[str, Any]]:
        """The options of individual providers, by provider."""
        return {name: options for name, options in self.providers.items() if isinstance(options, dict)}

    def extending(self, parent: "Scenario") -> "Scenario":
        """Return this scenario merged with `parent`. Its own rules, accounts and webhooks are tried first.

        A plan or rule replaces the one of the same name in `parent`.
        """
        own = {rule.name for rule in self.rules}
        providers = sorted({*self.providers, *parent.providers})
        options = {p: _merged_options(parent.providers.get(p), self.providers.get(p)) for p in providers}
        return self.model_copy(
            update={
                "seed": self.seed if self.seed is not None else parent.seed,
                "clock": self.clock or parent.clock,
                "signature_time": self.signature_time or parent.signature_time,
                "cors": self.cors if self.cors is not None else parent.cors,
                "accounts": [*self.accounts, *parent.accounts],
                "plans": {**parent.plans, **self.plans},
                "rules": [*self.rules, *(rule for rule in parent.rules if rule.name not in own)],
                "webhooks": [*self.webhooks, *parent.webhooks],
                "call_outs": [*self.call_outs, *parent.call_outs],
                "providers": options,
                "expect": [*parent.expect, *self.expect],
            }
        )


def _merged_options(parent: dict[str, Any] | bool | None, own: dict[str, Any] | bool | None) -> dict[str, Any] | bool:
    """Merge the options of a provider with those of the extended scenario. A switch replaces the other one."""
    if isinstance(own, bool) or own is None:
        return own if own is not None else (parent or {})
    return {**parent, **own} if isinstance(parent, dict) else own
