"""What a provider is made of: operations, tiers, and how neutral things are spelled on its wire."""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from mockserver.core.faults import HTTP_STATUS, Refusal
from mockserver.core.limits import Limit, Period, Usage

if TYPE_CHECKING:
    from mockserver.core.jobs import State
    from mockserver.deliveries import Delivery
    from mockserver.outgoing.call import CallResult
    from mockserver.sandbox import Sandbox
    from mockserver.store.protocol import Transition
    from mockserver.wire.call import Call

Header = tuple[bytes, bytes]
BodyKind = Literal["json", "multipart", "form"]

# User, host, port, path: what a document can say of a URL. The host is a name or an address in brackets.
_WEB_URL = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://([^\x00-\x20\x7f/?#@\[\]\\]*@)?(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@\[\]:\\]+)"
    r"(:[0-9]{0,5})?([/?#][^\x00-\x20\x7f]*)?$"
)
_IS_WEB_URL = re.compile(_WEB_URL.removeprefix("^").removesuffix("$")).fullmatch


def web_url(value: str) -> str:
    """An http(s) URL with a host. Raises ValueError for any other text."""
    if not _IS_WEB_URL(value):
        raise ValueError("must be an http or https URL")
    return value


WebUrl = Annotated[
    str,
    Field(max_length=2048, description="an http or https URL with a host", json_schema_extra={"pattern": _WEB_URL}),
    AfterValidator(web_url),
]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """The base of request bodies: JSON types are taken as they are, and unknown fields are let through."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True, defer_build=True)

    def deviations(self) -> Iterable[str]:
        """What of a valid body the provider's contract does not allow, though published clients send it."""
        return ()


class Shape(BaseModel):
    """The base of reply bodies, which exist for the documents; tests hold the replies to them.

    A field that is None by default is one that a reply may leave out; a field without a default is always there.
    A server that makes no document never builds them.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema, in which what may be left out is not said to be null."""
        made = handler(core_schema)
        for shown in handler.resolve_ref_schema(made).get("properties", {}).values():
            if "default" in shown and shown["default"] is None:
                del shown["default"]
                _never_null(shown)
        return made


class RowIds(dict[tuple[str, ...], tuple[str, ...]]):
    """Ids of rows by the names that a provider's code has for them. Made once: replies name the same few for ever."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def __missing__(self, rows: tuple[str, ...]) -> tuple[str, ...]:
        made = self[rows] = tuple(f"{self._provider}.{row}" for row in rows)
        return made


class NoOptions(BaseModel):
    """The options of a provider that has none."""

    model_config = ConfigDict(extra="forbid")


@dataclass(slots=True)
class Reply:
    """What goes back: JSON data, or bytes with their own content type, or chunks that come with time."""

    status: int = 200
    body: Any = None
    headers: Sequence[Header] = ()
    content_type: str = "application/json"
    chunks: AsyncGenerator[bytes, None] | None = None


Handler = Callable[[Any], Awaitable[Reply]]
Input = tuple[str, ...] | Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Documented:
    """A reply as the documents show it: its model (None: no JSON body), and what it means.

    `headers` are those that every such reply has, beside the provider's own: a JSON Schema by name. `example` is a
    body as it looks.
    """

    description: str
    model: type[BaseModel] | None = None
    content_type: str = "application/json"
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook as the documents show it: the model of its body, and the headers that it is sent with."""

    description: str
    model: type[BaseModel]
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a provider, declared once: the edge dispatches on it, and the documents are made of it.

    `name` is the OpenAPI operation id behind the provider's prefix. `input` is the path within the body of the
    value that the operation is about, which rules see as `input`, or a function that finds it in the body's data.
    `counts` names the limits that a request uses.
    `links` lead on from a reply: name -> (operation, its parameter, where in the reply's body the value is; left
    out: `/id`). `parts` are the media types of files in a multipart body, by part. `spell` words those errors of an
    operation that it has another way with than its provider (None: as the provider). `rests_on` names the rows of
    the provider's ledger that every reply rests on, beside the operation's own and those that are told on the way.
    `tag`, `host` (where it is not the first of the provider's) and `examples` (request bodies by name) are for the
    documents alone.
    """

    name: str
    method: str
    path: str
    handler: Handler
    summary: str
    replies: Mapping[int, Documented]
    body: type[BaseModel] | None = None
    body_kind: BodyKind = "json"
    query: type[BaseModel] | None = None
    path_types: Mapping[str, type] = field(default_factory=dict)
    input: Input = ()
    public: bool = False
    scope: str | None = None
    counts: tuple[str, ...] | None = None
    links: Mapping[str, tuple[str, str] | tuple[str, str, str]] = field(default_factory=dict)
    hidden: bool = False
    secret: bool = False
    max_body: int | None = None
    description: str = ""
    tag: str = ""
    host: str | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    rests_on: tuple[str, ...] = ()
    spell: Callable[[Refusal], Reply | None] | None = None


BEARER: Mapping[str, Mapping[str, Any]] = {"bearer": {"type": "http", "scheme": "bearer"}}


class Provider(ABC):
    """One simulated API. Subclasses spell; nothing here or in them reads a clock or touches a socket.

    For the documents alone: `description`, `security` (OpenAPI security schemes, any one of which does),
    `documented_headers` (those of every reply: a JSON Schema by name), `documented_events` and `tags` (their
    descriptions by name).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]]
    periods: ClassVar[Mapping[str, Period]] = {}
    counts: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[Mapping[str, str]] = {}
    events: ClassVar[tuple[str, ...]] = ()
    codes: ClassVar[tuple[str, ...]] = ()
    base_path: ClassVar[str] = ""
    key_prefix: ClassVar[str] = ""
    default_credits: ClassVar[float | None] = None
    options_model: ClassVar[type[BaseModel]] = NoOptions
    max_body: ClassVar[int] = 1_048_576
    retry_waits: ClassVar[tuple[int, ...]] = ()
    webhook_timeout: ClassVar[float] = 10.0
    stamped_field: ClassVar[str | None] = None
    description: ClassVar[str] = ""
    security: ClassVar[Mapping[str, Mapping[str, Any]]] = BEARER
    documented_headers: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    documented_events: ClassVar[Mapping[str, Event]] = {}
    tags: ClassVar[Mapping[str, str]] = {}

    operations: tuple[Operation, ...]

    @cached_property
    def row_ids(self) -> RowIds:
        """The ids of rows of this provider's ledger, by their names in it."""
        return RowIds(self.name)

    def key(self, headers: Mapping[str, str]) -> str:
        """The credential that a request carries. Raises Refusal `unauthorized` when it has none."""
        token = bearer(headers)
        if token is None:
            raise Refusal("unauthorized")
        return token

    @abstractmethod
    def spell(self, refusal: Refusal, call: "Call | None" = None) -> Reply:
        """The provider's own error for a neutral one. `call` is missing where no account is known."""

    def error_name(self, refusal: Refusal, reply: Reply) -> str:
        """What the ledger calls an error, behind `error.`: the neutral kind, or a provider's own code."""
        return refusal.kind

    def error_rests_on(self, refusal: Refusal, reply: Reply) -> Iterable[str]:
        """What else of the ledger an error rests on, beside its own row: what the check that refused has named."""
        named: Iterable[str] = refusal.detail.get("rests_on", ())
        return named

    def states_in(self, body: Any) -> Iterable[str]:
        """The states of jobs that a reply shows, as the provider spells them."""
        status = body.get("status") if isinstance(body, dict) else None
        return (status,) if isinstance(status, str) else ()

    def state_name(self, state: "State") -> str | None:
        """How the provider spells the state of a job; None where clients see no states."""
        return state.step.stage or state.status

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """The refusal of a body that its model does not admit."""
        return Refusal("invalid_request", first_error(error))

    async def holder(self, key: str, sandbox: "Sandbox", now: int) -> "Holder | None":
        """Who stands behind a credential; None when it is not valid. By default the key is the account."""
        return Holder(key)

    def limit_headers(self, usage: Sequence[Usage]) -> Sequence[Header]:
        """The headers that report limits. Sent with every reply."""
        return ()

    def stranger_usage(self, now: int) -> Sequence[Usage]:
        """What the limit headers say where no account is known: an unused window of the smallest tier."""
        limits = self.limits_of(next(iter(self.tiers)), {})
        return [Usage(limits[n], 0, limits[n].window(now)[1]) for n in self.counts]

    def limits_of(self, tier: str, overrides: Mapping[str, int | None]) -> dict[str, Limit]:
        """The counted limits of a tier, with an account's own figures laid over them."""
        figures = {**self.tiers[tier], **overrides}
        return {name: Limit(name, period, figures.get(name)) for name, period in self.periods.items()}

    def tier(self, plan: str | None) -> str:
        """This provider's name for a plan; without one, or for an unknown one, the largest tier."""
        tier = self.aliases.get(plan or "", plan or "")
        return tier if tier in self.tiers else list(self.tiers)[-1]

    def example_key(self, sandbox: str) -> str:
        """A key that works with the default scenario, and that is in the sandbox of that name by itself."""
        return f"{self.key_prefix}test-key" if sandbox == "default" else f"{self.key_prefix}sbx-{sandbox}"

    async def on_transition(self, sandbox: "Sandbox", transition: "Transition") -> None:
        """A job entered a state: compose what follows from it, such as webhooks."""

    async def on_delivery(self, sandbox: "Sandbox", delivery: "Delivery", result: "CallResult") -> None:
        """An attempt of a delivery is over and written down: go on with the answer to a call-out."""

    def signed(self, delivery: "Delivery", at: int) -> Sequence[tuple[str, str]]:
        """The headers of an attempt that begins at `at` (milliseconds), signature included."""
        return ()


@dataclass(frozen=True, slots=True)
class Holder:
    """The account key behind a credential, and the scopes that the credential has (None: all)."""

    key: str
    scopes: frozenset[str] | None = None


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1), or None."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a neutral error, where the provider has no ruling of its own."""
    return HTTP_STATUS.get(refusal.kind, 500)


def _never_null(shown: dict[str, Any]) -> None:
    kinds = [kind for kind in shown.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        shown.update(kinds[0] | shown)
    elif kinds:
        shown["anyOf"] = kinds


def first_error(error: ValidationError) -> str:
    """The first thing wrong with a body, in one sentence that names the field."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field_name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"{field_name} is required"
    message = first["msg"].removeprefix("Value error, ")
    return f"{field_name}: {message}" if field_name else message
