"""The checks that a request passes before its operation is done, each of which finds out more about it.

`edge.CHECKS` is their order. Each gets the admission of the request, adds to it, and raises Refusal where the request
cannot be served. Only those that may have to wait are coroutines.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from mockserver.clock import let_others_run
from mockserver.core.accounts import Account
from mockserver.core.faults import Fault, Refusal
from mockserver.core.journal import KEPT_BODY
from mockserver.core.limits import Usage
from mockserver.core.match import Miss, Rule
from mockserver.core.seeded import Seeded
from mockserver.kit.models import Body
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider, bearer
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.body import LARGE, media_type, parse_form, parse_json, parse_query, read_body
from mockserver.wire.deviations import credential_deviation, field_deviations, parameter_deviations
from mockserver.wire.exchange import Exchange, Policy, view_of
from mockserver.wire.request import Connection, Request
from mockserver.wire.rules import armed_fault, choose, input_of
from mockserver.wire.services import EntryNumber, spend

# So many deviations of one request are written down.
MOST_DEVIATIONS = 8
_NOTHING: Mapping[str, str] = {}


class Admission:
    """What is known of one request so far. The edge and its checks alone know it; handlers get an exchange.

    `key` is the credential, or why there is none. `operation` is None where the path or its method has none, and
    `name` is that of the operation with its provider's. `rows` are the ids of those rows of the ledger that the reply
    rests on; `job` and `note` are for the journal.
    """

    __slots__ = (
        "addressed", "body", "connection", "data", "deviations", "fault", "holder", "job", "key", "misses", "name",
        "note", "now", "number", "operation", "path", "policy", "provider", "query", "raw", "request", "rows", "rule",
        "sandbox", "scopes", "usage",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        connection: Connection,
        policy: Policy,
        sandbox: Sandbox,
        provider: Provider,
        key: str | Refusal,
        addressed: Literal["prefix", "host", "bare"],
    ) -> None:
        self.request = request
        self.connection = connection
        self.policy = policy
        self.sandbox = sandbox
        self.provider = provider
        self.key = key
        self.addressed = addressed
        self.now = sandbox.clock.now()
        self.number = EntryNumber(sandbox.store)
        self.operation: Operation | None = None
        self.name = ""
        self.path = _NOTHING
        self.query = _NOTHING
        self.holder: Account | None = None
        self.scopes: frozenset[str] | None = None
        self.usage: Sequence[Usage] = ()
        self.raw = b""
        self.data: Any = None
        self.body: Any = None
        self.rule: Rule | None = None
        self.fault: Fault | None = None
        self.misses: list[Miss] = []
        self.rows: tuple[str, ...] = ()
        self.deviations: tuple[str, ...] = ()
        self.job: str | None = None
        self.note: str | None = None

    def deviate(self, deviations: Iterable[str]) -> None:
        """Note what the provider's contract does not allow, but clients send. A request has few of them kept.

        Raises Refusal `invalid_request` where the server is strict.
        """
        found = tuple(deviations)
        if found:
            self.policy.check_deviations(found)
            self.deviations = (*self.deviations, *found)[:MOST_DEVIATIONS]

    def rests_on(self, rows: tuple[str, ...]) -> None:
        """Note rows of the provider's ledger. Raises Assumed where the server does not rest on one of them."""
        self.rows += self.policy.admit(self.provider, rows)

    def unseen(self, *kinds: str) -> None:
        """Take out the rows of these kinds: what they say did not reach the client."""
        self.rows = tuple(row for row in self.rows if row.split(".", 2)[1] not in kinds)

    def lighten(self) -> None:
        """Keep the beginning of a large body alone: a reply may take minutes, and each request would keep all of it."""
        if len(self.raw) > LARGE:
            self.raw, self.body = self.raw[:KEPT_BODY], None
            self.request = self.request._replace(body=None)
            if isinstance(self.data, dict):
                self.data = {k: v[:KEPT_BODY] if isinstance(v, str) else v for k, v in self.data.items()}

    async def strike(self) -> Seeded:
        """The source of what one strike of a fault draws: which strike it is of its rule and account, is counted."""
        what = ("strike", self.rule.name if self.rule else "armed", self.holder.id if self.holder else "")
        return self.sandbox.seeded.child(*what, await self.sandbox.store.next_number(*what))

    def exchange(self) -> Exchange:
        """The request as its handler gets it."""
        assert self.operation is not None
        return Exchange(
            self.request, self.connection, self.policy, self.sandbox, self.provider, self.operation, self.now,
            self.addressed, self.path, self.query, self.holder, self.usage, self.raw, self.data, self.body, self.rule,
            self.fault, self.number,
        )  # fmt: skip


async def check_account(admission: Admission, operation: Operation) -> None:
    """Find the account behind the credential."""
    key, sandbox, provider = admission.key, admission.sandbox, admission.provider
    if isinstance(key, Refusal):
        raise key
    holder = await provider.holder(key, sandbox, admission.now)
    account = await sandbox.account(provider.name, holder.key, admission.now) if holder else None
    if holder is None or account is None:
        raise Refusal("unauthorized", "Invalid API key")
    admission.holder = account
    admission.scopes = holder.scopes if holder.scopes is not None else account.scopes


async def count_limits(admission: Admission, operation: Operation) -> None:
    """Count the request against the limits that its operation uses."""
    account = admission.holder
    assert account is not None
    counts = admission.provider.counts if operation.counts is None else operation.counts
    admission.usage = await spend(admission.sandbox.store, account, counts, admission.now)


def check_scope(admission: Admission, operation: Operation) -> None:
    """Hold the scopes of the credential against the one that the operation needs."""
    scope, scopes = operation.scope, admission.scopes
    if scope and scopes is not None and scope not in scopes:
        raise Refusal("forbidden", f"This credential lacks the scope {scope}", scope=scope)


def check_credential(admission: Admission, operation: Operation) -> None:
    """Note a credential that is not sent as documented."""
    deviation = credential_deviation(admission.request.headers)
    if deviation is not None and isinstance(admission.key, str) and bearer(admission.request.headers) == admission.key:
        admission.deviate((deviation,))


def check_query(admission: Admission, operation: Operation) -> None:
    """Parse the query, and note parameters that the operation does not have."""
    if admission.request.query:
        admission.query = parse_query(admission.request.query)
        admission.deviate(parameter_deviations(operation, admission.query))


async def read(admission: Admission, operation: Operation) -> None:
    """Read the body, and parse what is in it."""
    limit = operation.max_body or admission.provider.max_body
    raw = admission.raw = await read_body(admission.request, admission.connection, limit)
    json = operation.body_kind == "json"
    wanted = "application/json" if json else "application/x-www-form-urlencoded"
    if media_type(admission.request.headers.get("content-type")) != wanted:
        raise Refusal("unsupported_media_type", f"Content-Type must be {wanted}")
    if len(raw) > LARGE:
        # Gathering a large body and parsing it take tens of milliseconds each. A thread would not help: both
        # hold the interpreter's lock.
        await let_others_run()
    try:
        admission.data = parse_json(raw) if json else parse_form(raw)
    except ValueError:
        what = "JSON" if json else "form data"
        raise Refusal("invalid_request", f"The request body is not valid {what}", malformed=True) from None


def validate(admission: Admission, operation: Operation) -> None:
    """Validate the data of the body, and note the fields that the operation does not have."""
    model, data = operation.body, admission.data
    assert model is not None
    try:
        body = admission.body = model.__pydantic_validator__.validate_python(data)
    except ValidationError as error:
        raise admission.provider.invalid(error, data) from None
    admission.deviate(field_deviations(model, data, body))
    if isinstance(body, Body):
        admission.deviate(body.deviations())


async def choose_rule(admission: Admission, operation: Operation) -> None:
    """Choose what happens to the request: a fault that was armed, or else the first rule that takes it."""
    sandbox, account = admission.sandbox, admission.holder
    armed, fault = await armed_fault(sandbox, admission.name, account)
    if fault is not None:
        admission.fault, admission.note = fault, f"armed fault {armed}"
        return
    view = view_of(admission, admission.name, admission.data, input_of(admission.data, operation.input))
    rule = admission.rule = await choose(sandbox, view, account, admission.misses)
    if rule is not None:
        admission.fault = rule.fault
