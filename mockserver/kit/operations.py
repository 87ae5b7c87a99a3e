"""What a provider declares: its operations, each with its replies, and its webhooks. The documents are made of it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from mockserver.core.faults import Refusal

Header = tuple[bytes, bytes]
BodyKind = Literal["json", "multipart", "form"]


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
