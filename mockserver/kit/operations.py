"""What a provider declares: its operations, each with its replies, and its webhooks. The documents are made of it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from mockserver.core.faults import Refusal
from mockserver.core.streams import Track

Header = tuple[bytes, bytes]
BodyKind = Literal["json", "multipart", "form"]


class Stream(NamedTuple):
    """A body that comes with time: its chunks and its ending, begun at an instant in milliseconds since the epoch.

    `note` is for the journal where a fault spoilt it.
    """

    track: Track
    began: int
    note: str | None = None


class Reply(NamedTuple):
    """What goes back: JSON data, or bytes with their own content type, or a stream.

    `ledger_rows` names rows of the provider's ledger, without the provider, that this reply is based on beside those
    of its operation. `job` is the id of the job that it is about; `deviations` and `note` go into the journal.
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
    """A reply that waits for work which takes time: nobody polls it, so the request itself waits.

    At the instant `due` (None: never) `then` gives the reply, or raises Refusal. Where the client goes away before,
    `abandoned` is called instead, and the journal gets `abandoned_note` and `abandoned_ledger_rows`. `job` is as in a
    reply.
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
    """A reply as the documents show it: its model (None: no JSON body), and what it means.

    `headers` are those that every such reply has, beside the provider's own: a JSON Schema by name. `example` is a
    body as it looks.
    """

    description: str
    model: type[BaseModel] | None = None
    content_type: str = "application/json"
    headers: Mapping[str, Mapping[str, Any]] = {}
    example: Any = None


class ErrorReplies(NamedTuple):
    """The errors that a provider documents, by status. Every operation has those of `always`."""

    by_status: Mapping[int, Documented]
    always: tuple[int, ...] = (401, 429, 500, 503)

    @classmethod
    def of(cls, model: type[BaseModel], meanings: Mapping[int, str]) -> "ErrorReplies":
        """Errors that all have the same model, each with what its status means."""
        return cls({status: Documented(meaning, model) for status, meaning in meanings.items()})

    def beside(self, successes: Mapping[int, Documented], *statuses: int) -> dict[int, Documented]:
        """All replies of an operation: those of success, and the errors of every operation and of `statuses`."""
        return {**successes, **{status: self.by_status[status] for status in sorted((*self.always, *statuses))}}


class Event(NamedTuple):
    """A webhook as the documents show it: the model of its body, and the headers that it is sent with."""

    description: str
    model: type[BaseModel]
    headers: Mapping[str, Mapping[str, Any]] = {}
    example: Any = None


class Operation(NamedTuple):
    """One operation of a provider, declared once: the edge dispatches on it, and the documents are made of it.

    `name` is the OpenAPI operation id behind the provider's prefix. `input` is the path within the body of the value
    that the operation is about, which rules see as `input`, or a function that finds it in the body's data. `max_body`
    is the largest body in bytes, where it is not the provider's. `streams` is true where the reply is a stream.

    A `public` operation needs no credential; others may need a `scope`. `counts` names the limits that a request
    counts against, where they are not the provider's. `error_reply` gives the operation's own reply to an error; where
    it gives None, the provider's is sent. The journal keeps no body of a `secret` operation. A `hidden` one is in no
    document, and scenarios do not name it.

    `ledger_rows` names the rows of the provider's ledger that every reply of the operation is based on, beside the
    operation's own, and `request_ledger_rows` gives those that depend on the request. They are known before anything is
    done, so that a server that assumes nothing can refuse. `deviations` gives what a valid request has that the
    contract does not allow.

    For the documents alone: `links` from a reply to the next request (name -> operation, its parameter, where in the
    reply's body the value is; left out: `/id`), `parts` (the media types of files in a multipart body), `tag`, `host`
    (where it is not the provider's first) and `examples` (request bodies by name).
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
