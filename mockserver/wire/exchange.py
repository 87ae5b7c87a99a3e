"""The exchange: what the handler of an operation gets. It has the request, and everything that the checks found."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from mockserver.core.accounts import Account
from mockserver.core.addresses import sandbox_prefix
from mockserver.core.faults import Fault, Refusal
from mockserver.core.jobs import Job, State
from mockserver.core.limits import Usage
from mockserver.core.match import Rule, View
from mockserver.core.patterns import Work
from mockserver.core.plans import Plan
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import Provenance
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.body import BodyMemory
from mockserver.wire.request import Connection, Request
from mockserver.wire.rules import choose, input_of
from mockserver.wire.services import Credits, EntryNumber, Ids, Jobs, spend


class Policy(NamedTuple):
    """The options of the server that replies depend on, and its limit for bodies in memory (None: unlimited).

    With `cors` web pages of all sites may read the replies of all providers.
    """

    strict: bool = False
    provenance: Provenance | None = None
    public_url: str = ""
    body_memory: BodyMemory | None = None
    cors: bool = False

    def check_deviations(self, deviations: Sequence[str]) -> None:
        """Allow deviations from the contract. Raises Refusal `invalid_request` for them if the server is strict."""
        if self.strict and deviations:
            raise Refusal("invalid_request", deviations[0], deviations=(deviations[0],))

    def admit(self, provider: Provider, rows: tuple[str, ...]) -> tuple[str, ...]:
        """Return the ids of these rows of the provider's ledger.

        Raises AssumedBehaviour if one of them is an assumption and the server does not allow assumptions.
        """
        ids = provider.row_ids[rows]
        if self.provenance is not None:
            self.provenance.admit(ids)
        return ids


class Exchange(NamedTuple):
    """A request that has passed the checks.

    `path` and `query` are the parameters by name. `raw` is the body as bytes (of a large one, the beginning and a
    digest), `data` the parsed body, and `body` its validated model. All three are empty for an upload, which the
    handler reads from the `connection`. `now` is read once per request. `optional_account` is None for a public
    operation; all others use `account`. `work` limits what matching rules costs; None if the scenario's rules cost
    little.
    """

    request: Request
    connection: Connection
    policy: Policy
    sandbox: Sandbox
    provider: Provider
    operation: Operation
    now: int
    addressed_by: Literal["prefix", "host", "bare"]
    path: Mapping[str, str]
    query: Mapping[str, str]
    optional_account: Account | None
    usage: Sequence[Usage]
    raw: bytes
    data: Any
    body: Any
    rule: Rule | None
    fault: Fault | None
    number: EntryNumber
    work: Work | None

    @property
    def account(self) -> Account:
        """The account of the request. Raises RuntimeError in a public operation, which has none."""
        if self.optional_account is None:
            raise RuntimeError("this operation is public, so the request has no account")
        return self.optional_account

    @property
    def _name(self) -> str:
        return f"{self.provider.name}.{self.operation.name}"

    @property
    def seeded(self) -> Seeded:
        """The source of this sandbox's random-looking values. Each value is named by its purpose."""
        return self.sandbox.seeded

    @property
    def mark(self) -> str:
        """The mark of the account, which names the random-looking values that are its own; empty without an account."""
        account = self.optional_account
        return "" if account is None else self.sandbox.marks[account.id]

    @property
    def origin(self) -> str:
        """The base URL of links in replies: the provider's root, as this client addresses it."""
        public = self.policy.public_url
        base = public or f"{self.request.scheme}://{self.request.headers.get('host', 'localhost')}"
        sandbox = sandbox_prefix(self.sandbox.name)
        return base + sandbox + (f"/{self.provider.name}" if self.addressed_by == "prefix" or public else "")

    @property
    def jobs(self) -> Jobs:
        """The jobs of the account."""
        return Jobs(
            self.sandbox,
            self.provider,
            self.operation,
            self.account,
            self.rule,
            self.now,
            self.number,
            self.request.headers,
        )

    @property
    def credits(self) -> Credits:
        """The credits of the account."""
        return Credits(self.sandbox, self.account, self.now)

    @property
    def ids(self) -> Ids:
        """Creates the ids of what this request creates."""
        return Ids(self.sandbox, self.provider, self.operation, self.account, self.raw)

    def job_reply(self, status: int, body: Any, job: Job, state: State, *ledger_rows: str) -> Reply:
        """Return a reply about a job in `state`. It rests on the ledger row of the state, and on `ledger_rows`."""
        return Reply(
            status, body, job=job.id, ledger_rows=(self.provider.state_row(state, job.operation), *ledger_rows)
        )

    def option(self, name: str, default: Any = None) -> Any:
        """Return an option of this provider in the sandbox's scenario."""
        return self.sandbox.option(self.provider.name, name, default)

    def admit(self, *rows: str) -> None:
        """Check that the reply may rest on these rows of the provider's ledger. Call it before the work is done.

        Raises AssumedBehaviour if one of them is an assumption and the server does not allow assumptions.
        """
        self.policy.admit(self.provider, rows)

    async def spend(self, *limits: str, amount: int = 1) -> Sequence[Usage]:
        """Count `amount` against limits of the account. Raises Refusal `rate_limited` if one would be exceeded."""
        return await spend(self.sandbox.store, self.account, limits, self.now, amount)

    def plan_for(self, work: str, rule: Rule | None) -> Plan:
        """Return the plan of the rule for a job or other work, or the scenario's default plan."""
        return self.sandbox.plan_for(work, rule.plan if rule else None)

    def view(self, data: Any) -> View:
        """Return what rules can match. `data` is the parsed body, or one item of it."""
        return view_of(self, self._name, data, input_of(data, self.operation.input))

    async def rule_for_item(self, number: int, data: Any, input_path: tuple[str, ...]) -> Rule | None:
        """Return the rule that matches one item of the request, `data`. Items are numbered from 1.

        `input_path` is where the item has its `input`.
        """
        view = view_of(self, self._name, data, input_of(data, input_path))._replace(item=number)
        return await choose(self.sandbox, view, self.optional_account, [])


def view_of(request: Any, operation: str, data: Any, input_value: str | None) -> View:
    """Return what rules can match of a request, or of one item of it. `request` is an Exchange or an Admission."""
    sandbox: Sandbox = request.sandbox
    account: Account | None = request.optional_account
    return View(
        operation,
        account.rule_fields() if account else {},
        data,
        request.query,
        request.request.headers,
        request.path,
        input_value,
        request.now,
        request.now - sandbox.started_at,
        request.work,
    )
