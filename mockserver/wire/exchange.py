"""The exchange: one request with all that the checks have found out about it, as its operation's handler gets it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from mockserver.core.accounts import Account
from mockserver.core.faults import Fault, Refusal
from mockserver.core.jobs import Job, State
from mockserver.core.limits import Usage
from mockserver.core.match import Rule, View
from mockserver.core.plans import Plan
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import Provenance
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.request import Connection, Request
from mockserver.wire.rules import choose, input_of
from mockserver.wire.services import Credits, EntryNumber, Ids, Jobs, spend


class Policy(NamedTuple):
    """What a server was started with, as far as replies depend on it."""

    strict: bool = False
    provenance: Provenance | None = None
    public_url: str = ""

    def check_deviations(self, deviations: Sequence[str]) -> None:
        """Let pass what the contract does not allow. Raises Refusal `invalid_request` where the server is strict."""
        if self.strict and deviations:
            raise Refusal("invalid_request", deviations[0], deviations=(deviations[0],))

    def admit(self, provider: Provider, rows: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of rows of the provider's ledger that a reply rests on.

        Raises Assumed for a row that is assumed, where the server assumes nothing.
        """
        named = provider.row_ids[rows]
        if self.provenance is not None:
            self.provenance.admit(named)
        return named


class Exchange(NamedTuple):
    """A request that has passed the checks. It is built once, and handlers read it.

    `path` and `query` are its parameters, `raw` is its body, `data` what is in it, and `body` the model of that. An
    upload is not in any of these: it is read from the `connection`. `now` was read once and holds for all of it.
    """

    request: Request
    connection: Connection
    policy: Policy
    sandbox: Sandbox
    provider: Provider
    operation: Operation
    now: int
    addressed: Literal["prefix", "host", "bare"]
    path: Mapping[str, str]
    query: Mapping[str, str]
    holder: Account | None
    usage: Sequence[Usage]
    raw: bytes
    data: Any
    body: Any
    rule: Rule | None
    fault: Fault | None
    number: EntryNumber

    @property
    def account(self) -> Account:
        """The account of the request. Operations that are public have none: asking is a mistake of the provider."""
        if self.holder is None:
            raise RuntimeError("this operation is public and has no account")
        return self.holder

    @property
    def _name(self) -> str:
        return f"{self.provider.name}.{self.operation.name}"

    @property
    def seeded(self) -> Seeded:
        """Values for this sandbox, to be named by what they are for."""
        return self.sandbox.seeded

    @property
    def origin(self) -> str:
        """Where links in replies point: the provider's root as this client reaches it."""
        public = self.policy.public_url
        base = public or f"{self.request.scheme}://{self.request.headers.get('host', 'localhost')}"
        sandbox = "" if self.sandbox.name == "default" else f"/~{self.sandbox.name}"
        return base + sandbox + (f"/{self.provider.name}" if self.addressed == "prefix" or public else "")

    @property
    def jobs(self) -> Jobs:
        """The jobs of the account."""
        return Jobs(self.sandbox, self.provider, self.operation, self.account, self.rule, self.now, self.number)

    @property
    def credits(self) -> Credits:
        """The credits of the account."""
        return Credits(self.sandbox, self.account, self.now)

    @property
    def ids(self) -> Ids:
        """Makes ids for what this request creates."""
        return Ids(self.sandbox, self.provider, self.operation, self.account, self.raw)

    def job_reply(self, status: int, body: Any, job: Job, state: State, *ledger_rows: str) -> Reply:
        """The reply about a job in that state. It is based on the row of the state, and on more rows."""
        return Reply(status, body, job=job.id, ledger_rows=(self.provider.state_row(state), *ledger_rows))

    def option(self, name: str, default: Any = None) -> Any:
        """An option of this provider in the sandbox's scenario."""
        return self.sandbox.option(self.provider.name, name, default)

    def admit(self, *rows: str) -> None:
        """Let the request rest on rows of the provider's ledger, to be asked before anything is done that does.

        Raises Assumed for a row that is assumed, where the server assumes nothing.
        """
        self.policy.admit(self.provider, rows)

    async def spend(self, *limits: str, amount: int = 1, look: bool = False) -> Sequence[Usage]:
        """Count `amount` against limits of the account. Raises Refusal `rate_limited` when one is full."""
        return await spend(self.sandbox.store, self.account, limits, self.now, amount, look=look)

    def plan_for(self, work: str, rule: Rule | None) -> Plan:
        """The plan that a rule gives to a job or other work; without one the scenario's default."""
        return self.sandbox.plan_for(work, rule.plan if rule else None)

    def view(self, data: Any) -> View:
        """What rules see of the request with `data` in its body: its own, or one item of it."""
        return view_of(self, self._name, data, input_of(data, self.operation.input))

    async def rule_for(self, data: Any, about: tuple[str, ...]) -> Rule | None:
        """The rule that takes one item of the request; `about` is where the value is that the item is about."""
        return await choose(self.sandbox, view_of(self, self._name, data, input_of(data, about)), self.holder, [])


def view_of(exchange: Any, operation: str, data: Any, about: str | None) -> View:
    """What rules see of a request, or of one item of it. `exchange` may be one whose checks are not over yet."""
    sandbox: Sandbox = exchange.sandbox
    account: Account | None = exchange.holder
    return View(
        operation,
        account.rule_fields() if account else {},
        data,
        exchange.query,
        exchange.request.headers,
        exchange.path,
        about,
        exchange.now,
        exchange.now - sandbox.started_at,
    )
