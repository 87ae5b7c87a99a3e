"""A sandbox of the server in this process, with methods that can be called from the thread of a test."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from mockserver.core.compile import suggest
from mockserver.core.masking import Masking
from mockserver.core.match import key_matches
from mockserver.kit.credentials import credential_names, credentials_in
from mockserver.sandbox.sandbox import Sandbox
from mockserver.source.document import Document, SourceErrors
from mockserver.source.validation import validate
from mockserver.testing.errors import MockServerError
from mockserver.testing.host import Host
from mockserver.wire.body import with_whole_numbers

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class HostedSandbox:
    """A sandbox and its server. All parts of `MockServer` use it to run work on the server's event loop."""

    def __init__(self, host: Host, sandbox: Sandbox) -> None:
        self.host = host
        self.sandbox = sandbox

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop, and return its result."""
        return self.host.run(work)

    @property
    def masking(self) -> Masking:
        """The masking of texts about this sandbox."""
        return Masking(credential_names(self.host.providers), credentials_in(self.sandbox.program))

    def run_settled(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine after an auto clock has processed all events that are due. Returns its result."""

        async def settle_first() -> T:
            if self.sandbox.clock.mode == "auto":
                await self.sandbox.courier.settled()
            return await work

        return self.host.run(settle_first())

    def act(self, action: Callable[[int], Awaitable[T]]) -> T:
        """Run an action of the control API, with the current time, and return its result.

        Raises MockServerError with the error messages of the control API.
        """
        return self.run(self.host.act(self.sandbox, action))

    def check_operation(self, pattern: str) -> None:
        """Raise MockServerError if no operation matches the pattern, for example because of a spelling mistake."""
        known = self.host.catalogue.operations
        if pattern not in self.host.catalogue.files and not any(key_matches(pattern, each) for each in known):
            raise MockServerError(f"unknown operation {pattern!r}{suggest(pattern, known)}")

    def check_event(self, pattern: str) -> None:
        """Raise MockServerError if no event matches the pattern."""
        known = self.host.catalogue.events
        if not any(key_matches(pattern, event) for event in known):
            raise MockServerError(f"unknown event {pattern!r}{suggest(pattern, known)}")


def validated(model: type[M], data: Mapping[str, Any]) -> M:
    """The model of a request to the control API. Raises MockServerError with every mistake in the data."""
    try:
        return validate(model, Document.of(with_whole_numbers(from_json(to_json(data))), "body"))
    except SourceErrors as errors:
        raise MockServerError("\n".join(errors.lines())) from None


def instant(milliseconds: int) -> datetime:
    """Convert an instant of a sandbox's clock to a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
