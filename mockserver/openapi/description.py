"""A provider as its OpenAPI document describes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.kit.operations import Documented, Event, Operation

Replies = Mapping[int, Documented]


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """The content of a provider's document.

    `servers` are URLs with a description each; the first is this server. `edge` returns the replies that an operation
    has without declaring them. Every reply has the `headers`.
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

    def replies(self, operation: Operation) -> Replies:
        """Return every reply of an operation by status: those it declares, and those of the edge."""
        return dict(sorted({**self.edge(operation), **operation.replies}.items()))
