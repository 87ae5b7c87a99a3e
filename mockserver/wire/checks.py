"""The checks that every request passes before its operation runs.

`edge.CHECKS` has their order. Each check adds what it finds to the `Admission` of the request, and raises Refusal if
the request must be refused. Only checks that may have to wait are coroutines.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from hashlib import blake2b
from typing import Any, Literal

from pydantic import ValidationError

from mockserver.clock import wall_ms
from mockserver.core.accounts import Account
from mockserver.core.faults import Fault, Refusal
from mockserver.core.journal import KEPT_BODY
from mockserver.core.limits import Usage
from mockserver.core.match import Miss, Rule
from mockserver.core.patterns import Work
from mockserver.core.seeded import Seeded
from mockserver.kit.models import Body
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider, bearer
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.body import (
    LARGE_BODY,
    media_type,
    parse_form,
    parse_json,
    parse_large_json,
    parse_query,
    read_body,
    shortened,
)
from mockserver.wire.deviations import credential_deviation, field_deviations, parameter_deviations
from mockserver.wire.exchange import Exchange, Policy, view_of
from mockserver.wire.request import Connection, Request
from mockserver.wire.rules import armed_fault, choose, input_of
from mockserver.wire.services import EntryNumber, spend

# At most this many deviations of one request are recorded.
MAX_DEVIATIONS = 8
_MAX_NOTE = 200
_NO_PARAMETERS: Mapping[str, str] = {}


class Admission:
    """What the checks have found out about one request so far. Handlers get an `Exchange` instead.

    `key` is the credential, or the refusal if there is none. `operation` is None if the path does not exist or does
    not have the method; `name` is `provider.operation`. `raw` is the body, or the beginning and a digest of a large
    one. `body_bytes` are taken from the memory for bodies. `data` is the parsed body, and `body` its validated model.
    `rows` are the ids of the ledger rows that the reply rests on. `job`, `note`, `retry_at`, `digest` and `real_start`
    are for the journal.
    """

    __slots__ = (
        "addressed_by", "body", "body_bytes", "connection", "data", "deviations", "digest", "fault", "job", "key",
        "misses", "name", "note", "now", "number", "open_job", "operation", "optional_account", "path", "policy",
        "provider", "query", "raw", "real_start", "request", "retry_at", "rows", "rule", "sandbox", "scopes",
        "usage", "work",
    )  # fmt: skip

    job: str | None
    open_job: str | None

    def __init__(
        self,
        request: Request,
        connection: Connection,
        policy: Policy,
        sandbox: Sandbox,
        provider: Provider,
        key: str | Refusal,
        addressed_by: Literal["prefix", "host", "bare"],
    ) -> None:
        self.request = request
        self.connection = connection
        self.policy = policy
        self.sandbox = sandbox
        self.provider = provider
        self.key = key
        self.addressed_by = addressed_by
        self.now = sandbox.clock.now()
        self.number = EntryNumber(sandbox.store)
        self.operation: Operation | None = None
        self.name = ""
        self.path = self.query = _NO_PARAMETERS
        self.optional_account: Account | None = None
        self.scopes: frozenset[str] | None = None
        self.usage: Sequence[Usage] = ()
        self.raw = b""
        self.body_bytes = 0
        self.data: Any = None
        self.body: Any = None
        self.rule: Rule | None = None
        self.fault: Fault | None = None
        self.work = Work() if sandbox.program.costs else None
        self.misses: list[Miss] = []
        self.rows: tuple[str, ...] = ()
        self.deviations: tuple[str, ...] = ()
        self.job = self.open_job = None
        self.note: str | None = None
        self.retry_at: int | None = None
        self.digest = ""
        self.real_start = None if sandbox.clock.mode == "real" else wall_ms()

    def note_deviations(self, deviations: Iterable[str]) -> None:
        """Record what the provider's contract does not allow, up to `MAX_DEVIATIONS` of one request.

        Raises Refusal `invalid_request` if the server is strict.
        """
        new = tuple(deviations)
        if new:
            self.policy.check_deviations(new)
            self.deviations = (*self.deviations, *new)[:MAX_DEVIATIONS]

    def note_rows(self, rows: tuple[str, ...]) -> None:
        """Record rows of the provider's ledger that the reply rests on.

        Raises AssumedBehaviour if one of them is an assumption and the server does not allow assumptions.
        """
        self.rows += self.policy.admit(self.provider, rows)

    def drop_rows(self, *kinds: str) -> None:
        """Remove the rows of these kinds, because the client did not receive what they are about."""
        self.rows = tuple(row for row in self.rows if row.split(".", 2)[1] not in kinds)

    def drop_large_body(self) -> None:
        """Keep only the beginning of a large body, to save memory: the reply may take minutes."""
        if len(self.raw) > KEPT_BODY:
            self.raw, self.body = self.raw[:KEPT_BODY], None
            self.request = self.request._replace(body=None)
            if isinstance(self.data, dict):
                self.data = {k: v[:KEPT_BODY] if isinstance(v, str) else v for k, v in self.data.items()}
            self.release_body()

    def release_body(self) -> None:
        """Release what the body has taken from the memory for bodies."""
        count, self.body_bytes = self.body_bytes, 0
        if count and self.policy.body_memory is not None:
            self.policy.body_memory.release(count)

    async def fault_seed(self) -> Seeded:
        """Return the source of a fault's random values. Each call returns another one, by rule, account and count."""
        account = self.optional_account
        owner = self.sandbox.marks[account.id] if account else ""
        name = ("strike", self.rule.name if self.rule else "armed", owner)
        return self.sandbox.seeded.child(*name, await self.sandbox.store.next_number(*name))

    def exchange(self) -> Exchange:
        """Return the request in the form that its handler gets."""
        assert self.operation is not None
        return Exchange(
            self.request, self.connection, self.policy, self.sandbox, self.provider, self.operation, self.now,
            self.addressed_by, self.path, self.query, self.optional_account, self.usage, self.raw, self.data, self.body,
            self.rule, self.fault, self.number, self.work,
        )  # fmt: skip


async def check_account(admission: Admission, operation: Operation) -> None:
    """Find the account of the credential."""
    key, sandbox, provider = admission.key, admission.sandbox, admission.provider
    if isinstance(key, Refusal):
        raise key
    holder = await provider.holder(key, sandbox, admission.now)
    account = await sandbox.account(provider.name, holder.key, admission.now) if holder else None
    if holder is None or account is None:
        raise Refusal("unauthorized", "Invalid API key")
    admission.optional_account = account
    admission.scopes = holder.scopes if holder.scopes is not None else account.scopes


async def count_limits(admission: Admission, operation: Operation) -> None:
    """Count the request against the limits that its operation uses."""
    account = admission.optional_account
    assert account is not None
    if operation.uncounted and _options(admission).get(operation.uncounted):
        return
    counts = admission.provider.counts if operation.counts is None else operation.counts
    admission.usage = await spend(admission.sandbox.store, account, counts, admission.now)


def check_scope(admission: Admission, operation: Operation) -> None:
    """Check that the credential has the scope that the operation needs."""
    scope, scopes = operation.scope, admission.scopes
    if scope and scopes is not None and scope not in scopes:
        raise Refusal("forbidden", f"This credential lacks the scope {scope}", case="missing_scope")


def note_credential_form(admission: Admission, operation: Operation) -> None:
    """Record a deviation if the credential is not sent in the documented form."""
    deviation = credential_deviation(admission.request.headers)
    if deviation is not None and isinstance(admission.key, str) and bearer(admission.request.headers) == admission.key:
        admission.note_deviations((deviation,))


def check_query(admission: Admission, operation: Operation) -> None:
    """Parse the query, and record parameters that the operation does not have as deviations."""
    if admission.request.query:
        admission.query = parse_query(admission.request.query, first_counts=admission.provider.first_parameter_counts)
        admission.note_deviations(parameter_deviations(operation, admission.query))


async def read(admission: Admission, operation: Operation) -> None:
    """Read and parse the body."""
    limit = operation.max_body or admission.provider.max_body
    request, memory = admission.request, admission.policy.body_memory
    raw = await read_body(request, admission.connection, limit, memory)
    if request.body is None:
        admission.body_bytes = len(raw)
    json = operation.body_kind == "json"
    expected = "application/json" if json else "application/x-www-form-urlencoded"
    admission.raw = raw if isinstance(raw, bytes) else bytes(raw[:KEPT_BODY])
    if KEPT_BODY < len(raw) <= LARGE_BODY:
        admission.digest = blake2b(raw, digest_size=16).hexdigest()
    sent = media_type(request.headers.get("content-type"))
    if sent != expected and not (json and admission.provider.is_json(sent, _options(admission))):
        raise Refusal("unsupported_media_type", f"Content-Type must be {expected}")
    try:
        if len(raw) > LARGE_BODY:
            await _parse_large(admission, raw, json=json)
        else:
            admission.data = parse_json(raw) if json else parse_form(admission.raw)
    except ValueError as error:
        format_name = "JSON" if json else "form data"
        message = f"The request body is not valid {format_name}"
        raise Refusal("invalid_request", message, case="malformed", note=f"{message}: {error}"[:_MAX_NOTE]) from None


def _options(admission: Admission) -> Mapping[str, Any]:
    """Return the scenario's options for the provider."""
    options: Mapping[str, Any] = admission.sandbox.program.options.get(admission.provider.name, {})
    return options


async def _parse_large(admission: Admission, raw: bytes | bytearray, *, json: bool) -> None:
    """Parse a large body in pieces. A thread would not help, because parsing holds the interpreter's lock."""
    memory = admission.policy.body_memory
    async with memory.one_at_a_time() if memory is not None else nullcontext():
        admission.data = await parse_large_json(raw) if json else parse_form(bytes(raw))
        admission.raw = await shortened(raw)
        admission.digest = admission.raw[KEPT_BODY:].hex()


def validate(admission: Admission, operation: Operation) -> None:
    """Validate the parsed body, and record fields that the operation does not have as deviations."""
    model, data = operation.body, admission.data
    assert model is not None
    try:
        body = admission.body = model.__pydantic_validator__.validate_python(data)
    except ValidationError as error:
        body = admission.body = admission.provider.lenient(model, data, _options(admission))
        if body is None:
            raise admission.provider.invalid(error, data) from None
    admission.note_deviations(field_deviations(model, data, body))
    if isinstance(body, Body):
        admission.note_deviations(body.deviations())


async def choose_rule(admission: Admission, operation: Operation) -> None:
    """Find an armed fault for the request or, if there is none, the first rule that matches it."""
    sandbox, account = admission.sandbox, admission.optional_account
    injected = sandbox.inject(admission.name, admission.path) if sandbox.inject is not None else None
    armed, fault = await armed_fault(sandbox, admission.name, account) if injected is None else (None, None)
    if fault is not None:
        admission.fault, admission.note = fault, f"armed fault {armed}"
        return
    view = view_of(admission, admission.name, admission.data, input_of(admission.data, operation.input))
    job = _job_of(admission, operation.job_in) if operation.job_in else None
    rule = admission.rule = await choose(sandbox, view, account, admission.misses, job)
    if injected is not None:
        admission.fault = injected
    elif rule is not None:
        admission.fault = rule.fault


def _job_of(admission: Admission, name: str) -> str | None:
    """Return the id of the job that a request is about: a parameter of its path or a field of its body."""
    data = admission.data
    job = admission.path.get(name) or (data.get(name) if isinstance(data, dict) else None)
    return job if isinstance(job, str) else None
