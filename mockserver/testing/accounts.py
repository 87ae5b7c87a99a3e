"""Accounts of a sandbox: their plans, credits, limits and webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.control.models import AccountChange
from mockserver.core.accounts import Account as CoreAccount
from mockserver.core.credits import CREDIT
from mockserver.store.protocol import Credits
from mockserver.testing.errors import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox, validated
from mockserver.testing.receiver import Receiver

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Webhook:
    """The webhook of an account: its URL, its events (an empty tuple means all), and the signing secret."""

    url: str
    events: tuple[str, ...]
    secret: str


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
        return self._read()[0].tier

    @plan.setter
    def plan(self, plan: str) -> None:
        self.change(plan=plan)

    @property
    def credits(self) -> float | None:
        """The credits that can be spent. None is unlimited."""
        balance = self._read()[1].balance
        return None if balance is None else balance / CREDIT

    @credits.setter
    def credits(self, credits: float | None) -> None:
        self.change(credits=credits)

    @property
    def reserved(self) -> float:
        """The credits that are reserved for jobs that have not ended."""
        return self._read()[1].reserved / CREDIT

    @property
    def limits(self) -> Mapping[str, int | None]:
        """The limits by name. None is unlimited."""
        return {name: limit.allowed for name, limit in self._read()[0].limits.items()}

    @property
    def ledger(self) -> Sequence[Mapping[str, Any]]:
        """The latest changes of the credits, oldest first, each with `at`, `kind`, `amount` and `reference`."""
        entries = self._read()[1].entries[-actions.LATEST_CREDITS :]
        return [
            {"at": rfc3339(e.at), "kind": e.kind, "amount": e.amount / CREDIT, "reference": e.reference}
            for e in entries
        ]

    @property
    def webhook(self) -> Webhook | None:
        """The webhook, or None if the account has none. Assign a URL, a receiver, a Webhook or None."""
        webhook = self._read()[0].webhook
        return None if webhook is None else Webhook(webhook.url, tuple(webhook.events), webhook.secret)

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
        hosted, validated_change = self._hosted, validated(AccountChange, change)

        async def apply(now: int) -> None:
            actions.check_account(validated_change, hosted.host.catalogue)
            provider = hosted.host.provider(self.provider)
            await actions.change_account(hosted.sandbox, [provider], self.key, validated_change, now)

        hosted.act(apply)

    def _read(self) -> tuple[CoreAccount, Credits]:
        hosted, provider = self._hosted, self._hosted.host.provider(self.provider)
        hosted.run_settled(_do_nothing())
        account = hosted.act(lambda now: actions.find_account(hosted.sandbox, provider, self.key, now))
        if account is None:
            raise MockServerError(f"the scenario does not accept the key {self.key!r} at {self.provider}")
        return account


async def _do_nothing() -> None: ...
