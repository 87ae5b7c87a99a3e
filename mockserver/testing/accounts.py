"""An account of a sandbox: what it may do, what it has, and where its events go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from mockserver.clock import rfc3339
from mockserver.control import actions
from mockserver.control.models import AccountChange
from mockserver.core.accounts import Account as CoreAccount
from mockserver.core.credits import ONE
from mockserver.store.protocol import Credits
from mockserver.testing.errors import MockServerError
from mockserver.testing.receiver import Receiver
from mockserver.testing.session import World, validated

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the events of an account go (no `events`: all of them), and the secret that signs them."""

    url: str
    events: tuple[str, ...]
    secret: str


class Keep(Enum):
    """What stands for "as it is", where None has a meaning of its own."""

    KEEP = "keep"


KEEP = Keep.KEEP


class Account:
    """One API key at one provider. Each property is read anew; what is assigned holds from the next request on."""

    def __init__(self, world: World, provider: str, key: str) -> None:
        world.host.provider(provider)
        self._world = world
        self.provider = provider
        self.key = key

    def __repr__(self) -> str:
        return f"<account {self.key} at {self.provider}>"

    @property
    def plan(self) -> str:
        """The provider's name of the plan."""
        return self._found()[0].tier

    @plan.setter
    def plan(self, plan: str) -> None:
        self.change(plan=plan)

    @property
    def credits(self) -> float | None:
        """What can be spent; None is unlimited."""
        balance = self._found()[1].balance
        return None if balance is None else balance / ONE

    @credits.setter
    def credits(self, credits: float | None) -> None:
        self.change(credits=credits)

    @property
    def reserved(self) -> float:
        """What is set aside for jobs that have not ended."""
        return self._found()[1].reserved / ONE

    @property
    def limits(self) -> Mapping[str, int | None]:
        """What is counted, by name; None is unlimited."""
        return {name: limit.allowed for name, limit in self._found()[0].limits.items()}

    @property
    def ledger(self) -> Sequence[Mapping[str, Any]]:
        """The latest changes of the credits, oldest first: `at`, `kind`, `amount`, `reference`."""
        entries = self._found()[1].entries[-actions.LATEST_CREDITS :]
        return [
            {"at": rfc3339(e.at), "kind": e.kind, "amount": e.amount / ONE, "reference": e.reference} for e in entries
        ]

    @property
    def webhook(self) -> Webhook | None:
        """Where the events go; None for nowhere. Assign a URL, a receiver or a Webhook."""
        found = self._found()[0].webhook
        return None if found is None else Webhook(found.url, tuple(found.events), found.secret)

    @webhook.setter
    def webhook(self, webhook: "str | Receiver | Webhook | None") -> None:
        if webhook is None:
            self._changed({"webhook": None})
        elif isinstance(webhook, Webhook):
            self.send_events_to(webhook.url, events=webhook.events, secret=webhook.secret)
        else:
            self.send_events_to(webhook)

    def send_events_to(self, to: "str | Receiver", *, events: Sequence[str] = (), secret: str | None = None) -> None:
        """Send events (none given: all of the provider's) to a URL or a receiver, signed by `secret`."""
        for event in events:
            self._world.check_event(event)
        given = {"url": to if isinstance(to, str) else to.url, "events": list(events)}
        self._changed({"webhook": given if secret is None else {**given, "secret": secret}})

    def change(
        self,
        *,
        plan: str | None = None,
        credits: float | Keep | None = KEEP,
        limits: Mapping[str, int | None] | None = None,
        billing: Literal["prepaid", "postpaid"] | None = None,
    ) -> None:
        """Change what is given, at once; what is left out stays.

        `credits=None` and a limit that is None are unlimited. Raises MockServerError for a name that does not exist.
        """
        given = {"plan": plan, "limits": limits, "billing": billing}
        change: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self._changed(change if credits is KEEP else {**change, "credits": credits})

    def _changed(self, given: Mapping[str, Any]) -> None:
        self._found()
        world, asked = self._world, validated(AccountChange, given)

        async def change(now: int) -> None:
            actions.check_account(asked, world.host.catalogue)
            await actions.change_account(world.sandbox, [world.host.provider(self.provider)], self.key, asked, now)

        world.act(change)

    def _found(self) -> tuple[CoreAccount, Credits]:
        world, provider = self._world, self._world.host.provider(self.provider)
        world.calm(_nothing())
        found = world.act(lambda now: actions.find_account(world.sandbox, provider, self.key, now))
        if found is None:
            raise MockServerError(f"the scenario refuses the key {self.key!r} at {self.provider}")
        return found


async def _nothing() -> None: ...
