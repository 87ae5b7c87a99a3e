"""The base class of providers."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel

from mockserver.core.faults import Refusal
from mockserver.core.jobs import State
from mockserver.core.plans import Status
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.errors import Errors
from mockserver.kit.limits import Limits
from mockserver.kit.models import ProviderOptions
from mockserver.kit.operations import Operation
from mockserver.kit.webhooks import Webhooks
from mockserver.sandbox.state import SandboxState

BEARER: Mapping[str, Mapping[str, Any]] = {"bearer": {"type": "http", "scheme": "bearer"}}


class RowIds(dict[tuple[str, ...], tuple[str, ...]]):
    """The ids of ledger rows by their names. Each combination of names is computed once."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def __missing__(self, rows: tuple[str, ...]) -> tuple[str, ...]:
        made = self[rows] = tuple(f"{self._provider}.{row}" for row in rows)
        return made


class Holder(NamedTuple):
    """The account key of a credential, and the scopes of the credential (None: all)."""

    key: str
    scopes: frozenset[str] | None = None


class Provider(Errors, Limits, Webhooks):
    """One simulated API. A subclass consists mostly of tables. It does not read a clock or use a socket.

    Credentials are in one of the `key_headers` or a bearer token, and start with `key_prefix`.

    `states` has the state that clients see for each status of a job. `stages` are more states: a running job has one if
    the step of its plan names it. Without `states`, clients see no jobs.

    `language` is the path within a request's body of the language of the reply. The request that a job keeps has the
    language under the last name of that path.

    Of several query parameters with one name the last counts, or the first with `first_parameter_counts`.

    `cors` is true if the real API lets web pages of all sites read its replies. Then it also answers OPTIONS.

    `call_outs` are the events of its outgoing calls that are not webhooks.

    For the verdict on clients, with the ledger rows that say so: `poll_every` is the shortest advised time between two
    polls of a job, `patience` how long a job can take, `longest_poll` after what time a job is not worth polling, and
    `asset_lifetime` how long the link of a result works. `idempotency_header` is the header that prevents a second job,
    if one is documented.

    Only for the documents: `features` (in a few words), `description`, `security` (OpenAPI security schemes; one of
    them is needed), and `tags` (their descriptions by name).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    base_path: ClassVar[str] = ""
    operations: ClassVar[tuple[Operation, ...]]
    max_body: ClassVar[int] = 1_048_576
    options_model: ClassVar[type[BaseModel]] = ProviderOptions
    first_parameter_counts: ClassVar[bool] = False
    key_headers: ClassVar[tuple[str, ...]] = ()
    key_prefix: ClassVar[str] = ""
    states: ClassVar[Mapping[Status, str]] = {}
    stages: ClassVar[tuple[str, ...]] = ()
    language: ClassVar[tuple[str, ...]] = ()
    cors: ClassVar[bool] = False
    call_outs: ClassVar[tuple[str, ...]] = ()
    poll_every: ClassVar[Advised | None] = None
    patience: ClassVar[Advised | None] = None
    longest_poll: ClassVar[Advised | None] = None
    asset_lifetime: ClassVar[Advised | None] = None
    idempotency_header: ClassVar[str | None] = None
    features: ClassVar[str] = ""
    description: ClassVar[str] = ""
    security: ClassVar[Mapping[str, Mapping[str, Any]]] = BEARER
    tags: ClassVar[Mapping[str, str]] = {}

    @cached_property
    def row_ids(self) -> RowIds:
        """The ids of this provider's ledger rows, by their names."""
        return RowIds(self.name)

    def key(self, headers: Mapping[str, str]) -> str:
        """Return the credential of a request. Raises Refusal `unauthorized` if it has none."""
        for name in self.key_headers:
            key = headers.get(name, "").strip()
            if key:
                return key
        token = bearer(headers)
        if token is None:
            raise Refusal("unauthorized", case="no_credential")
        return token

    def is_json(self, media_type: str, options: Mapping[str, Any]) -> bool:
        """Return whether a media type other than `application/json` counts as JSON, with these scenario options."""
        return False

    def lenient(self, model: type[BaseModel], data: Any, options: Mapping[str, Any]) -> BaseModel | None:
        """Return the body to use for `data`, which is invalid, or None to refuse it, with these scenario options.

        `model` is that of the operation's body.
        """
        return None

    async def holder(self, key: str, sandbox: SandboxState, now: int) -> Holder | None:
        """Return the account of a credential; None if it is not valid. By default the key is the account."""
        return Holder(key)

    def example_key(self, sandbox: str) -> str:
        """Return a key that works with the default scenario and selects the sandbox of that name."""
        return f"{self.key_prefix}test-key" if sandbox == "default" else f"{self.key_prefix}sbx-{sandbox}"

    def state_name(self, state: State, operation: str) -> str | None:
        """Return the state of a job as clients see it; None if they see no jobs.

        `operation` is the name of the operation that created the job, without the provider.
        """
        if self.stages and state.status == "running" and state.step.stage is not None:
            return state.step.stage
        return self._states_by_operation.get(operation, self.states).get(state.status)

    def state_row(self, state: State, operation: str) -> str:
        """Return the row of the ledger for the state of a job in a reply."""
        if self.stages and state.status == "running" and state.step.stage is not None:
            return f"state.{state.step.stage}"
        return self._state_rows.get(operation, self._own_state_rows)[state.status]

    @cached_property
    def _own_state_rows(self) -> Mapping[Status, str]:
        return _rows_of(self.states)

    @cached_property
    def _state_rows(self) -> Mapping[str, Mapping[Status, str]]:
        return {operation: _rows_of(states) for operation, states in self._states_by_operation.items()}

    @cached_property
    def all_states(self) -> Mapping[str, Status]:
        """The status of each state that clients see. Of several statuses with one name the first counts."""
        found: dict[str, Status] = {}
        for states in (self.states, *self._states_by_operation.values()):
            for status, name in states.items():
                found.setdefault(name, status)
        return {**dict.fromkeys(self.stages, "running"), **found}

    @cached_property
    def _states_by_operation(self) -> Mapping[str, Mapping[Status, str]]:
        return {each.name: each.states for each in self.operations if each.states}


def _rows_of(states: Mapping[Status, str]) -> Mapping[Status, str]:
    return {status: f"state.{name}" for status, name in states.items()}


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the token of an `Authorization: Bearer` header (RFC 6750 section 2.1), or None."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None
