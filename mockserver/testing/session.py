"""One sandbox of a server in this process, as a test's thread sees it."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from mockserver.core.compile import suggest
from mockserver.core.match import key_matches
from mockserver.sandbox.sandbox import Sandbox
from mockserver.source.document import Document, SourceErrors
from mockserver.source.validation import validate
from mockserver.testing.errors import MockServerError
from mockserver.testing.host import Host
from mockserver.wire.body import whole

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class World:
    """What every part of a handle needs: the server, the sandbox, and a way to work on both."""

    def __init__(self, host: Host, sandbox: Sandbox) -> None:
        self.host = host
        self.sandbox = sandbox

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the server's loop, and wait for it."""
        return self.host.run(work)

    def calm(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work once all that an auto clock brings about by itself has happened."""

        async def done() -> T:
            if self.sandbox.clock.mode == "auto":
                await self.sandbox.courier.settled()
            return await work

        return self.host.run(done())

    def act(self, action: Callable[[int], Awaitable[T]]) -> T:
        """Do what the control API does, at the present instant. Raises MockServerError with its reasons."""
        return self.run(self.host.act(self.sandbox, action))

    def check_operation(self, pattern: str) -> None:
        """Raises MockServerError for a pattern that covers no operation: a misspelt one would never be seen."""
        known = self.host.catalogue.operations
        if not any(key_matches(pattern, operation) for operation in known):
            raise MockServerError(f"no operation is called {pattern!r}{suggest(pattern, known)}")

    def check_event(self, pattern: str) -> None:
        """Raises MockServerError for a pattern that covers no event."""
        known = self.host.catalogue.events
        if not any(key_matches(pattern, event) for event in known):
            raise MockServerError(f"no event is called {pattern!r}{suggest(pattern, known)}")


def validated(model: type[M], data: Mapping[str, Any]) -> M:
    """The model of a request to the control API. Raises MockServerError with every mistake in the data."""
    try:
        return validate(model, Document.of(whole(from_json(to_json(data))), "body"))
    except SourceErrors as errors:
        raise MockServerError("\n".join(errors.lines())) from None


def instant(milliseconds: int) -> datetime:
    """An instant of a sandbox's clock, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
