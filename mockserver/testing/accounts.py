"""Accounts of a sandbox: their plans, credits, limits and webhooks."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Literal

from mockserver.control.models import AccountChange
from mockserver.testing.errors import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.receiver import Receiver
from mockserver.testing.values import AccountValues, Webhook, validated

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True


class Unchanged(Enum):
    """The default of arguments for which None is a value."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


class Account:
    """The account of one API key at one provider.

    Properties always return the current value. An assigned value applies from the next request on.
    """

    def __init__(self, hosted: HostedSandbox, provider: str, key: str) -> None:
        hosted.host.provider(provider)
        self._hosted = hosted
        self.provider = provider
        self.key = key

    def __repr__(self) -> str:
        return f"<account {self.key} at {self.provider}>"

    @property
    def plan(self) -> str:
        """The plan, by the provider's name for it."""
        return self._read().plan

    @plan.setter
    def plan(self, plan: str) -> None:
        self.change(plan=plan)

    @property
    def credits(self) -> float | None:
        """The credits that can be spent. None is unlimited."""
        return self._read().credits

    @credits.setter
    def credits(self, credits: float | None) -> None:
        self.change(credits=credits)

    @property
    def reserved(self) -> float:
        """The credits that are reserved for jobs that have not ended."""
        return self._read().reserved

    @property
    def limits(self) -> Mapping[str, int | None]:
        """The limits by name. None is unlimited."""
        return self._read().limits

    @property
    def ledger(self) -> Sequence[Mapping[str, Any]]:
        """The latest changes of the credits, oldest first, each with `at`, `kind`, `amount` and `reference`."""
        return self._read().ledger

    @property
    def webhook(self) -> Webhook | None:
        """The webhook, or None if the account has none. Assign a URL, a receiver, a Webhook or None."""
        return self._read().webhook

    @webhook.setter
    def webhook(self, webhook: "str | Receiver | Webhook | None") -> None:
        if webhook is None:
            self._patch({"webhook": None})
        elif isinstance(webhook, Webhook):
            self.send_events_to(webhook.url, events=webhook.events, secret=webhook.secret)
        else:
            self.send_events_to(webhook)

    def send_events_to(self, to: "str | Receiver", *, events: Sequence[str] = (), secret: str | None = None) -> None:
        """Send events (default: all of the provider's) to a URL or a receiver, signed with `secret`."""
        for event in events:
            self._hosted.check_event(event)
        webhook = {"url": to if isinstance(to, str) else to.url, "events": list(events)}
        self._patch({"webhook": webhook if secret is None else {**webhook, "secret": secret}})

    def change(
        self,
        *,
        plan: str | None = None,
        credits: float | Unchanged | None = UNCHANGED,
        limits: Mapping[str, int | None] | None = None,
        billing: Literal["prepaid", "postpaid"] | None = None,
    ) -> None:
        """Change several values at once. Arguments that are left out stay unchanged.

        `credits=None` and a limit of None are unlimited. Raises MockServerError for an unknown plan or limit.
        """
        arguments = {"plan": plan, "limits": limits, "billing": billing}
        change: dict[str, Any] = {name: value for name, value in arguments.items() if value is not None}
        self._patch(change if credits is UNCHANGED else {**change, "credits": credits})

    def _patch(self, change: Mapping[str, Any]) -> None:
        self._read()
        self._hosted.change_account(self.provider, self.key, validated(AccountChange, change))

    def _read(self) -> AccountValues:
        account = self._hosted.account(self.provider, self.key)
        if account is None:
            raise MockServerError(f"the scenario does not accept the key {self.key!r} at {self.provider}")
        return account
