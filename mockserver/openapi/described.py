"""What a document is made of, whether it is a provider's or the control API's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from mockserver.kit.operations import Documented, Event, Operation

Replies = Mapping[int, Documented]


@dataclass(frozen=True, slots=True)
class Described:
    """An API to be documented.

    `servers` are URLs with what each is; the first is this server. `hosts` are the servers of operations that have
    others. `edge` gives the replies that an operation has without declaring them. `also` holds request bodies that
    an operation takes beside its own: a model by media type, by operation; `optional` are the operations that do
    without a body. `headers` come with every reply.
    """

    name: str
    title: str
    description: str
    servers: Mapping[str, str]
    operations: tuple[Operation, ...]
    edge: Callable[[Operation], Replies]
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, Mapping[str, type[BaseModel]]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()

    def replies(self, operation: Operation) -> Replies:
        """Every reply that an operation can give, by status: its own, and those of the edge."""
        return dict(sorted({**self.edge(operation), **operation.replies}.items()))
