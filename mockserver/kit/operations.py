"""Operations with their replies, and events. The server and the documents use the same declarations."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from mockserver.core.faults import Refusal
from mockserver.core.plans import Status
from mockserver.core.streams import Track
from mockserver.core.verdict.declarations import Advised, Role

Header = tuple[bytes, bytes]
BodyKind = Literal["json", "multipart", "form"]


async def _do_nothing() -> None:
    return


class Stream(NamedTuple):
    """A body that is sent in chunks. `began` is an instant in milliseconds since the epoch.

    `note` is for the journal if a fault changed the stream. `go_on` is called when a held stall is over.
    """

    track: Track
    began: int
    note: str | None = None
    go_on: Callable[[], Awaitable[None]] = _do_nothing


class Reply(NamedTuple):
    """A reply: JSON data, bytes with a content type, or a stream.

    `ledger_rows` are the rows of the provider's ledger that this reply is based on, in addition to those of its
    operation. `job` is the id of the job that it is about. `deviations` and `note` are for the journal.
    """

    status: int = 200
    body: Any = None
    headers: Sequence[Header] = ()
    content_type: str = "application/json"
    stream: Stream | None = None
    job: str | None = None
    ledger_rows: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    note: str | None = None


class Deferred(NamedTuple):
    """A reply that is sent when the work of the request is done.

    At the instant `due` (None: never) `then` is called and returns the reply, or raises Refusal. If the client leaves
    before, `abandoned` is called instead, and the journal gets `abandoned_note` and `abandoned_ledger_rows`. `job` is
    as in `Reply`.
    """

    due: int | None
    then: Callable[[], Awaitable[Reply]]
    abandoned: Callable[[], Awaitable[None]] | None = None
    job: str | None = None
    abandoned_note: str | None = None
    abandoned_ledger_rows: tuple[str, ...] = ()


Handler = Callable[[Any], Awaitable[Reply | Deferred]]
Input = tuple[str, ...] | Callable[[Any], str | None]


class Documented(NamedTuple):
    """A reply in the documents: its meaning and its model (None: no JSON body).

    `headers` are the headers that every such reply has in addition to the provider's: a JSON Schema by name. `example`
    is an example of the body.
    """

    description: str
    model: type[BaseModel] | None = None
    content_type: str = "application/json"
    headers: Mapping[str, Mapping[str, Any]] = {}
    example: Any = None


class ErrorReplies(NamedTuple):
    """The errors that a provider documents, by status. Every operation has those in `always`."""

    by_status: Mapping[int, Documented]
    always: tuple[int, ...] = (401, 429, 500, 503)

    @classmethod
    def of(cls, model: type[BaseModel], meanings: Mapping[int, str]) -> "ErrorReplies":
        """Return errors with the same model and the meanings of their statuses."""
        return cls({status: Documented(meaning, model) for status, meaning in meanings.items()})

    def beside(self, successes: Mapping[int, Documented], *statuses: int) -> dict[int, Documented]:
        """Return all replies of an operation: `successes`, the errors of every operation, and those of `statuses`."""
        return {**successes, **{status: self.by_status[status] for status in sorted((*self.always, *statuses))}}


class Event(NamedTuple):
    """A webhook in the documents: the model of its body, and its headers in addition to the signature."""

    description: str
    model: type[BaseModel]
    headers: Mapping[str, Mapping[str, Any]] = {}
    example: Any = None


class Origin(NamedTuple):
    """Where an operation is known from: a page of the provider's ledger, a section of it, and a test that proves it.

    The ledger gets a row for the operation and one for each field of its body (see `kit.operation_rows`). With another
    `basis` than documented, `section` says why the behaviour is assumed, or where it was observed.
    """

    page: str
    section: str
    test: str
    basis: Literal["documented", "observed", "assumed"] = "documented"
    scenario: str = "default"


class Operation(NamedTuple):
    """An operation of a provider. The server routes requests by it, and the documents are generated from it.

    `name` is the OpenAPI operation id without the provider. `input` is the path within the body of the value that
    scenarios call `input`, or a function that returns that value. `max_body` is the largest body in bytes if it is not
    the provider's. `streams` is true if the reply is a stream. `job_in` is the path parameter, or the field of the
    body, with the id of a job, if the operation is about one. `item_model` is the model of the items of a batch, which
    the rules of scenarios see one by one.

    A `public` operation needs no credential. Others can require a `scope`. `counts` names the limits that a request
    counts against if they are not the provider's; `uncounted` is the option of a scenario with which requests do not
    count. `errors` has the provider's code for a neutral kind of error, if the operation has another one than the
    provider. `error_reply` returns the operation's own reply to an error, or None for the provider's. The journal does
    not keep the bodies of a `secret` operation. A `hidden` operation is not in the documents, and scenarios cannot name
    it.

    `ledger_rows` are the rows of the provider's ledger that every reply of the operation is based on, in addition to
    the operation's own row. `request_ledger_rows` returns the rows that depend on the request. They are known before
    the handler is called, so that `--no-assumed` can refuse the request. `deviations` returns what the contract does
    not allow in a valid request. `origin` makes rows of the ledger from the declaration, and `rows` are further ones:
    the fields of `provenance.rows.DeclaredRow` by name.

    `states` has the state that clients see for each status of a job that the operation created, if the provider has no
    `states` for all operations.

    For the verdict on clients: `role` says what the operation is for (see `kit.roles` for the default). `paid` is true
    if what it creates costs the account credits or a part of a quota, and `cost_row` is the ledger row of the price.
    `asset` is the path of the link to the result in the reply of a poll; a place in a list is a number. `poll_every`
    replaces the provider's advice. `immediate` is true if the reply has the result.

    Only for the documents: `links` from a reply to the next request (name -> operation, its parameter, and where the
    value is in the reply's body, by default `/id`), `parts` (the media types of files in a multipart body), `tag`,
    `host` (if it is not the provider's first) and `examples` (request bodies by name).
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
    path_types: Mapping[str, type] = {}
    input: Input = ()
    public: bool = False
    scope: str | None = None
    counts: tuple[str, ...] | None = None
    links: Mapping[str, tuple[str, str] | tuple[str, str, str]] = {}
    hidden: bool = False
    secret: bool = False
    streams: bool = False
    job_in: str = ""
    item_model: type[BaseModel] | None = None
    max_body: int | None = None
    description: str = ""
    tag: str = ""
    host: str | None = None
    examples: Mapping[str, Any] = {}
    parts: Mapping[str, str] = {}
    ledger_rows: tuple[str, ...] = ()
    request_ledger_rows: Callable[[Any], Iterable[str]] | None = None
    deviations: Callable[[Any], Iterable[str]] | None = None
    error_reply: Callable[[Refusal], Reply | None] | None = None
    role: Role | None = None
    paid: bool = False
    cost_row: str | None = None
    asset: tuple[str, ...] = ()
    poll_every: Advised | None = None
    immediate: bool = False
    states: Mapping[Status, str] = {}
    errors: Mapping[str, str] = {}
    uncounted: str = ""
    origin: Origin | None = None
    rows: Mapping[str, Mapping[str, Any]] = {}
